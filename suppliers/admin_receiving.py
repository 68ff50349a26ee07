"""Receiving a delivery in the back office: what came, a look at what that means, the receipt.

What a supplier sent is kept as a Delivery with a page of its own, where it is read against the order,
corrected and received. What is filled in line by line waits in the session between form and preview, so
that every page is asked for with GET and the browser's Back shows it again.
"""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.urls import path, reverse
from django.views.decorators.http import require_http_methods

from core.admin_base import step
from core.admin_forms import styled
from core.errors import DomainError
from core.words import many
from suppliers import services
from suppliers.admin_receiving_forms import DocumentForm, ReceiveForm, SentForm
from suppliers.admin_receiving_panels import arriving_panels, reading_panels
from suppliers.models import RECEIVABLE, Delivery, DeliveryDocument

KEPT = "receiving"
# More seats than this are received by a worker, while a page tells how far it is.
AT_ONCE = 2_000


class Receiving:
    """The steps and pages of an order about what is delivered."""

    def get_urls(self):
        view = require_http_methods(["GET", "POST"])(self.delivery)
        mine = path(
            "<path:object_id>/deliveries/<uuid:delivery_id>/",
            self.admin_site.admin_view(view),
            name="suppliers_purchaseorder_delivery",
        )
        return [mine, *super().get_urls()]

    @step("Receive", when=lambda order: order.status in RECEIVABLE, tone="primary", is_page=True)
    def receive(self, request, order):
        kept = _kept(request, order)
        if "preview" in request.GET and request.method == "GET":
            return self._preview(request, order, kept)
        form = ReceiveForm(
            request.POST or None,
            request.FILES or None,
            order=order,
            lines=_lines(order),
            initial=kept,
        )
        return self.form_page(
            request,
            form,
            lambda form: self._filled_in(request, order, form),
            template="admin/receive.html",
            title=f"Receive: {order}",
            thing=order,
        )

    def _filled_in(self, request, order, form):
        if form.was_sent:
            delivery = services.keep_delivery(
                order=order, by=request.user, details=form.details, **form.kept
            )
            _keep_file(order, form, request.user)
            return HttpResponseRedirect(page_of_delivery(delivery))
        if request.POST.get("previewed") == form.fingerprint:
            delivery = services.keep_delivery(order=order, by=request.user, details=form.details)
            request.session.pop(KEPT, None)
            return self._received(request, delivery, form.as_parts())
        if "previewed" in request.POST:
            messages.warning(request, "The order changed meanwhile. Please look once more.")
        values = {name: value for name, value in form.data.items() if name in form.fields and value}
        request.session[KEPT] = {"order": str(order.pk), "values": values}
        return HttpResponseRedirect("?preview")

    def _preview(self, request, order, kept):
        form = ReceiveForm(kept, order=order, lines=_lines(order))
        if not kept or not form.is_valid():
            return HttpResponseRedirect(request.path)
        return self.page(
            request,
            "admin/receive_preview.html",
            title=f"Receive: {order}",
            thing=order,
            form=form,
            owed=form.amount(order.currency),
            panels=arriving_panels(order, form.as_parts()),
        )

    @step("Keep a file", is_page=True, says="A file of the supplier is kept with the order.")
    def keep_file(self, request, order):
        form = DocumentForm(request.POST or None, request.FILES or None)
        return self.form_page(
            request,
            form,
            lambda form: self._file_kept(request, order, form.cleaned_data["file"]),
            title=f"Keep a file of the supplier: {order}",
            thing=order,
            submit="Keep it",
            note="Only those who buy may open it. No buyer and no gate ever sees it.",
        )

    def _file_kept(self, request, order, file):
        document = services.keep_document(
            order=order,
            name=file.name,
            content=file.read(),
            content_type=file.content_type or "",
            by=request.user,
        )
        return self.back(request, order, done=f"{document} is kept with the order.")

    # The page of a delivery

    def delivery(self, request, object_id, delivery_id):
        """What was sent, as it is read now; while it is received, that it is; then the receipt."""
        order = self.thing(request, object_id)
        if not self.has_step_permission(request):
            raise PermissionDenied
        delivery = (
            Delivery.objects.filter(order=order, pk=delivery_id).select_related("receipt").first()
        )
        if delivery is None:
            raise Http404
        if delivery.receipt:
            return self._to_receipt(request, delivery)
        if delivery.is_under_way:
            return self._progress(request, delivery)
        if request.htmx:
            return self.wherever(request, HttpResponseRedirect(page_of_delivery(delivery)))
        if request.method == "POST" and "discard" in request.POST:
            services.discard_delivery(delivery=delivery)
            return self.back(request, order, done="What they sent was thrown away.")
        if request.method == "POST" and "previewed" in request.POST:
            return self._receive_read(request, delivery)
        return self._read(request, delivery)

    def _to_receipt(self, request, delivery):
        receipt = delivery.receipt
        done = f"{many(receipt.seats, 'seat is', 'seats are')} ours now. {receipt} is written."
        return self.wherever(request, self.back(request, receipt, done=done))

    def _progress(self, request, delivery):
        part = "admin/_delivery_progress.html"
        return self.page(
            request,
            part if request.htmx else "admin/delivery_under_way.html",
            title=f"Receive: {delivery.order}",
            thing=delivery.order,
            delivery=delivery,
            so_far=services.seats_so_far(delivery),
        )

    def _read(self, request, delivery):
        """Shows what is read in the text, or keeps it corrected and then shows it."""
        initial = {"text": delivery.text, "event": delivery.event_id}
        form = SentForm(
            request.POST or None, request.FILES or None, order=delivery.order, initial=initial
        )
        if request.method == "POST" and form.is_valid():
            delivery = self._corrected(request, delivery, form)
            return HttpResponseRedirect(page_of_delivery(delivery))
        reading, problem = None, delivery.problem
        try:
            reading = services.reading_of(delivery)
        except DomainError as refused:
            problem = refused.message
        return self.page(
            request,
            "admin/delivery.html",
            title=f"Receive: {delivery.order}",
            thing=delivery.order,
            delivery=delivery,
            form=styled(form),
            reading=reading,
            problem=problem,
            owed=services.cost_of(delivery.order, reading.parts) if reading else None,
            panels=reading_panels(delivery.order, reading) if reading else [],
        )

    def _corrected(self, request, delivery, form):
        """The delivery with its new text; one that was refused stays as it was, a new one is made."""
        _keep_file(delivery.order, form, request.user)
        fields = {**form.kept, "details": delivery.details}
        open_one = None if delivery.done_at else delivery
        return services.keep_delivery(
            order=delivery.order, by=request.user, delivery=open_one, **fields
        )

    def _receive_read(self, request, delivery):
        try:
            reading = services.reading_of(delivery)
        except DomainError as refused:
            messages.error(request, refused.message)
            return HttpResponseRedirect(page_of_delivery(delivery))
        if request.POST["previewed"] != reading.fingerprint:
            messages.warning(request, "The order changed meanwhile. Please look once more.")
        elif reading.guesses and "checked" not in request.POST:
            messages.warning(request, "Please look at the sections that were guessed, and say so.")
        else:
            return self._received(request, delivery, reading.parts)
        return HttpResponseRedirect(page_of_delivery(delivery))

    def _received(self, request, delivery, parts):
        """Receives at once, or leaves many seats to a worker and leads to the page that tells."""
        delivery = services.ask_for(delivery=delivery, parts=parts)
        if delivery.seats > AT_ONCE:
            return HttpResponseRedirect(page_of_delivery(delivery))
        delivery = services.carry_out(delivery.pk)
        if delivery.problem:
            return self.back(request, delivery.order, problem=delivery.problem)
        return self._to_receipt(request, delivery)


def page_of_delivery(delivery):
    return reverse("admin:suppliers_purchaseorder_delivery", args=[delivery.order_id, delivery.pk])


def _keep_file(order, form, by):
    """The supplier's file stays with the order as it came, if it is not larger than files may be."""
    file = form.cleaned_data.get("file")
    if file and file.size <= DeliveryDocument.MAX_BYTES:
        services.keep_document(
            order=order,
            name=file.name,
            content=form.content,
            content_type=file.content_type or "",
            by=by,
        )


def _lines(order):
    return list(order.lines.select_related("event", "section").order_by("position", "pk"))


def _kept(request, order):
    """What was filled in for this order and not received yet: {name of a field: value}."""
    kept = request.session.get(KEPT, {})
    return kept["values"] if kept.get("order") == str(order.pk) else {}
