"""Web addresses in what people have us mail to others: mail programs make links of them, also of a bare
`post.example/page`. Whatever has that form counts, whether or not there is such a domain."""

import re
import unicodedata

SCHEME = r"https?:|://|www\."
# A full stop with letters right after it. Single ones, as in J.R.R. or 8 p.m., are no domain.
DOMAIN = r"[\w-][.。](?:xn--|[^\W\d_]{2})"
HOST = r"\b\d{1,3}(?:[.。]\d{1,3}){3}\b"
ADDRESS = re.compile(f"{SCHEME}|{DOMAIN}|{HOST}", re.IGNORECASE)
STOP = re.compile(r"[.。](?=\S)")
JOINTS = re.compile(r"[/\\:@]+")


def has_address(words):
    """Whether a mail program might make a link of any of these words."""
    return bool(ADDRESS.search(_plain(words)))


def without_links(words):
    """The same words, with spaces in what would become a link."""
    return JOINTS.sub(" ", STOP.sub(". ", _plain(words))) if has_address(words) else words


def _plain(words):
    """Without what looks like something else, or like nothing."""
    spelled = unicodedata.normalize("NFKC", words)
    return "".join(each for each in spelled if unicodedata.category(each) != "Cf")
