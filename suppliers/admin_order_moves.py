"""What can be done next with a purchase order: from submitting it to calling it off."""

from django.contrib import messages
from django.http import HttpResponse
from django.template.loader import render_to_string

from agencies.queries import current_agency
from core.admin_base import step
from core.admin_forms import styled
from core.money import total
from suppliers import order_paper, services
from suppliers.admin_forms import ApproveForm, CallOffForm, CancelForm, CopyForm, MailForm
from suppliers.admin_order_lines import is_draft
from suppliers.admin_order_sheet import differences_panel, sheet_panels
from suppliers.admin_panels import costs_panel, lines_panel, worth_panel
from suppliers.models import AGREED, RECEIVABLE, LineStatus, Status
from suppliers.services.approving import why_not
from suppliers.services.cancelling import what_is_called_off
from suppliers.services.landed import total_of
from suppliers.services.mailing import letter_of
from suppliers.services.owing import surplus_of
from suppliers.services.paying import cost_of


def has_lines(order):
    return order.lines.exists()


def waits_for_approval(order):
    return order.status == Status.PENDING and order.needs_approval and not order.approved_by_id


def is_to_confirm(order):
    return order.status == Status.PENDING and not waits_for_approval(order)


def is_kept_open(order):
    """Everything has arrived or was called off, and still the order is not complete."""
    done = (LineStatus.RECEIVED, LineStatus.CANCELLED)
    return order.status in RECEIVABLE and not order.lines.exclude(status__in=done).exists()


def _credited(surplus, when=""):
    """What becomes of so much (Money) that was paid in advance, as a sentence; empty for nothing."""
    if not surplus:
        return ""
    return (
        f" {surplus.display()} was paid in advance and is not needed{when}: it becomes a credit note, "
        "which the supplier’s next payment uses or he pays back."
    )


def present(*panels):
    return [panel for panel in panels if panel]


