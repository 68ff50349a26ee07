"""Drawing a layout: a draft is begun, saved often, looked over, and then published or thrown away."""

from dataclasses import asdict, replace

from django.db.models.functions import Now
from django.utils import timezone

from core.errors import DomainError, NotFound
from core.ids import uuid7
from core.transactions import use_case
from venues import drawn
from venues.models import LayoutDraft, TracingPicture
from venues.plan import Plan, authored, canonical, checking, from_canonical, normalise, validate
from venues.services import CHECKING, pack, unheard, write_layout


class DraftGone(NotFound):
    """Somebody published it or threw it away."""

    code = "draft_gone"


class NoPicture(NotFound):
    """There is nothing under the draft to trace."""

    code = "no_picture"


class StaleDraft(DomainError):
    """Somebody else saved the draft since it was opened; nothing of either drawing is lost."""

    code = "draft_is_stale"

    def __init__(self, draft):
        who = str(draft.saved_by) if draft.saved_by else "Somebody else"
        at = f"{timezone.localtime(draft.saved_at):%H:%M}"
        super().__init__(
            f"{who} saved this draft at {at}, after you opened it. Your drawing is still here: keep "
            "it as a draft of its own, or open what was saved.",
            version=draft.version,
        )


def start_draft(*, venue, name, by, plan=None, source=""):
    """A new draft of a venue: empty, or drawing on a normalised plan that was read from a file."""
    plan = replace(plan or Plan("", ()), name=name)
    return _start(venue=venue, name=name, plan=plan, by=by, source=source)


def draft_from(*, layout, by):
    """A new draft that begins as a published version."""
    plan = from_canonical(layout.plan)
    given = {"name": layout.name, "based_on": layout, "source": str(layout)}
    return _start(venue=layout.venue, plan=plan, by=by, **given)


def _start(*, plan, by, source, **given):
    form = canonical(authored(plan))
    return LayoutDraft.objects.create(
        plan=form, places=plan.places, saved_by=by, source=source[:200], **given
    )


@use_case
def save_draft(*, draft_id, version, sent, by, digest=""):
    """Saves what an editor sent (see `drawn.merged`) over this version of the draft; returns it.

    `digest` is that of the whole request: one that was stored and whose answer was lost is answered
    again. Raises StaleDraft when another version is stored, PlanError when something sent cannot be
    kept. Nothing is written then.
    """
    draft = _locked(draft_id)
    if digest and draft.saved_as == digest:
        return draft
    _looked_at(draft, version)
    before = draft.plan
    draft.plan = drawn.merged(before, sent)
    if draft.plan["name"] not in ("", before["name"]):
        draft.name = draft.plan["name"]
    draft.places = drawn.places_in(draft.plan)
    draft.version += 1
    draft.saved_by = by
    draft.saved_at = Now()
    draft.saved_as = digest
    draft.save()
    draft.refresh_from_db(fields=["saved_at"])
    return draft


@use_case
def copy_draft(*, draft, sent, by):
    """Keeps a whole drawing that could not be saved over a newer one as a draft of its own, with the
    picture that lies under it."""
    form = drawn.merged({"sections": []}, sent)
    copied = LayoutDraft.objects.create(
        venue=draft.venue,
        name=f"{draft.name[:113]} (copy)",
        based_on=draft.based_on,
        source=draft.source,
        plan=form,
        places=drawn.places_in(form),
        saved_by=by,
    )
    for picture in draft.tracings.all():
        picture.pk, picture.draft = uuid7(), copied
        picture.save(force_insert=True)
    return copied


@use_case
def lay_under(*, draft_id, picture):
    """Lays a `tracing.Picture` under a draft; one that lay there goes, its place stays. Returns the
    TracingPicture."""
    draft = _locked(draft_id)
    pixels = {"content": picture.content, "columns": picture.columns, "lines": picture.lines}
    laid, _ = TracingPicture.objects.update_or_create(draft=draft, defaults=pixels)
    return laid


@use_case
def place_tracing(*, draft_id, placement):
    """Moves, stretches or fades the picture under a draft: a `tracing.Placement`."""
    found = TracingPicture.objects.filter(draft=_locked(draft_id))
    if not found.update(**asdict(placement)):
        raise NoPicture("No picture lies under this draft any more. Choose one again.")


@use_case
def take_tracing_away(*, draft_id):
    TracingPicture.objects.filter(draft=_locked(draft_id)).delete()


def findings_of_draft(draft):
    """What to look at before the draft is published: Findings, those that stop it first."""
    licensed = draft.venue.licensed_capacity
    return checking.findings_of(from_canonical(draft.plan), licensed=licensed)


def publish_draft(*, draft_id, version, tell=unheard):
    """Publishes this version of a draft as the venue's next layout; the draft is then gone.

    Returns (Layout, made). Raises StaleDraft, PlanError or OverLicensed; nothing is written then.
    It is worked out before the draft is locked, so that a stadium can still be saved meanwhile: then
    it is stale.
    """
    tell(CHECKING)
    plan = from_canonical(_looked_at(_drafts().filter(pk=draft_id).first(), version).plan)
    validate(plan)
    return _published(draft_id, version, pack(normalise(plan), tell), tell)


@use_case
def _published(draft_id, version, packed, tell):
    draft = _looked_at(_locked(draft_id), version)
    published = write_layout(
        venue=draft.venue, packed=packed, name=draft.name, source="Drawn", tell=tell
    )
    draft.delete()
    return published


@use_case
def throw_away(*, draft_id):
    """Deletes a draft for good."""
    _locked(draft_id).delete()


def _locked(draft_id):
    locked = _drafts().select_for_update(of=("self",), no_key=True)
    return _there(locked.filter(pk=draft_id).first())


def _drafts():
    return LayoutDraft.objects.select_related("venue", "saved_by")


def _looked_at(draft, version):
    """The draft, if it is there and still as it was looked at."""
    if _there(draft).version != version:
        raise StaleDraft(draft)
    return draft


def _there(draft):
    if draft is None:
        raise DraftGone("This draft was published or thrown away.")
    return draft
