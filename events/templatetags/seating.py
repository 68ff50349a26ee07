"""Names of places in templates."""

from django import template

register = template.Library()

LONGEST_NUMBER = 3


@register.filter
def section_name(label):
    """112 and A are read as "Section 112" and "Section A", Stalls stays as it is."""
    is_number = len(label) <= LONGEST_NUMBER or label[0].isdigit()
    return f"Section {label}" if is_number else label
