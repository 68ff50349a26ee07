/** The drawing page: puts plan, picture, tools, forms and saving together. */
import { actsOf } from "./acts.js";
import { Corners } from "./corners.js";
import { Drawing, seatsOf } from "./drawing.js";
import * as edits from "./edits.js";
import { handlesOf } from "./handles.js";
import { History } from "./history.js";
import { Keyboard } from "./keyboard.js";
import { Painter } from "./paint.js";
import { Panel } from "./panel.js";
import { Saver } from "./saving.js";
import { Selection } from "./selection.js";
import { Server } from "./server.js";
import { TOOLS } from "./tools.js";
import { Tracing } from "./tracing.js";
import { View } from "./view.js";

const SMALL = "(max-width: 47.99rem)"; // drawing needs more room

class Editor {
  constructor(root, { plan, name, version, tracing }) {
    this.root = root;
    this.name = name;
    this.host = root.querySelector("[data-plan]");
    this.live = root.querySelector("[data-live]");
    this.drawing = Drawing.from(plan);
    this.selection = new Selection(this.drawing);
    this.history = new History(this.drawing, (words) => this.changed(words));
    this.view = new View();
    const server = new Server(root);
    this.tracing = new Tracing(root.dataset.tracing, server, {
      changed: () => (this.panel.showTracing(), this.repaint()),
      told: (words) => this.say(words),
    });
    this.painter = new Painter(this.host, this.drawing, this.view, this.tracing);
    this.panel = new Panel(root, this);
    this.tools = Object.fromEntries(TOOLS.map((Made) => new Made(this)).map((tool) => [tool.name, tool]));
    this.corners = new Corners(this);
    this.acts = actsOf(this);
    this.saver = new Saver(root, server, this.drawing, version, {
      state: root.querySelector("[data-saved]"),
      refused: (message, isStale) => this.showRefusal(message, isStale),
    });
    this.pointers = new Map();
    this.handles = [];
    this.keyboard = new Keyboard(this);
    this.listen();
    this.use("select");
    this.painter.grid = this.panel.grid;
    this.tracing.load(tracing);
  }

  get isEditable() {
    return !matchMedia(SMALL).matches;
  }

  listen() {
    const { host, root } = this;
    const on = (target, name, act, options) => target.addEventListener(name, act, options);
    on(host, "pointerdown", (event) => this.press(event));
    on(host, "pointermove", (event) => this.drag(event));
    on(host, "pointerup", (event) => this.lift(event));
    on(host, "pointercancel", (event) => this.lose(event));
    on(host, "wheel", (event) => this.wheel(event), { passive: false });
    on(host, "keydown", (event) => this.keyboard.key(event));
    on(host, "contextmenu", (event) => event.preventDefault());
    on(root, "keydown", (event) => this.keyboard.shortcut(event));
    for (const button of root.querySelectorAll("[data-tool]")) on(button, "click", () => this.use(button.dataset.tool));
    new ResizeObserver(() => this.resize()).observe(host);
    const retheme = () => (this.painter.retheme(), this.repaint());
    new MutationObserver(retheme).observe(document.documentElement, { attributeFilter: ["class"] });
    on(matchMedia("(prefers-color-scheme: dark)"), "change", retheme);
    on(matchMedia(SMALL), "change", () => this.use(this.isEditable ? "select" : "hand"));
  }

