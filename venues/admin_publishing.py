"""The page of a large layout that a worker publishes: how far it is, then the layout, or why not."""

from datetime import timedelta

from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.views.decorators.http import require_GET

from core.admin_parts import Panel, Table, columns, when
from venues.admin_panels import published_in_words
from venues.publishing import progress_of

# What is larger is published by a worker: places of a drawing, bytes of a file nobody has read yet.
AT_ONCE = 5_000
LARGE_FILE = 100_000
TOLD = timedelta(days=7)


class PublicationPages:
    """For the BackOfficeAdmin of venues."""

    def get_urls(self):
        view = self.admin_site.admin_view(require_GET(self.publication))
        name = "venues_venue_publication"
        mine = path("<path:object_id>/publications/<uuid:publication_id>/", view, name=name)
        return [mine, *super().get_urls()]

    def publication(self, request, object_id, publication_id):
        venue = self.thing(request, object_id)
        if not self.has_step_permission(request):
            raise PermissionDenied
        publication = _known(venue).filter(pk=publication_id).first()
        if publication is None:
            raise Http404
        if publication.layout:
            layout = publication.layout
            made = layout.published_at >= publication.asked_at
            done = self.back(request, layout, done=published_in_words(layout, made))
            return self.wherever(request, done)
        if request.htmx and publication.problem:
            return self.wherever(request, HttpResponseRedirect(page_of_publication(publication)))
        return self.page(
            request,
            "admin/_publication_progress.html" if request.htmx else "admin/publication.html",
            title=f"Publish {publication}",
            thing=venue,
            publication=publication,
            progress=progress_of(publication),
        )


def page_of_publication(publication):
    return reverse("admin:venues_venue_publication", args=[publication.venue_id, publication.pk])


def publications_panels(venue):
    """What is being published for a venue, or could not be in the last days."""
    unfinished = _known(venue).filter(
        Q(done_at=None) | Q(layout=None, done_at__gt=timezone.now() - TOLD)
    )
    rows = [
        [
            format_html('<a href="{}">{}</a>', page_of_publication(each), each),
            str(each.asked_by or "–"),
            when(each.asked_at),
            each.problem or "Is being published",
        ]
        for each in unfinished
    ]
    table = Table(columns("Layout", "Asked for by", "Asked for", "State"), rows)
    return [Panel("Being published", table, count=len(rows))] if rows else []


def _known(venue):
    heavy = (
        "content",
        *(f"layout__{name}" for name in ("plan", "geometry_brotli", "geometry_gzip")),
    )
    return venue.publications.select_related("layout", "asked_by").defer(*heavy)
