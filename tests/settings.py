"""The settings under test: cabinet.settings on a clean environment, quick where only time would pass.

TEST_DATABASE_URL (or DATABASE_URL) names a PostgreSQL server, else SQLite; TEST_DB_SUFFIX keeps two runs apart.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

_database_url = os.environ.get("TEST_DATABASE_URL") or os.environ.get("DATABASE_URL", "")
_scratch = tempfile.mkdtemp(prefix="cabinet-tests-")
atexit.register(shutil.rmtree, _scratch, ignore_errors=True)

# What a developer has set for another purpose must not decide a test.
for _name in (
    "ADMIN_ENABLED ALLOW_SIGNUP AUTHSERV_ID DEBUG DIAL_IN GUESTS_KEPT_DAYS HIDDEN_MAIL_CLIENTS"
    " LANGUAGE_CODE LDAP_URL LOG_LEVEL MAIL_FROM MAIL_URL METRICS_TOKEN OIDC_URL PORT QUOTA_NEW_RECIPIENTS"
    " REPLY_URL SECRET_KEY SECRET_KEY_FALLBACKS SITE_NAME SITE_URL STATEMENT_TIMEOUT TIME_ZONE"
    " TRUSTED_PROXY_COUNT VIDEO_HOSTS VIDEO_URL WORKERS"
).split():
    os.environ.pop(_name, None)
    os.environ.pop(f"{_name}_FILE", None)
os.environ["DATA_DIR"] = _scratch
os.environ["DATABASE_URL"] = _database_url
os.environ["SECRET_KEY"] = "only-for-tests-" + "0123456789abcdefghijklmnopqrstuvwxyz"
# Playwright's synchronous interface runs an event loop beside the tests, which Django would take for a mistake.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from cabinet.settings import *  # noqa: E402, F403
from cabinet.settings import DATABASES, IS_EMBEDDED, OUTBOX  # noqa: E402

_suffix = os.environ.get("TEST_DB_SUFFIX", "")
if IS_EMBEDDED:
    # A file, not memory: threads and processes of a test share it under the same locks as in real life.
    DATABASES["default"]["TEST"] = {"NAME": str(Path(_scratch) / f"test{_suffix}.sqlite3")}
else:
    DATABASES["default"]["TEST"] = {"NAME": f"test_cabinet_{_suffix}" if _suffix else "test_cabinet"}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
STORAGES = {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

# Waits on a server or for a dead worker. Times that rows carry stay real: tests hand in the `now` they need.
OUTBOX |= {
    "CONNECT": 1, "COMMAND": 1, "DATA": 2, "FINAL_DOT": 2, "QUIT": 0.2,
    "LEASE": 3, "RENEW": 0.5, "LEASE_MARGIN": 0.5, "POLL": 0.05,
}  # fmt: skip
