"""As little as Django's runserver needs, and a log that says when its reloader watches pages.py."""

DEBUG = True
SECRET_KEY = "not one"
ROOT_URLCONF = "pages"
ALLOWED_HOSTS = ["127.0.0.1"]


def is_about_pages(record):
    return record.levelname != "DEBUG" or ("first seen" in record.msg and record.args[0].name == "pages.py")


LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"pages": {"()": "django.utils.log.CallbackFilter", "callback": is_about_pages}},
    "handlers": {"reloader": {"class": "logging.StreamHandler", "filters": ["pages"]}},
    "loggers": {"django.utils.autoreload": {"handlers": ["reloader"], "level": "DEBUG", "propagate": False}},
}
