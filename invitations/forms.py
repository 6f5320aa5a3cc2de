"""The only door for what organizers and invited people type here. Cleaned values are domain types."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self
from uuid import uuid4

from django import forms
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import clean_address, parse_people
from addressbook.models import Contact
from addressbook.search import search
from cabinet.text import TextFormField
from conferences.choices import Role
from conferences.fields import MessageField
from invitations.inviting import Person, contacts_by_address
from invitations.mail_clients import Compose
from invitations.models import Invitation, PartStat
from invitations.words import ANSWERS

LINKS_IN_MESSAGE = 3


def with_few_links(message: str) -> str:
    """The message; ValidationError where it holds more links than a person needs."""
    if len(re.findall(r"://|\bwww\.", message, re.IGNORECASE)) > LINKS_IN_MESSAGE:
        raise ValidationError(_("Use at most 3 links in a message"))
    return message


# INVITING


@dataclass(frozen=True)
class Chosen:
    """A chip: somebody who is chosen. `count` is None because it is one person and not a list of people.

    `address` is what the chip posts: with the name before it where only the box said the name.
    """

    address: str
    name: str
    role: str = Role.PARTICIPANT
    count: None = None


class InviteForm(forms.Form):
    """Whom to invite: the chips (`to`, many) and whole addresses in the text box (`q`); and what to say to them.

    `cleaned_data["q"]` are the people, pairs of name and address. What is no address stays in the box.
    """

    submission_id = forms.UUIDField(widget=forms.HiddenInput)
    q = forms.CharField(label=_("Name, list or e-mail address"), required=False)
    message = MessageField(label=_("Message"), rows=4)

    data: QueryDict

    def __init__(
        self,
        user: AbstractBaseUser,
        data: QueryDict | None = None,
        *,
        initial: Mapping[str, Any] | None = None,
        people: Iterable[Person] = (),
        roles: Mapping[str, Role] | None = None,
        found: list[Contact] | None = None,
        needs_people: bool = True,
    ) -> None:
        super().__init__(data, initial={"submission_id": uuid4(), **(initial or {})})
        self.user, self.people, self.found = user, list(people), found
        self.roles = roles or {}
        self.needs_people = needs_people

    def clean_q(self) -> list[Person]:
        """The chips and the box together."""
        self.data = self.data.copy()
        self.people, refused = _read([*self.data.getlist("to"), self.cleaned_data["q"]])
        self.roles = _roles(self.data)
        self.data["q"] = ", ".join(refused)
        if refused:
            words = _("“%(text)s” is not an e-mail address. Remove it or correct it.")
            raise ValidationError([ValidationError(words, params={"text": text}) for text in refused])
        if self.needs_people and not self.people:
            raise ValidationError(_("Choose at least one person to invite."))
        return self.people

    def clean_message(self) -> str:
        return with_few_links(self.cleaned_data["message"])

    def was_sent_before(self) -> None:
        """Say that this page has done its work, and let it do another."""
        self.data = self.data.copy()
        self.data["submission_id"] = str(uuid4())
        self.add_error(
            None, _("You have sent this page before, to other people. Check whom you invite and press again.")
        )

    @property
    def chosen(self) -> list[Chosen]:
        """The chips to draw, under the names of the address book."""
        contacts = contacts_by_address([address for _name, address in self.people], self.user)
        people = [(person, person[1].lower()) for person in self.people]
        return [_chip(person, contacts.get(key), self.roles.get(key)) for person, key in people]

    @classmethod
    def gathering(cls, user: AbstractBaseUser, data: QueryDict) -> Self | None:
        """The form after a button with which people are gathered without script; None after any other button."""
        press = next((press for name, press in PRESSES.items() if name in data), None)
        if press is None:
            return None
        try:
            people, query, found = press(user, data)
        except ValidationError:  # far too many: the bound form says so
            return cls(user, data)
        kept = {"message": data.get("message", ""), "submission_id": data.get("submission_id"), "q": query}
        return cls(user, initial=kept, people=people, roles=_roles(data), found=found)


def _chip(person: Person, contact: Contact | None, role: Role | None) -> Chosen:
    name, address = person
    role = role or Role.PARTICIPANT
    if contact:
        return Chosen(address, contact.name, role)
    return Chosen(f'"{name}" <{address}>' if name else address, name, role)


def _roles(data: QueryDict) -> dict[str, Role]:
    """Who is more than a participant, by address in lower case: each chip has a drop-down called as it is."""
    chosen = {sent: data.get(f"role:{sent}") for sent in data.getlist("to")}
    named = [(sent, Role(role)) for sent, role in chosen.items() if role in Role.values and role != Role.PARTICIPANT]
    return {address.lower(): role for sent, role in named for _name, address in _read([sent])[0]}


type Gathered = tuple[list[Person], str, list[Contact] | None]
"""The chosen people, what stands in the box, and whom a search found (None: nothing was searched)."""


def _read(texts: Iterable[str]) -> tuple[list[Person], list[str]]:
    """People and what could not be read as people. Raises ValidationError for too many."""
    return parse_people("\n".join(texts))


def _find(user: AbstractBaseUser, data: QueryDict) -> Gathered:
    """Take over addresses from the box; if there is none in it, search."""
    typed, rest = _read([data.get("q", "")])
    if typed:
        return _read([*data.getlist("to"), data.get("q", "")])[0], ", ".join(rest), None
    return _read(data.getlist("to"))[0], data.get("q", ""), search(user, data.get("q", ""))


def _add(user: AbstractBaseUser, data: QueryDict) -> Gathered:
    return _read([*data.getlist("to"), *data.getlist("add")])[0], "", None


def _remove(user: AbstractBaseUser, data: QueryDict) -> Gathered:
    pressed = data.get("remove", "")
    gone, _refused = _read([pressed])
    people = [person for person in _read(data.getlist("to"))[0] if person not in gone]
    return [] if pressed == "all" else people, data.get("q", ""), None


PRESSES = {"find": _find, "add-chosen": _add, "remove": _remove}


class AddressForm(forms.Form):
    """Another address for somebody who is invited already."""

    address = forms.CharField(
        label=_("E-mail address"),
        max_length=254,
        widget=forms.TextInput(attrs={"dir": "ltr", "autocomplete": "off", "inputmode": "email"}),
        error_messages={"required": _("Enter a whole e-mail address, for example name@example.org")},
    )

    def __init__(self, invitation: Invitation, data: QueryDict | None = None) -> None:
        super().__init__(data, initial={"address": invitation.shown_address})
        self.invitation = invitation

    def clean_address(self) -> str:
        address = clean_address(self.cleaned_data["address"])
        if address.lower() == self.invitation.address.lower():
            raise ValidationError(_("This is the address that the invitation went to. Correct it, or send it again."))
        return address


# THE MAIL CLIENT


class ClientSelect(forms.Select):
    """The drop-down, with each client's compose window for the script that opens it at once."""

    def __init__(self, composed: Mapping[str, Compose]) -> None:
        super().__init__()
        self.composed = composed

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """An option with its link, how that opens, how long it is, and what had to be left out for it."""
        option = super().create_option(name, value, *args, **kwargs)
        compose = self.composed[str(value)]
        if compose.url:
            option["attrs"]["data-url"] = compose.url
            option["attrs"]["data-length"] = compose.length
        if compose.client.is_web:
            option["attrs"]["data-target"] = "_blank"
        if compose.is_shortened:
            option["attrs"]["data-shortening"] = compose.shortening
        return option


