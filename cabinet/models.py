"""The people who sign in. Everything else that they own lives in the domain apps."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from cabinet.text import LineField


class UserManager(BaseUserManager["User"]):
    """Makes accounts; the e-mail address is the name people sign in with."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An account for `email` (stored in lower case) with a hashed password, or none to sign in with."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """An administrator."""
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """An organizer, and perhaps an administrator (`is_staff`)."""

    email = models.EmailField(_("E-mail address"), max_length=254, unique=True)
    name = LineField(_("Name"), max_length=128)
    time_zone = models.CharField(_("Time zone"), max_length=64, default="UTC")
    language = models.CharField(_("Language"), max_length=16, default="en")
    mail_client = models.CharField(max_length=32, blank=True, help_text="The last choice in “Choose the mail client”.")
    wants_answers = models.BooleanField(_("When people answer"), default=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(_("Administrator"), default=False)
    date_joined = models.DateTimeField(default=timezone.now)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        """The name as the person writes it: there is no first and last name here."""
        return self.name

    get_short_name = get_full_name
