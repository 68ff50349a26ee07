"""Settings, all from the environment. No default for a secret; see README for what to set."""

from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import environ
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()

# --- mode: production unless told otherwise -------------------------------------------------------
MODE = env("TESSERA_MODE", default="production")
if MODE not in {"production", "demo", "test"}:
    raise ImproperlyConfigured(f"TESSERA_MODE is production, demo or test, not {MODE!r}.")
PRODUCTION = MODE == "production"
DEBUG = False
FAIL_POINT = env("TESSERA_FAIL_POINT", default="")
if FAIL_POINT and MODE != "test":
    raise ImproperlyConfigured("TESSERA_FAIL_POINT works only with TESSERA_MODE=test.")

# What the demo leaves on the disk: mails, device keys. One folder an installation.
DATA_DIR = Path(env("DATA_DIR", default=str(BASE_DIR / ".local" / MODE)))

# --- secrets --------------------------------------------------------------------------------------
SECRET_KEY = env("SECRET_KEY")
TICKET_SIGNING_SECRET = env("TICKET_SIGNING_SECRET").encode()
PAYMENT_WEBHOOK_SECRETS = env.list("PAYMENT_WEBHOOK_SECRETS", default=[])
STRIPE_SECRET_KEY = env("STRIPE_SECRET_KEY", default="")
STRIPE_WEBHOOK_SECRETS = env.list("STRIPE_WEBHOOK_SECRETS", default=[])
PAYPAL_CLIENT_ID = env("PAYPAL_CLIENT_ID", default="")
PAYPAL_CLIENT_SECRET = env("PAYPAL_CLIENT_SECRET", default="")
SQUARE_ACCESS_TOKEN = env("SQUARE_ACCESS_TOKEN", default="")
SQUARE_WEBHOOK_SIGNATURE_KEYS = env.list("SQUARE_WEBHOOK_SIGNATURE_KEYS", default=[])

# --- site -----------------------------------------------------------------------------------------
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[] if PRODUCTION else ["*"])
SITE_URL = env("SITE_URL", default="http://localhost:8000")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = True

INSTALLED_APPS = [
    "core.apps.CoreConfig",
    "unfold",
    "unfold.contrib.filters",
    "unfold.contrib.import_export",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django_htmx",
    "csp",
    "axes",
    "pgtrigger",
    "import_export",
    "rest_framework",
    "drf_spectacular",
    "anymail",
    "accounts",
    "agencies",
    "venues",
    "events",
    "customers",
    "inventory",
    "tickets",
    "payments",
    "promotions",
    "suppliers",
    "bookings",
    "notifications",
    "analytics",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "core.aliases.ApiAliases",
    "agencies.middleware.AgencyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "agencies.middleware.ActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.pages.DomainErrorMiddleware",
    "axes.middleware.AxesMiddleware",
]

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
                "agencies.context.agency",
            ],
        },
    }
]


# --- database: DATABASE_URL is the restricted role, never the owner -------------------------------
def database(url):
    """Django's dictionary for a libpq URL; `?host=/folder` names a socket."""
    parts = urlsplit(url)
    query = {key: values[0] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "core.postgres",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": query.pop("host", None) or parts.hostname or "",
        "PORT": str(parts.port or query.pop("port", "") or ""),
        "CONN_MAX_AGE": 600,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "options": "-c lock_timeout=3000 -c statement_timeout=30000"
            " -c idle_in_transaction_session_timeout=30000"
            # Statements prepared for hot paths, and those in triggers, are planned once: planning
            # anew for each value costs more than they do. The ORM's are not prepared.
            " -c plan_cache_mode=force_generic_plan"
            # Every trigger of django-pgtrigger asks for this; where it is unset, at the cost of an
            # error caught for each row.
            " -c pgtrigger.ignore={}",
            **query,
        },
    }


