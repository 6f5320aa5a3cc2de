"""What gunicorn serves."""

import os
import sys

from django.core import checks
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cabinet.settings")
# A page that takes longer has lost its reader; commands, for which nobody waits, may take a minute.
os.environ.setdefault("STATEMENT_TIMEOUT", "15")

application = get_wsgi_application()

if errors := [message for message in checks.run_checks() if message.is_serious()]:
    sys.exit("\n".join(map(str, errors)))