  resize() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (!width || !height) return;
    const isFirst = !this.view.width;
    Object.assign(this.view, { width, height });
    this.painter.resize(width, height);
    if (isFirst) this.view.fit(this.drawing.box());
    this.draw();
  }

  /* ---------- the picture ---------- */

  /** Paints everything in the next frame. */
  repaint() {
    this.isAllDue = true;
    this.repaintTop();
  }

  repaintTop() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = undefined;
      if (this.isAllDue) this.draw();
      else this.drawTop();
    });
  }

  draw() {
    this.isAllDue = false;
    this.painter.draw();
    this.drawTop();
  }

  drawTop() {
    const { painter, selection, tool } = this;
    painter.drawTop(this.ghosts ? NOTHING : selection, tool.state?.shift ?? [0, 0], (c) => {
      if (this.ghosts) painter.drawGhosts(c, this.ghosts);
      tool.paint(c, painter);
      if (this.keyboard.cross) painter.drawCross(c, this.keyboard.cross);
    });
  }

  /** What is selected (or these seats) moves on the upper canvas only, while the others stand still. */
  liftSelection(ids = this.selection.seats) {
    this.painter.hidden = new Set(ids);
    this.painter.drawSeats();
  }

  dropSelection() {
    this.painter.hidden = new Set();
    this.repaint();
  }

  /** Shows seats at other points for a while. */
  preview(ids, points) {
    if (!this.ghosts) this.liftSelection(ids);
    this.ghosts = points;
    this.repaintTop();
  }

  endPreview() {
    this.ghosts = null;
    this.dropSelection();
  }

  /* ---------- state ---------- */

  changed(words) {
    this.selection.prune();
    this.refresh();
    this.say(words);
    this.saver.touch();
    this.repaint();
    this.allowHistory();
  }

  /** The forms and handles of what is selected. */
  refresh() {
    this.handles = handlesOf(this.drawing, this.selection);
    this.panel.refresh();
  }

  allowHistory() {
    this.root.querySelector("[data-act=undo]").disabled = !this.history.done.length;
    this.root.querySelector("[data-act=redo]").disabled = !this.history.undone.length;
  }

  say(words) {
    this.live.textContent = words;
  }

  select(seats, more) {
    this.selection.set(seats, more);
    this.selected(more?.row);
  }

  /** What a box or a lasso caught, instead of or beside what is selected. */
  take(seats, shapes, isAdding) {
    const { selection } = this;
    if (isAdding) this.select([...selection.seats, ...seats], { shapes: [...selection.shapes, ...shapes] });
    else this.select(seats, { shapes });
  }

  selected(row) {
    const { selection, drawing } = this;
    const [first] = selection.seats;
    if (row && selection.seats.size === 1) this.say(`Section ${row.section.label}, row ${row.label}, seat ${drawing.labels[first]}`);
    else this.say(`${edits.namedCount(selection)} selected`);
    this.refresh();
    this.repaintTop();
  }

  use(name) {
    this.tool?.cancel();
    this.tool = this.tools[this.isEditable ? name : "hand"];
    this.tool.begin();
    for (const button of this.root.querySelectorAll("[data-tool]")) button.setAttribute("aria-pressed", String(button.dataset.tool === this.tool.name));
    this.host.dataset.using = this.tool.name;
    this.root.querySelector(".editor__panel").scrollTop = 0;
    this.panel.refresh();
    this.repaintTop();
  }

  /** On the grid, when there is one. */
  snapped(point) {
    const { grid } = this.panel;
    return grid ? point.map((value) => Math.round(value / grid) * grid) : point;
  }

  /** A shift that brings what was hit onto the grid. */
  onGrid([dx, dy], { seat }, event) {
    const { grid } = this.panel;
    if (!grid || event.altKey) return [dx, dy];
    if (seat === undefined) return this.snapped([dx, dy]);
    const [x, y] = this.drawing.point(seat);
    const [gx, gy] = this.snapped([x + dx, y + dy]);
    return [gx - x, gy - y];
  }

  takeRows() {
    this.selection.takeRows();
    this.selected();
  }

  takeSections() {
    this.selection.takeSections();
    this.selected();
  }

  /* ---------- pointer ---------- */

  point(event) {
    const { left, top } = this.host.getBoundingClientRect();
    return this.view.toPlan(event.clientX - left, event.clientY - top);
  }

  press(event) {
    this.host.focus({ preventScroll: true });
    this.pointers.set(event.pointerId, event);
    this.host.setPointerCapture(event.pointerId);
    this.keyboard.cross = null;
    if (this.pointers.size === 2) return this.tool.cancel();
    this.panning = event.button === 1 || event.button === 2 || !this.isEditable;
    if (!this.panning && event.button === 0) this.tool.press(this.point(event), event);
    return undefined;
  }

  drag(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return this.tool.hover(this.point(event));
    this.pointers.set(event.pointerId, event);
    if (this.pointers.size === 2) return this.pinch(before, event);
    if (!this.panning) return this.tool.drag(this.point(event), event);
    this.view.move(event.clientX - before.clientX, event.clientY - before.clientY);
    return this.repaint();
  }

  lift(event) {
    const isOne = this.pointers.size === 1;
    if (!this.pointers.delete(event.pointerId) || !isOne || this.panning || event.button) return;
    this.tool.lift(this.point(event), event);
  }

  lose(event) {
    this.pointers.delete(event.pointerId);
    this.tool.cancel();
  }

  pinch(before, now) {
    const other = [...this.pointers.values()].find(({ pointerId }) => pointerId !== now.pointerId);
    const apart = (event) => Math.hypot(event.clientX - other.clientX, event.clientY - other.clientY) || 1;
    const { left, top } = this.host.getBoundingClientRect();
    this.view.move((now.clientX - before.clientX) / 2, (now.clientY - before.clientY) / 2);
    this.view.zoom(apart(now) / apart(before), (now.clientX + other.clientX) / 2 - left, (now.clientY + other.clientY) / 2 - top);
    this.repaint();
  }

  wheel(event) {
    event.preventDefault();
    const { left, top } = this.host.getBoundingClientRect();
    const turn = event.deltaY * (event.deltaMode ? 20 : 1) * (event.ctrlKey ? 0.01 : 0.0022);
    this.view.zoom(Math.exp(-Math.max(-0.5, Math.min(0.5, turn))), event.clientX - left, event.clientY - top);
    this.repaint();
  }

  /* ---------- buttons and keys ---------- */

  act(name) {
    this.acts[name]();
  }

  lengthen(isLeft) {
    const rows = this.selection.rows().map(([row]) => row).filter(({ section }) => section.kind === "SEATS");
    this.select([...this.selection.seats, ...edits.lengthen(this.history, rows, isLeft)]);
  }

  dropOutline(section) {
    if (section.kind === "STANDING") this.say("An area to stand in keeps its outline.");
    else edits.setSection(this.history, section, "outline", []);
  }

  zoom(factor) {
    this.view.zoom(factor);
    this.repaint();
  }

  goTo([x, y]) {
    const { view, drawing } = this;
    view.centre([x, y], Math.max(view.k, 1.5));
    const seat = drawing.index.nearest(x, y, 12);
    if (seat >= 0) this.select([seat], { row: drawing.homes[seat] });
    this.host.focus();
    this.repaint();
  }

  goToSection(section) {
    this.view.fit(this.drawing.sectionBox(section));
    this.select(seatsOf(section), { section });
    this.repaint();
  }

  async check() {
    this.say("Looking the plan over…");
    if (!(await this.saver.save())) return null;
    const answer = await fetch(this.root.dataset.check).catch(() => null);
    if (!answer?.ok) return this.say("The plan could not be looked over. Try again.");
    const { findings } = await answer.json();
    return this.panel.showFindings(findings);
  }

  async publish() {
    if (await this.saver.save()) location.assign(this.root.dataset.publish);
  }

  showRefusal(message, isStale) {
    const box = this.root.querySelector("[data-refusal]");
    box.hidden = !message;
    box.querySelector("[data-why]").textContent = message;
    box.querySelector("[data-stale]").hidden = !isStale;
  }
}

const NOTHING = { seats: new Set(), shapes: new Set(), section: null };

const root = document.querySelector("[data-editor]");
const answer = await fetch(root.dataset.load);
if (answer.ok) {
  const editor = new Editor(root, await answer.json());
  editor.panel.refresh();
  editor.allowHistory();
  root.classList.add("is-ready");
  root.querySelector("[data-saved]").textContent = "Everything is saved";
} else {
  root.querySelector("[data-live]").textContent = "The drawing could not be loaded. Reload the page to try again.";
}