DATABASES = {"default": database(env("DATABASE_URL", default="postgresql:///tessera"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- Redis: cache, limits and Celery's broker; losing it loses nothing ----------------------------
REDIS_URL = env("REDIS_URL", default="redis://localhost:6379/0")
CACHES = {
    "default": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": REDIS_URL,
        "OPTIONS": {
            "IGNORE_EXCEPTIONS": True,
            "SOCKET_CONNECT_TIMEOUT": 0.5,
            "SOCKET_TIMEOUT": 0.5,
        },
        "KEY_PREFIX": env("CACHE_PREFIX", default="tessera"),
    },
    # Pieces of pages that are the same for everybody, for as long as what they count.
    "process": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": {"MAX_ENTRIES": 2000},
    },
}
DJANGO_REDIS_LOG_IGNORED_EXCEPTIONS = True
# A list of 100,000 places is pasted into a form whole; files are counted where they are read.
DATA_UPLOAD_MAX_MEMORY_SIZE = 12 << 20
SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

CELERY_BROKER_URL = env("CELERY_BROKER_URL", default=REDIS_URL)
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
# Threads know no time limits: tasks end by themselves (payments.tasks), and what they ask has one.
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 900,
    "socket_timeout": 2,
    "socket_connect_timeout": 1,
    "max_retries": 0,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}


def _every(seconds, task):
    """A beat entry; one that could not start in its own interval is dropped, the next one comes."""
    return {"task": task, "schedule": float(seconds), "options": {"expires": max(seconds, 5)}}


CELERY_BEAT_SCHEDULE = {
    "deliver facts": _every(2, "core.tasks.relay"),
    "settle payment notices": _every(5, "payments.tasks.work_inbox"),
    "release lapsed reservations": _every(15, "bookings.tasks.expire"),
    "carry on with changed events": _every(5, "bookings.tasks.carry_on_changes"),
    "let offers of tickets lapse": _every(60, "tickets.tasks.lapse_transfers"),
    "mark sold-out events": _every(30, "inventory.tasks.mark_sold_out"),
    "run pricing rules": _every(900, "inventory.tasks.run_pricing_rules"),
    "end holds that ran out": _every(60, "inventory.tasks.expire_holds"),
    "tell of holds that run out": _every(300, "inventory.tasks.notice_holds"),
    "tidy uses of lapsed reservations": _every(60, "promotions.tasks.give_back_lapsed"),
    "reconcile payments": _every(60, "payments.tasks.reconcile"),
    "read what providers took": _every(60, "payments.tasks.read_charges"),
    "let credit lapse": _every(3600, "payments.tasks.let_credit_lapse"),
    "let points lapse": _every(3600, "customers.tasks.let_points_lapse"),
    "freeze closed draws": _every(60, "customers.tasks.freeze_closed_draws"),
    "look for disputes": _every(300, "payments.tasks.look_for_disputes"),
    "look for payouts": _every(3600, "payments.tasks.look_for_payouts"),
    "roll event states over": _every(60, "events.tasks.roll_over"),
    "book consigned sales": _every(60, "suppliers.tasks.accrue_consignment"),
    "forget old replies": _every(3600, "core.tasks.forget_replies"),
    "reconcile in full": {
        "task": "payments.tasks.reconcile",
        "schedule": crontab(hour=3, minute=10),
        "kwargs": {"everything": True, "limit": 100_000, "seconds": 600, "patience": 5},
    },
    "look for disputes in full": {
        "task": "payments.tasks.look_for_disputes",
        "schedule": crontab(hour=3, minute=30),
        "kwargs": {"everything": True, "limit": 100_000, "seconds": 600, "patience": 5},
    },
    "look for payouts of two weeks": {
        "task": "payments.tasks.look_for_payouts",
        "schedule": crontab(hour=3, minute=50),
        "kwargs": {"days": 14},
    },
}
WORKER_NICENESS = env.int("WORKER_NICENESS", default=10)
NUDGE_WORKERS = env.bool("NUDGE_WORKERS", default=MODE != "test")

# --- people and sessions --------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
if MODE == "test":
    PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = reverse_lazy("admin:login")
PASSWORD_RESET_TIMEOUT = 3600  # seconds
AXES_FAILURE_LIMIT = 10
AXES_COOLOFF_TIME = 1
AXES_LOCKOUT_PARAMETERS = [["ip_address", "username"]]
AXES_HANDLER = "axes.handlers.database.AxesDatabaseHandler"

SECURE_COOKIES = env.bool("SECURE_COOKIES", default=PRODUCTION)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_COOKIES
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", default=PRODUCTION)
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", default=31536000 if PRODUCTION else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
BEHIND_TLS_PROXY = env.bool("BEHIND_TLS_PROXY", default=False)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
if BEHIND_TLS_PROXY:
    AXES_IPWARE_PROXY_COUNT = 1
    AXES_IPWARE_META_PRECEDENCE_ORDER = ["HTTP_X_FORWARDED_FOR", "REMOTE_ADDR"]
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

