"""An order goes to its supplier on paper."""

from core.errors import Invalid
from core.outbox import record
from core.transactions import use_case
from suppliers.facts import OrderSent
from suppliers.models import AGREED, OrderMail
from suppliers.services.drafting import NotOrderable, locked
from suppliers.services.landed import total_of


@use_case
def mail_order(*, order, recipient, note="", by=None):
    """Sends the order to an address, with a covering note; again as often as it is asked for.
    Only a confirmed order leaves the house. Returns the OrderMail."""
    order = locked(order)
    if order.status not in AGREED:
        raise NotOrderable(f"{order} is {order.status}; only a confirmed order is mailed.")
    if not recipient:
        raise Invalid(f"{order.supplier} has no e-mail address.")
    mail = OrderMail.objects.create(order=order, recipient=recipient, note=note, sent_by=by)
    record(OrderSent(mail_id=mail.pk))
    return mail


def letter_of(order, note):
    """What the mail that carries an order says, as the context of its templates."""
    return {
        "order": order,
        "note": note,
        "total": total_of(order),
        "lines": order.lines.select_related("event__venue").order_by("position", "pk"),
    }
