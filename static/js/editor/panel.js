/**
 * The forms beside the plan: what a tool makes, what is selected, the sections, the plan. Every part of the page with
 * `data-when` is shown for a tool ("tool-row") or for what is selected ("seats", "rows", "section", …).
 */
import { AISLE, KINDS, RESTRICTED, seatsOf } from "./drawing.js";
import * as edits from "./edits.js";
import { groupsOf } from "./groups.js";
import { bent, turnOf } from "./laying.js";

const NUMBERS = new Set(["seats", "rows", "pitch", "depth", "degrees", "places"]);

export class Panel {
  constructor(root, editor) {
    Object.assign(this, { root, editor });
    this.problems = root.querySelector("[data-findings]");
    root.addEventListener("submit", (event) => this.submit(event));
    root.addEventListener("change", (event) => this.change(event));
    root.addEventListener("input", (event) => this.input(event));
    root.addEventListener("click", (event) => this.click(event));
    this.groups = this.form("group").closest("details");
    this.groups.addEventListener("toggle", () => this.listGroups());
  }

  form(name) {
    return this.root.querySelector(`form[data-form="${name}"]`);
  }

  field(form, name) {
    return this.form(form).elements[name];
  }

  /** The values of a tool's form; numbers within their bounds. */
  options(tool) {
    const form = this.form(tool);
    const found = {};
    for (const field of form?.elements ?? []) if (field.name) found[field.name] = valueOf(field);
    return found;
  }

  get isAligning() {
    return this.field("plan", "align").checked;
  }

  get grid() {
    return this.field("plan", "snap").checked ? Number(this.field("plan", "grid").value) : 0;
  }

  /** The section that a tool draws into, or undefined for a new one. */
  section(tool, kind) {
    const chosen = this.editor.drawing.sections[Number(this.field(tool, "section").value)];
    return this.field(tool, "section").value !== "" && (!kind || chosen?.kind === kind) ? chosen : undefined;
  }

  chooseSection(tool, section) {
    this.field(tool, "section").value = String(this.editor.drawing.sections.indexOf(section));
  }

  /** What is shown, and in it the values of what is selected. */
  refresh() {
    const { editor } = this;
    const { selection } = editor;
    const rows = selection.rows().filter(([row]) => row.section.kind !== "STANDING");
    const sections = selection.sections();
    const [shape] = selection.shapes;
    const shown = new Set([`tool-${editor.tool.name}`]);
    if (selection.isEmpty) shown.add("nothing");
    else shown.add("something");
    if (rows.length) shown.add("seats");
    if (rows.some(([, ids]) => ids.length > 2)) shown.add("bending");
    if (rows.length === 1) shown.add("row");
    if (sections.length === 1) shown.add("section");
    if (sections.length === 1 && sections[0].kind === "STANDING") shown.add("area");
    if (selection.shapes.size === 1) shown.add("shape");
    if (selection.outlined) shown.add("outlined");
    for (const part of this.root.querySelectorAll("[data-when]")) part.hidden = !part.dataset.when.split(" ").some((each) => shown.has(each));
    this.root.querySelector("[data-selected]").textContent = selection.isEmpty ? "Nothing is selected" : edits.namedCount(selection);
    this.listSections();
    if (rows.length) this.showSeats(rows);
    if (sections.length === 1) this.showSection(sections[0]);
    if (shape) this.showShape(shape);
    if (selection.outlined) this.showCorner();
    this.showPlan();
    this.listGroups();
  }

  showSeats(rows) {
    const { kinds, flags, disclosures, levels } = this.editor.drawing;
    const ids = rows.flatMap(([, seats]) => seats);
    const form = this.form("seats").elements;
    show(form.kind, KINDS[common(ids, kinds)]);
    show(form.disclosure, common(ids, disclosures));
    show(form.category, common(ids, levels));
    tick(form.restricted, ids.filter((id) => flags[id] & RESTRICTED).length, ids.length);
    tick(form.aisle, ids.filter((id) => flags[id] & AISLE).length, ids.length);
    if (rows.length === 1) {
      show(this.field("row-name", "label"), rows[0][0].label);
      show(this.field("seat-name", "label"), ids.length === 1 ? this.editor.drawing.labels[ids[0]] : "");
      this.form("seat-name").hidden = ids.length !== 1;
    }
    if (!this.bending) this.showBend(rows);
  }

  showBend(rows) {
    const [, ids] = rows[rows.length >> 1];
    this.showTurn(Math.round(turnOf(ids.map((id) => this.editor.drawing.point(id)))));
  }

  showTurn(degrees) {
    const form = this.form("bend").elements;
    show(form.turn, String(degrees));
    show(form.degrees, String(degrees));
  }

  showSection(section) {
    const form = this.form("section").elements;
    for (const name of ["label", "zone", "floor", "entrance", "category", "view_note"]) show(form[name], section[name]);
    show(form.kind, { SEATS: "Rows of seats", TABLES: "Tables", STANDING: "Standing" }[section.kind]);
    show(this.field("area-places", "places"), String(seatsOf(section).length));
  }

