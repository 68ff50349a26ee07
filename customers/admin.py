"""The buyers of the agency, and lists of some of them."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.urls import reverse

from core.admin_base import BackOfficeAdmin, ReadOnlyAdmin, step
from core.admin_forms import BackOfficeForm
from core.admin_parts import Panel, Table, columns, linked, when
from core.admin_uploads import UploadForm, keep
from core.words import many
from customers import admin_draws, admin_points  # noqa: F401 - register
from customers.lists import NAMED, add_buyers, read_addresses, strike_buyer
from customers.models import BuyerList, Customer, ListedBuyer, Tier
from customers.points import count_from


@admin.register(Customer)
class CustomerAdmin(ReadOnlyAdmin):
    list_display = ["name", "email", "phone", "since"]
    list_filter = [("created_at", admin.DateFieldListFilter)]
    search_fields = ["name", "email", "phone"]
    ordering = ["name", "pk"]
    fields = ["name", "email", "phone", "since"]
    readonly_fields = ["since"]
    export_columns = {"Name": "name", "E-mail": "email", "Phone": "phone", "Since": "created_at"}

    @admin.display(description="Known since", ordering="created_at")
    def since(self, customer):
        return when(customer.created_at)


class BuyerListForm(BackOfficeForm):
    class Meta:
        model = BuyerList
        fields = ["name", "kind", "tier"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if "kind" in self.fields:
            kinds = [each for each in BuyerList.Kind.choices if each[0] != BuyerList.Kind.DRAWN]
            self.fields["kind"].choices = kinds

    def clean_kind(self):
        kind = self.cleaned_data["kind"]
        if kind == BuyerList.Kind.TIER and self.instance.buyers.exists():
            raise ValidationError("It has addresses: make a new list for the tier.")
        return kind


@admin.register(BuyerList)
class BuyerListAdmin(BackOfficeAdmin):
    form = BuyerListForm
    list_display = ["name", "kind", "tier", "count", "made"]
    list_filter = ["kind", "tier"]
    search_fields = ["name"]
    ordering = ["name", "pk"]
    fields = ["name", "kind", "tier"]
    steps = ["import_addresses"]
    export_columns = {
        "Name": "name",
        "Kind": "kind",
        "Tier": "tier",
        "Addresses": "counted",
        "Made": "made_at",
    }

    def get_queryset(self, request):
        return super().get_queryset(request).annotate(counted=Count("buyers"))

    def has_change_permission(self, request, obj=None):
        """The list of a draw is its draw's."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or not obj.is_drawn)

    @admin.display(description="Addresses", ordering="counted")
    def count(self, buyers):
        return f"{buyers.counted:,}" if buyers.has_addresses else "–"

    @admin.display(description="Made", ordering="made_at")
    def made(self, buyers):
        return when(buyers.made_at)

    def save_model(self, request, obj, form, change):
        if not change:
            obj.made_by = request.user
        super().save_model(request, obj, form, change)

    def response_add(self, request, obj, post_url_continue=None):
        if obj.is_of_tier:
            return self.back(request, obj, done=f"{obj} has everybody who has its tier.")
        return self.back(request, obj, done=f"{obj} is empty yet: import its addresses.")

    def under_title(self, buyers):
        if buyers.is_of_tier:
            now = many(count_from(Tier(buyers.tier)), "guest", "guests")
            return [f"{buyers.get_tier_display()} and above", f"{now} now"]
        if buyers.is_drawn:
            return [buyers.get_kind_display(), *map(linked, buyers.draws.all())]
        return [buyers.get_kind_display(), many(buyers.counted, "address", "addresses")]

    def panels(self, request, buyers):
        """Some of the addresses, for who may see them."""
        if not buyers.has_addresses or not self.admin_site.allows(request, "view", ListedBuyer):
            return []
        rows = [[linked(each), when(each.listed_at)] for each in buyers.buyers.all()[:NAMED]]
        page = reverse("admin:customers_listedbuyer_changelist")
        return [
            Panel(
                "Addresses",
                Table(columns("Address", "Listed"), rows),
                count=buyers.counted,
                link=(f"{page}?list__id__exact={buyers.pk}", "All of them"),
            )
        ]

    @step("Import addresses", is_page=True, when=lambda buyers: buyers.has_addresses)
    def import_addresses(self, request, buyers):
        form = UploadForm(request.POST or None, request.FILES or None)
        form.fields["file"].help_text = (
            "CSV (UTF-8): the column called e-mail, or else the first one. Capitals and +tags make no "
            "difference."
        )
        return self.form_page(
            request,
            form,
            lambda form: self._read(request, form, buyers),
            title=f"Import addresses: {buyers}",
            thing=buyers,
            submit="Read the file",
            note="Nothing is written yet: the next page shows what would be. Nobody is taken off.",
        )

    def _read(self, request, form, buyers):
        filename, content, token = form.read(request.user)
        reading = read_addresses(content, buyers=buyers)
        if token:
            count = add_buyers(buyers, reading.new)
            words = f"{many(count, 'address', 'addresses')} added to {buyers}."
            return self.back(request, buyers, done=words)
        bad = [[f"Line {number}", text] for number, text in reading.bad]
        new = [[email] for email in list(reading.new.values())[:NAMED]]
        shown = [Panel("New", Table(columns("Address"), new), count=len(reading.new))]
        if bad:
            table = Table(columns("Where", "What it says"), bad)
            shown.insert(0, Panel("Not an address, left out", table, count=reading.bad_count))
        return self.page(
            request,
            "admin/addresses_preview.html",
            title=f"Preview: {filename}",
            thing=buyers,
            token=keep(filename, content, request.user),
            reading=reading,
            new=len(reading.new),
            known=len(reading.known),
            panels=shown,
        )


@admin.register(ListedBuyer)
class ListedBuyerAdmin(ReadOnlyAdmin):
    list_display = ["email", "list_link", "listed"]
    list_filter = [("list", admin.RelatedOnlyFieldListFilter)]
    list_select_related = ["list"]
    search_fields = ["email"]
    search_help_text = "Address"
    ordering = ["email", "pk"]
    fields = ["email", "list_link", "listed"]
    readonly_fields = fields
    steps = ["strike"]
    export_columns = {"E-mail": "email", "List": "list__name", "Listed": "listed_at"}

    @admin.display(description="List", ordering="list__name")
    def list_link(self, buyer):
        return linked(buyer.list)

    @admin.display(description="Listed", ordering="listed_at")
    def listed(self, buyer):
        return when(buyer.listed_at)

    def above(self, buyer):
        return [buyer.list]

    @step("Take off the list", tone="danger",
          says="This address is let in no more. What is reserved or sold stays.")  # fmt: skip
    def strike(self, request, buyer):
        strike_buyer(buyer.pk)
        return self.back(request, buyer.list, done=f"{buyer} is off {buyer.list}.")
