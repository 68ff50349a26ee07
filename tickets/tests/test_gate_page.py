"""The scanner in a real browser, under the site's content policy."""

import uuid

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import expect, sync_playwright

from core.embedded.chromium import find_chromium
from tickets import qr
from tickets.codes import sign
from tickets.keys import derive
from tickets.tests.gate_server import KEY, gate_server, reply

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
KEY_ID = b"test"
CODE = sign(
    derive(b"a signing secret that only this test knows about", KEY_ID),
    KEY_ID,
    ticket=uuid.uuid5(uuid.NAMESPACE_URL, "ticket"),
    event=uuid.uuid5(uuid.NAMESPACE_URL, "event"),
    generation=1,
)
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    """What the false camera sees: CODE, turned by seven degrees, as a short Y4M film."""
    rows = qr.matrix(CODE)
    symbol = Image.new("L", [(len(rows) + 2 * qr.QUIET_ZONE) * 6] * 2, 255)
    pen = ImageDraw.Draw(symbol)
    for x, y, length in qr.runs(rows):
        left, top = ((n + qr.QUIET_ZONE) * 6 for n in (x, y))
        pen.rectangle((left, top, left + 6 * length - 1, top + 5), fill=0)
    frame = Image.new("L", (640, 480), 200)
    frame.paste(symbol.rotate(7, Image.Resampling.BICUBIC, fillcolor=200), (161, 81))
    file = tmp_path_factory.mktemp("camera") / "code.y4m"
    grey = bytes([128]) * (640 * 480 // 2)
    picture = b"FRAME\n" + frame.tobytes() + grey
    file.write_bytes(b"YUV4MPEG2 W640 H480 F15:1 Ip A1:1 C420jpeg\n" + picture * 15)
    return file


@pytest.fixture(scope="module")
def chromium(film):
    camera = [
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    ]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", *camera]
        )
        yield browser
        browser.close()


@pytest.fixture
def server():
    with gate_server() as server:
        yield server


@pytest.fixture
def page(chromium):
    """A phone without a camera."""
    context = chromium.new_context(viewport=PHONE, reduced_motion="reduce", timezone_id="UTC")
    context.add_init_script("delete Navigator.prototype.mediaDevices")
    yield context.new_page()
    context.close()


@pytest.fixture
def gate(page, server):
    """The page, signed in and ready, at a server that knows the ticket "GOOD"."""
    server.answers["GOOD"] = reply("admitted", ticket={"entrance": "Door C2"})
    sign_in(page, server)
    shows(page, "ready")
    return page


def sign_in(page, server, key=KEY):
    page.goto(server.url)
    page.get_by_label("Device key").fill(key)
    page.get_by_role("button", name="Start scanning").click()


def scan(page, code):
    """What a reader on the USB port does: type, and press Enter."""
    page.keyboard.type(code)
    page.keyboard.press("Enter")


def shows(page, state):
    expect(page.locator("body")).to_have_attribute("data-state", state)


def test_a_scan_with_a_reader_fills_the_screen_with_the_verdict(gate, server):
    scan(gate, "GOOD")
    shows(gate, "admitted")
    expect(gate.get_by_role("heading", name="Admit")).to_be_visible()
    expect(gate.locator("#why")).to_have_text("Door C2")
    expect(gate.locator("#seat")).to_have_text("Section112RowFSeat9")
    expect(gate.locator("#who")).to_have_text("Noor Vance")
    expect(gate.locator("#gate")).to_have_text("Gate C")
    expect(gate.get_by_role("alert").last).to_have_text(
        "Admit. Door C2. Section 112. Row F. Seat 9. Noor Vance"
    )


def test_the_next_scan_replaces_the_verdict(gate, server):
    server.answers["TWICE"] = reply(
        "duplicate", first_admission={"at": "2027-03-13T19:42:00Z", "gate": "Gate B"}
    )
    scan(gate, "GOOD")
    shows(gate, "admitted")
    scan(gate, "TWICE")
    shows(gate, "duplicate")
    expect(gate.locator("#why")).to_have_text("At 20:42 on Sat 13 Mar, Gate B")
    assert [code for code, *_ in server.asked] == ["GOOD", "TWICE"]
    expect(gate.locator(".gate__tally b")).to_have_text(["1", "1", "0"])
    expect(gate.locator(".gate__tally")).not_to_contain_text("other", use_inner_text=True)