class MailClientForm(forms.Form):
    """“Choose the mail client”."""

    def __init__(self, composed: Mapping[str, Compose], *, remembered: str) -> None:
        super().__init__(initial={"client": remembered})
        self.fields["client"] = forms.ChoiceField(
            label=_("Choose the mail client"),
            choices=[(slug, compose.client.label) for slug, compose in composed.items()],
            widget=ClientSelect(composed),
        )


class ToldForm(forms.Form):
    """Who was told by hand (everybody, if nobody is named), and the state that was on the page."""

    sequence = forms.IntegerField(min_value=0, max_value=2**31 - 1)
    person = forms.IntegerField(min_value=1, max_value=2**63 - 1, required=False)


# ANSWERING


class AnswerForm(forms.Form):
    """“Will you take part?”; nothing is chosen beforehand but what a link in the letter asked for."""

    sequence = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    answer = forms.ChoiceField(
        label=_("Will you take part?"),
        choices=[(value, label) for value, (_partstat, label) in ANSWERS.items()],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose an answer"), "invalid_choice": _("Choose an answer")},
    )
    comment = TextFormField(
        label=_("Comment"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
        error_messages={"max_length": _("Comment must be 500 characters or shorter")},
    )

    data: QueryDict

    def __init__(self, invitation: Invitation, *, wished: str = "", data: QueryDict | None = None) -> None:
        names = {partstat: value for value, (partstat, _label) in ANSWERS.items()}
        given = names.get(PartStat(invitation.answer))
        chosen = wished if wished in ANSWERS else given
        initial = {"sequence": invitation.conference.sequence, "answer": chosen, "comment": invitation.comment}
        super().__init__(data, initial=initial)
        self.invitation = invitation
        self.is_not_sent_yet = chosen != given

    def clean_answer(self) -> PartStat:
        return ANSWERS[self.cleaned_data["answer"]][0]

    def clean(self) -> dict[str, Any]:
        """An answer is one to the time that the person saw."""
        cleaned = super().clean() or {}
        if cleaned.get("sequence", 0) < self.invitation.moved_sequence:
            self.data = self.data.copy()
            self.data["sequence"] = str(self.invitation.conference.sequence)
            raise ValidationError(_("The time has changed meanwhile. Look at the new time and answer again."))
        return cleaned
