"""Staff of an agency as callers of /api/v1/: the same rights as in the back office."""

from django.contrib import admin
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.response import Response

from accounts.api import SessionOrKey
from accounts.models import User
from agencies.queries import role_of_user
from core.idempotency import once
from core.tenancy import acted_by


def may(label, *, read="view", write="step"):
    """The permission class for a model's label: who may `read` it may GET, who may `write` it (add,
    change, step …) may do the rest. A right is looked up for the user's role at each call."""

    class May(BasePermission):
        def has_permission(self, request, view):
            if not isinstance(request.user, User):
                return False
            right = read if request.method in SAFE_METHODS else write
            rights = admin.site.rights_as(request.user, role_of_user(request.user))
            return admin.site.letter_of(right) in rights.get(label, "")

    return May


class StaffView:
    """Mixed into views for staff; they name `permission_classes = [may(label)]`."""

    authentication_classes = [SessionOrKey]

    def dispatch(self, request, *args, **kwargs):
        """Names a signed-in user for the audit trail, as the middleware does for a key."""
        if request.api_key or not request.user.is_authenticated:
            return super().dispatch(request, *args, **kwargs)
        with acted_by(f"user:{request.user.pk}"):
            return super().dispatch(request, *args, **kwargs)


def said_once(request, status, work):
    """The Response of `work() -> body`, done once per Idempotency-Key of this caller."""
    status, body = once(
        caller=f"user:{request.user.pk}",
        key=request.headers.get("Idempotency-Key"),
        request=[request.path, request.data],
        work=lambda: (status, work()),
    )
    return Response(body, status=status)
