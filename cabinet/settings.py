"""One file for every installation: all that differs comes from the environment (see README)."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from django.utils.csp import CSP

from cabinet import environ
from cabinet.logs import logging_config

BASE_DIR = Path(__file__).resolve().parent.parent

environ.refuse_not_yet()

# WHERE IT RUNS

DATA_DIR = environ.read_with("DATA_DIR", str(BASE_DIR / "var"), environ.data_dir)
PORT = environ.read_with("PORT", "8000", environ.whole_number(1, 65535))
SITE_NAME = environ.read_with("SITE_NAME", "Personal Cabinet", environ.line)
SITE_URL = environ.read_with("SITE_URL", f"http://localhost:{PORT}", environ.site_url)
SITE_HOST = environ.site_host(SITE_URL)
IS_LOOPBACK = environ.is_loopback(SITE_HOST.strip("[]"))
IS_HTTPS = SITE_URL.startswith("https://")

DEBUG = environ.read_with("DEBUG", "false", environ.flag)
if DEBUG and not IS_LOOPBACK:
    raise environ.wrong("DEBUG", "must not be on where SITE_URL is not a loopback address.")
ALLOWED_HOSTS = list({*environ.LOOPBACK, SITE_HOST}) if IS_LOOPBACK else [SITE_HOST]
TRUSTED_PROXY_COUNT = environ.read_with("TRUSTED_PROXY_COUNT", "0", environ.whole_number(0, 10))

WORKERS = environ.read_with("WORKERS", "2", environ.whole_number(1, 64))
ADMIN_ENABLED = environ.read_with("ADMIN_ENABLED", "false", environ.flag)
ALLOW_SIGNUP = environ.read_with("ALLOW_SIGNUP", "false", environ.flag)
# Days after which nobody needs to know any more who was invited, or came.
GUESTS_KEPT_DAYS = environ.read_with("GUESTS_KEPT_DAYS", "90", environ.whole_number(1, 36_500))
# 0: not said (invitations.quotas knows what holds then).
QUOTA_NEW_RECIPIENTS = environ.read_with("QUOTA_NEW_RECIPIENTS", "", environ.number_if_any(1, 999_999))
METRICS_TOKEN = environ.read("METRICS_TOKEN")

ROOT_URLCONF = "cabinet.urls"
WSGI_APPLICATION = "cabinet.wsgi.application"

INSTALLED_APPS = [
    "cabinet",
    "conferences",
    "addressbook",
    "invitations",
    "allauth",
    "allauth.account",
    "cabinet.administration.AdministrationConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
]

MIDDLEWARE = [
    "cabinet.middleware.headers",
    "cabinet.middleware.any_host_for_health",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",  # below those whose headers its redirect to https carries
    "whitenoise.middleware.WhiteNoiseMiddleware",
    # It adds bytes by chance, so that the length tells nothing of the tokens in a page (BREACH).
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "cabinet.middleware.session_age",
    "cabinet.middleware.FirstStart",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "cabinet.middleware.person",
    "django.contrib.messages.middleware.MessageMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "cabinet.context_processors.site",
            ],
        },
    },
]
FORM_RENDERER = "cabinet.rendering.Renderer"

# WHERE IT KEEPS THINGS

STATEMENT_TIMEOUT = environ.read_with("STATEMENT_TIMEOUT", "60", environ.whole_number(0, 86400))
DATABASES = {
    "default": environ.read_with(
        "DATABASE_URL",
        f"sqlite:///{quote(str(DATA_DIR))}/cabinet.sqlite3",
        lambda url: environ.database(url, statement_timeout=STATEMENT_TIMEOUT),
    )
}
IS_EMBEDDED = DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3"
SECRET_KEY = environ.read_with(
    "SECRET_KEY", "", lambda key: environ.secret_key(key, DATA_DIR, may_generate=IS_EMBEDDED)
)
SECRET_KEY_FALLBACKS = environ.read("SECRET_KEY_FALLBACKS").split()

# Limits count here, so that they hold over all processes; nothing is culled away while it still counts.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cabinet_cache",
        "OPTIONS": {"MAX_ENTRIES": 1_000_000},
    }
}

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "cabinet.staticfiles.HashedStorage"
    }
}

DATA_UPLOAD_MAX_MEMORY_SIZE = FILE_UPLOAD_MAX_MEMORY_SIZE = 2_621_440
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2000
DATA_UPLOAD_MAX_NUMBER_FILES = 5

# LETTERS

MAIL = environ.read_with("MAIL_URL", f"file://{quote(str(DATA_DIR))}/mail", environ.mail)
MAIL_FROM = environ.read_with("MAIL_FROM", "invite@localhost" if MAIL.kind == "file" else "", environ.mail_from)
MAIL_DOMAIN = MAIL_FROM.rpartition("@")[2]
DEFAULT_FROM_EMAIL = SERVER_EMAIL = MAIL_FROM
MAILERS = {"default": {"BACKEND": "cabinet.mail.QueueBackend"}}

# Seconds, but for CONNECTIONS and BATCH; tests shrink them.
OUTBOX: dict[str, Any] = {
    "CONNECT": 10,
    "COMMAND": 30,
    "DATA": 60,
    "FINAL_DOT": 600,
    "QUIT": 2,
    "LEASE": 60,
    "RENEW": 15,
    "LEASE_MARGIN": 10,
    "UPDATE_DELAY": 60,
    "POLL": 1 if IS_EMBEDDED else 5,
    "CHANNEL_PAUSE": 60,
    "UNCERTAIN_RETRY": 600,
    "CONNECTIONS": 4,
    "BATCH": 100,
    "BACKOFF": (60, 120, 300, 600, 1200, 2400, 3600),
    "GIVE_UP": 48 * 3600,
    "REPORT_AFTER": 900,
    "RENDER_CPU": 2,
}

# Where answers by calendars and mail come in; without it they go to the organizer's own mailbox.
REPLY = environ.read_with("REPLY_URL", "", lambda url: environ.mailbox(url, MAIL_DOMAIN))
ANSWERS_BY_MAIL = REPLY is not None
AUTHSERV_ID = environ.read_with("AUTHSERV_ID", (REPLY and REPLY.host) or MAIL_DOMAIN, environ.authserv_id)
# Seconds, but for A_MINUTE (messages for one conference), TRIES and BATCH; tests shrink them.
INBOX: dict[str, Any] = {
    "POLL": 15,
    "COMMAND": 30,
    "LEASE": 120,
    "BACKOFF": (15, 30, 60, 120, 300),
    "A_MINUTE": 60,
    "TRIES": 3,
    "TRY_AGAIN": 60,
    "BATCH": 200,
}

# Rows of “Choose the mail client” whose provider has changed its page (cabinet.checks knows the names).
HIDDEN_MAIL_CLIENTS = environ.read("HIDDEN_MAIL_CLIENTS").split()

ROOMS = environ.read_with("VIDEO_URL", "jitsi+https://meet.jit.si", environ.rooms)
ROOMS = environ.read_with("DIAL_IN", "", lambda text: environ.dial_in(text, ROOMS))
VIDEO_HOSTS = environ.read_with("VIDEO_HOSTS", "", environ.hosts)

# WHO

AUTH_USER_MODEL = "cabinet.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "cabinet.passwords.Argon2",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "cabinet.passwords.NotOneself", "OPTIONS": {"user_attributes": ["email", "name"]}},
    {"NAME": "cabinet.passwords.LongEnough", "OPTIONS": {"min_length": 12}},
    {"NAME": "cabinet.passwords.NotCommon"},
    {"NAME": "cabinet.passwords.NotOnlyDigits"},
]
PASSWORD_RESET_TIMEOUT = 3600

LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
LOGOUT_REDIRECT_URL = "account_login"

ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory" if ALLOW_SIGNUP else "none"
ACCOUNT_ADAPTER = "cabinet.accounts.AccountAdapter"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_EMAIL_SUBJECT_PREFIX = ""
ACCOUNT_FORMS = {
    "login": "cabinet.forms.SignInForm",
    "signup": "cabinet.forms.SignUpForm",
    "change_password": "cabinet.forms.PasswordChangeForm",
    "reset_password": "cabinet.forms.PasswordResetForm",
    "reset_password_from_key": "cabinet.forms.PasswordResetKeyForm",
    "reauthenticate": "cabinet.forms.ReauthenticateForm",
}
# Of failed sign-ins; a key is an account as tried from one network. The pauses grow, and a try that is refused by the
# first limit does not count for those after it.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/15m/key,10/2h/key,20/d/key,20/h/ip",
    "reset_password": "20/h/ip,3/h/key",
    "signup": "20/h/ip",
}
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# A session ends after 12 hours without a request or with the browser, whichever is first; with “Keep me signed in”
# it outlives both. In any case it ends 14 days after the sign-in (cabinet.middleware).
SESSION_COOKIE_AGE = 12 * 3600
SESSION_ABSOLUTE_AGE = ACCOUNT_SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_REFRESH_EVERY = 300
SESSION_COOKIE_NAME = "__Host-session" if IS_HTTPS else "session"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = IS_HTTPS
CSRF_COOKIE_NAME = "__Host-csrf" if IS_HTTPS else "csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = IS_HTTPS
CSRF_FAILURE_VIEW = "cabinet.views.csrf_failure"

# HEADERS

SECURE_SSL_REDIRECT = IS_HTTPS
SECURE_SSL_HOST = SITE_URL.partition("//")[2] if IS_HTTPS else None
SECURE_REDIRECT_EXEMPT = ["^healthz$", "^readyz$"]
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = IS_HTTPS
# Preloading binds a whole domain for years: that is its owner's decision, not this site's.
SILENCED_SYSTEM_CHECKS = ["security.W021"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "manifest-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "base-uri": [CSP.NONE],
    "object-src": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# LANGUAGE AND TIME

USE_TZ = True
TIME_ZONE = environ.read_with("TIME_ZONE", "UTC", environ.zone)
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("de", "Deutsch")]
LANGUAGE_CODE = environ.read_with("LANGUAGE_CODE", "en", environ.one_of(*(code for code, _name in LANGUAGES)))
LOCALE_PATHS = [BASE_DIR / "cabinet" / "locale"]
URLIZE_ASSUME_HTTPS = True

# LOGS

LOG_LEVEL = environ.read_with("LOG_LEVEL", "INFO", environ.one_of("DEBUG", "INFO", "WARNING", "ERROR"))
LOGGING = logging_config(LOG_LEVEL)
