"""Order lines go with their places to another version of the layout."""

from core.locks import lock
from inventory.moving import Follower, Obstacle, follower
from suppliers.models import Delivery, LineStatus, PurchaseOrderLine
from venues.models import LayoutSeat
from venues.places import in_words

OVER = (LineStatus.RECEIVED, LineStatus.CANCELLED)


@follower
class OrderLines(Follower):
    def lock(self, event):
        lock(PurchaseOrderLine.objects.filter(event=event).only("pk"))

    def wanted(self, event):
        lines = _open_lines(event).values_list("ordinals", flat=True)
        return {ordinal for ordinals in lines for ordinal in ordinals}

    def obstacles(self, event, gone):
        for line in _open_lines(event).select_related("order"):
            lost = sorted(gone.intersection(line.ordinals))
            if lost:
                places = LayoutSeat.objects.filter(layout=event.layout_id, ordinal__in=lost)
                words = in_words(list(places.select_related("section").order_by("ordinal")))
                yield Obstacle(
                    f"{line.order} has ordered {words} ({line}), which the new version has not: take "
                    "them off the order first.",
                    tuple(lost),
                )
        under_way = Delivery.objects.filter(
            order__lines__event=event, asked_at__isnull=False, done_at=None
        )
        if under_way.exists():
            yield Obstacle("A delivery is being received; wait until it is done.")

    def holders(self, event, ordinals):
        wanted = set(ordinals)
        return {
            ordinal: f"ordered on {line.order}"
            for line in _open_lines(event).select_related("order")
            for ordinal in wanted.intersection(line.ordinals)
        }

    def follow(self, move):
        for line in PurchaseOrderLine.objects.filter(event=move.event).order_by("pk"):
            line.ordinals = move.spelled(line.ordinals)
            if line.section_id in move.sections:
                line.section = move.sections[line.section_id]
            line.save(update_fields=["ordinals", "section"])
        return 0


def _open_lines(event):
    return PurchaseOrderLine.objects.filter(event=event).exclude(status__in=OVER).order_by("pk")
