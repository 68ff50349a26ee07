"""What mail programs would make links of, and what people just write."""

import pytest
from django.template import Context, Template

from core.addresses import has_address, without_links

ADDRESSES = [
    "evil.example/win",
    "Log in again at parterre-tickets.evil.com/login",
    "Win a car at evil.example",
    "t.co/x",
    "EVIL.COM",
    "Hi!evil.com.",
    "evil.com?a=1",
    "http://localhost",
    "HTTPS:evil",
    "ftp://evil",
    "www.e",
    "noor@post.example",
    "bücher.example",
    "evil.xn--p1ai",
    "почта.рф",
    "evil．com",
    "evil｡com",
    "evil\u200b.com",
    "evil.c\u00adom",
    "10.0.0.1/win",
]
WORDS = [
    "",
    "Dr. Meyer",
    "St. Anne",
    "J.R.R. Tolkien",
    "Anna Meier, Ph.D.",
    "At 8.30 pm, or 8.30pm",
    "At 8 p.m. sharp, i.e. at dawn",
    "On 24.12.2026. Bring 1.000,50 and a coat.",
    "Wait...what? Row 5.\nSeat 7.",
    "Yes/no, and/or: see you",
    "Jean-Luc O’Neill-Smith",
]


@pytest.mark.parametrize("words", ADDRESSES)
def test_what_becomes_a_link_is_found_and_can_be_taken_apart(words):
    assert has_address(words)
    apart = without_links(words)
    assert not has_address(apart.replace("www. ", ""))
    assert apart == without_links(apart)


@pytest.mark.parametrize("words", WORDS)
def test_what_people_write_stays_as_it_is(words):
    assert not has_address(words)
    assert without_links(words) == words


def test_a_name_that_is_an_address_can_still_be_read():
    drawn = Template("{% load ui %}{{ name|unlinked }}").render(
        Context({"name": "<b>Win at https://evil.example/win"})
    )
    assert drawn == "&lt;b&gt;Win at https evil. example win"
