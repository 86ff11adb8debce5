"""All settings, from the environment alone. Each variable is read once, here, through `brokerbay.env`."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from brokerbay.env import Environment, load_files
from brokerbay.logs import logging_config
from brokerbay.navigation import UNFOLD as UNFOLD

BASE_DIR = Path(__file__).resolve().parent.parent
load_files(BASE_DIR)
ENVIRONMENT = Environment(os.environ)
env = ENVIRONMENT

# ---- Where it runs -----------------------------------------------------------------------------------------

DEBUG = env.flag(
    "DEBUG", default=False, says="Show tracebacks in the browser. Never on a machine that others reach."
)
SECRET_KEY = env.required_text(
    "SECRET_KEY",
    at_least=50,
    says="Signs cookies and links.",
    cure="Write 50 random characters or more: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
)
SESSION_KEYS = env.fernet_keys(
    "SESSION_KEYS",
    says="Encrypt the stored BrokerBay sessions, newest first; old ones stay until nothing uses them.",
    cure=(
        "Make one: python -c 'import base64, secrets;"
        " print(base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())'"
    ),
)
DATA_DIR = env.folder(
    "DATA_DIR", default="var", base=BASE_DIR, says="Database, pictures and secrets of this installation."
)
STATIC_ROOT = env.folder(
    "STATIC_ROOT",
    default="staticfiles",
    base=BASE_DIR,
    says="Where collectstatic puts style sheets and scripts.",
)
PORT = env.number("PORT", default=8000, low=1, high=65535, says="The port the portal listens on.")
BIND_HOST = env.text(
    "BIND_HOST", default="127.0.0.1", says="The address it listens on; 0.0.0.0 in a container."
)
SITE_URL = env.address(
    "SITE_URL", default=f"http://127.0.0.1:{PORT}", says="The portal's own address, for links in messages."
)
ALLOWED_HOSTS = env.words(
    "ALLOWED_HOSTS", default="localhost,127.0.0.1,[::1]", says="Host names that the portal answers to."
)
CSRF_TRUSTED_ORIGINS = env.origins(
    "CSRF_TRUSTED_ORIGINS",
    says="Origins whose forms are trusted, behind a proxy: https://portal.example.com.",
)
HTTPS = env.flag(
    "HTTPS",
    default=False,
    says="The portal is reached by https only: secure cookies, redirect, HSTS. On in production.",
)
BEHIND_PROXY = env.flag(
    "BEHIND_PROXY",
    default=False,
    says="A proxy in front sets X-Forwarded-Proto and no stranger can reach past it.",
)
PROXIES = env.number(
    "PROXIES",
    default=1,
    low=1,
    high=9,
    says="With BEHIND_PROXY: proxies in front that add to X-Forwarded-For, whose word tries are counted by.",
)
API_REQUESTS_PER_MINUTE = env.number(
    "API_REQUESTS_PER_MINUTE",
    default=600,
    low=0,
    high=1_000_000,
    says="Requests that one API key may make in a minute; 0 for no limit.",
)
METRICS_TOKEN = env.text(
    "METRICS_TOKEN",
    secret=True,
    says="What a program that watches the portal sends as its bearer token to read /metrics.",
)
LOG_LEVEL = env.choice(
    "LOG_LEVEL", default="INFO", among=("DEBUG", "INFO", "WARNING", "ERROR"), says="How much is logged."
)
LOG_FORMAT = env.choice(
    "LOG_FORMAT", default="text", among=("text", "json"), says="Log lines for people or for machines."
)

# ---- What it works with ------------------------------------------------------------------------------------

DATABASE = env.database(
    "DATABASE_URL", fallback=DATA_DIR / "db.sqlite3", says="PostgreSQL; without it SQLite in DATA_DIR."
)
REDIS_URL = env.redis(
    "REDIS_URL", says="Redis for queue, cache and live log; without it the database carries them."
)
DEFAULT_TIME_ZONE = env.zone(
    "DEFAULT_TIME_ZONE", default="America/Toronto", says="The wall clock of a property whose own is unknown."
)
SUPABASE_URL = env.address("SUPABASE_URL", says="The Supabase project with the showing requests.")
SUPABASE_KEY = env.text("SUPABASE_KEY", secret=True, says="A key of that project that may read them.")
SUPABASE_TABLE = env.text("SUPABASE_TABLE", default="showing_requests", says="The table they are in.")
SUPABASE_WRITE_COLUMNS = env.columns(
    "SUPABASE_WRITE_COLUMNS",
    default=(
        "status:booking_status,date:booking_date,time:booking_time,"
        "reference:booking_reference,reason:booking_reason"
    ),
    among=("status", "date", "time", "reference", "reason"),
    never=(
        "id",
        "user_id",
        "property_id",
        "status",
        "created_at",
        "updated_at",
        "scheduled_date",
        "scheduled_time",
        "group_name",
    ),
    says="Which columns of a request are told what became of it; `none` writes nothing.",
)
PROPERTY_API_URL = env.address("PROPERTY_API_URL", says="Where /api/properties/ID answers with an address.")
PROPERTY_API_KEY = env.text(
    "PROPERTY_API_KEY", secret=True, says="Sent to the property API as a bearer token."
)
PROPERTY_API_AT_ONCE = env.number(
    "PROPERTY_API_AT_ONCE", default=4, low=1, high=32, says="Homes the property API is asked for at a time."
)
PROPERTY_REFRESH_HOURS = env.number(
    "PROPERTY_REFRESH_HOURS",
    default=24,
    low=1,
    high=8760,
    says="Hours until a known home that is still wanted is asked for again.",
)
FETCH_INTERVAL_MINUTES = env.number(
    "FETCH_INTERVAL_MINUTES", default=12, low=1, high=1440, says="Minutes between two sync passes."
)
BROKERBAY_URL = env.address("BROKERBAY_URL", says="The BrokerBay site that showings are booked on.")
BROWSER_EXECUTABLE = env.text(
    "BROWSER_EXECUTABLE", says="The Chromium to use; without it the portal looks for one."
)
BROWSER_SANDBOX = env.flag(
    "BROWSER_SANDBOX", default=False, says="Run Chromium in its sandbox; needs a user other than root."
)
BOOKING_WORKERS = env.number(
    "BOOKING_WORKERS", default=1, low=1, high=32, says="Booking workers on this machine, a browser each."
)
DEFAULT_WORKERS = env.number(
    # Two: a long sync pass keeps one, and what is owed to the outside must not wait behind it.
    "DEFAULT_WORKERS",
    default=2,
    low=1,
    high=32,
    says="Workers for everything else on this machine.",
)
SUBMIT_GAP_SECONDS = env.number(
    "SUBMIT_GAP_SECONDS",
    default=10,
    low=0,
    high=3600,
    says="Seconds between two requests of one account that change something on BrokerBay.",
)
COMPARE_EVERY_MINUTES = env.number(
    "COMPARE_EVERY_MINUTES",
    default=60,
    low=0,
    high=1440,
    says="Minutes between two comparisons of an idle account with BrokerBay; 0 for none.",
)
EVIDENCE_DAYS = env.number(
    "EVIDENCE_DAYS", default=90, low=1, high=3650, says="Days that pictures and traces of runs are kept."
)
RECEIPT_DAYS = env.number(
    "RECEIPT_DAYS", default=30, low=1, high=365, says="Days that the link to a booking's receipt opens."
)
EMAIL = env.email(
    "EMAIL_URL", default="consolemail://", says="How email is sent; without it, it goes to the log."
)
DEFAULT_FROM_EMAIL = env.text(
    "DEFAULT_FROM_EMAIL", default="Showings <portal@example.com>", says="The sender of the portal's email."
)
WEBHOOKS_INSIDE = env.flag(
    "WEBHOOKS_INSIDE",
    default=False,
    says="Let partners' webhooks go inside this network and by http; for tests, never on the internet.",
)
DEMO_PASSWORD = env.text(
    "DEMO_PASSWORD", secret=True, says="The password of the demo people; `make run` makes one and prints it."
)
SIMULATOR_TOKEN = env.text(
    "SIMULATOR_TOKEN",
    secret=True,
    says="Lets tests and the demo steer the local BrokerBay; `make run` makes one.",
)

if SUPABASE_URL and not SUPABASE_KEY:
    env.refuse(
        "SUPABASE_KEY", "is missing, and SUPABASE_URL is set", "Copy a key from the project's API settings."
    )
if METRICS_TOKEN and len(METRICS_TOKEN) < 20:
    env.refuse(
        "METRICS_TOKEN",
        "can be guessed: it has fewer than 20 characters",
        "Make one: python -c 'import secrets; print(secrets.token_urlsafe(32))'",
    )
env.stop_if_wrong()

# ---- Django ------------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "brokerbay",
    "bookings",
    "ingest",
    "automation",
    # Unfold replaces the admin's templates, so it stands before the admin.
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.forms",
    "import_export",
    "django_q",
    "django_eventstream",
]
MIDDLEWARE = [
    "brokerbay.middleware.request_ids",
    "django.middleware.security.SecurityMiddleware",
    "brokerbay.middleware.StaticFiles",
    "brokerbay.middleware.content_security",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "brokerbay.middleware.PersonsLanguage",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "brokerbay.urls"
WSGI_APPLICATION = "brokerbay.wsgi.application"
ASGI_APPLICATION = "brokerbay.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]
# The forms' widgets may have templates of ours, too.
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("fr", "Français")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["brokerbay.formats"]
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 365 * 24 * 60 * 60
LANGUAGE_COOKIE_SECURE = HTTPS
USE_TZ = True
TIME_ZONE = "UTC"
USE_I18N = True
LOGGING = logging_config(level=LOG_LEVEL, form=LOG_FORMAT)
vars().update(EMAIL)
# A mail server that says nothing does not keep a worker.
EMAIL_TIMEOUT = 20

# ---- Rows, cache, files ------------------------------------------------------------------------------------

SQLITE_OPTIONS = {
    # Readers never wait for the writer, and two writers queue up instead of failing half-way.
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    # FULL: a booking that we said was stored survives a power cut, for 0.2 ms a commit.
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
        " PRAGMA mmap_size=134217728; PRAGMA cache_size=-16000; PRAGMA journal_size_limit=67108864;"
    ),
}
if DATABASE["ENGINE"] == "django.db.backends.sqlite3":
    DATABASE["OPTIONS"] = SQLITE_OPTIONS
    # A file for tests too: an in-memory database refuses racing writers, and no other process can open it.
    DATABASE["TEST"] = {"NAME": DATA_DIR / "test.sqlite3"}
DATABASES: dict[str, dict[str, Any]] = {"default": DATABASE}

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "portal",
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "cache"}
}

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "brokerbay" / "assets"]
STORAGES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": DATA_DIR / "files", "base_url": None},
    },
    "evidence": {
        # No base_url: a picture has no address of its own, a view hands it out to who may see the run.
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "evidence",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "exports": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {
            "location": DATA_DIR / "exports",
            "base_url": None,
            "file_permissions_mode": 0o600,
            "directory_permissions_mode": 0o700,
        },
    },
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG

# ---- Queue and live log ------------------------------------------------------------------------------------

Q_BROKER: dict[str, Any] = {"redis": REDIS_URL} if REDIS_URL else {"orm": "default"}
Q_LIMITS = {
    # A task's own deadlines lie well below `timeout`. `retry` is far above queue wait plus run time: after it
    # the ORM broker hands a task out a second time.
    "timeout": 300,
    "retry": 3600,
    # The rows and the sweep decide about another try, never the queue.
    "ack_failures": True,
    "max_attempts": 1,
    # Nothing is fetched ahead: a waiting task stays free for another worker.
    "queue_limit": 1,
    "bulk": 1,
    # Counting old successes costs eight times the throughput.
    "save_limit": -1,
    "catch_up": False,
    "poll": 0.05,
    # The guard's hard stop fires only when its timer lands on zero: half seconds do.
    "guard_cycle": 0.5,
    "recycle": 500,
}
Q_CLUSTER: dict[str, Any] = {
    "name": "default",
    "label": "Queue",
    "workers": DEFAULT_WORKERS,
    **Q_BROKER,
    **Q_LIMITS,
    # Chosen by Q_CLUSTER_NAME=booking; takes the rest from above.
    "ALT_CLUSTERS": {"booking": {"workers": BOOKING_WORKERS, "scheduler": False}},
}
# The run-event rows are the events; with REDIS_URL bookings.live passes the word of new ones over it.
EVENTSTREAM_STORAGE_CLASS = "bookings.live.channels.RunEventStorage"
EVENTSTREAM_CHANNELMANAGER_CLASS = "bookings.live.channels.RunChannels"

# ---- Security ----------------------------------------------------------------------------------------------

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
LOGIN_URL = "/sign-in"
LOGIN_REDIRECT_URL = "/"
PASSWORD_RESET_TIMEOUT = 4 * 60 * 60

SESSION_ENGINE = "bookings.sessions"
SESSION_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = HTTPS
# A probe inside the machine speaks plain http and must get its answer, not a redirect.
SECURE_REDIRECT_EXEMPT = [r"^api/health$", r"^live$", r"^ready$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024

# Without it, django-import-export lets every staff member export every table that has an export.
IMPORT_EXPORT_EXPORT_PERMISSION_CODE = "export"

# Unfold's scripts (Alpine) compile expressions and its styles are partly inline; our own pages need neither.
UNFOLD_PATHS = ("/admin/",)
# What programs ask speaks English, whatever the language of the person behind it.
PROGRAMS_PATHS = ("/api/", "/live", "/ready", "/metrics")
