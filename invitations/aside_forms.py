"""The door for what organizers write to invited people."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from conferences.fields import CHOOSE, MessageField
from invitations.asides import To
from invitations.forms import with_few_links


class MessageForm(forms.Form):
    """A message and whom it is for; of these only those whom somebody belongs to, with how many people that is."""

    message_id = forms.UUIDField(widget=forms.HiddenInput)
    to = forms.ChoiceField(label=_("Who gets it"), widget=forms.RadioSelect, error_messages=CHOOSE)
    text = MessageField(label=_("Message"), rows=6)

    def __init__(self, audience: Counter[str], data: Mapping[str, Any] | None = None) -> None:
        super().__init__(data, initial={"message_id": uuid4(), "to": To.ALL})
        choices = [(to.value, in_words(to, audience[to])) for to in To if audience[to]]
        self.fields["to"].choices = choices  # type: ignore[attr-defined]
        self.fields["to"].error_messages["required"] = CHOOSE["invalid_choice"]
        self.fields["text"].required = True
        self.fields["text"].error_messages["required"] = _("Write a message")
        self.fields["text"].help_text = _("Plain text. It stands in a frame that says who wrote it.")

    def clean_text(self) -> str:
        return with_few_links(self.cleaned_data["text"])

    def was_sent_before(self) -> None:
        """Say that this page has done its work, and let it do another."""
        self.data = {**self.data.dict(), "message_id": str(uuid4())}  # type: ignore[attr-defined]
        self.add_error(None, _("You have sent this page before, with other words. Send it again to send these, too."))


def in_words(to: To, count: int) -> str:
    """Whom a message is for, and how many people get an e-mail then."""
    match to:
        case To.ALL:
            words = ngettext(
                "Everybody who is invited: %(count)d person gets an e-mail",
                "Everybody who is invited: %(count)d people get an e-mail",
                count,
            )
        case To.COMING:
            words = ngettext(
                "Everybody who did not decline: %(count)d person gets an e-mail",
                "Everybody who did not decline: %(count)d people get an e-mail",
                count,
            )
        case To.SILENT:
            words = ngettext(
                "Whoever has not answered yet: %(count)d person gets an e-mail",
                "Whoever has not answered yet: %(count)d people get an e-mail",
                count,
            )
    return words % {"count": count}
