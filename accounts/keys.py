"""Whose key a request carries. Remembered for five seconds, so that a gate or a partner does not
pay a query for each call and a revoked key dies within that time."""

from accounts.models import ApiKey, digest
from core.memory import Remembered
from core.tenancy import as_system

KEYWORDS = ("api-key", "bearer")
_keys = Remembered(seconds=5)


def key_of(request):
    """The usable ApiKey in the Authorization header (`Api-Key <key>` or `Bearer <key>`), or None."""
    word, _, secret = request.headers.get("Authorization", "").partition(" ")
    if word.lower() not in KEYWORDS or not secret.strip():
        return None
    hashed = digest(secret.strip())
    return _keys.get(hashed, lambda: _usable(hashed))


def _usable(hashed):
    with as_system():
        return ApiKey.objects.usable().select_related("user").filter(digest=hashed).first()