def test_signing_in_tells_the_gate_and_the_event_before_the_first_scan(gate, server):
    expect(gate.locator("#gate")).to_have_text("Gate C")
    expect(gate.locator("#event")).to_have_text("The Low Lanterns")
    assert not server.asked
    gate.get_by_role("button", name="This device").click()
    expect(gate.locator("#gate-counts")).to_have_text("1203 in, 11 refused, 4 other entrance")


def test_a_guest_of_another_entrance_is_counted_apart(gate, server):
    server.answers["X"] = reply("wrong_gate", ticket={"entrance": "2", "section": "Section B"})
    scan(gate, "X")
    shows(gate, "wrong_gate")
    expect(gate.locator("#why")).to_have_text("Go to entrance 2")
    expect(gate.locator("#seat")).to_have_text("SectionBRowFSeat9")
    expect(gate.locator(".gate__tally")).to_contain_text("0 refused, 1 other entrance")


def test_the_servers_own_sentence_is_read_out_with_one_full_stop(gate, server):
    words = "Offered. Whoever has it can take it back."
    server.answers["X"] = reply("not_valid", message=words, ticket={"kind": "STANDING"})
    scan(gate, "X")
    expect(gate.get_by_role("alert").last).to_contain_text("can take it back. Standing 112")


@pytest.mark.parametrize("key", ["Enter", "Space", "Escape"])
def test_a_verdict_is_put_away_with_one_key(gate, key):
    scan(gate, "GOOD")
    shows(gate, "admitted")
    gate.keyboard.press(key)
    shows(gate, "ready")
    expect(gate.get_by_label("Ticket code or number")).to_be_focused()


@pytest.mark.parametrize(
    ("verdict", "word", "why"),
    [
        ("wrong_gate", "Wrong gate", "Go to Gate A"),
        ("wrong_event", "Wrong event", "For: Les heures blanches, Thu 3 Dec, Nantes."),
        ("not_valid", "Not valid", "This ticket is not valid."),
        ("unknown", "Not ours", "This is not one of our ticket codes."),
        ("a_new_reason", "Not valid", "Something newer."),
    ],
)
def test_each_refusal_has_its_word_and_reason(gate, server, verdict, word, why):
    server.answers["X"] = reply(verdict, message=why, ticket={"entrance": "Gate A"})
    scan(gate, "X")
    expect(gate.get_by_role("heading", name=word)).to_be_visible()
    expect(gate.locator("#why")).to_have_text(why)


def test_without_a_connection_nobody_is_let_in_and_the_same_question_is_asked_again(gate, server):
    server.is_down = True
    scan(gate, "GOOD")
    shows(gate, "unchecked")
    expect(gate.get_by_role("heading", name="Not checked")).to_be_visible()
    expect(gate.locator("#need")).to_contain_text("Do not let in")
    expect(gate.locator("#unanswered")).to_have_text("1 without an answer")
    server.is_down = False
    shows(gate, "admitted")
    expect(gate.locator("#unanswered")).to_have_text("All scans answered")


def test_an_answer_that_got_lost_is_asked_for_with_the_same_nonce_even_later(gate, server):
    server.loses_answers = True
    scan(gate, "GOOD")
    shows(gate, "unchecked")
    gate.keyboard.press("Escape")
    server.loses_answers = False
    gate.reload()
    shows(gate, "ready")
    scan(gate, "GOOD")
    shows(gate, "admitted")
    scan(gate, "GOOD")
    gate.wait_for_timeout(300)
    *lost, later, anew = [nonce for _, nonce, _ in server.asked]
    assert {*lost, later} == {later}
    assert anew != later


def test_a_busy_server_is_no_verdict(gate, server):
    server.status = 503
    scan(gate, "GOOD")
    shows(gate, "unchecked")
    expect(gate.locator("#why")).to_have_text("The server is busy (503)")
    server.status = 200
    shows(gate, "admitted")


def test_a_slow_answer_to_an_abandoned_scan_is_not_shown(gate, server):
    server.pause = 0.6
    scan(gate, "GOOD")
    shows(gate, "checking")
    gate.keyboard.press("Escape")
    shows(gate, "ready")
    gate.wait_for_timeout(900)
    shows(gate, "ready")
    expect(gate.locator("#admitted")).to_have_text("0")


