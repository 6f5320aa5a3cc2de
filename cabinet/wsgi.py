"""What gunicorn serves."""

import os
import sys

from django.core import checks
from django.core.wsgi import get_wsgi_application
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections

from cabinet.checks import durable_database

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cabinet.settings")
# A page that takes longer has lost its reader; commands, for which nobody waits, may take a minute.
os.environ.setdefault("STATEMENT_TIMEOUT", "15")

application = get_wsgi_application()

try:
    messages = [*checks.run_checks(), *durable_database([DEFAULT_DB_ALIAS])]
except OperationalError:
    messages = []  # the database is away, not wrong: pages say so until it is back
finally:
    connections.close_all()  # requests have their own
if errors := [message for message in messages if message.is_serious()]:
    sys.exit("\n".join(map(str, errors)))