class Moves:
    """Steps of an order's page."""

    @step("Buy sheet", when=has_lines, is_page=True, right="view")
    def buy_sheet(self, request, order):
        return self.page(
            request,
            "admin/panels.html",
            title=f"Buy sheet: {order}",
            thing=order,
            note="At the prices of now, before any reservation. What was sold before is your own "
            "history of the same part of the house; nothing here is a forecast.",
            panels=present(*sheet_panels(order), costs_panel(order)),
        )

    @step(
        "Submit",
        when=lambda order: is_draft(order) and has_lines(order),
        says="The order waits for the supplier’s word; its lines are fixed. Above your limit "
        "somebody else has to approve it first.",
    )
    def submit(self, request, order):
        order = services.submit_order(order=order, by=request.user)
        if order.needs_approval:
            return f"{order} is submitted. It waits for the approval of a second person."
        return f"{order} is submitted. Confirm it when the supplier has agreed."

    def submit_preview(self, request, order):
        return present(lines_panel(order), costs_panel(order), *sheet_panels(order))

    @step(
        "Back to draft",
        when=lambda order: order.status == Status.PENDING,
        says="It can be changed again. What was approved of it counts no more.",
    )
    def withdraw(self, request, order):
        services.withdraw_order(order=order)
        return f"{order} is a draft again."

    @step("Approve", when=waits_for_approval, tone="primary", is_page=True, right="view")
    def approve(self, request, order):
        return self.form_page(
            request,
            ApproveForm(request.POST or None, initial={"version": order.version}),
            lambda form: self._approved(request, order, form),
            template="admin/order_approve.html",
            title=f"Approve {order}",
            thing=order,
            total=total_of(order),
            why_not=why_not(order, request.user),
            panels=present(lines_panel(order), costs_panel(order), *sheet_panels(order)),
        )

    def _approved(self, request, order, form):
        version = form.cleaned_data["version"]
        services.approve_order(order=order, by=request.user, version=version)
        return self.back(request, order, done=f"{order} is approved. It can be confirmed.")

    @step(
        "Confirm",
        when=is_to_confirm,
        tone="primary",
        says="The supplier has agreed. The money is owed as the seats arrive, not before.",
    )
    def confirm(self, request, order):
        services.confirm_order(order=order, by=request.user)
        return f"{order} is confirmed. Deliveries may come."

    def confirm_preview(self, request, order):
        return present(lines_panel(order), costs_panel(order), worth_panel(order))

    # Its document

    @step("PDF", when=has_lines, is_page=True, right="view")
    def document(self, request, order):
        name = f"{order.number}.pdf"
        return HttpResponse(
            order_paper.render(order),
            content_type="application/pdf",
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )

    @step("Mail to the supplier", when=lambda order: order.status in AGREED, is_page=True)
    def mail(self, request, order):
        form = MailForm(request.POST or None, initial={"recipient": order.supplier.email})
        work = self._mailed if "send" in request.POST else self._letter
        texts = {
            "title": f"Mail {order} to {order.supplier}",
            "note": "The order goes along as a PDF. You see the mail before it leaves.",
            "submit": "Preview",
            "thing": order,
        }
        if "change" in request.POST:
            return self.page(request, "admin/form_page.html", form=styled(form), **texts)
        return self.form_page(request, form, lambda form: work(request, order, form), **texts)

    def _letter(self, request, order, form):
        letter = {**letter_of(order, form.cleaned_data["note"]), "agency": current_agency()}
        text = render_to_string("notifications/mail_purchase_order.txt", letter)
        return self.page(
            request,
            "admin/order_mail.html",
            title=f"Mail {order} to {order.supplier}",
            thing=order,
            form=form,
            letter=text.strip(),
        )

    def _mailed(self, request, order, form):
        mail = services.mail_order(order=order, by=request.user, **form.cleaned_data)
        return self.back(request, order, done=f"{order} is on its way to {mail.recipient}.")

    # Its end

    @step("Cancel the order", when=lambda order: order.can_move_to(Status.CANCELLED),
          tone="danger", is_page=True)  # fmt: skip
    def cancel(self, request, order):
        return self.form_page(
            request,
            CancelForm(request.POST if request.method == "POST" else None),
            lambda form: self._cancelled(request, order, form),
            template="admin/order_end.html",
            title=f"Cancel {order}",
            note="Nothing of it has arrived, so nothing is owed. Its seats can be ordered again."
            + _credited(surplus_of(order, spared=cost_of(order))),
            thing=order,
            submit="Cancel the order",
            panels=present(lines_panel(order), costs_panel(order)),
        )

    def _cancelled(self, request, order, form):
        services.cancel_order(order=order, by=request.user, reason=form.cleaned_data["reason"])
        done = f"{order} is cancelled. Its seats can be ordered again."
        return self.back(request, order, done=done)

    @step("Call off the rest", when=lambda order: order.status in RECEIVABLE, is_page=True,
          tone="danger")  # fmt: skip
    def call_off(self, request, order):
        found = what_is_called_off(order.lines.order_by("position", "pk"))
        lines = order.lines.filter(pk__in=[each.line.pk for each in found])
        chosen = [each.line.pk for each in found]
        form = CallOffForm(
            request.POST if request.method == "POST" else None,
            lines=lines,
            initial={"lines": chosen},
        )
        return self.form_page(
            request,
            form,
            lambda form: self._called_off(request, order, form),
            template="admin/order_call_off.html",
            title=f"Call off what has not arrived: {order}",
            thing=order,
            found=found,
            credited=_credited(
                surplus_of(order, spared=total((each.spared for each in found), order.currency)),
                when=" when all of it is called off",
            ),
            chosen=[str(pk) for pk in form["lines"].value() or []],
        )

    def _called_off(self, request, order, form):
        order = services.cancel_rest(order=order, by=request.user, **form.cleaned_data)
        return self.back(request, order, done="The rest of these lines is called off.")

    @step(
        "Complete",
        when=is_kept_open,
        says="Its lines say that everything has arrived, and it is not complete because what was "
        "counted is not what is owned. It is counted once more.",
    )
    def complete(self, request, order):
        order = services.complete_order(order=order)
        return f"{order} is {order.get_status_display().lower()}."

    def complete_preview(self, request, order):
        return present(differences_panel(order), lines_panel(order))

    @step("Copy", is_page=True)
    def copy(self, request, order):
        return self.form_page(
            request,
            CopyForm(request.POST if request.method == "POST" else None, order=order),
            lambda form: self._copied(request, order, form),
            title=f"A new draft from {order}",
            note="The same supplier, terms, extra costs and prices, and those of the seats that can "
            "be ordered.",
            thing=order,
            submit="Draft the copy",
        )

    def _copied(self, request, order, form):
        draft, left_out = services.copy_order(order=order, by=request.user, **form.cleaned_data)
        for sentence in left_out:
            messages.warning(request, f"Left out: {sentence}")
        return self.back(request, draft, done=f"{draft} is drafted from {order}.")


def without_own_approval(request, order, steps):
    """Steps without the approval that who asks cannot give."""
    if not why_not(order, request.user):
        return steps
    return [(each, address) for each, address in steps if each.name != "approve"]
