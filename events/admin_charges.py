"""Fees and taxes, with an example of what a buyer pays under them."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone

from agencies.queries import current_agency
from core.admin_base import BackOfficeAdmin
from core.admin_forms import AmountField, BackOfficeForm
from core.admin_parts import Panel, Table, amount, columns
from core.memory import Remembered
from events.charges import terms_of
from events.models import Channel, Event, FeeRule, Status, TaxRule


class FeeForm(BackOfficeForm):
    class Meta:
        model = FeeRule
        fields = ["name", "event", "channel", "per", "percent", "amount", "is_absorbed"]
        field_classes = {"amount": AmountField}

    def clean(self):
        event = self.cleaned_data.get("event")
        self.instance.currency = event.currency if event else current_agency().currency
        return super().clean()

    def _get_validation_exclusions(self):
        return super()._get_validation_exclusions() - {"currency"}


class TaxForm(BackOfficeForm):
    class Meta:
        model = TaxRule
        fields = [
            *("name", "country", "region", "kinds", "on", "percent", "is_contained"),
            *("since", "until"),
        ]

    def clean_country(self):
        country = self.cleaned_data["country"].strip().upper()
        if not (country.isascii() and country.isalpha() and len(country) == 2):
            raise ValidationError("Two letters, such as FR.")
        return country

    def clean(self):
        said = super().clean()
        since, until = said.get("since"), said.get("until")
        if since and until and until < since:
            raise ValidationError({"until": "Not before the first day."})
        return said


class ChargeAdmin(BackOfficeAdmin):
    """Rules that say what comes beside a price; each change counts for the next reservation."""

    list_before_template = "admin/balance.html"

    def changelist_view(self, request, extra_context=None):
        extra = {"balances": examples(), **(extra_context or {})}
        return super().changelist_view(request, extra)

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        Remembered.forget_everything()

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        Remembered.forget_everything()


@admin.register(FeeRule)
class FeeRuleAdmin(ChargeAdmin):
    form = FeeForm
    list_display = ["name", "where", "through", "per", "rate", "is_absorbed"]
    list_filter = ["channel", "per", "is_absorbed"]
    list_select_related = ["event"]
    search_fields = ["name", "event__title"]
    autocomplete_fields = ["event"]
    ordering = ["name", "pk"]
    export_columns = {
        "Fee": "name",
        "Event": "event__title",
        "Channel": "channel",
        "Per": "per",
        "Percent": "percent",
        "Amount": "amount",
        "Currency": "currency",
        "Contained": "is_absorbed",
    }

    @admin.display(description="Events", ordering="event__title")
    def where(self, rule):
        return rule.event or "All without fees of their own"

    @admin.display(description="Sold through", ordering="channel")
    def through(self, rule):
        return rule.get_channel_display() or "Every channel"

    @admin.display(description="Rate")
    def rate(self, rule):
        return rule.in_words


@admin.register(TaxRule)
class TaxRuleAdmin(ChargeAdmin):
    form = TaxForm
    list_display = ["name", "country", "region", "on", "percent", "is_contained", "since", "until"]
    list_filter = ["country", "on", "is_contained"]
    search_fields = ["name", "country", "region"]
    ordering = ["country", "region", "pk"]
    export_columns = {
        "Tax": "name",
        "Country": "country",
        "Region": "region",
        "On": "on",
        "Percent": "percent",
        "Contained": "is_contained",
        "Since": "since",
        "Until": "until",
    }


def examples():
    """A Panel of what a ticket of the next event on sale costs through each channel, or none."""
    coming = Event.objects.filter(status=Status.ON_SALE, starts_at__gt=timezone.now())
    event = coming.filter(levels__price__gt=0).order_by("starts_at").first()
    if event is None:
        return []
    price = event.levels.filter(price__gt=0).order_by("price").first().money
    rows = [[channel.label, *_charged(terms_of(event, channel), price)] for channel in Channel]
    titles = columns(
        *("Sold through", "Price#", "Fee#", "Tax on top#", "To pay#"),
        *("Tax contained#", "Fee contained#"),
    )
    return [Panel(f"A ticket at {price.display()}: {event}", Table(titles, rows))]


def _charged(terms, price):
    line = terms.of_one(price)
    contained = line.tax_in_price + line.tax_in_fee
    amounts = (line.price, line.fee, line.tax_on_top, line.total, contained, line.absorbed)
    return [amount(each.amount, each.currency) for each in amounts]
