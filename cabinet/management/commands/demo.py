"""`make demo`: something to look at."""

import secrets
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from cabinet import samples
from cabinet.accounts import create_account
from cabinet.models import User

EMAIL = "demo@meridian.example"


class Command(BaseCommand):
    help = "Give the first administrator sample people and conferences; may be repeated."

    def handle(self, **options: Any) -> None:
        owner = User.objects.filter(is_staff=True).order_by("pk").first() or self.make_owner()
        samples.add_contacts(owner)
        samples.add_conferences(owner)
        samples.add_template(owner)
        self.stdout.write(f"{owner.email} has sample contacts and conferences: {settings.SITE_URL}/")

    def make_owner(self) -> User:
        """Nobody has an account yet: one with a password that is said once and stands nowhere."""
        password = "-".join(secrets.token_hex(3) for _ in range(3))
        self.stdout.write(f"Sign in as {EMAIL} with the password {password}")
        return create_account(EMAIL, "Demo Organizer", password, administrator=True, time_zone=settings.TIME_ZONE)