STRIPE = "https://api.stripe.com"
STRIPE_API_BASE = env("STRIPE_API_BASE", default=STRIPE)
STRIPE_PAGE = env(
    "STRIPE_PAGE",
    default="https://checkout.stripe.com" if STRIPE_API_BASE == STRIPE else STRIPE_API_BASE,
)
PAYPAL = "https://api-m.paypal.com"
PAYPAL_API_BASE = env("PAYPAL_API_BASE", default=PAYPAL)
PAYPAL_PAGE = env("PAYPAL_PAGE", default=PAYPAL_API_BASE.replace("//api-m.", "//www.", 1))
SQUARE = "https://connect.squareup.com"
SQUARE_API_BASE = env("SQUARE_API_BASE", default=SQUARE)
# The short address of a page leads on to the long one.
SQUARE_PAGES = env.list(
    "SQUARE_PAGES",
    default={
        SQUARE: ["https://square.link", "https://checkout.square.site"],
        "https://connect.squareupsandbox.com": [
            *("https://sandbox.square.link", "https://connect.squareupsandbox.com")
        ],
    }.get(SQUARE_API_BASE, [SQUARE_API_BASE]),
)
PAYMENT_PAGES = [
    *([env("PAYMENT_SIMULATOR_URL")] if env("PAYMENT_SIMULATOR_URL", default="") else []),
    *([STRIPE_PAGE] if STRIPE_SECRET_KEY else []),
    *([PAYPAL_PAGE] if PAYPAL_CLIENT_ID else []),
    *(SQUARE_PAGES if SQUARE_ACCESS_TOKEN else []),
]

# Where browsers find the process that streams changes of the map: "/" behind this same origin, or an
# origin of its own; empty: there is none and they poll.
STREAM_URL = env("STREAM_URL", default="")
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ["/admin/"],
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "connect-src": ["'self'", *([STREAM_URL] if STREAM_URL.startswith("http") else [])],
        "worker-src": ["'self'"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "frame-ancestors": ["'none'"],
        # A form of ours may end on the page of a provider: browsers hold this against redirects, too.
        "form-action": ["'self'", *PAYMENT_PAGES],
    },
}

# --- selling --------------------------------------------------------------------------------------
RESERVATION_TTL_SECONDS = env.int("RESERVATION_TTL_SECONDS", default=900)
RATE_LIMITS = env("RATE_LIMITS", default="on") == "on"
OPEN_HOLDS_PER_BUYER = env.int("OPEN_HOLDS_PER_BUYER", default=20)
OPEN_HOLDS_PER_NETWORK = env.int("OPEN_HOLDS_PER_NETWORK", default=200)
OPEN_HOLDS_PER_PARTNER = env.int("OPEN_HOLDS_PER_PARTNER", default=200)
STREAMS_PER_ADDRESS = env.int("STREAMS_PER_ADDRESS", default=200)
STREAMS_AT_MOST = env.int("STREAMS_AT_MOST", default=10_000)
METRICS_TOKEN = env("METRICS_TOKEN", default="")
PAYMENT_SIMULATOR_URL = env("PAYMENT_SIMULATOR_URL", default="")
PAYMENT_SIMULATOR_SECRET = env("PAYMENT_SIMULATOR_SECRET", default="")
if PAYMENT_SIMULATOR_URL and PRODUCTION:
    raise ImproperlyConfigured("The payment simulator is never used in production.")
