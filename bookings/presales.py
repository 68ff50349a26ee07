"""Who has come into a presale with this browser. The session remembers by what; whether it still
lets in is asked of the database each time."""

from uuid import UUID

from customers.links import customer_of
from inventory.presales import running_presales
from promotions.presales import admit_listed, pass_of, visited

SESSION_KEY = "presales"
REMEMBERED = 20  # events


def come_in(request, event, admitted):
    """This browser sees the event through the presale of its Pass from now on."""
    known = request.session.get(SESSION_KEY, {})
    known.pop(str(event.pk), None)
    known[str(event.pk)] = {"code": str(admitted.code_id), "customer": admitted.customer}
    request.session[SESSION_KEY] = dict(list(known.items())[-REMEMBERED:])
    visited(admitted)


def leave(request, event):
    """It sees what all see again. Who has proven an address on a list stays out, too, until he asks."""
    known = request.session.get(SESSION_KEY, {})
    request.session[SESSION_KEY] = {**known, str(event.pk): {}}


def ask_again(request, event):
    """By what it came in, or that it left, is forgotten."""
    known = request.session.get(SESSION_KEY, {})
    request.session[SESSION_KEY] = {key: by for key, by in known.items() if key != str(event.pk)}


def pass_in(request, event):
    """The Pass of this browser for the event, which is seen through its presale from here on; None when
    it has none. Who has proven an address on a list comes in by himself."""
    known = request.session.get(SESSION_KEY, {}).get(str(event.pk))
    admitted = _still(request, event, known) if known else None
    if known is None:
        admitted = _by_list(request, event)
    event.presale_id = admitted and admitted.presale_id
    event.presale_most = admitted and admitted.tickets_each
    return admitted


def _still(request, event, known):
    """Who came in by a list is asked for anew: it may open nothing any more, or not to him."""
    if known["customer"]:
        customer = customer_of(request)
        return customer and admit_listed(event, customer.email)
    return pass_of(event, UUID(known["code"]), known["customer"])


def _by_list(request, event):
    customer = customer_of(request)
    if customer is None or not any(each.has_lists for each in running_presales(event)):
        return None
    admitted = admit_listed(event, customer.email)
    if admitted is not None:
        come_in(request, event, admitted)
    return admitted
