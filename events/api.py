"""The programme, for everybody."""

from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.permissions import AllowAny

from core.api import CursorPagination, Problem
from events.models import Event


class EventVenue(serializers.Serializer):
    name = serializers.CharField()
    city = serializers.CharField()
    country = serializers.CharField()


class EventReply(serializers.ModelSerializer):
    """Times carry the offset of the venue's zone. `layout` names the immutable geometry file."""

    venue = EventVenue()
    starts_at = serializers.SerializerMethodField()
    layout = serializers.CharField(source="layout.content_hash", allow_null=True)

    class Meta:
        model = Event
        fields = [
            "id", "slug", "title", "subtitle", "kind", "status", "venue", "starts_at",
            "time_zone", "sale_starts_at", "sale_ends_at", "currency", "max_per_booking",
            "max_per_customer", "layout",
        ]  # fmt: skip

    def get_starts_at(self, event) -> str:
        return event.local_start.isoformat()


class _PublicEvents:
    permission_classes = [AllowAny]
    authentication_classes = []
    serializer_class = EventReply

    def get_queryset(self):
        return (
            Event.objects.public()
            .select_related("venue", "layout")
            .defer("layout__plan", "layout__geometry_brotli", "layout__geometry_gzip")
        )


class ByStart(CursorPagination):
    ordering = ("starts_at", "pk")


class Events(_PublicEvents, generics.ListAPIView):
    """Published events by date."""

    pagination_class = ByStart


@extend_schema(responses={200: EventReply, 404: Problem})
class OneEvent(_PublicEvents, generics.RetrieveAPIView):
    """One published event."""

    lookup_url_kwarg = "event_id"
