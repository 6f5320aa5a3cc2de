"""What whoever manages a conference sees of its door: who waits there, and who came."""

from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from conferences.came import table
from conferences.models import Occurrence
from conferences.requests import SignedInRequest, managed
from conferences.responses import download, leads_to_room
from conferences.spreadsheet import csv_file
from conferences.waiting import WaitingRoom


@leads_to_room
@require_http_methods(["GET", "HEAD", "POST"])
def waiting(request: SignedInRequest, pk: int) -> HttpResponse:
    """The waiting room. As a page it renews itself without script; scripts of the conference's page take its list."""
    room = WaitingRoom(managed(request, pk), timezone.now())
    if request.method == "POST":
        room.decide(request.POST)
        return redirect(request.path)
    context = {"tab": "conferences", "conference": room.conference, "room": room}
    return render(request, "conferences/waiting.html", context)


@require_safe
def arrivals_file(request: SignedInRequest, pk: int) -> HttpResponse:
    """Who came, as CSV; to one date of a series, or to all."""
    conference = managed(request, pk)
    chosen = request.GET.get("date", "")
    try:
        content = csv_file(table(conference, chosen))
    except Occurrence.DoesNotExist as error:
        raise Http404 from error
    name = f"who-came-{conference.pk}{f'-{chosen}' if chosen else ''}.csv"
    return download(content, "text/csv; charset=utf-8", name)
