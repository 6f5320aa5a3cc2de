"""Whom a conference has invited, in numbers: how many to each of a list, what they answered, in which time zones."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.db.models import Count, Q

from conferences.models import Conference
from invitations.models import Invitation, PartStat

register = template.Library()


@register.simple_tag
def count_invited(conferences: Iterable[Conference]) -> dict[int, dict[str, Any]]:
    """Numbers of people, accepted, tentative and declined by conference; those nobody is invited to are left out."""
    counts = {
        answer.name.lower(): Count("pk", filter=Q(answer=answer))
        for answer in (PartStat.ACCEPTED, PartStat.TENTATIVE, PartStat.DECLINED)
    }
    people = Invitation.objects.filter(conference__in=conferences).standing().with_answer()
    return {row["conference"]: dict(row) for row in people.values("conference").annotate(people=Count("pk"), **counts)}


@register.filter
def of(counts: dict[int, dict[str, Any]], conference: Conference) -> dict[str, Any] | None:
    """The numbers of one conference."""
    return counts.get(conference.pk)


@register.simple_tag
def zones_of_invited(conference: Conference) -> list[str]:
    """The time zones that invited people of one conference are known to be in, those of most people first."""
    known = Invitation.objects.filter(conference=conference).standing().exclude(time_zone="")
    counted = known.order_by().values("time_zone").annotate(people=Count("pk"))
    return [row["time_zone"] for row in counted.order_by("-people", "time_zone")]
