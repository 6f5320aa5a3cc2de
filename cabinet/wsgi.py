"""What gunicorn serves."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cabinet.settings")
# A page that takes longer has lost its reader; commands may take a minute (safety first where nobody waits).
os.environ.setdefault("STATEMENT_TIMEOUT", "15")

application = get_wsgi_application()
