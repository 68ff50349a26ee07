"""Names of places in templates."""

from django import template

from venues import labels

register = template.Library()
register.filter(labels.section_name)
register.filter(labels.named)
register.filter(labels.bare)
