"""Order lines go with their places to another version of the layout."""

from django.db import connection

from core.locks import lock
from inventory.moving import GONE, Follower, Obstacle, follower
from suppliers.models import Delivery, LineStatus, PurchaseOrderLine
from venues.models import LayoutSeat
from venues.places import in_words

# The places of all lines at once, each list in its order; those that are gone as `spelled` has them.
RENUMBER = """
UPDATE suppliers_purchaseorderline l
SET ordinals = renumbered.ordinals, section_id = coalesce(section.new, l.section_id)
FROM (
  SELECT line.id, array_agg(coalesce(
      place.new, listed.ordinal + CASE WHEN listed.ordinal < %(gone)s THEN %(gone)s ELSE 0 END
    ) ORDER BY listed.number) AS ordinals
  FROM suppliers_purchaseorderline line
  CROSS JOIN unnest(line.ordinals) WITH ORDINALITY AS listed(ordinal, number)
  LEFT JOIN unnest(%(old)s::int[], %(new)s::int[]) AS place(old, new) ON place.old = listed.ordinal
  WHERE line.event_id = %(event)s
  GROUP BY line.id
) renumbered, suppliers_purchaseorderline former
LEFT JOIN unnest(%(left)s::uuid[], %(entered)s::uuid[]) AS section(old, new)
  ON section.old = former.section_id
WHERE l.id = renumbered.id AND former.id = l.id
"""
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
        values = {
            "event": move.event.pk,
            "gone": GONE,
            "old": list(move.ordinals),
            "new": list(move.ordinals.values()),
            "left": list(move.sections),
            "entered": [section.pk for section in move.sections.values()],
        }
        with connection.cursor() as cursor:
            cursor.execute(RENUMBER, values)
        return 0


def _open_lines(event):
    return PurchaseOrderLine.objects.filter(event=event).exclude(status__in=OVER).order_by("pk")
