"""Codes: those that somebody thinks up, and unique ones by the thousand, which a worker draws."""

import re

from django.db import IntegrityError, connection, transaction

from core.errors import DomainError, Invalid
from core.ids import uuid7
from core.locks import lock_one
from core.outbox import record
from core.status import WrongState
from core.transactions import broken_constraint, use_case
from promotions.codes import LONGEST, digest_of, drawn, spelled
from promotions.facts import CodesAsked
from promotions.models import MOST_CODES, Code, CodeBatch, Status

SHORTEST = 4
AT_ONCE = 5000  # written and committed together
INSERT = """
INSERT INTO promotions_code
  (agency_id, promotion_id, batch_id, usage_limit, is_open, id, text, digest)
SELECT %s, %s, %s, %s, true, * FROM unnest(%s::uuid[], %s::text[], %s::text[])
ON CONFLICT (digest, agency_id) DO NOTHING
"""
PREFIX = re.compile(r"[A-Z0-9]{0,12}")


class CodeTaken(DomainError):
    """Another promotion of the agency, or this one, has the code already."""

    code = "code_taken"


@use_case
def name_code(*, promotion, text, usage_limit=None):
    """A Code that somebody thought up. Raises Invalid or CodeTaken."""
    _check_open(promotion)
    text = " ".join(text.split())
    letters = spelled(text)
    if len(letters) < SHORTEST or len(text) > LONGEST:
        raise Invalid(
            f"A code has {SHORTEST} to {LONGEST} letters and figures; hyphens and blanks do not count."
        )
    try:
        with transaction.atomic():
            return Code.objects.create(
                promotion=promotion, text=text, digest=digest_of(letters), usage_limit=usage_limit
            )
    except IntegrityError as error:
        if broken_constraint(error) != "one_code_per_text":
            raise
        raise CodeTaken(f"The code {text} exists already.") from error


@use_case
def close_code(code_id):
    """The code stops working; what was reserved or sold with it stays. Returns the Code."""
    code = lock_one(Code.objects.filter(pk=code_id))
    if not code.is_open:
        raise WrongState(f"The code {code} is closed already.")
    code.is_open = False
    code.save(update_fields=["is_open"])
    return code


@use_case
def ask_for_codes(*, promotion, count, prefix="", usage_limit=1, by=None):
    """Leaves so many unique codes to a worker; returns the CodeBatch that says how far he is."""
    _check_open(promotion)
    if not 1 <= count <= MOST_CODES:
        raise Invalid(f"Ask for 1 to {MOST_CODES:,} codes at once.")
    if not PREFIX.fullmatch(prefix):
        raise Invalid("Codes begin with at most 12 capital letters or figures.")
    batch = CodeBatch.objects.create(
        promotion=promotion, count=count, prefix=prefix, usage_limit=usage_limit, made_by=by
    )
    record(CodesAsked(batch_id=batch.pk))
    return batch


def make_codes(batch_id):
    """Draws what is still missing of a batch, some thousand at a time: whoever takes over from a
    worker that died goes on where he was. Two at once take turns."""
    while _some_more(batch_id):
        pass


@use_case
def _some_more(batch_id):
    """Whether codes are still missing after another portion."""
    batch = lock_one(CodeBatch.objects.filter(pk=batch_id))
    texts = [drawn(batch.prefix) for _ in range(min(batch.count - batch.made, AT_ONCE))]
    batch.made += _written(batch, texts)
    batch.save(update_fields=["made"])
    return not batch.is_done


def _written(batch, texts):
    """How many of these became codes: all but what was drawn before, once in some 10¹² tries. In one
    statement, a tenth of what it takes to make a Code of each."""
    ids = [uuid7() for _ in texts]
    digests = [digest_of(spelled(text)) for text in texts]
    limits = batch.agency_id, batch.promotion_id, batch.pk, batch.usage_limit
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [*limits, ids, texts, digests])
        return cursor.rowcount


def _check_open(promotion):
    if promotion.status == Status.ENDED:
        raise WrongState(f"{promotion} has ended: its codes would be of no use.")
