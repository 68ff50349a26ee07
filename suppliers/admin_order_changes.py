"""Changing the terms of an order that somebody else may be changing too."""

from django.utils.text import capfirst

from core.admin_parts import when
from core.errors import DomainError
from suppliers import services
from suppliers.admin_forms import OrderForm, values_of
from suppliers.models import PurchaseOrder
from suppliers.services.drafting import TERMS, StaleOrder, changeable_fields


class Changes:
    """The form on an order's page. A save over somebody else's shows what differs instead."""

    form = OrderForm

    def get_readonly_fields(self, request, obj=None):
        """What is fixed in the order's state; but what was typed while it was not is still read, so
        that it can be shown."""
        fixed = set(TERMS) - set(changeable_fields(obj)) - set(request.POST) if obj else TERMS
        return ["supplier", "currency", *(name for name in TERMS if name in fixed)]

    def save_model(self, request, obj, form, change):
        given = form.cleaned_data
        services.change_order(
            order=obj, version=given["seen"], before=given["before"], **form.changes()
        )
        if "expected_on" in form.changed_data:
            self.warn_of_the_past(request, obj)

    def response_change(self, request, obj):
        return self.back(request, obj, done=f"{obj} is saved.")

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except StaleOrder as stale:
            return self._differences(request, self.thing(request, object_id), stale)
        except DomainError as refused:
            order = self.thing(request, object_id)
            return self.back(request, order, problem=refused.message)

    def _differences(self, request, order, stale):
        """Field by field what was before, what is now and what was typed; each can be chosen."""
        diff = stale.details["diff"]
        may_change = changeable_fields(order)
        return self.page(
            request,
            "admin/order_stale.html",
            title=f"{order} has changed meanwhile",
            thing=order,
            changed_by=stale.details["changed_by"],
            changed_at=when(order.updated_at),
            rows=[_row(order, name, diff[name], name in may_change) for name in diff],
            kept={name: request.POST[name] for name in TERMS
                  if name in request.POST and name not in diff},
            seen=order.version,
            before=values_of(order),
        )  # fmt: skip


def _row(order, name, values, is_open):
    field = PurchaseOrder._meta.get_field(name)
    return {
        "name": name,
        "label": capfirst(str(field.verbose_name)),
        "is_open": is_open,
        "is_theirs": not is_open or values["yours"] == values["before"],
        **{side: (values[side] or "", _said(field, values[side])) for side in values},
    }


def _said(field, value):
    """A value as a reader says it."""
    if value in (None, ""):
        return "nothing"
    return dict(field.flatchoices).get(value, value)
