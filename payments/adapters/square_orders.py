"""Orders of one location of Square's, the payments on them, and the links whose pages pay them."""

from contextlib import suppress
from datetime import UTC, datetime, timedelta

from payments.adapters import ProviderRefused, ProviderUnavailable
from payments.adapters.square_client import only

PAGE = 500  # orders or links that are listed at once
CLOCK_SKEW = timedelta(minutes=2)
LONGEST_OPENING = timedelta(days=1)
ENDED = ("COMPLETED", "CANCELED", "FAILED")
STATES = ["DRAFT", "OPEN", "COMPLETED", "CANCELED"]


class SquareOrders:
    """All of them are dicts in Square's own words."""

    def __init__(self, client, location_id):
        self.location_id = location_id
        self._client = client
        self._square = client.sdk
        self._links = client.sdk.checkout.payment_links

    def get(self, order_id):
        return self._client.find(self._square.orders.get, order_id, "order")

    def payment(self, payment_id):
        return self._client.find(self._square.payments.get, payment_id, "payment")

    def link(self, link_id):
        return self._client.find(self._links.get, link_id, "payment_link")

    def payments_of(self, order):
        """All that was tried on an order, also what failed, as it is now."""
        refs = [one.get("payment_id") or one["id"] for one in order.get("tenders") or []]
        found = [self.payment(ref) for ref in refs]
        if None in found:
            raise ProviderUnavailable("a payment of an order is not shown")
        return found

    def opened(self, since, until):
        """All orders of our location of a time, whatever has become of them. Square leaves out drafts,
        as unpaid ones are, unless they are asked for."""
        now = datetime.now(UTC)
        wanted = {
            "start_at": _stamp((since or now - LONGEST_OPENING) - CLOCK_SKEW),
            "end_at": _stamp((until or now) + CLOCK_SKEW),
        }
        yield from self._client.each(
            self._square.orders.search,
            "orders",
            location_ids=[self.location_id],
            limit=PAGE,
            query={
                "filter": {
                    "date_time_filter": {"created_at": wanted},
                    "state_filter": {"states": STATES},
                },
                "sort": {"sort_field": "CREATED_AT", "sort_order": "DESC"},
            },
        )

    def link_of(self, order):
        """The link of an order, which does not name it, or None: what was shut has none."""
        if order["state"] == "CANCELED":
            return None
        listed = self._client.each(self._links.list, "payment_links", limit=PAGE)
        return next((one for one in listed if one["order_id"] == order["id"]), None)

    def delete(self, link_id):
        """Has the link's page go; what is gone already, or was paid meanwhile, is refused."""
        with suppress(ProviderRefused):
            if link_id:
                self._client.ask(self._links.delete, link_id)

    def cancel(self, order):
        """Cancels an order if it still is as we have seen it, after what Square would have the house
        hand out for it; what was paid meanwhile is refused."""
        open_ones = [one for one in order.get("fulfillments") or [] if one["state"] not in ENDED]
        with suppress(ProviderRefused):
            if open_ones:
                ended = [{"uid": one["uid"], "state": "CANCELED"} for one in open_ones]
                order = self._update(order, fulfillments=ended)
            self._update(order, state="CANCELED")

    def _update(self, order, **changed):
        """Changes an order that still has this version; returns it as it is then."""
        sparse = {name: order[name] for name in ("location_id", "version")}
        update, wanted = self._square.orders.update, {**sparse, **changed}
        return only(self._client.ask(update, order["id"], order=wanted), "order")


def _stamp(when):
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
