"""Selling at the desk: places of an event chosen on the map, for a guest who stands there."""

from django import forms
from django.http import Http404
from django.urls import path, reverse

from bookings.admin_holds import bill
from bookings.services import reserve_at_desk
from core.admin_parts import Panel, Table, panel
from events.models import PUBLIC, Event
from inventory.admin_choosing import Choosing
from inventory.forms import StockForm
from inventory.models import StockChannel
from inventory.stock import stock_of

OURS = ("", StockChannel.BOX_OFFICE)  # an empty one is open to all


class DeskSaleForm(StockForm):
    email = forms.EmailField(label="E-mail", help_text="The tickets go there.")
    name = forms.CharField(max_length=120)
    TERMS = ("name", "email")


class SellsAtDesk(Choosing):
    """Mixin for the pages of bookings: the one that makes a new one."""

    def get_urls(self):
        page = self.admin_site.admin_view(self.sell)
        return [path("sell/<uuid:event_id>/", page, name="sell_at_desk"), *super().get_urls()]

    def sell(self, request, event_id):
        """Reserves places for a guest; his money is taken on the booking's page."""
        self.may_handle_money(request)
        event = Event.objects.select_related("venue", "layout").filter(pk=event_id).first()
        if event is None or event.status not in PUBLIC or event.layout_id is None:
            raise Http404
        places = stock_of(event.pk)
        form = DeskSaleForm(
            request.POST or None,
            event=event,
            places=places,
            may=lambda place: place.is_free and place.price is not None and place.channel in OURS,
            what="free for the desk",
        )

        def work(form):
            buyer = {"email": form.cleaned_data["email"], "name": form.cleaned_data["name"]}
            booking = reserve_at_desk(event=event, ordinals=form.ordinals, **buyer)
            kept = booking.reserved_until.astimezone(event.zone)
            words = f"Kept for {buyer['name']} until {kept:%H:%M}. Take the money now."
            return self.back(request, booking, done=words)

        return self.choose(
            request,
            form,
            work,
            places=places,
            preview=lambda form: [bill(event, self.chosen(form, places))],
            title=f"Sell at the desk: {event}",
            note="The places are kept for the guest; then take his cash or card on the next page.",
            submit="Preview",
            confirm="Reserve them",
            terms_title="For whom",
        )


@panel("events.event", needs="payments.desktaking")
def desk_of_event(request, event):
    """The way to sell places of it to a guest who stands there."""
    if event.status not in PUBLIC or event.layout_id is None:
        return None
    link = (reverse("admin:sell_at_desk", args=[event.pk]), "Sell at the desk")
    words = "Choose places for a guest who stands here, and take his money."
    return Panel("At the desk", Table([], [], empty=words), link=link)
