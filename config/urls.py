"""Every path of the site. Pages belong to the app whose data they show."""

from django.contrib import admin
from django.urls import include, path, re_path

from config import health
from core.api import not_found
from notifications.mailbox import mailbox_urls

urlpatterns = [
    path("", include("venues.urls")),
    path("", include("bookings.urls")),
    path("", include("tickets.urls")),
    path("", include("payments.urls")),
    path("admin/", admin.site.urls),
    path("api/v1/", include(("config.api", "api"))),
    re_path(r"^api/", not_found),
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    *mailbox_urls(),
]
handler404 = "core.pages.not_found"
handler500 = "core.pages.server_error"
