"""Django's mail, through the outbox: reset links and notices are owed like letters; no request talks to a server."""

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from invitations import outbox


class QueueBackend(BaseEmailBackend):
    """Takes every message as it is; a worker sends it."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """Queue `email_messages`, a row for each recipient; how many messages that were."""
        return sum(outbox.queue_account_mail(message) > 0 for message in email_messages)
