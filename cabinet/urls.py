"""The site map."""

from allauth.account import views as account
from django.conf import settings
from django.contrib import admin
from django.urls import URLPattern, URLResolver, include, path, re_path

from cabinet import embedded, health, states, views

# Only those pages of allauth that are in use; its own list has more.
accounts = [
    path("login/", account.login, name="account_login"),
    path("logout/", account.logout, name="account_logout"),
    path("inactive/", account.account_inactive, name="account_inactive"),
    path("reauthenticate/", account.reauthenticate, name="account_reauthenticate"),
    path("password/change/", account.password_change, name="account_change_password"),
    path("password/reset/", account.password_reset, name="account_reset_password"),
    path("password/reset/done/", account.password_reset_done, name="account_reset_password_done"),
    re_path(
        r"^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$",
        account.password_reset_from_key,
        name="account_reset_password_from_key",
    ),
    path("password/reset/key/done/", account.password_reset_from_key_done, name="account_reset_password_from_key_done"),
    # Answers that accounts are made by an administrator unless ALLOW_SIGNUP is on.
    path("signup/", account.signup, name="account_signup"),
    path("confirm-email/", account.email_verification_sent, name="account_email_verification_sent"),
    re_path(r"^confirm-email/(?P<key>[-:\w]+)/$", account.confirm_email, name="account_confirm_email"),
]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", views.home, name="home"),
    path("welcome/", views.welcome, name="welcome"),
    path("profile/", views.profile, name="profile"),
    path("accounts/", include(accounts)),
    path("", include("conferences.urls")),
    path("", include("invitations.urls")),
    path("contacts/", include("addressbook.urls")),
    path("outbox/", embedded.outbox, name="outbox"),
    path("outbox/<str:name>/", embedded.outbox_letter, name="outbox-letter"),
    path("outbox/<str:name>/html/", embedded.outbox_html, name="outbox-html"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("metrics", health.metrics, name="metrics"),
]
if settings.ADMIN_ENABLED:
    urlpatterns.append(path("admin/", admin.site.urls))
if settings.DEBUG:
    urlpatterns.append(path("states/", states.states, name="states"))

handler500 = "cabinet.views.server_error"
