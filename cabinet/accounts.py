"""Accounts: how they are made, and how allauth behaves here."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db import transaction
from django.forms import BaseForm
from django.http import HttpRequest
from django.utils import translation
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import clean_address
from cabinet.models import User
from conferences.networks import network
from invitations.words import language_of


class AccountsExist(Exception):
    """Somebody already has an account, so this is not the first start."""


def create_account(email: str, name: str, password: str, *, administrator: bool = False, **fields: Any) -> User:
    """An account that may sign in at once: whoever makes it vouches for the address."""
    create = User.objects.create_superuser if administrator else User.objects.create_user
    with transaction.atomic():
        user = create(email, password, name=name, **fields)
        EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def create_first_account(email: str, name: str, password: str, **fields: Any) -> User:
    """The first account, an administrator's. Raises AccountsExist for everybody who comes second.

    The row lock makes parallel first starts wait for each other; on SQLite the transaction itself does.
    """
    with transaction.atomic():
        ContentType.objects.select_for_update().get(app_label="cabinet", model="user")
        if User.objects.exists():
            raise AccountsExist
        return create_account(email, name, password, administrator=True, **fields)


class AccountAdapter(DefaultAccountAdapter):
    """Our words, links that come from SITE_URL alone, limits that do not lock the owner out."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address and password do not match. Check both and try again."),
        "too_many_login_attempts": _("Too many tries. Wait 15 minutes or set a new password."),
        "enter_current_password": _("This is not your current password. Check it and try again."),
        "incorrect_password": _("The password is not right. Check it and try again."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return settings.ALLOW_SIGNUP

    def clean_email(self, email: str) -> str:
        return clean_address(email).lower()

    def get_client_ip(self, request: HttpRequest) -> str:
        return network(request.META, settings.TRUSTED_PROXY_COUNT)

    def save_user(self, request: HttpRequest, user: Any, form: BaseForm, commit: bool = True) -> AbstractBaseUser:
        user.name = form.cleaned_data["name"]
        user.time_zone = form.cleaned_data["time_zone"]
        user.language = request.LANGUAGE_CODE
        return super().save_user(request, user, form, commit)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        here = {"site_url": settings.SITE_URL, "site_name": settings.SITE_NAME}
        user = context.get("user")
        with translation.override(language_of(user.language) if user else get_language()):
            super().send_mail(template_prefix, email, {**context, **here})

    def _get_login_attempts_cache_key(self, request: HttpRequest, **credentials: Any) -> str:
        # Counted per account and network: a stranger's tries elsewhere do not keep the owner out.
        return f"{super()._get_login_attempts_cache_key(request, **credentials)}:{self.get_client_ip(request)}"
