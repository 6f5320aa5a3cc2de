"""Somebody else was faster: what a verb raises when the rows are not any more what the page showed."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from conferences.models import Conference


class ChangedMeanwhile(Exception):
    """Somebody changed or cancelled the conference after the page was opened."""


class NumberTaken(Exception):
    """Another conference took this conference ID a moment earlier."""


class SubmittedBefore(Exception):
    """This form has already scheduled `conference`, with other content."""

    def __init__(self, conference: Conference) -> None:
        super().__init__(conference.pk)
        self.conference = conference
