"""Pages of the back office that say why another one does not open, and who could open it."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.template.response import TemplateResponse
from django.utils.text import get_text_list

from agencies.models import Membership
from core.errors import DomainError

MISSING = "There is nothing at this address. It may be gone, or the address was cut short."
NOT_NOW = "This is not possible here, or not as things stand now."
DOES = {"view": "see", "add": "add", "change": "change", "delete": "delete"}
REASONS = (PermissionDenied, Http404, DomainError)


def closed(request, site, reason, *, role, rights):
    """The page for one of REASONS, in the desk's frame. `role` of who asks or None; `rights` is the
    whole table {role: {model label: letters}}."""
    page, asked = _asked(request, site)
    if isinstance(reason, PermissionDenied):
        title, status = "Not for your role", 403
        problem = _why(request, site, page, asked, role, rights) if page else NOT_NOW
    elif isinstance(reason, Http404):
        title, problem, status = "Nothing here", MISSING, 404
    else:
        title, problem, status = "This could not be done", reason.message, reason.status
    context = {**site.each_context(request), "title": title, "problem": problem}
    if page and page.has_view_permission(request):
        context |= {"list_name": page.list_name, "list_address": page.list_address()}
    request.current_app = site.name
    return TemplateResponse(request, "admin/closed.html", context, status=status)


def _asked(request, site):
    """(the ModelAdmin whose page was asked for, its name such as changelist or receive), or Nones."""
    name = request.resolver_match.url_name or ""
    for model, page in site._registry.items():
        before = f"{model._meta.app_label}_{model._meta.model_name}_"
        if name.startswith(before):
            return page, name.removeprefix(before)
    return None, None


def _why(request, site, page, asked, role, rights):
    if asked in page.steps:
        step = page._step(asked)
        right, what = step.right, f"use “{step.label}” on {page.list_name}"
    else:
        right = asked if asked in DOES else "view"
        what = f"{DOES[right]} {page.list_name}"
    if site.allows(request, right, page.model):
        return NOT_NOW
    label, letter = page.model._meta.label_lower, site.letter_of(right)
    others = [Membership.Role(r).label for r, has in rights.items() if letter in has.get(label, "")]
    mine = f"Your role, {Membership.Role(role).label}," if role else "Your account"
    who = (
        f"{get_text_list(others, 'and')} may." if others else "No role may: it is not done by hand."
    )
    return f"{mine} may not {what}. {who}"
