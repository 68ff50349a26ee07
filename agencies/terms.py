"""The text that buyers accept before they pay, in versions."""

from hashlib import blake2s

from agencies.models import TermsOfSale
from core.errors import DomainError
from core.transactions import use_case


class NothingNew(DomainError):
    """The text is the one that counts already."""

    code = "terms_unchanged"


@use_case
def publish_terms(text, *, by):
    """Makes a text the terms of sale from now on, or, empty, asks for none any more; returns the
    TermsOfSale. What was accepted before stays accepted. Raises NothingNew."""
    text = "\n".join(line.rstrip() for line in text.strip().splitlines())
    newest = TermsOfSale.objects.order_by("-published_at", "-pk").first()
    if text == (newest.text if newest else ""):
        raise NothingNew("This is what counts already.")
    made = TermsOfSale.objects.create(text=text, digest=digest_of(text), published_by=by)
    made.refresh_from_db()
    return made


def digest_of(text):
    """The name of a version: the same for the same words."""
    return blake2s(text.encode(), digest_size=16).hexdigest()