def test_a_wrong_key_does_not_open_the_gate(page, server):
    sign_in(page, server, key="tsr_gate_guessed")
    expect(page.get_by_role("alert").first).to_have_text("This key is not valid.")
    shows(page, "signed-out")
    assert not server.asked


def test_a_revoked_key_ends_the_shift(gate, server):
    server.status = 401
    scan(gate, "GOOD")
    shows(gate, "signed-out")
    expect(gate.get_by_role("alert").first).to_have_text("Not now.")


def test_the_key_is_typed_once_and_forgotten_on_signing_out(gate):
    gate.reload()
    shows(gate, "ready")
    gate.get_by_role("button", name="This device").click()
    gate.get_by_role("button", name="Sign this device out").click()
    shows(gate, "signed-out")
    assert gate.evaluate("() => [localStorage.length, sessionStorage.getItem('gate tally')]") == [
        0,
        None,
    ]
    gate.reload()
    shows(gate, "signed-out")


def test_a_device_for_several_gates_names_its_own(page, server):
    page.goto(server.url)
    page.get_by_label("Device key").fill(KEY)
    page.get_by_text("This key serves several gates").click()
    page.get_by_label("Gate", exact=True).fill("Gate C")
    page.keyboard.press("Enter")
    shows(page, "ready")
    scan(page, "GOOD")
    shows(page, "unknown")
    assert [gate for *_, gate in server.asked] == ["Gate C"]


def test_the_camera_reads_a_turned_code_once(chromium, server):
    server.answers[CODE] = reply("admitted")
    context = chromium.new_context(viewport=PHONE)
    page = context.new_page()
    sign_in(page, server)
    shows(page, "admitted")
    page.wait_for_timeout(1500)
    context.close()
    assert [code for code, *_ in server.asked] == [CODE]


def test_a_verdict_stands_within_half_a_second(gate, server):
    scan(gate, "GOOD")
    shows(gate, "admitted")
    gate.keyboard.press("Escape")
    server.pause = 0.1
    gate.evaluate("""() => {
      window.shownAfter = new Promise((done) => {
        let started;
        addEventListener("submit", () => { started = performance.now(); }, true);
        new MutationObserver(() => document.body.dataset.state === "admitted"
          && requestAnimationFrame(() => done(performance.now() - started)))
          .observe(document.body, { attributes: true, attributeFilter: ["data-state"] });
      });
    }""")
    scan(gate, "GOOD")
    assert gate.evaluate("() => window.shownAfter") < 500


def test_the_policy_is_kept_and_nothing_fails_in_the_console(page, server):
    said = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    server.answers["GOOD"] = reply("admitted")
    sign_in(page, server)
    shows(page, "ready")
    scan(page, "GOOD")
    shows(page, "admitted")
    assert said == []


@pytest.mark.parametrize(
    ("theme", "viewport"), [("light", PHONE), ("dark", {"width": 844, "height": 390})]
)
def test_every_state_is_accessible_and_fits_the_screen(chromium, server, theme, viewport):
    context = chromium.new_context(
        viewport=viewport, color_scheme=theme, reduced_motion="reduce", bypass_csp=True
    )
    context.add_init_script("delete Navigator.prototype.mediaDevices")
    page = context.new_page()
    page.goto(server.url)
    findings = [accessibility(page)]
    sign_in(page, server)
    shows(page, "ready")
    findings.append(accessibility(page))
    for verdict in ("admitted", "duplicate", "wrong_gate", "wrong_event", "not_valid", "unknown"):
        server.answers["X"] = reply(verdict, guest={"name": "Noor Vance", "needs": ["wheelchair"]})
        scan(page, "X")
        shows(page, verdict)
        findings.append(accessibility(page))
        assert not overflows(page), verdict
    server.is_down = True
    scan(page, "X")
    shows(page, "unchecked")
    findings.append(accessibility(page))
    context.close()
    assert [finding for some in findings for finding in some] == []


def accessibility(page):
    options = {"runOnly": {"type": "tag", "values": AXE_RULES}}
    violations = Axe().run(page, options=options).response["violations"]
    state = page.locator("body").get_attribute("data-state")
    return [(state, found["id"], found["nodes"][0]["html"]) for found in violations]


def overflows(page):
    return page.evaluate("""() => {
      const box = document.querySelector(".gate__verdict");
      return box.scrollHeight > box.clientHeight + 1 || box.scrollWidth > box.clientWidth + 1;
    }""")
