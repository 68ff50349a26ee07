"""What an order still expects, and where every other place of its events stands."""

from suppliers.models import Acquisition, LineStatus, PurchaseOrderLine, SupplierCode
from suppliers.reading.house import House
from suppliers.reading.names import Names

BATCH = 5_000


class Expected:
    """The open lines of one order; {ordinal: line} by event of what is to come, what has arrived,
    and what was called off."""

    def __init__(self, order, event_id=None):
        """`event_id` chooses one of the order's events for all lines that name none."""
        self.order = order
        self.lines = list(order.lines.select_related("event").order_by("position", "pk"))
        self.events = {line.event_id: line.event for line in self.lines}
        self.chosen = [event_id] if event_id in self.events else list(self.events)
        self.coming = {event: {} for event in self.events}
        self.arrived = {event: {} for event in self.events}
        self.called_off = {event: {} for event in self.events}
        layouts = dict.fromkeys(event.layout_id for event in self.events.values())
        self._houses = {layout: House(layout) for layout in layouts}
        self._sort()
        self.owned = {event: self._owned(event) for event in self.events}
        self._only = {event: self._only_section(event) for event in self.events}
        sections = {
            label: section.is_standing
            for house in self._houses.values()
            for label, section in house.sections.items()
        }
        self.sections = Names(sections, [label for label, stands in sections.items() if stands])
        self.titles = Names(str(event) for event in self.events.values())

    def house_of(self, event_id):
        return self._houses[self.events[event_id].layout_id]

    def called(self, title):
        """The ids of the events that a title means; two may have the same."""
        name = self.titles.find(title).name
        return [pk for pk, event in self.events.items() if str(event) == name]

    def _sort(self):
        arrived = Acquisition.objects.filter(line__in=self.lines)
        rows = set(arrived.values_list("line_id", "event_seat__ordinal"))
        for line in self.lines:
            for ordinal in line.ordinals:
                if (line.pk, ordinal) in rows:
                    self.arrived[line.event_id][ordinal] = line
                elif line.outstanding:
                    self.coming[line.event_id][ordinal] = line
                else:
                    self.called_off[line.event_id][ordinal] = line

    def only_section(self, event_id):
        """The label of the section in which all places of an event are; None for several."""
        return self._only[event_id]

    def _only_section(self, event_id):
        house = self.house_of(event_id)
        ordinals = self.coming[event_id].keys() | self.arrived[event_id].keys()
        sections = {house.places[ordinal].section_id for ordinal in ordinals}
        return house.labels[sections.pop()] if len(sections) == 1 else None

    def _owned(self, event_id):
        """{ordinal: number of the order} of places still to come that are ours all the same."""
        return dict(_ours(event_id, list(self.coming[event_id])))

    def known_codes(self, codes):
        """{barcode: number of the receipt} of those that came before."""
        known = {}
        ordered = sorted(codes)
        for start in range(0, len(ordered), BATCH):
            kept = SupplierCode.objects.filter(barcode__in=ordered[start : start + BATCH])
            known |= dict(kept.values_list("barcode", "acquisition__receipt__number"))
        return known

    def standing_elsewhere(self, event_id, ordinals):
        """{ordinal: (kind, number of the order)} of places that another order brought or brings."""
        stands = {}
        on_order = PurchaseOrderLine.objects.filter(event=event_id, ordinals__overlap=ordinals)
        on_order = on_order.exclude(order=self.order).exclude(
            status__in=(LineStatus.CANCELLED, LineStatus.RECEIVED)
        )
        for theirs, number in on_order.values_list("ordinals", "order__number"):
            stands |= dict.fromkeys(set(theirs) & set(ordinals), ("clash", number))
        for ordinal, number in _ours(event_id, ordinals).values_list(
            "event_seat__ordinal", "line__order__number"
        ):
            stands[ordinal] = ("owned", number)
        return stands


def _ours(event_id, ordinals):
    """(ordinal, number of the order that brought it) of those places that are ours now."""
    return Acquisition.objects.filter(
        event_seat__event=event_id, event_seat__ordinal__in=ordinals, returned_at=None
    ).values_list("event_seat__ordinal", "line__order__number")
