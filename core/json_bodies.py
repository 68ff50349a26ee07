"""How /api/v1/ reads what it is sent; apart from core.api because no view can be defined before it."""

from io import BytesIO

from rest_framework import exceptions, parsers, status

LARGEST_BODY = 64 << 10


class TooLarge(exceptions.APIException):
    """No request of ours is that long."""

    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "too_large"
    default_detail = f"A request has at most {LARGEST_BODY:,} bytes."


class JSONParser(parsers.JSONParser):
    """Reads a body of at most LARGEST_BODY bytes as JSON, which is UTF-8 whatever a header says."""

    def parse(self, stream, media_type=None, parser_context=None):
        body = stream.read(LARGEST_BODY + 1)
        if len(body) > LARGEST_BODY:
            raise TooLarge
        try:
            return super().parse(BytesIO(body), media_type, {"encoding": "utf-8"})
        except RecursionError:
            raise exceptions.ParseError("This JSON is nested too deeply.") from None
