"""What models store, whatever way it comes: clean, short enough, or not at all."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError

from conferences.models import Conference
from invitations.models import Invitation
from tests.factories import make_conference, make_invitation

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("character", ["\n", "\r\n", "\x0b", "\x1b", "\x85", "\u2028", "\u2029", "\ud800", "\uffff"])
def test_a_line_that_no_letter_could_carry_gets_into_no_row(character: str) -> None:
    hostile = f"Budget{character}Bcc: eve@example.org"
    with pytest.raises(ValidationError, match="one line"):
        make_conference(topic=hostile)
    invitation = make_invitation()
    with pytest.raises(ValidationError, match="one line"):
        Invitation.objects.update(name=hostile)
    invitation.name = hostile
    with pytest.raises(ValidationError, match="one line"):
        Invitation.objects.bulk_update([invitation], ["name"])


def test_a_row_holds_clean_text_in_one_normal_form() -> None:
    conference = make_conference(topic=" Cafe\u0301 \u202e  Noir ", agenda="1.\x00 Figures\r\n2.\u2028\u202eNext\x1b")
    conference.refresh_from_db()
    assert (conference.topic, conference.agenda) == ("Café Noir", "1. Figures\n2.\nNext")


@pytest.mark.parametrize(("field", "most"), [("topic", 200), ("password", 32), ("agenda", 5000)])
def test_length_has_a_limit_in_every_database(field: str, most: int) -> None:
    fields: dict[str, Any] = {field: "я" * most}
    make_conference(**fields)
    with pytest.raises(ValidationError, match=f"at most {most}"):
        make_conference(**fields | {field: "я" * (most + 1)})
    with pytest.raises(ValidationError, match=f"at most {most}"):
        Conference.objects.update(**{field: "я" * 60_000})
