"""Addresses of inviting: what organizers do with a conference, and the personal page of whoever is invited."""

from django.urls import path

from invitations import (
    feed_views,
    hand_views,
    mail_views,
    personal_views,
    preview_views,
    views,
    wording_views,
    you_views,
)

app_name = "invitations"

urlpatterns = [
    path("conferences/<int:pk>/invitations/", views.ledger, name="ledger"),
    path("conferences/<int:pk>/invitations/<int:invitation_pk>/letters/", views.send_again, name="send-again"),
    path("conferences/<int:pk>/invitations/<int:invitation_pk>/address/", views.correct_address, name="address"),
    path("conferences/<int:pk>/invitations/<int:invitation_pk>/role/", views.change_role, name="role"),
    path("conferences/<int:pk>/invitations/<int:invitation_pk>/removal/", views.remove, name="removal"),
    path("conferences/<int:pk>/preview/", preview_views.preview, name="preview"),
    path("conferences/<int:pk>/preview/html/", preview_views.preview_html, name="preview-html"),
    path("conferences/<int:pk>/preview/test/", preview_views.send_test, name="test-letter"),
    path("conferences/<int:pk>/invitations/<int:invitation_pk>/way/", hand_views.change_way, name="way"),
    path("conferences/<int:pk>/by-hand/", hand_views.note, name="by-hand"),
    path("conferences/<int:pk>/by-hand/news/", hand_views.told, name="told"),
    path("conferences/<int:pk>/incoming-mail/<int:mail_pk>/decision/", mail_views.decision, name="decision"),
    path("conferences/<int:pk>/deletion/", views.delete_conference, name="deletion"),
    path("conferences/<int:pk>/mail-client/", views.mail_client, name="mail-client"),
    path("conferences/<int:pk>/conference.ics", views.calendar_file, name="calendar-file"),
    path("conferences/<int:pk>/draft.eml", views.draft_file, name="draft-file"),
    path("conferences/<int:pk>/direct-link.png", views.qr_file, name="qr-file"),
    path("wordings/", wording_views.wordings, name="wordings"),
    path("wordings/<str:kind>/<str:language>/", wording_views.wording, name="wording"),
    path("wordings/<str:kind>/<str:language>/preview/", wording_views.wording_preview, name="wording-preview"),
    path("wordings/<str:kind>/<str:language>/html/", wording_views.wording_html, name="wording-html"),
    path("profile/feed/", feed_views.feed_address, name="feed-address"),
    path("feeds/<str:token>.ics", feed_views.feed, name="feed"),
    path("join/<str:token>/conference.ics", personal_views.direct_calendar_file, name="direct-calendar-file"),
    path("i/", you_views.lost_link, name="lost-link"),
    path("i/sent/", you_views.link_sent, name="link-sent"),
    path("i/erased/", you_views.erased, name="erased"),
    path("i/<str:token>/", personal_views.personal_page, name="personal"),
    path("i/<str:token>/answer/", personal_views.answered, name="answer"),
    path("i/<str:token>/dates/", personal_views.answers_to_dates, name="dates"),
    path("i/<str:token>/room/", personal_views.personal_room, name="room"),
    path("i/<str:token>/waiting/", personal_views.personal_waiting, name="waiting"),
    path("i/<str:token>/conference.ics", personal_views.personal_calendar_file, name="personal-calendar-file"),
    path("i/<str:token>/you/", you_views.you, name="you"),
    path("i/<str:token>/you/links/", you_views.your_links, name="your-links"),
    path("i/<str:token>/you/letters/", you_views.your_letters, name="your-letters"),
    path("i/<str:token>/you/data/", you_views.your_data, name="your-data"),
    path("i/<str:token>/you/data.<str:ending>", you_views.your_data_file, name="your-data-file"),
    path("i/<str:token>/you/erasure/", you_views.erasure, name="erasure"),
    path("i/<str:token>/you/report/", you_views.report, name="report"),
]
