"""The lines and extra costs of a draft in the back office."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpResponseRedirect
from django.urls import path
from django.views.decorators.http import require_POST

from core.admin_base import step
from core.errors import DomainError
from core.money import Money
from core.words import many
from events.models import Event
from suppliers import services
from suppliers.admin_forms import ChangeLineForm, LandedCostForm, LineForm
from suppliers.admin_panels import OPEN_EVENTS, events_to_buy, places_to_buy
from suppliers.models import LandedCost, PurchaseOrderLine, Status


def is_draft(order):
    return order.status == Status.DRAFT


class Lines:
    """Steps of a draft's page, and what stands beside each of its lines and costs."""

    def line_urls(self):
        routes = {
            "lines/<uuid:part_id>/remove/": ("remove_line", require_POST(self.remove_line)),
            "lines/<uuid:part_id>/": ("change_line", self.change_line),
            "extra/<uuid:part_id>/remove/": ("remove_cost", require_POST(self.remove_cost)),
        }
        return [
            path(
                f"<path:object_id>/{route}",
                self.admin_site.admin_view(view),
                name=f"suppliers_purchaseorder_{name}",
            )
            for route, (name, view) in routes.items()
        ]

    def _part(self, request, object_id, model, part_id):
        """(order, its line or cost) of an address, for who may take steps."""
        order = self.thing(request, object_id)
        if not self.has_step_permission(request):
            raise PermissionDenied
        part = model.objects.filter(order=order, pk=part_id).first()
        if part is None:
            raise Http404
        return order, part

    @step("Add seats", when=is_draft, is_page=True, tone="primary")
    def add_line(self, request, order):
        event = self._event(request, order)
        if event is None:
            return self.page(
                request,
                "admin/panels.html",
                title=f"Add seats to {order}: which event?",
                thing=order,
                panels=[events_to_buy(order)],
            )
        form = LineForm(request.POST or None, event=event, order=order)
        return self.form_page(
            request,
            form,
            lambda form: self._line_added(request, order, event, form),
            template="admin/order_line.html",
            title=f"Add seats to {order}: {event}",
            thing=order,
            event=event,
            submit="Add to the order",
            panels=[places_to_buy(event)],
        )

    def _event(self, request, order):
        try:
            events = Event.objects.filter(status__in=OPEN_EVENTS, currency=order.currency)
            return events.filter(pk=request.GET.get("event"), layout__isnull=False).first()
        except ValidationError:
            return None

    def _line_added(self, request, order, event, form):
        line = services.add_line(order=order, event=event, **form.line())
        words = f"{many(line.ordered, 'seat is', 'seats are')} on the order: {line.description}."
        if "another" not in request.POST:
            return self.back(request, order, done=words)
        messages.success(request, words)
        return HttpResponseRedirect(request.get_full_path())

    def change_line(self, request, object_id, part_id):
        order, line = self._part(request, object_id, PurchaseOrderLine, part_id)
        if not is_draft(order):
            return self.back(
                request, order, problem=f"{order} is {order.status}; its lines stay as they are."
            )
        initial = {name: getattr(line, name) for name in ChangeLineForm.base_fields}
        return self.form_page(
            request,
            ChangeLineForm(request.POST or None, order=order, initial=initial),
            lambda form: self._line_changed(request, order, line, form),
            title=f"{line.event}: {many(line.ordered, 'seat')}",
            note=f"{line}. To change which seats these are, take the line out and add it anew.",
            thing=order,
        )

    def _line_changed(self, request, order, line, form):
        line = services.change_line(line=line, **form.cleaned_data)
        each = Money(line.unit_cost, line.currency).display()
        return self.back(request, order, done=f"{line} is changed: {each} each.")

    def remove_line(self, request, object_id, part_id):
        order, line = self._part(request, object_id, PurchaseOrderLine, part_id)
        return self._removed(request, order, line, lambda: services.remove_line(line=line))

    def remove_cost(self, request, object_id, part_id):
        order, cost = self._part(request, object_id, LandedCost, part_id)
        return self._removed(request, order, cost, lambda: services.remove_landed_cost(cost=cost))

    def _removed(self, request, order, part, remove):
        try:
            remove()
        except DomainError as error:
            return self.back(request, order, problem=error.message)
        return self.back(request, order, done=f"{part} is off the order.")

    @step("Add extra costs", when=is_draft, is_page=True)
    def add_cost(self, request, order):
        return self.form_page(
            request,
            LandedCostForm(request.POST or None, order=order),
            lambda form: self._cost_added(request, order, form),
            title=f"Extra costs of {order}",
            note="Tax, shipping and the like are owed with the seats, and are part of what each of "
            "them costs: in proportion to its line’s amount, to the cent.",
            thing=order,
            submit="Add to the order",
        )

    def _cost_added(self, request, order, form):
        cost = services.add_landed_cost(order=order, **form.cost())
        return self.back(request, order, done=f"{cost} of {cost.money.display()} is on the order.")
