"""Ticket codes in templates."""

from django import template

from tickets import qr

register = template.Library()


@register.simple_tag
def qr_code(code, label):
    """The inline picture of a ticket's code."""
    return qr.svg(code, label)
