"""What the layout editor's page loads and saves: JSON, and the picture under a draft."""

import hashlib

from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import HttpResponse, JsonResponse
from django.urls import path, reverse
from django.utils import timezone
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, Invalid
from venues import drafts
from venues.drawn import MOST_BYTES
from venues.importers import reading
from venues.models import LayoutDraft
from venues.tracing import picture_of, placement_of

ADDRESSES = ("plan", "save", "copy", "check", "tracing")


class TooLarge(DomainError):
    """More than the body of a request may have."""

    code = "too_large"
    status = 413


def editor_of(draft):
    """The address of a draft's drawing page."""
    return reverse("admin:venues_layoutdraft_draw", args=[draft.pk])


class EditorAddresses:
    """For the BackOfficeAdmin of drafts. Whoever may not draw in the venue reaches none of them."""

    def get_urls(self):
        wrap = self.admin_site.admin_view
        views = (
            gzip_page(require_GET(self.plan)),
            require_POST(self.save),
            require_POST(self.copy),
            require_GET(self.check_plan),
            require_http_methods(["GET", "PUT", "PATCH", "DELETE"])(self.tracing),
        )
        return [
            path(f"<uuid:draft_id>/{name}/", wrap(view), name=f"venues_layoutdraft_{name}")
            for name, view in zip(ADDRESSES, views, strict=True)
        ] + super().get_urls()

    def plan(self, request, draft_id):
        draft = self._draft(request, draft_id)
        tracing = draft.tracings.defer("content").first()
        form = {"version": draft.version, "name": draft.name, "plan": draft.plan}
        return JsonResponse({**form, "tracing": tracing and tracing.placement})

    def save(self, request, draft_id):
        return _answered(lambda: self._save(request, self._draft(request, draft_id)))

    def _save(self, request, draft):
        sent = _sent(request)
        saved = drafts.save_draft(
            draft_id=draft.pk,
            version=reading.whole(sent.get("version")),
            sent=reading.part(sent, "plan"),
            by=request.user,
            digest=hashlib.sha256(request.body).hexdigest(),
        )
        at = f"{timezone.localtime(saved.saved_at):%H:%M}"
        return {"version": saved.version, "at": at, "places": saved.places}

    def copy(self, request, draft_id):
        return _answered(lambda: self._copy(request, self._draft(request, draft_id)))

    def _copy(self, request, draft):
        plan = reading.part(_sent(request), "plan")
        copied = drafts.copy_draft(draft=draft, sent=plan, by=request.user)
        return {"address": editor_of(copied)}

    def check_plan(self, request, draft_id):
        found = drafts.findings_of_draft(self._draft(request, draft_id))
        return JsonResponse({"findings": [finding.form for finding in found]})

    def tracing(self, request, draft_id):
        """The picture under a draft: GET shows it, PUT lays another (the body is a PNG or JPEG file),
        PATCH places it, DELETE takes it away."""
        draft = self._draft(request, draft_id)
        if request.method == "GET":
            return _answered(lambda: _shown(draft))
        change = {"PUT": _lay_under, "PATCH": _place, "DELETE": _take_away}[request.method]
        return _answered(lambda: change(request, draft))

    def _draft(self, request, draft_id):
        """The draft of an address, if who asks may draw."""
        if not self.has_step_permission(request):
            raise PermissionDenied
        draft = LayoutDraft.objects.select_related("venue", "based_on").filter(pk=draft_id).first()
        if draft is None:
            raise drafts.DraftGone("This draft was published or thrown away.")
        return draft


def _shown(draft):
    laid = draft.tracings.first()
    if laid is None:
        raise drafts.NoPicture("No picture lies under this draft.")
    headers = {
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(bytes(laid.content), content_type="image/jpeg", headers=headers)


def _lay_under(request, draft):
    picture = picture_of(_body(request))
    return drafts.lay_under(draft_id=draft.pk, picture=picture).placement


def _place(request, draft):
    drafts.place_tracing(draft_id=draft.pk, placement=placement_of(_sent(request)))
    return {}


def _take_away(request, draft):
    drafts.take_tracing_away(draft_id=draft.pk)
    return {}


def _answered(work):
    """The result of a use case, or its refusal in words."""
    try:
        done = work()
    except DomainError as refused:
        form = {"code": refused.code, "message": refused.message, **refused.details}
        return JsonResponse(form, status=refused.status)
    return done if isinstance(done, HttpResponse) else JsonResponse(done)


def _body(request):
    try:
        return request.body
    except RequestDataTooBig:
        raise TooLarge(
            f"This is larger than {MOST_BYTES >> 20} MB and was not saved. Split the drawing into "
            "two layouts, or make the picture smaller."
        ) from None


def _sent(request):
    """The JSON object in the body of a request."""
    sent = reading.json_of(reading.text_of(_body(request)))
    if not isinstance(sent, dict):
        raise Invalid("A drawing is sent as one JSON object.")
    return sent
