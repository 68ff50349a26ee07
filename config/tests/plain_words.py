"""What pages of the back office say, and whether they say it in the words of the trade."""

import re
from html import unescape

from django.apps import apps

STATES = (
    "CONFIRMED|RESERVED|PENDING|PROCESSING|SUCCEEDED|COMPLETED|CANCELLED|REFUNDED|EXPIRED|DISPUTED"
    "|FAILED|DRAFT|ACTIVE|RECEIVED|UNPAID|PARTIAL"
)
REFERENCES = r"\b(?:cs|pi|re|evt|told)_\w+"
"""What providers call their things; staff look them up there."""


def past(page):
    """[what the timeline of a page says]"""
    listed = re.search(r'<ol class="past">(.*?)</ol>', page.content.decode(), re.DOTALL)
    found = re.findall(r"</span><span>(.*?)<small>", listed.group(1) if listed else "", re.DOTALL)
    return [unescape(words) for words in found]


def shown_on(page):
    """All that a page shows, but for pictures, which are named."""
    body = page.content.decode().partition("</head>")[2]
    body = re.sub(r"<(script|style|template)\b.*?</\1>", "", body, flags=re.DOTALL)
    body = re.sub(r"<[^>]*material-symbols[^>]*>[^<]*", "", body)
    return unescape(re.sub(r"<[^>]+>", " ", body))


def programmers_words(text):
    """The constants, names of columns and names of classes in a text."""
    names = [model.__name__ for model in apps.get_models()]
    classes = "|".join(name for name in names if re.search("[a-z][A-Z]", name))
    found = rf"\b[A-Z]{{2,}}_[A-Z_]+\b|\b[a-z]+_[a-z_]+\b|\b(?:{classes}|{STATES})\b"
    return re.findall(found, re.sub(REFERENCES, "", text))
