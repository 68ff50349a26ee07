"""Form-encoded parameters, read strictly: what is not known, missing or double is an error."""

import re
from urllib.parse import parse_qsl

# Strict, because it ends up in headers: Location and Content-Security-Policy.
WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-]+(:[0-9]{1,5})?([/?#][!-~]*)?")


class ApiError(Exception):
    """An answer that is no success: a Stripe-like error object and its status."""

    def __init__(self, status, message, *, kind="invalid_request_error", code=None, param=None):
        super().__init__(message)
        self.status = status
        self.error = {"type": kind, "message": message}
        self.error |= {name: value for name, value in [("code", code), ("param", param)] if value}

    @property
    def body(self):
        return {"error": self.error}


def read(text, *, required=(), optional=(), maps=()):
    """A form as {name: value}, all strings; `maps` such as metadata[k] become dicts, {} if absent.

    Raises ApiError 400 with the name of the parameter that is wrong.
    """
    found = {name: {} for name in maps}
    for name, value in _pairs(text):
        prefix, key = _of_map(name, maps)
        if key is None and name not in required and name not in optional:
            raise ApiError(
                400, f"Received unknown parameter: {name}", code="parameter_unknown", param=name
            )
        target, slot = (found, name) if key is None else (found[prefix], key)
        if slot in target:
            raise ApiError(400, f"Received {name} twice.", param=name)
        target[slot] = value
    for name in required:
        if not found.get(name):
            raise ApiError(
                400, f"Missing required param: {name}.", code="parameter_missing", param=name
            )
    return found


def _pairs(text):
    try:
        return parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=bool(text),
            errors="strict",
            max_num_fields=200,
        )
    except ValueError as error:
        raise ApiError(400, "The body is not a form.") from error


def _of_map(name, maps):
    """("metadata", "k") for metadata[k] when metadata is among `maps`, else (None, None)."""
    match = re.fullmatch(r"(.+)\[([^\[\]]{1,40})\]", name)
    if match and match[1] in maps:
        return match[1], match[2]
    return None, None


def whole_number(found, name, *, least=1, most=99_999_999_999):
    """The parameter as an int within bounds; raises ApiError 400."""
    text = found[name]
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ApiError(
            400, f"Invalid integer: {text}", code="parameter_invalid_integer", param=name
        )
    if not least <= int(text) <= most:
        raise ApiError(400, f"{name} must be from {least} to {most}.", param=name)
    return int(text)


def web_address(found, name):
    """The parameter as an absolute http or https address in ASCII; raises ApiError 400."""
    if not WEB_ADDRESS.fullmatch(found[name]):
        raise ApiError(400, f"Not a valid URL: {found[name]}", code="url_invalid", param=name)
    return found[name]
