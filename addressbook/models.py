"""People one invites: own contacts and those shared with everyone."""

from typing import Any, ClassVar, Self

from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from addressbook.addresses import shown_address
from addressbook.folding import search_key
from cabinet.text import CleanTextField, LineField


class Book(models.TextChoices):
    """The two halves of the address book."""

    PERSONAL = "personal", _("Personal")
    SHARED = "shared", _("Shared")


class ContactQuerySet(models.QuerySet["Contact"]):
    """The viewer's own doors to the address book."""

    def visible_to(self, user: AbstractBaseUser) -> Self:
        """Own contacts and shared ones."""
        return self.filter(models.Q(owner=user.pk) | models.Q(owner=None))

    def editable_by(self, user: AbstractBaseUser) -> Self:
        """Own contacts; shared ones too for an administrator."""
        mine = models.Q(owner=user.pk)
        return self.filter(mine | models.Q(owner=None) if getattr(user, "is_staff", False) else mine)

    def in_book(self, book: str) -> Self:
        """Those of one Book; all of them if `book` names none."""
        return self.filter(owner__isnull=book == Book.SHARED) if book in Book.values else self.all()

    def book_sizes(self) -> dict[str, int]:
        """How many there are in all ("") and in each Book, by one query."""
        shared = models.Count("pk", filter=models.Q(owner=None))
        sizes = self.aggregate(all=models.Count("pk"), shared=shared)
        return {"": sizes["all"], Book.PERSONAL: sizes["all"] - sizes["shared"], Book.SHARED: sizes["shared"]}


class SearchKeyField(models.TextField):
    """Filled in whenever its contact is written, also in bulk, as `auto_now` fills in a date."""

    def pre_save(self, model_instance: Any, add: bool) -> str:
        key = search_key(*model_instance.findable())
        setattr(model_instance, self.attname, key)
        return key


class Contact(models.Model):
    """One person with one e-mail address, in somebody's own book or, without owner, in the shared one."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, blank=True, related_name="contacts")
    name = LineField(_("Full name"), max_length=128)
    address = models.CharField(_("E-mail address"), max_length=254, help_text="ASCII, domain in IDNA form.")
    organisation = LineField(_("Organisation"), max_length=128, blank=True)
    phone = LineField(_("Phone"), max_length=40, blank=True)
    note = CleanTextField(_("Note"), max_length=2000, blank=True)
    language = models.CharField(_("Language"), max_length=16, blank=True)
    time_zone = models.CharField(_("Time zone"), max_length=64, blank=True)
    folded = SearchKeyField(editable=False, help_text="What the search reads, see folding.py.")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: ClassVar[models.Manager["Contact"]] = ContactQuerySet.as_manager()

    class Meta:
        ordering: ClassVar = ["folded", "pk"]
        constraints: ClassVar = [
            models.UniqueConstraint("owner", Lower("address"), name="contact_once_in_own_book"),
            models.UniqueConstraint(
                Lower("address"), condition=models.Q(owner=None), name="contact_once_in_shared_book"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def shown_address(self) -> str:
        """The address as people read it."""
        return shown_address(self.address)

    def twin(self) -> "Contact | None":
        """Another contact of the same book with this address, whatever the case of its letters."""
        book = Contact.objects.alias(lowered=Lower("address")).filter(owner=self.owner_id)
        return book.filter(lowered=self.address.lower()).exclude(pk=self.pk).first()

    @property
    def is_shared(self) -> bool:
        return self.owner_id is None

    def findable(self) -> tuple[str, str]:
        """Names and addresses that a search looks at; the name first, so that sorting by the key sorts by name."""
        return f"{self.name} {self.organisation}", " ".join(dict.fromkeys([self.address, self.shown_address]))