  showShape(shape) {
    const form = this.form("shape-form").elements;
    show(form.kind, shape.kind);
    show(form.label, shape.label);
    for (const [name, value] of Object.entries(edits.sizesOf(shape))) show(form[name], inShort(value));
    show(form.rotation, inShort(shape.rotation));
    form.rotation.disabled = shape.points.length > 0; // its corners turn themselves
  }

  showCorner() {
    const { corners, selection } = this.editor;
    const [x, y] = corners.point ?? ["", ""];
    const form = this.form("corner").elements;
    show(form.x, inShort(x));
    show(form.y, inShort(y));
    for (const field of [form.x, form.y]) field.disabled = !corners.point;
    const { length } = selection.outlined.points;
    this.root.querySelector("[data-corner]").textContent = corners.point ? `Corner ${selection.corner + 1} of ${length}` : `${length} corners, none picked`;
  }

  showTracing() {
    const { tracing } = this.editor;
    const form = this.form("tracing").elements;
    for (const part of this.root.querySelectorAll("[data-traced]")) part.hidden = !tracing.isThere;
    if (tracing.isThere) for (const name of ["x", "y", "width", "opacity"]) show(form[name], inShort(tracing.place[name]));
  }

  showPlan() {
    const { drawing } = this.editor;
    show(this.field("plan", "name"), this.renamed ? drawing.name : this.editor.name);
    this.root.querySelector("[data-places]").textContent = edits.counted(drawing.places, "place");
    const zones = [...new Set(drawing.sections.map(({ zone }) => zone).filter(Boolean))];
    fillSelect(this.field("focal", "zone"), [["", "The whole plan"], ...zones.map((zone) => [zone, `Zone ${zone}`])]);
  }

  /** The choices of every list of sections. */
  listSections() {
    const { sections } = this.editor.drawing;
    for (const list of this.root.querySelectorAll("select[data-sections]")) {
      const kinds = list.dataset.sections.split(" ");
      const choices = sections.map((section, i) => [String(i), section.label || "(no name)", section.kind]).filter(([, , kind]) => kinds.includes(kind));
      fillSelect(list, [["", list.dataset.none], ...choices]);
    }
  }

  /** The groups to select from, as long as somebody looks at them: finding them reads every seat. */
  listGroups() {
    if (!this.groups.open) return;
    this.found = groupsOf(this.editor.drawing);
    fillSelect(this.field("group", "group"), [["", "Choose"], ...[...this.found.keys()].map((name) => [name, name])]);
  }

  selectGroup({ group, adds }) {
    const { editor } = this;
    if (group) editor.take(this.found.get(group)(), [], adds);
    else editor.say("Choose what to select.");
  }

  /* ---------- what is typed and pressed ---------- */

  input(event) {
    const form = event.target.form?.dataset.form;
    if (form === "bend" && ["turn", "degrees"].includes(event.target.name)) this.previewBend(Number(event.target.value) || 0);
    if (form === "tracing" && event.target.name === "opacity") this.changeTracing(event.target);
    if (event.target.form?.dataset.when?.startsWith("tool-")) this.editor.repaintTop();
  }

  /** While the slider moves, the rows are shown where they would be. */
  previewBend(degrees) {
    const { editor } = this;
    this.bending ??= this.rowsToBend();
    this.showTurn(degrees);
    const { rows, from } = this.bending;
    const after = bent(from, degrees, this.field("bend", "together").checked);
    editor.preview(rows.flat(), after.flat());
  }

  rowsToBend() {
    const { selection, drawing } = this.editor;
    const rows = selection.rows().map(([, ids]) => ids).filter((ids) => ids.length > 2);
    return { rows, from: rows.map((ids) => ids.map((id) => drawing.point(id))) };
  }

  change(event) {
    const { target } = event;
    const form = target.form?.dataset.form;
    const act = {
      bend: () => this.bend(),
      seats: () => this.changeSeats(target),
      section: () => this.changeSection(target),
      "shape-form": () => this.changeShape(target),
      corner: () => this.changeCorner(),
      tracing: () => this.changeTracing(target),
      plan: () => this.changePlan(target),
    }[form];
    act?.();
  }

  bend() {
    const { editor, bending } = this;
    if (!bending) return;
    this.bending = null;
    editor.endPreview();
    edits.bend(editor.history, bending.rows, bending.from, Number(this.field("bend", "degrees").value) || 0, this.field("bend", "together").checked);
  }

  changeSeats({ name, value, checked }) {
    const { history, selection, drawing } = this.editor;
    const ids = [...selection.seats].filter((id) => !drawing.isStanding(id));
    if (name === "kind" && value) edits.setKind(history, ids, value);
    if (name === "disclosure") edits.setWords(history, ids, "disclosures", value.trim());
    if (name === "category") edits.setWords(history, ids, "levels", value.trim());
    if (name === "restricted") edits.setRestricted(history, ids, checked);
    if (name === "aisle") edits.setAisle(history, ids, checked);
  }

  changeSection({ name, value }) {
    const [section] = this.editor.selection.sections();
    edits.setSection(this.editor.history, section, name, value.trim());
  }

