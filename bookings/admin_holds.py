"""Selling out of a hold: its page in the back office with the steps that only selling knows."""

from django import forms
from django.contrib import admin

from bookings.services import FOR_NOTHING, give_held, sell_held
from core.admin_base import step
from core.admin_parts import Panel, Table, amount, columns
from core.money import Money
from events.charges import Line, terms_of
from events.models import Channel
from inventory.admin_holds import HoldPages, is_active
from inventory.forms import StockForm
from inventory.models import Hold, Status
from inventory.stock import stock_of

HOURS = [(1, "1 hour"), (4, "4 hours"), (12, "12 hours"), (24, "24 hours")]


class BuyerForm(StockForm):
    email = forms.EmailField()
    name = forms.CharField(max_length=120)


class SellForm(BuyerForm):
    hours = forms.TypedChoiceField(label="To be paid within", choices=HOURS, coerce=int, initial=24)
    TERMS = ("name", "email", "hours")


class GiveForm(BuyerForm):
    reason = forms.CharField(max_length=120)
    TERMS = ("name", "email", "reason")


@admin.register(Hold)
class HoldAdmin(HoldPages):
    steps = ["sell", "give", *HoldPages.steps]

    @step("Sell", when=is_active, tone="primary", is_page=True)
    def sell(self, request, hold):
        return self._sale(
            request,
            hold,
            SellForm,
            sell_held,
            title=f"Sell out of {hold}",
            confirm="Reserve and mail the link to pay",
            says="The buyer gets a mail with a link to pay. What is not paid goes back to the hold.",
        )

    @step("Give away", when=lambda hold: is_active(hold) and hold.kind in FOR_NOTHING, is_page=True)
    def give(self, request, hold):
        return self._sale(
            request,
            hold,
            GiveForm,
            give_held,
            title=f"Give away out of {hold}",
            confirm="Give them away",
            says="The tickets cost nothing and go out by mail at once.",
        )

    def _sale(self, request, hold, kind, sell, **context):
        places = stock_of(hold.event_id)
        form = kind(
            request.POST or None,
            event=hold.event,
            places=places,
            may=lambda place: place.status == Status.HELD and place.hold_id == hold.pk,
            what="held here",
        )

        def work(form):
            terms = {name: form.cleaned_data[name] for name in form.TERMS}
            booking = sell(hold=hold, ordinals=form.ordinals, **terms)
            return self.back(request, booking, done=f"Booking {booking} for {terms['name']}.")

        return self.choose(
            request,
            form,
            work,
            places=places,
            holds={hold.pk},
            preview=lambda form: [
                bill(hold.event, self.chosen(form, places), is_given=sell is give_held)
            ],
            thing=hold,
            submit="Preview",
            terms_title="For whom",
            **context,
        )


def bill(event, places, *, is_given=False):
    """The Panel of what a buyer pays at the box office for these StockPlaces, fee included."""
    terms = terms_of(event, Channel.BOX_OFFICE)
    nothing = Money.zero(event.currency)
    prices = [nothing if is_given else Money(place.price or 0, event.currency) for place in places]
    charged = terms.reckon([Line(price, nothing) for price in prices], event.currency)
    rows = []
    for place, line in zip(places, charged.lines, strict=True):
        row = f", row {place.row}" if place.row else ""
        name = f"{place.section}{row}, {place.label}"
        rows.append(
            [
                name,
                *(
                    amount(getattr(line, column).amount, event.currency)
                    for column in ("price", "fee", "tax_on_top", "total")
                ),
            ]
        )
    whole = charged.sum("total")
    foot = ["All of them", "", "", "", amount(whole.amount, event.currency)]
    titles = columns("Place", "Price#", "Fee#", "Tax on top#", "To pay#")
    return Panel("Places", Table(titles, rows, foot), count=len(rows))
