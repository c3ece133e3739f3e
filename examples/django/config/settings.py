from urllib.parse import urlsplit

from config.environment import LOCAL, value
from photos.signers import StableSigner

# Media: one bucket, as the site knows it. `EDGE` is `STORE` with another endpoint and key.

MEDIA = {
    "bucket_name": value("MEDIA_BUCKET", "media"),
    "location": value("MEDIA_LOCATION", "site"),
    "region_name": value("STORE_REGION", "us-east-1"),
    "addressing_style": "path",
    "signature_version": "s3v4",
    "file_overwrite": False,
    "querystring_expire": 600,
}
STORE = {
    **MEDIA,
    "endpoint_url": value("STORE_URL", "http://127.0.0.1:9000"),
    "access_key": value("STORE_ACCESS_KEY_ID", "CLOAKROOMDEVSTORE"),
    "secret_key": value("STORE_SECRET_ACCESS_KEY"),
}
EDGE = {
    **MEDIA,
    "endpoint_url": value("EDGE_URL", "http://127.0.0.1:8787"),
    "access_key": value("EDGE_ACCESS_KEY_ID", "DJANGO"),
    "secret_key": value("EDGE_SECRET_ACCESS_KEY"),
}
# As with CloudFront before a bucket, but that the edge has the bucket's name in its paths.
CLOUDFRONT = {
    **STORE,
    "url_protocol": f"{urlsplit(EDGE['endpoint_url']).scheme}:",
    "custom_domain": f"{urlsplit(EDGE['endpoint_url']).netloc}/{MEDIA['bucket_name']}",
}

S3 = "storages.backends.s3.S3Storage"
STORAGES = {
    # Where photos are: saved to the store, read through the edge.
    "default": {"BACKEND": "photos.storage.EdgeStorage", "OPTIONS": {**EDGE, "store": STORE}},
    # Reads through the edge, with SigV4.
    "edge": {"BACKEND": S3, "OPTIONS": EDGE},
    # Links that are CloudFront signed URLs, by RSA.
    "cloudfront": {
        "BACKEND": S3,
        "OPTIONS": {
            **CLOUDFRONT,
            "cloudfront_key_id": value("CLOUDFRONT_RSA_KEY_ID", "DJANGORSA"),
            "cloudfront_key": value("CLOUDFRONT_RSA_KEY"),
        },
    },
    # The same by a signer of the site's own.
    "signer": {
        "BACKEND": S3,
        "OPTIONS": {
            **CLOUDFRONT,
            "cloudfront_signer": StableSigner(
                value("CLOUDFRONT_P256_KEY_ID", "DJANGOP256"),
                value("CLOUDFRONT_P256_KEY"),
                stable_for=3600,
            ),
        },
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

# The rest is what any small site has.

DEBUG = value("DJANGO_DEBUG", "") == "1"
SECRET_KEY = value("DJANGO_SECRET_KEY")
ALLOWED_HOSTS = value("DJANGO_ALLOWED_HOSTS", "127.0.0.1,localhost").split(",")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "photos",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
            ],
        },
    },
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": value("DJANGO_DATABASE", str(LOCAL / "db.sqlite3")),
    },
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = LOGOUT_REDIRECT_URL = "album"
STATIC_URL = "static/"
STATIC_ROOT = LOCAL / "static"
USE_TZ = True
