"""Pages that add something and begin with choosing what it is for."""

from django.core.exceptions import PermissionDenied, ValidationError
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode


class Choosing:
    """For a BackOfficeAdmin whose things are added through services on pages of their own, and never
    changed or deleted by hand."""

    def check_may_add(self, request):
        if not self.has_add_permission(request):
            raise PermissionDenied

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


def chosen(rows, key):
    """The row of a queryset with this key out of an address, or None."""
    try:
        return rows.filter(pk=key).first() if key else None
    except (ValidationError, ValueError):
        return None


def address_to_add(model, **choice):
    """The page that adds a model, with what was chosen, such as order=…"""
    meta = model._meta
    page = reverse(f"admin:{meta.app_label}_{meta.model_name}_add")
    return f"{page}?{urlencode(choice)}"


def link_to_add(model, words, **choice):
    """A link to the page that adds a model, with what was chosen."""
    return format_html('<a href="{}"><b>{}</b></a>', address_to_add(model, **choice), words)
