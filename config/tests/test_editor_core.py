"""The editor's own rules, in a browser without a server: laying out, numbering, doing and undoing."""

from pathlib import Path

import pytest
from django.conf import settings

from config.tests.browser import chromium

pytestmark = pytest.mark.browser

SCRIPTS = Path(settings.BASE_DIR, "static/js")
PLACE = "http://editor.test/"
START = """async (work) => {
  const module = (name) => import(`/editor/${name}.js`);
  const { Drawing } = await module("drawing");
  const { History } = await module("history");
  const { Selection, outlineOf } = await module("selection");
  const drawing = Drawing.from({ name: "Hall", focal: [], shapes: [], sections: [] });
  const history = new History(drawing, () => {});
  const selection = new Selection(drawing);
  const [edits, laying] = [await module("edits"), await module("laying")];
  const { Corners } = await module("corners");
  const { Tracing } = await module("tracing");
  const [handles, groups] = [await module("handles"), await module("groups")];
  const { labels } = await module("numbering");
  const all = () => JSON.stringify(drawing.sections.map((each) => drawing.sectionForm(each)));
  const rows = () => drawing.sections.flatMap((each) => each.rows);
  const points = (row) => row.seats.map((id) => drawing.point(id));
  return new Function(...Object.keys(given()), work)(...Object.values(given()));
  function given() {
    const made = { drawing, history, selection, all, rows, points };
    return { ...made, edits, laying, handles, groups, labels, outlineOf, Corners, Tracing };
  }
}"""
BLOCK = """
const block = laying.inBlock([0, 0], { rows: 3, seats: 10, pitch: 20, depth: 24 });
const section = edits.addSection(history, { label: "Stalls", kind: "SEATS", rows: block });
"""


@pytest.fixture(scope="module")
def page():
    with chromium() as browser:
        page = browser.new_page()
        page.route(f"{PLACE}**", lambda route: route.fulfill(**_answer(route.request.url)))
        page.goto(PLACE)
        yield page


def _answer(address):
    path = address.removeprefix(PLACE)
    if not path:
        return {"body": "<title>Editor</title>", "content_type": "text/html"}
    return {"path": SCRIPTS / path, "content_type": "text/javascript"}


@pytest.fixture
def run(page):
    return lambda work: page.evaluate(START, work)


def test_seats_are_numbered_as_houses_do(run):
    assert run("""return [
      labels(4, { scheme: "odd", isReversed: true }),
      labels(3, { scheme: "even", start: "9" }),
      labels(5, { scheme: "halves" }),
      labels(10, { scheme: "letters", skipped: "io" }),
      labels(3, { scheme: "letters", start: "Y" }),
    ].map((each) => each.join(" "))""") == [
        "7 5 3 1",
        "10 12 14",
        "5 3 1 2 4",
        "A B C D E F G H J K",
        "Y Z AA",
    ]


def test_bent_rows_keep_their_pitch_and_lie_around_one_centre(run):
    turns, gaps, depths = run("""
      const block = laying.inBlock([0, 0], { rows: 3, seats: 20, pitch: 20, depth: 24 });
      const bent = laying.bent(block, 60, true);
      return [
        bent.map(laying.turnOf),
        bent.flatMap((row) => row.slice(1).map((point, i) => laying.far(row[i], point))),
        bent.slice(1).map((row, i) => laying.far(row[0], bent[i][0])),
      ]""")
    assert turns[1] == pytest.approx(60, abs=0.1)
    assert turns[0] > turns[1] > turns[2]
    assert gaps == pytest.approx([20] * 57)
    assert all(20 < depth < 32 for depth in depths)


@pytest.mark.parametrize("count", [1, 2, 7, 200, 1234])
def test_exactly_so_many_stand_in_an_area_each_at_a_place_of_his_own(run, count):
    inside, different = run(f"""
      const area = [[0, 0], [300, 0], [300, 300], [200, 300], [200, 100], [0, 100]];
      const found = laying.spread(area, {count});
      return [
        found.filter((point) => laying.inside(area, point)).length,
        new Set(found.map(String)).size,
      ]""")
    assert (inside, different) == (count, count)


