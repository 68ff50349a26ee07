"""Small formatting for pages and mails: money, moments in a venue's zone, icons, fields."""

import json
import re
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_datetime
from babel.numbers import format_decimal
from django import template
from django.core.serializers.json import DjangoJSONEncoder
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe
from django.utils.translation import get_language, to_locale

from core.addresses import without_links

register = template.Library()

BLANK_LINES = re.compile(r"\n\s*\n")
SCRIPT_ESCAPES = {ord(">"): "\\u003E", ord("<"): "\\u003C", ord("&"): "\\u0026"}


@register.filter
def money(amount):
    """€1,234.50, in the reader's notation; less than nothing has a true minus."""
    return amount.display(_locale()).replace("-", "−") if amount is not None else ""


@register.filter
def figure(number):
    """12,536, in the reader's notation."""
    return format_decimal(number, locale=_locale()) if number != "" else ""


@register.filter
def day(moment, zone):
    """Sat 13 March"""
    return _format(moment, zone, "EEE d MMMM")


@register.filter
def short_day(moment, zone):
    """Sat 13 Mar"""
    return _format(moment, zone, "EEE d MMM")


@register.filter
def long_day(moment, zone):
    """Saturday 13 March 2027"""
    return _format(moment, zone, "EEEE d MMMM y")


@register.filter
def clock(moment, zone):
    """20:00"""
    return _format(moment, zone, "HH:mm")


@register.filter
def clock_there(moment, zone):
    """20:00 Paris time, as a <time> that a script may complete with the reader's own clock."""
    if not moment:
        return ""
    city = str(zone).rpartition("/")[2].replace("_", " ")
    return format_html(
        '<time datetime="{}" data-zoned><span class="nowrap">{} {} time</span></time>',
        moment.isoformat(),
        clock(moment, zone),
        city,
    )


@register.filter
def day_part(moment, pattern):
    """One piece of a date that stands alone, in a CLDR pattern: d, EEEE, MMMM."""
    return format_datetime(moment, pattern, locale=_locale())


@register.filter
def unlinked(words):
    """Words of a guest in a mail to somebody else: no mail program makes a link of them."""
    return without_links(str(words))


@register.filter
def paragraphs(text):
    """Plain text as paragraphs; a blank line parts them, a single line end does not count."""
    return format_html_join("", "<p>{}</p>", ((part,) for part in BLANK_LINES.split(text.strip())))


@register.filter
def json_ld(facts):
    """JSON that is safe inside a script element of type application/ld+json."""
    return mark_safe(json.dumps(facts, cls=DjangoJSONEncoder).translate(SCRIPT_ESCAPES))  # noqa: S308 - escaped above


@register.simple_tag
def icon(name):
    """A drawing of img/icons.svg; the words beside it carry the meaning."""
    return format_html(
        '<svg class="ico" aria-hidden="true"><use href="{}#{}"/></svg>',
        static("img/icons.svg"),
        name,
    )


@register.filter
def control(field):
    """The bound field's widget with the look of our controls."""
    return field.as_widget(attrs={"class": "in"})


def _format(moment, zone, pattern):
    if not moment:
        return ""
    return _in_words(moment, str(zone), pattern, _locale())


@lru_cache(2000)
def _in_words(moment, zone, pattern, locale):
    return format_datetime(moment, pattern, tzinfo=ZoneInfo(zone), locale=locale)


def _locale():
    return to_locale(get_language() or "en")
