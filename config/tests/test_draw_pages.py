"""Draws as fans meet them: registering, being drawn or not, buying, withdrawing, checking it all."""

import json
import re
from hashlib import sha256
from html import unescape
from uuid import UUID

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from config.tests.drawing import (
    HOUR,
    LOTTO,
    drawn,
    frozen,
    later,
    open_draw,
    people,
    somebody,
    terms,
)
from config.tests.presaling import not_on_sale_yet, presale
from core import invariants, outbox
from core.memory import Remembered
from core.models import OutboxMessage
from core.tenancy import acting_for
from customers import draws
from customers.facts import DrawDecided
from customers.models import Draw, DrawEntry
from events.models import Event
from events.services import cancel_event

pytestmark = pytest.mark.django_db


@pytest.fixture
def event(made_shop):
    Remembered.forget_everything()
    with acting_for(made_shop["agency"]["id"]):
        yield not_on_sale_yet(Event.objects.select_related("venue", "layout").get(), 24 * HOUR)


@pytest.fixture
def fan():
    return Client()


def page(draw, rest=""):
    return f"/draws/{draw.pk}/{rest}"


def words(client, address):
    Remembered.forget_everything()
    answer = client.get(address, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def link_in(mail):
    return re.search(r"https?://[^/]+(/draws/\S+/mine/\?k=\S+)", mail.body)[1]


def deliver():
    while sum(outbox.deliver(limit=100)):
        pass


def registers(client, draw, mailoutbox, email="noor@post.example"):
    client.post(page(draw), {"email": email})
    deliver()
    client.get(link_in(mailoutbox[-1]))
    return client.post(page(draw, "enter/"))


def test_a_fan_registers_by_the_link_in_his_mail_and_learns_his_number(event, fan, mailoutbox):
    draw = open_draw(event)
    shown = words(fan, f"/events/{event.slug}/")
    assert "First night" in shown
    assert "2 buyers are drawn by lot" in shown
    assert f'action="{page(draw)}#registration"' in shown
    assert (
        "Look into your mail"
        in fan.post(page(draw), {"email": "Noor@post.example"}).content.decode()
    )
    assert not DrawEntry.objects.exists()
    deliver()
    [mail] = mailoutbox
    assert mail.to == ["noor@post.example"]
    opened = fan.get(link_in(mail))
    assert opened.url == page(draw, "mine/")  # the key stands in no address from here on
    assert "Enter the draw" in words(fan, opened.url)
    assert not DrawEntry.objects.exists()  # a scanner of mails that opens links enters nobody
    assert fan.post(page(draw, "enter/")).url == page(draw, "mine/")
    entry = draw.entries.get()
    assert entry.number in words(fan, page(draw, "mine/"))
    deliver()
    assert [mail.subject for mail in mailoutbox[1:]] == [
        f"You are in the draw for Night: {entry.number}"
    ]
    assert fan.post(page(draw, "enter/")).status_code == 302
    deliver()
    assert (draw.entries.count(), len(mailoutbox)) == (1, 2)
    elsewhere = words(Client(), link_in(mailoutbox[1]))
    assert entry.number in elsewhere
    assert "Withdraw" in elsewhere


def test_the_answer_is_the_same_for_every_address(event, fan, mailoutbox):
    draw = open_draw(event, "noor@post.example")
    for moment in ("open", "closed"):
        fan.post(page(draw), {"email": "else@post.example"})  # the agency is known from here on
        answers, asked = set(), []
        for email in ("noor@post.example", "idas@post.example"):
            with CaptureQueriesContext(connection) as captured:
                answer = fan.post(page(draw), {"email": email})
            asked.append(len(captured))
            assert answer.status_code == 200
            plain = re.sub(r"noor@|idas@|csrf\w+|value=\"[^\"]*\"", "", answer.content.decode())
            answers.add(plain)
        assert len(answers) == 1, moment
        assert asked[0] == asked[1]
        later(draw, 2 * HOUR)
    assert OutboxMessage.objects.filter(fact__endswith="DrawLinkAsked").count() == 6
    mailoutbox.clear()
    deliver()
    told = [mail.to for mail in mailoutbox if "Your entry in the draw" in mail.subject]
    assert told == [["noor@post.example"]] * 2  # handlers look at the draw as it is when they run


def test_one_mailbox_gets_five_mails_an_hour_however_it_is_spelled(event, fan, settings):
    settings.RATE_LIMITS = True
    draw = open_draw(event)
    for number in range(8):
        answer = fan.post(page(draw), {"email": f"noor+{number}@post.example"})
        assert "Look into your mail" in answer.content.decode()
    assert OutboxMessage.objects.filter(fact__endswith="DrawLinkAsked").count() == 5
    for number in range(130):
        fan.post(page(draw), {"email": f"fan{number}@post.example"})
    assert OutboxMessage.objects.filter(fact__endswith="DrawLinkAsked").count() == 5 + 112


@pytest.mark.parametrize(
    "email", ["", "noor", "noor@", "\0", "a\0@b.example", "x" * 300, "@", "a b@c.d"]
)
def test_an_address_that_is_none_is_said_and_nothing_is_sent(event, fan, email):
    draw = open_draw(event)
    answer = fan.post(page(draw), {"email": email})
    assert answer.status_code == 422
    assert "does not look like an e-mail" in answer.content.decode()
    assert not OutboxMessage.objects.filter(fact__endswith="DrawLinkAsked").exists()


def test_nobody_enters_without_having_proven_a_mailbox(event, fan, mailoutbox):
    draw, other = open_draw(event), open_draw(event, name="Second night")
    fan.post(page(draw, "enter/"), {"email": "noor@post.example"})
    fan.post(page(draw), {"email": "noor@post.example"})
    deliver()
    key = link_in(mailoutbox[0]).partition("?k=")[2]
    for wrong in ("", "x", key[:-2] + "xx", key.replace("%3A", "."), str(draw.pk)):
        assert "too old" in words(fan, page(draw, f"mine/?k={wrong}"))
        fan.post(page(draw, "enter/"))
    assert "too old" in words(fan, page(other, f"mine/?k={key}"))
    fan.post(page(other, "enter/"))
    assert not DrawEntry.objects.exists()


def test_a_link_opened_after_closing_enters_nobody_and_says_so(event, fan, mailoutbox):
    draw = open_draw(event)
    fan.post(page(draw), {"email": "noor@post.example"})
    deliver()
    fan.get(link_in(mailoutbox[0]))
    later(draw, 2 * HOUR)
    assert "You are not in this draw" in words(fan, page(draw, "mine/"))
    assert "takes no entries now" in fan.post(page(draw, "enter/")).content.decode()
    assert not DrawEntry.objects.exists()


def test_he_withdraws_before_and_after_the_list_is_frozen(event, fan, mailoutbox):
    draw = open_draw(event, *people(3))
    registers(fan, draw, mailoutbox)
    assert "You have withdrawn" in fan.post(page(draw, "withdraw/")).content.decode()
    assert draw.entries.count() == 3
    fan.post(page(draw, "enter/"))
    assert draw.entries.count() == 4
    later(draw, 2 * HOUR)
    draws.freeze(draw.pk)
    fan.post(page(draw, "withdraw/"))
    assert draw.entries.filter(email=None).count() == 1
    assert draw.entries.count() == 4
    assert "not in this draw" in words(fan, page(draw, "mine/"))
    stranger = Client()
    stranger.post(page(draw, "withdraw/"))
    assert draw.entries.filter(email=None).count() == 1


def test_the_page_says_when_how_many_and_how_from_the_first_day(event, fan):
    draw = open_draw(event, places=1200, reserve=300)
    shown = words(fan, page(draw))
    for said in (
        "1,200",
        "300 more from the reserve list",
        "Belgian Lotto",
        "SHA-256",
        "6 numbers, none above 45, in",
    ):
        assert said in shown, said
    assert "none above 45, in rising order" in shown
    for file in ("numbers.txt", "order.csv", "draw.json"):
        assert fan.get(page(draw, file)).status_code == 404


def test_a_draft_is_nobodys_business(event, fan):
    draft = open_draw(event)
    made = draws.make(event=event, terms=draws.Terms(**_said(draft, name="Later")))
    assert fan.get(page(made)).status_code == 404
    assert "Later" not in words(fan, f"/events/{event.slug}/")


def _said(draw, **changes):
    names = draws.Terms.__dataclass_fields__
    return {name: getattr(draw, name) for name in names} | changes


def test_what_is_frozen_is_published_before_the_lot_is_known(event, fan):
    draw = later(open_draw(event, *people(5)), 2 * HOUR)
    draws.freeze(draw.pk)
    draw.refresh_from_db()
    shown = words(fan, page(draw))
    text = fan.get(page(draw, "numbers.txt")).content
    assert sha256(text).hexdigest() == draw.digest
    assert draw.digest in shown
    assert text.decode().splitlines() == sorted(text.decode().split())
    assert "post.example" not in shown + text.decode()
    assert fan.get(page(draw, "draw.json")).status_code == 404


def test_everybody_can_check_the_draw_with_what_is_published(
    event, fan, tmp_path, capsys, settings
):
    draw = drawn(event, *people(12), places=4, reserve=3)
    shown = words(fan, page(draw))
    told = fan.get(page(draw, "draw.json"))
    table = fan.get(page(draw, "order.csv")).content.decode().splitlines()
    assert "post.example" not in shown + told.content.decode() + "".join(table)
    order = [row.split(",")[1] for row in table[1:]]
    assert order == told.json()["order"] == re.findall(r"<li value=.*?>(\w{4}-\w{4}-\w{4})<", shown)
    assert shown.count('class="in-it"') == 4
    # The lines that the page and the manual give to whoever wants to check, as they stand there.
    file = tmp_path / "draw.json"
    file.write_bytes(told.content)
    on_page = re.search(r"<pre.*?><code>(.*?)</code>", shown, re.DOTALL)[1]
    manual = (settings.BASE_DIR / "docs/presales.md").read_text()
    in_manual = re.search(r"```python\n(.*?)```", manual, re.DOTALL)[1]
    for code in (unescape(on_page), in_manual):
        assert code.count("assert") == 2
        exec(code.replace("draw.json", str(file)), {})  # noqa: S102 - what we tell everybody to run
    call_command("verify_draw", file, sha256=draw.digest, value=LOTTO)
    assert "12 entries, 4 of them in" in capsys.readouterr().out
    said = json.loads(told.content)
    for change in (
        {"order": said["order"][::-1]},
        {"order": said["order"][:-1]},
        {"value": "1 2 3 4 5 6"},
        {"sha256_of_numbers": "0" * 64},
        {"let_in": 9},
    ):
        file.write_text(json.dumps(said | change))
        with pytest.raises(CommandError):
            call_command("verify_draw", file)
    file.write_bytes(told.content)
    for wrong in ({"sha256": "0" * 64}, {"value": "1 2 3 4 5 6"}):
        with pytest.raises(CommandError):
            call_command("verify_draw", file, **wrong)
    for text in ("", "[]", "{}", '{"order": 5}', "\0"):
        file.write_text(text)
        with pytest.raises(CommandError):
            call_command("verify_draw", file)


def test_anybody_finds_the_place_of_a_number(event, fan):
    draw = drawn(event, *people(5))
    number = draw.entries.get(rank=4).number
    assert "has place 4 of 5" in words(fan, page(draw, f"?number={number.lower()}"))
    for wrong in ("7KQM", "x" * 100, "%27"):
        assert "No entry has this number" in words(fan, page(draw, f"?number={wrong}"))
    assert "has this number" not in words(fan, page(draw, "?number=%00"))


def test_who_is_drawn_and_who_is_not_is_mailed_once_each_and_whoever_withdrew_never(
    event, mailoutbox
):
    draw = frozen(event, *people(6), places=2, reserve=3)
    deliver()
    mailoutbox.clear()
    draws.type_value(draw.pk, typed=LOTTO, by=somebody())
    first, *_, last = draw.entries.order_by("rank")
    first_address = first.email
    draws.withdraw(first.pk)
    deliver()
    told = {mail.to[0]: mail for mail in mailoutbox}
    assert len(told) == len(mailoutbox) == 6
    assert told.pop(first_address).subject == "Your entry in the draw for Night is out"
    second = draw.entries.get(rank=2)
    assert told[second.email].subject == "You are drawn: Night"
    third = told[draw.entries.get(rank=3).email]
    assert third.subject == "The draw for Night: your place"
    assert "place 3 of 6" in third.body
    assert "number 1 on the reserve list" in third.body
    assert "your turn will not come" in told[last.email].body
    # Told again, by a worker that died after sending or by a second wave, nobody is mailed again.
    draws.tell_next(draw.pk, after=0, last=6)
    deliver()
    assert len(mailoutbox) == 6
    draws.let_in(draw.pk, count=2, after=2, by=somebody())
    deliver()
    assert {mail.to[0] for mail in mailoutbox[6:]} == {
        draw.entries.get(rank=3).email,
        draw.entries.get(rank=4).email,
    }
    assert {mail.subject for mail in mailoutbox[6:]} == {"You are drawn: Night"}


def test_a_crowd_is_told_in_parts_that_survive_a_crash(event, monkeypatch):
    monkeypatch.setattr("customers.draws.entering.TOLD_AT_ONCE", 4)
    draw = drawn(event, *people(10))
    facts = OutboxMessage.objects.filter(fact__endswith="DrawEntryDecided")
    parts = OutboxMessage.objects.filter(fact__endswith=DrawDecided.__name__)
    told = []
    while parts.filter(done_at=None).exists():
        outbox.run(outbox._leased(outbox.ONLY, [parts.get(done_at=None).pk])[0])
        told.append(facts.count())
    assert told == [4, 8, 10]
    assert {fact.payload["entry_id"] for fact in facts} == {str(e.pk) for e in draw.entries.all()}


def test_the_drawn_come_into_the_presale_by_their_mailbox_and_the_others_do_not(
    event, fan, mailoutbox
):
    draw = drawn(event, *people(3), places=1, reserve=1)
    presale(event, "", lists=[draw.buyers_id])
    first, second, _ = (entry.email for entry in draw.entries.order_by("rank"))
    deliver()
    mine = {mail.to[0]: mail for mail in mailoutbox if "/mine/" in mail.body}
    assert "Fan club" in mine[first].body
    shown = words(fan, link_in(mine[first]))
    assert "You are drawn: place 1 of 3" in shown
    assert "Mail me the way in" in shown
    assert "number 1 on the reserve list" in words(Client(), link_in(mine[second]))
    way_in = f"/events/{event.slug}/presale/"
    for email in (first, second):
        mailoutbox.clear()
        Client().post(way_in, {"email": email})
        deliver()
        assert bool(mailoutbox) == (email == first)
        if mailoutbox:
            link = re.search(r"https?://[^/]+(/events/\S+)", mailoutbox[0].body)[1]
    assert "You are in: Fan club." in words(fan, link)
    answer = fan.post(f"/events/{event.slug}/reserve/", {"seat": ["0"]})
    assert answer.url.startswith("/checkout/")
    stranger = Client()
    assert "refused=" in stranger.post(f"/events/{event.slug}/reserve/", {"seat": ["1"]}).url
    draws.let_in(draw.pk, count=1, after=1, by=somebody())
    mailoutbox.clear()
    Client().post(way_in, {"email": second})
    deliver()
    assert second in {mail.to[0] for mail in mailoutbox if "/presale/" in mail.body}


def test_what_is_called_off_stays_and_says_why_and_all_are_told_once(
    event, fan, mailoutbox, monkeypatch
):
    monkeypatch.setattr("customers.draws.entering.TOLD_AT_ONCE", 2)
    draw = open_draw(event, *people(5))
    draws.withdraw(draw.entries.get(email="fan0@post.example").pk)
    deliver()
    mailoutbox.clear()
    draw = draws.call_off(draw.pk, why="The band is ill")
    for address in (page(draw), f"/events/{event.slug}/"):
        assert re.search(r"Called off \w+day .*: The band is ill", words(fan, address))
    deliver()
    assert sorted(mail.to[0] for mail in mailoutbox) == people(5)[1:]
    assert {mail.subject for mail in mailoutbox} == {"The draw for Night is called off"}
    assert "Why: The band is ill" in mailoutbox[0].body
    draws.tell_called_off(draw.pk, after=UUID(int=0))
    deliver()
    assert len(mailoutbox) == 4


def test_a_long_order_is_shown_in_pages_and_asks_few_things(event, fan, monkeypatch):
    monkeypatch.setattr("bookings.views.draw.ON_A_PAGE", 3)
    draw = drawn(event, *people(7))
    first, third = words(fan, page(draw)), words(fan, page(draw, "?page=3"))
    assert len(re.findall("<li value=", first)) == 3
    assert "Page 3 of 3" in third
    for odd in ("0", "-1", "x", "9" * 30):
        assert "Page" in words(fan, page(draw, f"?page={odd}"))
    fan.get(page(draw))
    with CaptureQueriesContext(connection) as captured:
        fan.get(page(draw))
    assert len(captured) == 3, [each["sql"] for each in captured]  # the draw, its order, its waves
    open_one = open_draw(event, name="Second night")
    fan.get(page(open_one))
    with CaptureQueriesContext(connection) as captured:
        fan.get(page(open_one))
    assert len(captured) == 1


def test_a_draw_called_off_after_its_lot_is_known_says_so_to_all(event, fan, mailoutbox):
    draw = drawn(event, *people(4), value="1 2 3 4 5 6", places=2)
    presale(event, "", lists=[draw.buyers_id])
    deliver()
    first = draw.entries.get(rank=1)
    bought = come_in(fan, event, first.email, mailoutbox)
    mailoutbox.clear()
    draw = draws.call_off(draw.pk, why="The value was mistyped: 6 for 16")
    deliver()
    assert sorted(mail.to[0] for mail in mailoutbox) == people(4)
    assert "its places no longer count" in " ".join(mailoutbox[0].body.split())
    assert "What you have bought stays yours" in mailoutbox[0].body
    shown = words(fan, page(draw))
    assert re.search(r"Called off \w+day .*: The value was mistyped", shown)
    assert "1 2 3 4 5 6" in shown
    assert 'class="in-it"' not in shown
    proof = fan.get(page(draw, "draw.json")).json()
    assert proof["order"] == draws.drawn_of(draw)
    assert proof["called_off_because"] == "The value was mistyped: 6 for 16"
    mine = words(Client(), page(draw, f"mine/?k={draws.entry_key(first)}"))
    assert "Nobody is drawn" in mine
    assert "Mail me the way in" not in mine
    mailoutbox.clear()
    Client().post(f"/events/{event.slug}/presale/", {"email": first.email})
    deliver()
    assert not mailoutbox
    assert fan.get(bought).status_code == 200
    assert "You are in: Fan club." not in words(fan, f"/events/{event.slug}/")
    assert "refused=" in fan.post(f"/events/{event.slug}/reserve/", {"seat": ["2"]}).url


def come_in(client, event, email, mailoutbox):
    """Into the presale by the link in his mail; he reserves a place. Returns its address."""
    client.post(f"/events/{event.slug}/presale/", {"email": email})
    deliver()
    link = re.search(r"https?://[^/]+(/events/\S+)", mailoutbox[-1].body)[1]
    assert "You are in: Fan club." in words(client, link)
    answer = client.post(f"/events/{event.slug}/reserve/", {"seat": ["0"]})
    assert answer.url.startswith("/checkout/")
    return answer.url


def test_who_withdraws_or_is_taken_out_is_told_and_the_page_counts_whom_staff_took_out(
    event, fan, mailoutbox
):
    draw = open_draw(event, *people(5))
    deliver()
    mailoutbox.clear()
    entries = {entry.email: entry for entry in draw.entries.all()}
    draws.withdraw(entries["fan0@post.example"].pk)
    for number in (1, 2):
        draws.withdraw(entries[f"fan{number}@post.example"].pk, why="Twelve mailboxes of one man")
    draws.withdraw(entries["fan1@post.example"].pk, why="Again")
    deliver()
    told = {mail.to[0]: mail for mail in mailoutbox}
    assert sorted(told) == people(3)
    assert len(mailoutbox) == 3
    assert "You have withdrawn your entry" in told["fan0@post.example"].body
    out = told["fan1@post.example"].body
    assert "Why: Twelve mailboxes of one man" in out
    assert entries["fan1@post.example"].number in out
    kept = OutboxMessage.objects.filter(fact__endswith="DrawEntryWithdrawn")
    assert [message.payload for message in kept] == [{}] * 3
    assert re.search(r"Taken out</dt><dd><b>2</b> entries by us", words(fan, page(draw)))
    key = draws.entry_key(entries["fan2@post.example"])
    assert "Twelve mailboxes" in words(Client(), page(draw, f"mine/?k={key}"))
    later(draw, 2 * HOUR)
    draws.freeze(draw.pk)
    draw = later(Draw.objects.get(pk=draw.pk), 4 * HOUR)
    assert draw.entered == 2
    assert len(fan.get(page(draw, "numbers.txt")).content.split()) == 2
    draws.type_value(draw.pk, typed=LOTTO, by=somebody())
    proof = fan.get(page(draw, "draw.json")).json()
    assert (proof["taken_out_before"], len(proof["order"])) == (2, 2)
    number = entries["fan1@post.example"].number
    assert "No entry has this number" in words(fan, page(draw, f"?number={number}"))
    assert invariants.violations() == {}


def test_the_page_does_not_say_it_was_open_before_anybody_saw_it(event, fan):
    now = timezone.now()
    said = terms(opens_at=now - 7 * 24 * HOUR, closes_at=now + 2 * HOUR)
    made = draws.make(event=event, terms=said)
    draw = draws.open_registration(made.pk)
    assert now < draw.opens_at == draw.published_at
    shown = words(fan, page(draw))
    assert "Announced here" in shown
    assert f"{now - 7 * 24 * HOUR:%-d %B}" not in shown


def test_what_was_called_off_as_a_draft_is_nobodys_business(event, fan):
    draft = draws.make(event=event, terms=terms(name="Never seen"))
    draws.call_off(draft.pk, why="Never mind")
    assert fan.get(page(draft)).status_code == 404
    assert "Never seen" not in words(fan, f"/events/{event.slug}/")


# When its event is over


def over(event, status="CANCELLED"):
    if status == "CANCELLED":
        cancel_event(Event.objects.get(pk=event.pk))
    else:
        Event.objects.filter(pk=event.pk).update(status="ON_SALE")
        Event.objects.filter(pk=event.pk).update(status=status)


def test_a_cancelled_event_takes_no_entries_and_its_draws_are_called_off(event, fan, mailoutbox):
    draw = open_draw(event, *people(2))
    closed = later(open_draw(event, "ida@post.example", name="Second night"), 2 * HOUR)
    registers(fan, draw, mailoutbox)
    deliver()
    mailoutbox.clear()
    over(event)
    for said in (words(fan, page(draw)), words(fan, page(draw, "mine/"))):
        assert "The event is cancelled." in said
        assert "Register" not in said
        assert "Mail me" not in said
    fan.post(page(draw), {"email": "late@post.example"})
    with pytest.raises(draws.NotTaken):
        draws.enter(draw.pk, "late@post.example")
    deliver()
    off = Draw.objects.filter(status="CALLED_OFF", why_off="The event is cancelled.")
    assert {each.pk for each in off} == {draw.pk, closed.pk}
    told = [mail.to[0] for mail in mailoutbox]
    assert sorted(told) == sorted([*people(2), "noor@post.example", "ida@post.example"])
    assert {mail.subject for mail in mailoutbox} == {"The draw for Night is called off"}
    assert "Nobody is drawn" in words(fan, page(draw, "mine/"))


def test_nobody_is_told_that_he_is_drawn_for_a_cancelled_event(event, fan, mailoutbox):
    draw = drawn(event, *people(3))
    over(event)
    deliver()
    assert not [mail for mail in mailoutbox if "are drawn" in mail.subject]
    draw.refresh_from_db()
    assert draw.is_drawn
    said = words(fan, page(draw))
    assert "The event is cancelled." in said
    assert draw.value in said
    link = draws.entry_key(draw.entries.get(rank=1))
    assert "Mail me the way in" not in words(Client(), page(draw, f"mine/?k={link}"))


def test_the_page_and_all_that_proves_it_stay_after_the_night(event, fan):
    draw = drawn(event, *people(5))
    over(event, "COMPLETED")
    said = words(fan, page(draw))
    assert "The event is over." in said
    assert f"/events/{event.slug}/" not in said.partition("<h1")[2]
    for file in ("numbers.txt", "order.csv", "draw.json"):
        assert fan.get(page(draw, file)).status_code == 200
    key = draws.entry_key(draw.entries.get(rank=1))
    assert "place 1 of 5" in words(fan, page(draw, f"mine/?k={key}"))
