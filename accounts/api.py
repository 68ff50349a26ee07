"""How callers of /api/v1/ say who they are, and the permissions built on it. Deny by default."""

from dataclasses import dataclass

from django.conf import settings
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, SessionAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.permissions import BasePermission

from accounts.models import ApiKey


@dataclass(frozen=True)
class KeyCaller:
    """The caller behind a key, standing where DRF expects a user."""

    key: ApiKey
    is_authenticated = True
    is_active = True

    def __str__(self):
        return f"key:{self.key.pk}"


class KeyAuthentication(BaseAuthentication):
    """The key that agencies.middleware found; revoked, expired and invented ones are all 401."""

    def authenticate(self, request):
        key = request._request.api_key
        if key:
            return KeyCaller(key), key
        if request.headers.get("Authorization"):
            raise AuthenticationFailed("This key is not valid.")
        return None

    def authenticate_header(self, request):
        return "Api-Key"


class SessionOrKey(KeyAuthentication):
    """For what staff do: a staff key stands for its user, any other key for itself; without a key
    the session of the back office counts, and then Django's CSRF token has to come along."""

    def authenticate(self, request):
        found = super().authenticate(request)
        if found is None:
            return SessionAuthentication().authenticate(request)
        _, key = found
        if key.role != ApiKey.Role.STAFF:
            return found
        if not key.user.is_active:
            raise AuthenticationFailed("The account of this key was closed.")
        return key.user, key


class DenyAll(BasePermission):
    """The default: a view that names no permission answers nobody."""

    def has_permission(self, request, view):
        return False


def role(*roles):
    """The permission class that admits callers whose key has one of these roles."""

    class HasRole(BasePermission):
        def has_permission(self, request, view):
            return isinstance(request.user, KeyCaller) and request.user.key.role in roles

    return HasRole


class SessionOrKeyScheme(OpenApiAuthenticationExtension):
    """Tells the OpenAPI document about staff keys and sessions."""

    target_class = SessionOrKey
    name = ["StaffKey", "Session"]

    def get_security_definition(self, auto_schema):
        return [
            {"type": "apiKey", "in": "header", "name": "Authorization"},
            {"type": "apiKey", "in": "cookie", "name": settings.SESSION_COOKIE_NAME},
        ]


class KeyScheme(OpenApiAuthenticationExtension):
    """Tells the OpenAPI document about the key header."""

    target_class = KeyAuthentication
    name = "ApiKey"

    def get_security_definition(self, auto_schema):
        return {"type": "apiKey", "in": "header", "name": "Authorization"}