  changeShape(field) {
    const { history, selection } = this.editor;
    const [shape] = selection.shapes;
    const { name, value } = field;
    if (name === "kind" || name === "label") edits.setShape(history, shape, name, value.trim());
    else edits.fitShape(history, shape, { [name]: numberOf(field) });
  }

  changeCorner() {
    const { x, y } = this.form("corner").elements;
    this.editor.corners.moveTo([numberOf(x), numberOf(y)]);
  }

  changeTracing(field) {
    const { tracing } = this.editor;
    if (tracing.isThere && field.value !== "") tracing.set({ [field.name]: numberOf(field) });
  }

  changePlan({ name, value, checked }) {
    const { editor } = this;
    if (name === "name" && value.trim()) {
      this.renamed = true;
      edits.setPlan(editor.history, "name", value.trim());
    }
    if (name === "goto" && value) editor.goToSection(editor.drawing.sections[Number(value)]);
    if (name === "heat") editor.painter.heat = checked;
    if (name === "snap" || name === "grid") editor.painter.grid = this.grid;
    this.root.querySelector("[data-heat-key]").hidden = !editor.painter.heat;
    editor.repaint();
  }

  submit(event) {
    event.preventDefault();
    const { history, selection } = this.editor;
    const values = this.options(event.target.dataset.form);
    const rows = () => selection.rows().filter(([row]) => row.section.kind !== "STANDING");
    const act = {
      numbers: () => edits.numberSeats(history, selection, { ...values, isReversed: values.way === "left" }),
      names: () => edits.nameRows(history, selection, { ...values, fromTheBack: values.from === "back" }),
      turn: () => edits.turnBy(history, selection, values.degrees),
      space: () => edits.space(history, rows().map(([, ids]) => ids), values.pitch),
      "row-name": () => edits.nameRow(history, rows()[0][0], values.label.trim()),
      "seat-name": () => edits.setWords(history, [...selection.seats], "labels", values.label.trim()),
      "area-places": () => this.setPlaces(values.places),
      group: () => this.selectGroup(values),
      "move-to": () => edits.moveToSection(history, selection, this.section("move-to")),
    }[event.target.dataset.form];
    act?.();
  }

  setPlaces(places) {
    const { history, selection } = this.editor;
    const [section] = selection.sections();
    edits.setPlaces(history, section, places);
    this.editor.select(seatsOf(section), { section });
  }

  click(event) {
    const button = event.target.closest("button[data-act]");
    if (button) this.editor.act(button.dataset.act);
    const place = event.target.closest("button[data-at]");
    if (place) this.editor.goTo(JSON.parse(place.dataset.at));
  }

  /* ---------- what is wrong ---------- */

  showFindings(findings) {
    this.problems.hidden = false;
    const list = this.problems.querySelector("ol");
    const stops = findings.filter((finding) => finding.stops).length;
    const words = findings.length ? `${edits.counted(findings.length, "thing")} to look at, ${stops} of which stop publication.` : "Nothing is wrong with this plan.";
    this.problems.querySelector("[data-found]").textContent = words;
    list.replaceChildren(...findings.map((finding) => this.finding(finding)));
    this.editor.say(words);
  }

  finding({ what, why, at, stops }) {
    const line = document.createElement("li");
    const name = Object.assign(document.createElement("b"), { textContent: what });
    line.append(name, `: ${why}. `, stops ? "Stops publication. " : "");
    if (at) {
      const button = Object.assign(document.createElement("button"), { type: "button", className: "btn btn--line btn--small", textContent: "Go there" });
      button.setAttribute("aria-label", `Go there: ${what}`);
      button.dataset.at = JSON.stringify(at);
      line.append(button);
    }
    return line;
  }
}

function valueOf(field) {
  if (field.type === "checkbox") return field.checked;
  return NUMBERS.has(field.name) ? numberOf(field) : field.value;
}

/** What a field says, within its bounds. */
function numberOf({ value, min, max }) {
  const number = Number(value) || 0;
  return Math.min(Math.max(number, min === "" ? -Infinity : Number(min)), max === "" ? Infinity : Number(max));
}

/** A field shows a value unless somebody is typing in it. */
function show(field, value) {
  if (field !== document.activeElement || field.type === "range" || field.tagName === "SELECT") field.value = value ?? "";
}

const inShort = (value) => (value === "" ? "" : String(Math.round(value * 10) / 10));

/** The value of a column that all these seats have, or "" when they differ. */
const common = (ids, column) => (ids.every((id) => column[id] === column[ids[0]]) ? column[ids[0]] : "");

function tick(field, on, all) {
  field.checked = on === all;
  field.indeterminate = on > 0 && on < all;
}

function fillSelect(list, choices) {
  const before = list.selectedOptions[0]?.text;
  const spelled = JSON.stringify(choices);
  if (list.dataset.shown === spelled) return;
  list.dataset.shown = spelled;
  list.replaceChildren(...choices.map(([value, words]) => new Option(words, value)));
  list.value = choices.find(([, words]) => words === before)?.[0] ?? "";
}
