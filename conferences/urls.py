"""Addresses of conferences: the organizer's pages, and the doors for guests."""

from django.urls import path

from conferences import (
    clock_views,
    deputy_views,
    edit_views,
    join_views,
    list_views,
    recording_views,
    schedule_views,
    template_views,
    views,
    waiting_views,
)

app_name = "conferences"

urlpatterns = [
    path("conferences/", list_views.conference_list, name="list"),
    path("conferences/new/", schedule_views.new, name="new"),
    path("conferences/new/dates/", schedule_views.dates, name="dates"),
    path("conferences/new/clocks/", clock_views.clocks, name="clocks"),
    path("conferences/<int:pk>/dates/", edit_views.dates, name="their-dates"),
    path("conferences/<int:pk>/clocks/", clock_views.their_clocks, name="their-clocks"),
    path("conferences/templates/", template_views.templates, name="templates"),
    path("conferences/templates/<int:pk>/", template_views.template, name="template"),
    path("conferences/templates/<int:pk>/deletion/", template_views.deletion, name="template-deletion"),
    path("conferences/<int:pk>/template/", template_views.save_as_template, name="save-as-template"),
    path("conferences/ad-hoc/", schedule_views.ad_hoc, name="ad-hoc"),
    path("conferences/<int:pk>/", views.conference, name="conference"),
    path("conferences/<int:pk>/edit/", edit_views.edit, name="edit"),
    path("conferences/<int:pk>/cancellation/", edit_views.cancellation, name="cancellation"),
    path("conferences/<int:pk>/recordings/", recording_views.recordings, name="recordings"),
    path("conferences/<int:pk>/start/", views.start, name="start"),
    path("conferences/<int:pk>/waiting/", waiting_views.waiting, name="waiting"),
    path("conferences/<int:pk>/arrivals.csv", waiting_views.arrivals_file, name="arrivals-file"),
    path("conferences/<int:pk>/co-organizers/", deputy_views.co_organizers, name="co-organizers"),
    path("profile/deputies/", deputy_views.deputies, name="deputies"),
    path("join/", join_views.by_number, name="join-by-number"),
    path("join/<str:token>/", join_views.by_link, name="join"),
    path("join/<str:token>/waiting/", join_views.waiting, name="join-waiting"),
]
