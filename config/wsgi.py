"""The web application; it does not start with a database role that could see every agency."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from core.checks import refuse_a_role_that_bypasses  # noqa: E402 - needs the settings

refuse_a_role_that_bypasses()
