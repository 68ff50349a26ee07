"""Covers in templates."""

from django import template

from events import cover

register = template.Library()


@register.filter
def cover_lines(name, shape):
    """The set lines of an event's name; shape: poster, card or thumb."""
    return cover.cover_lines(name, shape)
