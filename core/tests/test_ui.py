"""What readers see of money, moments and words."""

from datetime import UTC, datetime
from decimal import Decimal

from django.template import Context, Template

from core.money import Money

START = datetime(2027, 3, 13, 19, 0, tzinfo=UTC)


def shown(source, **context):
    return Template("{% load ui %}" + source).render(Context(context))


def test_money_has_its_sign_and_its_decimals():
    assert shown("{{ price|money }}", price=Money(Decimal("1234.50"), "EUR")) == "€1,234.50"
    assert shown("{{ price|money }}", price=Money(Decimal(1200), "JPY")) == "¥1,200"
    assert shown("{{ price|money }}", price=Money(Decimal(0), "EUR")) == "€0.00"


def test_no_money_is_no_text():
    assert shown("{{ price|money }}", price=None) == ""


def test_a_moment_is_told_by_the_clock_of_its_venue():
    assert shown("{{ at|clock:'Europe/Paris' }}", at=START) == "20:00"
    assert shown("{{ at|clock:'America/New_York' }}", at=START) == "14:00"
    assert shown("{{ at|day:'Europe/Paris' }}", at=START) == "Sat 13 March"
    assert shown("{{ at|short_day:'Europe/Paris' }}", at=START) == "Sat 13 Mar"
    assert shown("{{ at|long_day:'Europe/Paris' }}", at=START) == "Saturday 13 March 2027"


def test_midnight_belongs_to_the_venue_and_not_to_the_server():
    late = datetime(2027, 3, 13, 23, 30, tzinfo=UTC)
    assert shown("{{ at|day:'Europe/Paris' }}", at=late) == "Sun 14 March"


def test_big_numbers_are_parted():
    assert shown("{{ n|figure }}", n=12536) == "12,536"


def test_a_line_end_in_a_description_is_no_new_paragraph():
    text = "A barge\nbetween Ghent and Lyon.\n\nNo <b>support</b> act."
    assert shown("{{ text|paragraphs }}", text=text) == (
        "<p>A barge\nbetween Ghent and Lyon.</p><p>No &lt;b&gt;support&lt;/b&gt; act.</p>"
    )


def test_facts_for_search_engines_cannot_end_their_script():
    script = shown("{{ facts|json_ld }}", facts={"name": "</script><b>&"})
    assert "<" not in script
    assert "&" not in script
    assert "\\u003C/script" in script


def test_an_icon_is_silent():
    assert 'aria-hidden="true"' in shown("{% icon 'warn' %}")
