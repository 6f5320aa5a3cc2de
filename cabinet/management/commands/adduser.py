"""Accounts without a browser."""

import sys
from getpass import getpass
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from addressbook.addresses import clean_address
from cabinet.accounts import create_account
from cabinet.models import User
from cabinet.text import clean_line
from conferences import times


class Command(BaseCommand):
    help = "Create an account that may sign in at once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email", metavar="E-MAIL")
        parser.add_argument("--name", required=True)
        parser.add_argument("--time-zone", default=settings.TIME_ZONE, help="IANA name, for example Europe/Berlin")
        parser.add_argument("--language", default=settings.LANGUAGE_CODE, choices=dict(settings.LANGUAGES))
        parser.add_argument("--administrator", action="store_true")
        parser.add_argument("--password-stdin", action="store_true", help="Read it from standard input")

    def handle(self, *, email: str, name: str, time_zone: str, password_stdin: bool, **options: Any) -> None:
        try:
            email, name = clean_address(email).lower(), clean_line(name)
            password = sys.stdin.readline().rstrip("\r\n") if password_stdin else getpass("Password: ")
            validate_password(password, User(email=email, name=name))
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if not name or len(name) > 128:
            raise CommandError("Give a name of 1 to 128 characters.")
        if not times.is_zone(time_zone):
            raise CommandError(f"“{time_zone}” is not a time zone; give a name like Europe/Berlin.")
        if User.objects.filter(email=email).exists():
            raise CommandError(f"{email} has an account already.")
        user = create_account(
            email, name, password,
            time_zone=time_zone, language=options["language"], administrator=options["administrator"],
        )  # fmt: skip
        self.stdout.write(f"{user.email} may sign in at {settings.SITE_URL}/")
