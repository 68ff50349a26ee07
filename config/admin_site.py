"""The back office as one site: who gets in, and the one table of who may do what there."""

from zoneinfo import ZoneInfo

from django.contrib import messages
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.views.decorators.cache import never_cache
from unfold.forms import AuthenticationForm
from unfold.sites import UnfoldAdminSite

from accounts.views import NewPassword
from agencies.models import Membership
from agencies.views import invitation, open_invitation
from analytics.views import report, report_file, reports
from config.closed import REASONS, closed
from config.finding import find
from config.navigation import GROUPS

# v view (and export)  a add  c change  d delete  s steps: what the services do (publish, receive, …)
# Nobody may do what does not stand here. What is final in a column is also final in the services and
# in the database: there is no right to change a status, an amount or a past.
TABLE = """
                            OWNER  PURCHASING  BOX_OFFICE  FINANCE  GATE_MANAGER  PROMOTER
agencies.agency             vc     -           -           -        -             -
agencies.membership         vas    -           -           -        -             -
agencies.invitation         vs     -           -           -        -             -
agencies.termsofsale        va     -           v           v        -             -
agencies.organizer          vac    vac         -           -        -             -
accounts.apikey             vas    vas         vas         vas      vas           -
venues.venue                vacs   vacs        -           -        -             -
venues.layout               vs     vs          -           -        -             -
venues.layoutdraft          vs     vs          -           -        -             -
events.event                vacds  vacds       v           -        v             -
events.feerule              vacd   -           -           v        -             -
events.taxrule              vacd   -           -           vacd     -             -
events.cancellationpolicy   vads   v           v           v        -             -
events.pricelevel           vacd   vacd        v           -        -             -
inventory.eventseat         v      v           v           -        -             -
inventory.pricechange       vas    vas         v           v        -             -
inventory.pricingrule       vacs   vacs        -           v        -             -
inventory.seatentry         v      v           -           v        -             -
inventory.hold              vas    vas         vas         -        -             -
inventory.allocationplan    vacs   vacs        v           -        -             -
inventory.layoutmove        va     va          -           -        -             -
customers.customer          v      -           v           v        -             -
customers.programme         vac    -           v           v        -             -
customers.pointentry        va     -           v           va       -             -
promotions.promotion        vacs   vacs        v           v        -             -
inventory.presale           vacs   vacs        v           v        -             -
customers.buyerlist         vacs   vacs        -           -        -             -
customers.listedbuyer       vs     vs          -           -        -             -
customers.draw              vacs   vacs        v           v        -             -
customers.drawentry         vs     vs          -           -        -             -
promotions.code             vs     vs          -           -        -             -
promotions.use              v      v           v           v        -             -
bookings.booking            vs     -           vs          v        -             -
bookings.cancellation       vs     -           v           vs       -             -
bookings.invoice            vs     -           v           v        -             -
bookings.eventchange        vas    v           v           vas      -             -
bookings.alert              vs     -           vs          v        -             -
tickets.ticket              v      -           v           -        v             -
tickets.transfer            vs     -           vs          -        -             -
tickets.gate                vacds  -           -           -        vacds         -
tickets.scan                v      -           -           -        v             -
tickets.admission           v      -           -           -        v             -
tickets.signingkey          vs     -           -           -        -             -
suppliers.supplier          vacs   vacs        -           v        -             -
suppliers.purchaseorder     vacs   vacs        -           v        -             -
suppliers.deliveryreceipt   v      v           -           v        -             -
suppliers.suppliercode      v      v           -           -        -             -
suppliers.deliverydocument  v      v           -           -        -             -
suppliers.accountspayable   vs     -           -           vs       -             -
suppliers.supplierinvoice   vas    v           -           vas      -             -
suppliers.supplierpayment   va     -           -           va       -             -
suppliers.creditnote        vas    -           -           vas      -             -
suppliers.paymentrun        vas    -           -           vas      -             -
suppliers.settlementstatement va   v           -           va       -             -
suppliers.supplierreturn    vas    vas         -           v        -             -
payments.payment            vs     -           -           vs       -             -
payments.refund             vs     -           -           vs       -             -
payments.creditentry        va     -           v           va       -             -
payments.dispute            vs     -           -           vs       -             -
payments.desktaking         vs     -           vs          v        -             -
payments.bankstatement      va     -           -           va       -             -
payments.bankline           vs     -           -           vs       -             -
payments.payout             vs     -           -           vs       -             -
payments.payoutline         vs     -           -           vs       -             -
payments.cashcount          va     -           va          v        -             -
payments.inboxmessage       vs     -           -           vs       -             -
payments.journal            v      -           -           v        -             -
payments.ledgerentry        v      -           -           v        -             -
payments.accountcode        vac    -           -           vac      -             -
notifications.message       v      -           v           -        -             -
core.outboxmessage          vs     -           -           -        -             -
core.auditentry             v      -           -           -        -             -
"""
# Pages that are no model's: the reports, by what they are about (analytics.reports).
PAGES = """
                            OWNER  PURCHASING  BOX_OFFICE  FINANCE  GATE_MANAGER  PROMOTER
analytics.stock             v      v           -           v        -             -
analytics.profit            v      v           -           v        -             -
analytics.suppliers         v      v           -           v        -             -
analytics.demand            v      v           v           v        -             -
analytics.books             v      -           -           v        -             -
"""
# The platform's operator keeps agencies and people, whatever agency the address belongs to.
OPERATOR = {
    "agencies.agency": "vacs",
    "accounts.user": "vacs",
    "axes.accessattempt": "vd",
}
LETTERS = {"view": "v", "add": "a", "change": "c", "delete": "d", "step": "s"}

# Unfold's scripts evaluate expressions and style elements from within, so this is what it can bear.
POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; "
    "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)