def test_whatever_was_done_is_undone_and_done_again(run):
    empty, same, steps, places = run(
        BLOCK
        + """
      const ids = rows().map(({ seats }) => seats);
      edits.bend(history, ids, rows().map(points), 50, true);
      edits.lengthen(history, [rows()[0]], true);
      selection.set(ids.flat(), { section });
      edits.duplicate(history, selection);
      edits.mirror(history, selection, 0);
      edits.turnBy(history, selection, 30);
      edits.numberSeats(history, selection, { scheme: "even", isReversed: true });
      edits.nameRows(history, selection, { scheme: "numbers", fromTheBack: true });
      edits.setAisle(history, [...selection.seats].slice(3, 4), true);
      const cut = { label: "Cut", outline: [[-50, -80], [50, -80], [50, 60], [-50, 60]] };
      edits.outlineSection(history, selection, { ...cut, takesSeats: true });
      edits.remove(history, selection);
      const [end, places] = [all(), drawing.places];
      let steps = 0;
      while (history.undo()) steps += 1;
      const empty = [drawing.sections.length, drawing.places];
      while (history.redo());
      return [empty, all() === end, steps, places]"""
    )
    assert empty == [0, 0]
    assert same
    assert (steps, places) == (11, 31)


def test_a_row_grows_along_its_line_and_its_numbers_go_on(run):
    grown, gap, kept = run(
        BLOCK
        + """
      edits.lengthen(history, [rows()[1]], false);
      const row = rows()[1];
      const [before, last] = points(row).slice(-2);
      return [drawing.labels[row.seats.at(-1)], laying.far(before, last), rows()[0].seats.length]"""
    )
    assert (grown, gap, kept) == ("11", 20, 10)


@pytest.mark.parametrize("degrees", [-120, -20, 35, 160])
def test_a_row_bends_to_where_its_end_is_pulled(run, degrees):
    pulled = run(
        BLOCK
        + f"""
      selection.set(rows()[0].seats);
      const [handle] = handles.handlesOf(drawing, selection);
      const [bent] = laying.bent([points(rows()[0])], {degrees}, false);
      return handle.turnTo(bent.at(-1))"""
    )
    assert pulled == pytest.approx(degrees, abs=6)


def test_who_stands_is_spread_over_a_new_outline(run):
    inside, labels, back = run("""
      const outline = [[0, 0], [100, 0], [100, 100], [0, 100]];
      const area = edits.addSection(history, {
        label: "Pit", kind: "STANDING", rows: [laying.spread(outline, 40)], outline,
      });
      const before = all();
      edits.reshape(history, outlineOf(area), [[0, 0], [400, 0], [400, 50], [0, 50]]);
      const { seats } = area.rows[0];
      const inside = points(area.rows[0]).filter((at) => laying.inside(area.outline, at)).length;
      const last = drawing.labels[seats.at(-1)];
      history.undo();
      return [inside, last, all() === before]""")
    assert (inside, labels, back) == (40, "40", True)


def test_only_sections_that_changed_are_sent(run):
    sent = run(
        BLOCK
        + """
      edits.addSection(history, { label: "Circle", kind: "SEATS", rows: [[[0, 200], [20, 200]]] });
      drawing.sections.forEach((each, position) => {
        each.saved = { position, revision: each.revision };
      });
      const clean = drawing.form().sections;
      edits.setKind(history, [drawing.sections[1].rows[0].seats[0]], "VIP");
      return [clean, drawing.form().sections.map((each) => each.label ?? each)]"""
    )
    assert sent == [[0, 1], [0, "Circle"]]


def test_a_section_left_without_seats_and_outline_is_gone(run):
    assert run(
        BLOCK
        + """
      selection.set(rows().flatMap(({ seats }) => seats));
      edits.moveToSection(history, selection, undefined);
      const after = drawing.sections.map(({ label }) => label);
      history.undo();
      return [after, drawing.sections.map(({ label }) => label)]"""
    ) == [["Section"], ["Stalls"]]


def test_a_lasso_takes_the_seats_and_shapes_its_line_goes_around(run):
    seats, shapes = run(
        BLOCK
        + """
      const loop = [[-60, -10], [60, -10], [60, 30], [20, 30], [20, 10], [-60, 10]];
      const at = edits.seatsWithin(drawing, loop).map((id) => drawing.point(id));
      const turned = edits.addShape(history, { kind: "rectangle", x: 0, y: 0, w: 90, h: 2 });
      const isIn = () => laying.frameOf(turned).every((corner) => laying.inside(loop, corner));
      const before = isIn();
      edits.fitShape(history, turned, { x: 35, w: 18, h: 10, rotation: 90 });
      return [at, [before, isIn()]]"""
    )
    assert seats == [[x, 0] for x in (-50, -30, -10, 10, 30, 50)] + [[30, 24], [50, 24]]
    assert shapes == [False, True]


