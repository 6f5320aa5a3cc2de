"""People one invites: own contacts and those shared with everyone."""

from collections.abc import Iterable
from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from addressbook.folding import fold
from cabinet.text import CleanTextField, LineField


class ContactQuerySet(models.QuerySet["Contact"]):
    """The viewer's own doors to the address book."""

    def visible_to(self, user: AbstractBaseUser) -> Self:
        """Own contacts and shared ones."""
        return self.filter(models.Q(owner=user.pk) | models.Q(owner=None))

    def editable_by(self, user: AbstractBaseUser) -> Self:
        """Own contacts; shared ones too for an administrator."""
        mine = models.Q(owner=user.pk)
        return self.filter(mine | models.Q(owner=None) if getattr(user, "is_staff", False) else mine)

    def bulk_create(self, objs: Iterable["Contact"], *args: Any, **kwargs: Any) -> list["Contact"]:
        """As Django's, with the search key of every contact filled in."""
        contacts = list(objs)
        for contact in contacts:
            contact.refold()
        return super().bulk_create(contacts, *args, **kwargs)


class Contact(models.Model):
    """One person with one e-mail address, in somebody's own book or, without owner, in the shared one."""

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="contacts"
    )
    name = LineField(_("Name"), max_length=128)
    address = models.CharField(_("E-mail address"), max_length=254)
    organisation = LineField(_("Organisation"), max_length=128, blank=True)
    phone = LineField(_("Phone"), max_length=40, blank=True)
    note = CleanTextField(_("Note"), max_length=2000, blank=True)
    language = models.CharField(_("Language"), max_length=16, blank=True)
    time_zone = models.CharField(_("Time zone"), max_length=64, blank=True)
    folded = models.TextField(editable=False, help_text="What the search reads: name, address, organisation, folded.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Contact"]] = ContactQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = [Lower("name"), "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("owner", Lower("address"), name="contact_once_in_own_book"),
            models.UniqueConstraint(Lower("address"), condition=models.Q(owner=None), name="contact_once_in_shared_book"),
        ]

    def __str__(self) -> str:
        return self.name

    def refold(self) -> None:
        """Recompute the search key; whoever writes name, address or organisation calls it."""
        self.folded = fold(f"{self.name} {self.address} {self.organisation}")
