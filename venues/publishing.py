"""Publishing a stadium by a worker: asked for once, told how far it is, whole or not at all."""

import hashlib
from dataclasses import dataclass

from django.db.models.functions import Now

from core.errors import DomainError
from core.locks import lock_one
from core.outbox import record
from core.progress import teller, told_of
from core.transactions import use_case
from venues.drafts import StaleDraft, publish_draft
from venues.facts import PublicationAsked
from venues.models import Publication
from venues.services import CHECKING, STEPS, import_layout


@dataclass(frozen=True)
class Progress:
    """How far a publication is: in which of STEPS, and where places count, `done` of `whole`."""

    step: str = CHECKING
    done: int = 0
    whole: int = 0

    @property
    def number(self):
        return STEPS.index(self.step) + 1

    @property
    def steps(self):
        return len(STEPS)

    @property
    def amount(self):
        """Steps done, with the part of the present one."""
        return self.number - 1 + (self.done / self.whole if self.whole else 0)


def ask_to_publish_draft(*, draft, version, by):
    """Leaves this version of a draft to a worker. Returns the Publication, the one under way if there
    is one."""
    return _asked(
        draft.venue, str(draft.pk), name=draft.name, draft=draft, draft_version=version, asked_by=by
    )


def ask_to_publish_file(*, venue, filename, content, name="", by):
    """Leaves the bytes of a seating-plan file to a worker. Returns the Publication, the one under way
    if there is one."""
    mark = hashlib.sha256(content).hexdigest()
    return _asked(
        venue, mark, name=name[:120], file_name=filename[:200], content=content, asked_by=by
    )


@use_case
def _asked(venue, mark, **fields):
    publication, is_new = Publication.objects.get_or_create(
        venue=venue, mark=mark, done_at=None, defaults=fields
    )
    if is_new:
        record(PublicationAsked(publication_id=publication.pk))
    return publication


def carry_out(publication_id):
    """Publishes what was asked for, once; a refusal is kept with it. Returns the Publication."""
    try:
        return _published(publication_id)
    except StaleDraft:
        again = "Somebody saved the draft before it was published. Look at it and publish it again."
        return _refused(publication_id, again)
    except DomainError as refusal:
        return _refused(publication_id, refusal.message)


@use_case
def _published(publication_id):
    publication = lock_one(Publication.objects.filter(pk=publication_id).select_related("venue"))
    if not publication.is_under_way:
        return publication
    layout, _ = _layout_of(publication, teller(publication))
    return _ended(publication, layout=layout)


def _layout_of(publication, tell):
    if publication.content is None:
        return publish_draft(
            draft_id=publication.draft_id, version=publication.draft_version, tell=tell
        )
    return import_layout(
        venue=publication.venue,
        filename=publication.file_name,
        content=bytes(publication.content),
        name=publication.name,
        tell=tell,
    )


@use_case
def _refused(publication_id, problem):
    publication = lock_one(Publication.objects.filter(pk=publication_id))
    return _ended(publication, problem=problem) if publication.is_under_way else publication


def _ended(publication, **end):
    Publication.objects.filter(pk=publication.pk).update(content=None, done_at=Now(), **end)
    return Publication.objects.get(pk=publication.pk)


def progress_of(publication):
    """The Progress of a publication as far as is known. Until its end nothing of it is there."""
    return Progress(*told_of(publication))
