"""Receiving a delivery in the back office: what arrived, a look at what that means, the receipt."""

from django.contrib import messages
from django.http import HttpResponseRedirect

from core.admin_base import step
from suppliers import services
from suppliers.admin_forms import ReceiveForm
from suppliers.admin_panels import arriving_panels
from suppliers.models import RECEIVABLE

KEPT = "receiving"


class Receiving:
    """The step of an order's page. What was filled in waits in the session between the form and the
    preview, so that every page of it is asked for with GET and the browser's Back shows it again."""

    @step("Receive", when=lambda order: order.status in RECEIVABLE, tone="primary", is_page=True)
    def receive(self, request, order):
        kept = _kept(request, order)
        if "preview" in request.GET and request.method == "GET":
            return self._preview(request, order, kept)
        form = ReceiveForm(request.POST or None, lines=_lines(order), initial=kept)
        return self.form_page(
            request,
            form,
            lambda form: self._filled_in(request, order, form),
            template="admin/receive.html",
            title=f"Receive: {order}",
            thing=order,
        )

    def _filled_in(self, request, order, form):
        if request.POST.get("previewed") == form.fingerprint:
            return self._received(request, order, form)
        if "previewed" in request.POST:
            messages.warning(request, "The order changed meanwhile. Please look once more.")
        values = {name: value for name, value in form.data.items() if name in form.fields and value}
        request.session[KEPT] = {"order": str(order.pk), "values": values}
        return HttpResponseRedirect("?preview")

    def _received(self, request, order, form):
        receipt = services.receive_delivery(
            order=order,
            ordinals_by_line=form.parts,
            by=request.user,
            delivery_reference=form.cleaned_data["delivery_reference"],
        )
        request.session.pop(KEPT, None)
        done = f"{receipt.seats:,} seats are ours now. {receipt} is written."
        return self.back(request, receipt, done=done)

    def _preview(self, request, order, kept):
        form = ReceiveForm(kept, lines=_lines(order))
        if not kept or not form.is_valid():
            return HttpResponseRedirect(request.path)
        return self.page(
            request,
            "admin/receive_preview.html",
            title=f"Receive: {order}",
            thing=order,
            form=form,
            owed=form.amount(order.currency),
            panels=arriving_panels(order, form),
        )


def _lines(order):
    return list(order.lines.select_related("event", "section").order_by("position", "pk"))


def _kept(request, order):
    """What was filled in for this order and not received yet: {name of a field: value}."""
    kept = request.session.get(KEPT, {})
    return kept["values"] if kept.get("order") == str(order.pk) else {}
