"""What the pages of the back office say in their own way."""

from django import template
from django.contrib import admin
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.text import capfirst

from core import admin_parts

register = template.Library()


@register.filter
def page_of(thing):
    """The address of a thing's page."""
    return admin_parts.page_of(thing)


@register.filter
def in_the_menu(plural):
    """What the menu calls a list; anything else as it is, with a capital."""
    return capfirst(admin.site.words.get(str(plural), str(plural)))


@register.filter
def moment(at):
    """13 Mar 2027, 20:00"""
    return admin_parts.when(at)


@register.filter
def state(thing):
    """The pill of a thing's status."""
    return admin_parts.status_of(thing)


@register.filter
def thousands(number):
    """12,345"""
    return f"{number or 0:,}"


@register.filter
def at(items, position):
    return items[position] if position < len(items) else None


@register.filter
def due(days):
    """How far away a day is, marked when it is near: Late 2 d, Today, in 5 d."""
    if days is None:
        return "no date"
    if days < 0:
        return format_html('<b class="due due--hot">Late {} d</b>', -days)
    if days == 0:
        return mark_safe('<b class="due due--warm">Today</b>')
    return format_html('<span class="due">in {} d</span>', days)


@register.filter
def from_top(height):
    """The y of a bar this high in a chart of 100."""
    return f"{100 - height:.1f}"


@register.filter
def unlocalized(number):
    return f"{number:.1f}"