def _read(table):
    """{role: {model label: letters}} of the table above."""
    head, *lines = (line.split() for line in table.strip().splitlines())
    return {
        role: {line[0]: line[number].strip("-") for line in lines}
        for number, role in enumerate(head, start=1)
    }


RIGHTS = _read(TABLE)
PAGE_RIGHTS = _read(PAGES)


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "E-mail and password do not belong together, or they open no back office.",
        "inactive": "This account was closed.",
    }


class BackOffice(UnfoldAdminSite):
    """Opens for active staff with a role in the agency of the request, and for the operator."""

    site_title = site_header = "Tessera"
    index_title = "Desk"
    enable_nav_sidebar = True

    def rights_of(self, request):
        """{model label: letters} of who asks, read once a request."""
        known = getattr(request, "_back_office_rights", None)
        if known is None or known[0] != request.user.pk:
            known = (request.user.pk, self._rights(request))
            request._back_office_rights = known
        return known[1]

    def _rights(self, request):
        return self.rights_as(request.user, role_of(request))

    def rights_as(self, user, role):
        """{model label: letters} of a user who has this role (or None) in the agency acted for."""
        if not (user.is_active and user.is_staff):
            return {}
        rights = dict(OPERATOR) if user.is_superuser else {}
        held = {**RIGHTS.get(role, {}), **PAGE_RIGHTS.get(role, {})}
        for label, letters in held.items():
            rights[label] = rights.get(label, "") + letters
        return {label: letters for label, letters in rights.items() if letters}

    def allows_member(self, member, right, model):
        """Whether this Membership gives this right on a model."""
        rights = self.rights_as(member.user, member.role)
        return LETTERS[right] in rights.get(model._meta.label_lower, "")

    def allows(self, request, right, model):
        """Whether who asks has this right (view, add, change, delete, step) on a model or its label."""
        label = model if isinstance(model, str) else model._meta.label_lower
        return LETTERS[right] in self.rights_of(request).get(label, "")

    @cached_property
    def words(self):
        """{plural of a model: what the menu calls its list}."""
        titles = {label: title for items in GROUPS.values() for label, title, _ in items}
        plurals = {model: str(model._meta.verbose_name_plural) for model in self._registry}
        return {plural: titles[model._meta.label_lower] for model, plural in plurals.items()}

    def letter_of(self, right):
        return LETTERS[right]

    def has_permission(self, request):
        return bool(self.rights_of(request))

    def admin_view(self, view, cacheable=False):
        """Every page is in the agency's time, under a policy, and never kept by a shared cache."""
        inner = super().admin_view(view, cacheable)

        def timed(request, *args, **kwargs):
            with timezone.override(zone_of(request)):
                try:
                    response = _rendered(inner(request, *args, **kwargs))
                except REASONS as reason:
                    role = role_of(request)
                    response = closed(request, self, reason, role=role, rights=RIGHTS).render()
            response.headers.setdefault("Content-Security-Policy", POLICY)
            return response

        return timed

    def login(self, request, extra_context=None):
        """Leads to the desk unless another page was wanted; says why somebody is not let in."""
        request.GET = request.GET.copy()
        request.GET.setdefault("next", reverse(f"{self.name}:index"))
        shut_out = request.user.is_authenticated and not self.has_permission(request)
        if shut_out and request.method == "GET":
            messages.error(request, f"{request.user} has no role here that opens the back office.")
        response = super().login(request, extra_context)
        response.headers.setdefault("Content-Security-Policy", POLICY)
        return response

    def open_view(self, view):
        """For the pages behind mailed links, which nobody has signed in for yet."""

        @never_cache
        def opened(request, *args, **kwargs):
            request.current_app = self.name
            response = view(request, *args, **kwargs)
            response.headers.setdefault("Content-Security-Policy", POLICY)
            # Only on the way from the link: a form that tells no referrer tells no origin either.
            if 300 <= response.status_code < 400:
                response.headers["Referrer-Policy"] = "no-referrer"
            return response

        return opened

    def extra_urls(self):
        opened = {
            "invitation": ("invitation/", invitation),
            "open_invitation": ("invitation/<uuid:invitation_id>/<str:key>/", open_invitation),
            "new_password": ("new-password/<uidb64>/<token>/", NewPassword.as_view()),
        }
        asked = {
            "reports": ("reports/", reports),
            "report": ("reports/<slug:name>/", report),
            "report_file": ("reports/<slug:name>/<slug:kind>/", report_file),
        }
        return [
            path("find/", self.admin_view(self.find), name="find"),
            *(path(route, self.admin_view(view), name=n) for n, (route, view) in asked.items()),
            *(path(route, self.open_view(view), name=n) for n, (route, view) in opened.items()),
        ]

    def find(self, request):
        """One box for a booking, guest, ticket, order or event. One hit opens at once."""
        words = request.GET.get("q", "").replace("\0", "").strip()
        found = find(request, self, words)
        if len(found) == 1:
            return redirect(found[0].address)
        context = {**self.each_context(request), "title": "Find", "words": words, "found": found}
        request.current_app = self.name
        return TemplateResponse(request, "admin/find.html", context)

    def search(self, request, extra_context=None):
        """Unfold's own search would keep its answers across agencies; nothing asks it here."""
        return redirect("admin:find")


def _rendered(response):
    return response.render() if hasattr(response, "render") else response


def role_of(request):
    """The role of who asks in the agency of the request, or None."""
    if request.agency is None or not request.user.is_authenticated:
        return None
    held = Membership.objects.filter(user=request.user, agency_id=request.agency.pk)
    return held.values_list("role", flat=True).first()


def zone_of(request):
    return ZoneInfo(request.agency.time_zone) if request.agency else ZoneInfo("UTC")