# Only ways that are paid at once: what comes days later finds the seats sold to others.
STRIPE_PAYMENT_METHODS = env.list("STRIPE_PAYMENT_METHODS", default=["card"])
# The webhooks at PayPal whose notices count, and the account that must be paid (empty: the key's).
PAYPAL_WEBHOOK_IDS = env.list("PAYPAL_WEBHOOK_IDS", default=[])
PAYPAL_MERCHANT_ID = env("PAYPAL_MERCHANT_ID", default="")
# A location at Square sells in one currency. Notices count when they are signed for this address and,
# where it is named, of this merchant.
SQUARE_LOCATION_ID = env("SQUARE_LOCATION_ID", default="")
SQUARE_CURRENCY = env("SQUARE_CURRENCY", default="")
SQUARE_MERCHANT_ID = env("SQUARE_MERCHANT_ID", default="")
SQUARE_NOTIFICATION_URL = env(
    "SQUARE_NOTIFICATION_URL", default=f"{SITE_URL.rstrip('/')}/webhooks/payments/square/"
)
KEYS_OF_PROVIDERS = {
    "stripe": STRIPE_SECRET_KEY,
    "paypal": PAYPAL_CLIENT_ID,
    "square": SQUARE_ACCESS_TOKEN,
}
REAL_PROVIDERS = [name for name, key in KEYS_OF_PROVIDERS.items() if key]
USUAL_PROVIDER = next(iter(REAL_PROVIDERS), "") if PRODUCTION else "simulated"
PAYMENT_PROVIDER = env("PAYMENT_PROVIDER", default=USUAL_PROVIDER)
# What buyers choose from, the default first: {"parterre": ["stripe"], "parterre KWD": [], "EUR": …},
# and "*" for all others; in production all real ones when PAYMENT_PROVIDER names none.
PAYMENT_PROVIDERS = env.json("PAYMENT_PROVIDERS", default={})
if PRODUCTION and len(REAL_PROVIDERS) > 1 and not env("PAYMENT_PROVIDER", default=""):
    PAYMENT_PROVIDERS = {"*": REAL_PROVIDERS, **PAYMENT_PROVIDERS}

# --- mail -----------------------------------------------------------------------------------------
MAIL_DIR = Path(env("MAIL_DIR", default=str(DATA_DIR / "mail")))
EMAIL_BACKEND = env(
    "EMAIL_BACKEND",
    default="django.core.mail.backends.smtp.EmailBackend"
    if PRODUCTION
    else "notifications.mailbox.EmailBackend",
)
if PRODUCTION and env("EMAIL_URL", default=""):
    vars().update(env.email_url("EMAIL_URL"))
EMAIL_TIMEOUT = 20
ANYMAIL = env.json("ANYMAIL", default={})
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", default="tickets@tessera.example")

# --- language, time, files ------------------------------------------------------------------------
LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True
USE_I18N = True
FORMAT_MODULE_PATH = "config.formats"
STATIC_URL = "/static/"
STATIC_ROOT = Path(env("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "config.staticfiles.HashedAndCompressed"},
}
if MODE == "demo":
    STORAGES["staticfiles"] = {"BACKEND": "config.staticfiles.Hashed"}
if MODE == "test":
    STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = True

# --- API ------------------------------------------------------------------------------------------
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.KeyAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["accounts.api.DenyAll"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["core.json_bodies.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "EXCEPTION_HANDLER": "core.api.problem",
    "UNAUTHENTICATED_USER": None,
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Tessera",
    "VERSION": "1",
    "OAS_VERSION": "3.1.1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_AUTHENTICATION": [],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
}

# --- back office ----------------------------------------------------------------------------------
UNFOLD = {
    "SITE_TITLE": "Tessera",
    "SITE_HEADER": "Tessera",
    "SITE_URL": "/",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("img/mark.svg")}
    ],
    "SHOW_HISTORY": False,
    "BORDER_RADIUS": "6px",
    "STYLES": [lambda request: static("css/tokens.css"), lambda request: static("css/admin.css")],
    "SIDEBAR": {"show_search": False, "navigation": "config.navigation.sidebar"},
    "DASHBOARD_CALLBACK": "config.desk.dashboard",
    # The paper, ink and accent of static/css/tokens.css in Unfold's steps.
    "COLORS": {
        "base": {
            "50": "#f6f4f1",
            "100": "#efece8",
            "200": "#dbd7d2",
            "300": "#c9c4be",
            "400": "#958f89",
            "500": "#6b655f",
            "600": "#4c4641",
            "700": "#3a3531",
            "800": "#26211d",
            "900": "#15120f",
            "950": "#0d0b09",
        },
        "primary": {
            "50": "#fdeee9",
            "100": "#fbdcd2",
            "200": "#f8bba8",
            "300": "#f99a78",
            "400": "#f98a60",
            "500": "#f87b4e",
            "600": "#cf3617",
            "700": "#a92507",
            "800": "#861e08",
            "900": "#6b1a09",
            "950": "#35190f",
        },
    },
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env("LOG_LEVEL", default="WARNING")},
    # At lower levels they write down what they send and get: addresses of buyers, for one.
    "loggers": {name: {"level": "WARNING"} for name in ("stripe", "httpx", "httpcore")},
}
SILENCED_SYSTEM_CHECKS = ["security.W004", "security.W008"] if not PRODUCTION else []
