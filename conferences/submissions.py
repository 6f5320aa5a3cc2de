"""One press of a button, however often the network or an impatient hand repeats it. Pure."""

from hashlib import sha256
from urllib.parse import urlencode
from uuid import UUID, uuid4

from django.http import QueryDict


def submission(sent: QueryDict) -> tuple[UUID, str]:
    """Which press of a button this is, and a digest of all that it sent."""
    content = sorted((name, values) for name, values in sent.lists() if name != "csrfmiddlewaretoken")
    digest = sha256(urlencode(content, doseq=True).encode()).hexdigest()
    try:
        return UUID(sent.get("submission_id", "")), digest
    except ValueError:
        return uuid4(), digest