@pytest.mark.parametrize("rotation", [0, 30, 200])
def test_a_shape_pulled_at_one_side_keeps_the_other_where_it_is(run, rotation):
    shapes = run(f"""
      const shape = {{ x: 0, y: 0, w: 100, h: 40, rotation: {rotation}, points: [] }};
      const from = laying.frameOf(shape);
      const there = laying.halfway(from[2], [from[2][0] + 33, from[2][1] + 8]);
      const corner = {{ ...shape, ...laying.resized(shape, [1, 1], there) }};
      const away = laying.resized(shape, [-1, 0], [1e4, 1e4]);
      return [from, laying.frameOf(corner), there, [away.w, away.h]]""")
    before, after, there, least = shapes
    assert after[0] == pytest.approx(before[0])
    assert after[2] == pytest.approx(there)
    assert least[0] >= 1
    assert least[1] == 40


def test_a_shape_with_corners_is_stretched_into_a_box(run):
    points, back = run("""
      const shape = edits.addShape(history, { kind: "stage", points: [[0, 0], [10, 0], [5, 20]] });
      edits.fitShape(history, shape, { x: 100, w: 20 });
      const after = shape.points;
      history.undo();
      return [after, shape.points]""")
    assert points == [[100, 0], [120, 0], [110, 20]]
    assert back == [[0, 0], [10, 0], [5, 20]]


def test_corners_are_picked_moved_added_and_removed_one_by_one(run):
    said, outline, corner = run("""
      const outline = [[0, 0], [90, 0], [90, 60]];
      const area = edits.addSection(history, {
        label: "Pit", kind: "STANDING", rows: [laying.spread(outline, 9)], outline,
      });
      selection.set(area.rows[0].seats, { section: area });
      const said = [];
      const nothing = () => {};
      const editor = {
        history, selection, tool: { name: "select" }, say: (words) => said.push(words),
        refresh: nothing, repaintTop: nothing,
      };
      const of = new Corners(editor);
      of.remove(); of.remove(); of.step(-1); of.add(); of.moveBy(-10, 0); of.step(1); of.remove();
      return [said, area.outline, selection.corner]""")
    assert said == [
        "Corner 1 of 3 at 0, 0",
        "An outline has three corners at least.",
        "Corner 3 of 3 at 90, 60",
        "Corner 4 of 4 at 45, 30",
        "Corner 4 of 4 at 35, 30",
        "Corner 1 of 4 at 0, 0",
        "Corner 1 of 3 at 90, 0",
    ]
    assert outline == [[90, 0], [90, 60], [35, 30]]
    assert corner == 0


def test_seats_with_something_in_common_are_found_without_a_pointer(run):
    names, found = run(
        BLOCK
        + """
      const [a, b, c] = rows().map(({ seats }) => seats);
      edits.setWords(history, a, "levels", "Gold");
      edits.setSection(history, section, "category", "Plain");
      edits.setSection(history, section, "zone", "East");
      edits.setKind(history, b.slice(0, 2), "WHEELCHAIR");
      const found = groups.groupsOf(drawing);
      const two = ["Category Plain", "Wheelchair spaces"];
      return [[...found.keys()], two.map((name) => found.get(name)())]"""
    )
    assert names == [
        "Section Stalls",
        "Zone East",
        "Category Gold",
        "Category Plain",
        "Wheelchair spaces",
    ]
    assert found == [list(range(10, 30)), [10, 11]]


def test_a_drawing_to_trace_is_sent_as_pixels_and_nothing_else_as_it_is(run):
    sent, height, told = run("""
      const sent = [], told = [];
      const server = {
        send: () => ({ ok: true }),
        sendFile: async (address, file, { type }) => {
          sent.push([type, [...new Uint8Array(await file.slice(0, 4).arrayBuffer())]]);
          const place = { ok: true, columns: 40, lines: 20 };
          return type === "image/png" ? place : { ok: false, message: "No." };
        },
      };
      const tracing = new Tracing("/", server, { changed() {}, told: (words) => told.push(words) });
      const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 20"></svg>';
      const lay = (text, type) => tracing.lay(new File([text], "plan", { type }), [0, 0, 800, 600]);
      return (async () => {
        await lay(svg, "image/svg+xml");
        await lay("<svg", "image/svg+xml");
        await lay("text", "text/plain");
        return [sent, tracing.height, told.filter((words) => !words.startsWith("Laying"))];
      })()""")
    assert sent == [["image/png", [137, 80, 78, 71]], ["text/plain", [116, 101, 120, 116]]]
    assert height == 200
    assert told == [
        "The picture lies under the plan.",
        "This drawing cannot be shown as a picture.",
        "No.",
    ]
