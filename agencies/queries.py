"""Which agency a request or a command acts for. Remembered for five seconds by each process, so
that a page does not pay for it each time."""

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone

from agencies.models import Agency, Membership, TermsOfSale
from core.errors import NotFound
from core.memory import Remembered
from core.postgres.fixed import Fixed
from core.tenancy import as_system, current_agency_id

_by_host = Remembered(seconds=5)
_by_id = Remembered(seconds=5)


def agency_at(host):
    """The agency that sells at this host name; else the only one, else the default one, or None."""
    name = host if host.endswith("]") else host.rpartition(":")[0] or host
    name = name.lower().rstrip(".")
    return _by_host.get(name, lambda: _look_up(name))


def _look_up(host):
    with as_system():
        found = list(Agency.objects.filter(host=host)[:1])
        rest = list(Agency.objects.order_by("-is_default", "pk")[:2])
    if found:
        return found[0]
    return rest[0] if rest and (len(rest) == 1 or rest[0].is_default) else None


def main_agency():
    """The Agency whose accounts the installation uses with others: the default one, else the oldest."""
    with as_system():
        return Agency.objects.order_by("-is_default", "pk")[0]


def current_agency():
    """The Agency acted for."""
    agency_id = current_agency_id()
    return _by_id.get(agency_id, lambda: Agency.objects.get(pk=agency_id))


NEWEST_TERMS = Fixed(lambda: TermsOfSale.objects.order_by("-published_at", "-pk")[:1])


def current_terms():
    """The TermsOfSale that buyers have to accept now, or None. Not remembered: who accepted a text must
    not be asked for another that some process still knows."""
    newest = NEWEST_TERMS.first()
    return newest if newest and newest.text else None


def current_zone():
    """The time zone of the agency acted for."""
    return ZoneInfo(current_agency().time_zone)


def local_today():
    """The date at the desk of the agency acted for: what falls due goes by it."""
    return timezone.localdate(timezone=current_zone())


def may_approve(user, money):
    """Whether this member may approve so much: up to a limit of their own, else an owner any amount
    and nobody else. A limit is in the agency's currency and allows nothing in another."""
    return approval_of(user)(money)


def approval_of(user):
    """`may_approve` of this member as a function of Money, who is looked up once for many sums."""
    member = Membership.objects.filter(user=user).first()
    return lambda money: member is not None and _allows(member, money)


def approvers_of(money):
    """[Membership] of all who may approve so much, with their users."""
    members = Membership.objects.select_related("user").order_by("role", "pk")
    return [member for member in members if _allows(member, money)]


def _allows(member, money):
    if member.approval_limit is None:
        return member.role == Membership.Role.OWNER
    is_ours = money.currency == current_agency().currency
    return is_ours and money.amount <= member.approval_limit


def role_of_user(user):
    """The role of a user in the agency acted for, or None."""
    held = Membership.objects.filter(user=user, agency_id=current_agency_id())
    return held.values_list("role", flat=True).first()


def site_of(agency):
    """The address at which this agency sells: its host with the scheme and port of SITE_URL."""
    parts = urlsplit(settings.SITE_URL)
    if agency.is_default and parts.hostname not in ("", None):
        return settings.SITE_URL.rstrip("/")
    port = f":{parts.port}" if parts.port else ""
    return f"{parts.scheme}://{agency.host}{port}"


def agency_named(slug):
    """The agency with this slug; without one the only, else the default agency. For commands."""
    with as_system():
        agencies = Agency.objects.order_by("-is_default", "created_at")
        if slug:
            agencies = agencies.filter(slug=slug)
        found = list(agencies[:2])
    if not found or (len(found) > 1 and not found[0].is_default):
        raise NotFound("Name the agency by its slug: it is not clear which one is meant.")
    return found[0]
