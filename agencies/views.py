"""Where an invited person accepts. The mailed link is exchanged once for the session, so that its key
stands in no address of a page."""

from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.forms import SetPasswordForm
from django.core.signing import BadSignature, Signer
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from agencies.models import Invitation
from agencies.queries import current_agency
from agencies.services import InvitationOver, accept_invitation, account_of
from core.admin_forms import styled

SESSION_KEY = "invitation"


def _signer():
    return Signer(salt="tessera.invitation")


def mailed_key(invitation):
    """The key in the link of an invitation: a signature over its id."""
    return _signer().signature(str(invitation.pk))


@require_safe
def open_invitation(request, invitation_id, key):
    try:
        request.session[SESSION_KEY] = _signer().unsign(f"{invitation_id}:{key}")
    except BadSignature:
        request.session.pop(SESSION_KEY, None)
    return redirect("admin:invitation")


@require_http_methods(["GET", "POST"])
def invitation(request):
    """Asks a person without an account for a password, and everybody before anything happens."""
    invited = _invited(request)
    if invited is None:
        return _page(request, title="This invitation is over", is_over=True, status=410)
    form = None
    if account_of(invited) is None:
        person = User(email=invited.email, name=invited.name)
        form = SetPasswordForm(person, request.POST if request.method == "POST" else None)
    if request.method == "POST" and (form is None or form.is_valid()):
        return _accepted(request, invited, form)
    return _page(
        request,
        title=f"Work for {current_agency()}",
        invited=invited,
        account=invited.email,
        form=form and styled(form),
        button="Accept",
    )


def _invited(request):
    wanted = request.session.get(SESSION_KEY)
    return wanted and Invitation.objects.open().filter(pk=UUID(wanted)).first()


def _accepted(request, invited, form):
    try:
        accept_invitation(invited.pk, password=form and form.cleaned_data["new_password1"])
    except InvitationOver:
        return redirect("admin:invitation")
    del request.session[SESSION_KEY]
    messages.success(request, f"Welcome. Sign in as {invited.email} with your password.")
    return redirect("admin:login")


def _page(request, *, status=200, **context):
    shared = {**admin.site.each_context(request), **context}
    return TemplateResponse(request, "admin/set_password.html", shared, status=status)
