"""What the pages of guests' entries (points, credit) have in common: written once, never changed."""

from django.contrib import admin
from django.core.exceptions import PermissionDenied

from core.admin_base import ReadOnlyAdmin
from core.admin_parts import linked, when
from core.errors import Invalid
from customers.models import Customer


def guest_of(email):
    """The Customer with this e-mail; raises Invalid when nobody has booked under it."""
    customer = Customer.objects.filter(email=email.lower()).first()
    if customer is None:
        raise Invalid(f"Nobody has booked under {email}.")
    return customer


class EntriesOfGuests(ReadOnlyAdmin):
    """The list of a model with `customer`, `made_at`, `made_by`, `reason` and `expires_at`, to which
    staff add by a form of their own: `add_page(request)`."""

    list_display_links = ["made"]
    list_select_related = ["customer", "made_by"]
    search_fields = ["customer__name", "customer__email", "reason"]
    search_help_text = "Guest, e-mail or reason"

    def has_add_permission(self, request, obj=None):
        return self.may(request, "add")

    def add_view(self, request, form_url="", extra_context=None):
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self.add_page(request)

    def above(self, entry):
        return [entry.customer]

    @admin.display(description="At", ordering="made_at")
    def made(self, entry):
        return when(entry.made_at)

    @admin.display(description="Guest", ordering="customer__name")
    def guest(self, entry):
        return str(entry.customer)

    @admin.display(description="Guest")
    def guest_link(self, entry):
        return linked(entry.customer)

    @admin.display(description="Lapses", ordering="expires_at")
    def lapses(self, entry):
        return when(entry.expires_at)

    @admin.display(description="By", ordering="made_by__name")
    def person(self, entry):
        return str(entry.made_by or "–")
