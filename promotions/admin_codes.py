"""Codes and their uses in the back office; codes are made on the page of their promotion."""

from django.contrib import admin
from django.db.models import OuterRef, Subquery
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
from core.admin_names import model_of
from core.admin_parts import amount, linked, money_column, pill, status_column, status_of, when
from promotions import services
from promotions.models import Code, Use
from promotions.queries import used_codes


def of_limit(count, limit):
    """12 of 100, or 12 where there is no limit."""
    return f"{count:,}" if limit is None else f"{count:,} of {limit:,}"


def codes_address(**narrowed):
    query = "&".join(f"{name}={value}" for name, value in narrowed.items())
    return f"{reverse('admin:promotions_code_changelist')}?{query}"


def batch_address(batch):
    return reverse("admin:promotions_codebatch", args=[batch.pk])


def booking_link(use):
    """The booking a use stands in, by the name of its page: bookings are above promotions."""
    try:
        page = reverse("admin:bookings_booking_change", args=[use.reference])
    except NoReverseMatch:
        return "–"
    return format_html('<a href="{}">{}</a>', page, use.booking_number or "Booking")


def with_numbers(uses):
    """These Uses with `booking_number`: bookings are above promotions, and known by their table."""
    booking = model_of("bookings_booking")._base_manager.filter(pk=OuterRef("reference"))
    return uses.annotate(booking_number=Subquery(booking.values("number")[:1]))


def open_pill(code):
    return pill("ACTIVE", "Open") if code.is_open else pill("CANCELLED", "Closed")


def opened_by(thing):
    """The presale or the promotion that a code or a use is of."""
    return thing.promotion.presale or thing.promotion


class UsedFilter(admin.SimpleListFilter):
    title = "uses"
    parameter_name = "used"

    def lookups(self, request, model_admin):
        return [("never", "Never used"), ("some", "Used")]

    def queryset(self, request, queryset):
        if self.value() == "never":
            return queryset.filter(used=0)
        return queryset.filter(used__gt=0) if self.value() == "some" else queryset


@admin.register(Code)
class CodeAdmin(BackOfficeAdmin):
    """Codes are made on the page of their promotion or presale."""

    list_display = ["text", "promotion_link", "uses_told", "state", "drawn", "made"]
    list_filter = [UsedFilter, "is_open", ("promotion", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["promotion__presale", "batch"]
    search_fields = ["text"]
    search_help_text = "Code, as it is written"
    ordering = ["-made_at", "pk"]
    fields = ["promotion_link", "uses_told", "drawn", "made"]
    readonly_fields = fields
    steps = ["close"]
    export_columns = {
        "Code": "text",
        "Promotion": "promotion__name",
        "Used": "used",
        "Uses at most": "usage_limit",
        "Open": "is_open",
        "Made": "made_at",
    }

    def get_queryset(self, request):
        return used_codes(super().get_queryset(request))

    def lookup_allowed(self, lookup, value, request=None):
        return lookup == "batch__id__exact" or super().lookup_allowed(lookup, value, request)

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False

    @admin.display(description="Promotion or presale", ordering="promotion__name")
    def promotion_link(self, code):
        return linked(opened_by(code))

    @admin.display(description="Used", ordering="used")
    def uses_told(self, code):
        return of_limit(code.used, code.usage_limit)

    @admin.display(description="State", ordering="is_open")
    def state(self, code):
        return open_pill(code)

    @admin.display(description="Drawn")
    def drawn(self, code):
        if code.batch is None:
            return "Thought up"
        return format_html('<a href="{}">{}</a>', batch_address(code.batch), code.batch)

    @admin.display(description="Made", ordering="made_at")
    def made(self, code):
        return when(code.made_at)

    def above(self, code):
        return [opened_by(code)]

    def under_title(self, code):
        return [open_pill(code), linked(opened_by(code))]

    @step("Close", when=lambda code: code.is_open, tone="danger",
          says="The code stops working for good. What is reserved or sold with it keeps its "
          "price.")  # fmt: skip
    def close(self, request, code):
        services.close_code(code.pk)
        return f"The code {code} is closed."


@admin.register(Use)
class UseAdmin(ReadOnlyAdmin):
    list_display = [
        *("when_used", "promotion_link", "code_text", "booking", status_column(), "tickets"),
        *(money_column("discount", "Discount"), money_column("waived", "Fees waived")),
    ]
    list_filter = ["status", ("promotion", admin.RelatedOnlyFieldListFilter), "used_at"]
    list_select_related = ["promotion__presale", "code"]
    search_fields = ["=code__text", "promotion__name"]
    search_help_text = "Whole code, or promotion"
    ordering = ["-used_at", "pk"]
    fields = ["promotion_link", "code_text", "booking", "tickets", "per_ticket", "held", "ended"]
    readonly_fields = fields
    export_columns = {
        "When": "used_at",
        "Promotion": "promotion__name",
        "Code": "code__text",
        "Booking": "booking_number",
        "Status": "status",
        "Tickets": "tickets",
        "Currency": "currency",
        "Discount": "discount",
        "Fees waived": "waived",
    }

    def get_queryset(self, request):
        return with_numbers(super().get_queryset(request))

    @admin.display(description="When", ordering="used_at")
    def when_used(self, use):
        return when(use.used_at)

    @admin.display(description="Promotion or presale", ordering="promotion__name")
    def promotion_link(self, use):
        return linked(opened_by(use))

    @admin.display(description="Code", ordering="code__text")
    def code_text(self, use):
        return use.code.text

    @admin.display(description="Booking")
    def booking(self, use):
        return booking_link(use)

    @admin.display(description="Off each ticket")
    def per_ticket(self, use):
        return ", ".join(f"{each:f}" for each in use.amounts)

    @admin.display(description="Held until")
    def held(self, use):
        return when(use.held_until)

    @admin.display(description="Kept or given back")
    def ended(self, use):
        return when(use.returned_at or use.kept_at)

    def under_title(self, use):
        return [status_of(use), linked(opened_by(use)), amount(use.discount, use.currency)]
