/**
 * Choosing places on the still picture of a house in the back office: by click, box, row, section or
 * key. What is chosen stands in one hidden input as ranges of ordinals, such as "0-41,50".
 *
 * A `[data-choose]` names the layout's geometry file, the input and which places may be chosen. Every
 * change is told by the event `places:change` with `{ ordinals }`, which bubbles from it.
 */
import { decode, PITCH, rowOf, seatAt, seatLabel, sectionAt } from "./seatmap/geometry.js";

const SVG = "http://www.w3.org/2000/svg";
const DRAG = 5; // pixels: less is a click
const REACH = 14; // pixels around a place that still mean it
const NEAREST_ZOOM = 8;

export function spelled(chosen) {
  const runs = [];
  for (let i = 0; i < chosen.length; i++) {
    if (!chosen[i]) continue;
    const first = i;
    while (chosen[i + 1]) i++;
    runs.push(first === i ? `${first}` : `${first}-${i}`);
  }
  return runs.join(",");
}

export function marked(text, count) {
  const marks = new Uint8Array(count);
  for (const part of text.split(",")) {
    const [first, last = first] = part.split("-");
    if (/^\d+$/.test(first)) marks.fill(1, Number(first), Number(last) + 1);
  }
  return marks;
}

class Chooser {
  constructor(root, geo) {
    this.root = root;
    this.geo = geo;
    this.input = document.getElementById(root.dataset.input);
    this.svg = root.querySelector("svg");
    this.may = root.dataset.among ? marked(root.dataset.among, geo.count) : new Uint8Array(geo.count).fill(1);
    this.chosen = marked(this.input.value, geo.count);
    this.at = -1;
    this.zoom = 1;
    this.halo = this.layer("path", "choose-halo", this.svg.querySelector(".seatmap-seats"));
    this.box = this.layer("rect", "choose-box");
    this.cursor = this.layer("circle", "choose-cursor");
    this.listen();
    this.show();
  }

  layer(kind, name, before = null) {
    const made = document.createElementNS(SVG, kind);
    made.setAttribute("class", name);
    this.svg.insertBefore(made, before);
    return made;
  }

  part(name) {
    return this.root.querySelector(`[data-choose-${name}]`);
  }

  listen() {
    this.part("tools").hidden = this.part("hint").hidden = false;
    this.part("clear").addEventListener("click", () => this.clear());
    for (const button of this.root.querySelectorAll("[data-choose-zoom]")) {
      button.addEventListener("click", () => this.zoomBy(Number(button.dataset.chooseZoom)));
    }
    const { svg } = this;
    svg.setAttribute("tabindex", "0");
    svg.setAttribute("role", "application");
    svg.setAttribute("aria-label", `${svg.getAttribute("aria-label")}: choose places`);
    svg.addEventListener("pointerdown", (event) => this.press(event));
    svg.addEventListener("pointermove", (event) => this.move(event));
    svg.addEventListener("pointerup", (event) => this.lift(event));
    svg.addEventListener("pointercancel", () => this.drop());
    svg.addEventListener("keydown", (event) => this.key(event));
  }

  /* ---------- pointer ---------- */

  point({ clientX, clientY }) {
    const { x, y } = new DOMPoint(clientX, clientY).matrixTransform(this.svg.getScreenCTM().inverse());
    return [x, y];
  }

  press(event) {
    if (event.button) return;
    this.from = [event.clientX, event.clientY];
    if (event.pointerType !== "touch") this.svg.setPointerCapture(event.pointerId);
  }

  move(event) {
    if (!this.from || event.pointerType === "touch") return;
    if (Math.hypot(event.clientX - this.from[0], event.clientY - this.from[1]) < DRAG && !this.isDragging) return;
    this.isDragging = true;
    const [l, t, r, b] = this.drawn(event);
    this.box.setAttribute("x", l);
    this.box.setAttribute("y", t);
    this.box.setAttribute("width", r - l);
    this.box.setAttribute("height", b - t);
  }

  /** The box from where the pointer went down, in plan units: [left, top, right, bottom]. */
  drawn(event) {
    const [ax, ay] = this.point({ clientX: this.from[0], clientY: this.from[1] });
    const [bx, by] = this.point(event);
    return [Math.min(ax, bx), Math.min(ay, by), Math.max(ax, bx), Math.max(ay, by)];
  }

  lift(event) {
    if (!this.from) return;
    const isAway = event.ctrlKey || event.metaKey;
    if (this.isDragging) this.choose(this.within(this.drawn(event)), !isAway);
    else this.click(event, isAway);
    this.drop();
  }

  drop() {
    this.from = null;
    this.isDragging = false;
    this.box.setAttribute("width", 0);
  }

  within([l, t, r, b]) {
    const { xs, ys, count } = this.geo;
    const found = [];
    for (let i = 0; i < count; i++) {
      if (xs[i] >= l && xs[i] <= r && ys[i] >= t && ys[i] <= b) found.push(i);
    }
    return found;
  }

  click(event, isAway) {
    const [x, y] = this.point(event);
    const reach = Math.max(PITCH * 0.6, Math.min(REACH / this.svg.getScreenCTM().a, PITCH * 2));
    const seat = seatAt(this.geo, x, y, reach);
    if (seat < 0) {
      const section = sectionAt(this.geo, x, y);
      if (section) this.toggle(all(section), isAway);
      return;
    }
    this.walkTo(seat);
    this.toggle(event.shiftKey ? all(rowOf(this.geo, seat)) : [seat], isAway);
  }

  /* ---------- keyboard ---------- */

  key(event) {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.at < 0 ? null : rowOf(this.geo, this.at);
    const deed = {
      " ": () => row && this.toggle([this.at]),
      r: () => row && this.toggle(all(row)),
      s: () => row && this.toggle(all(row.section)),
      Escape: () => this.clear(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!step && !deed) return;
    event.preventDefault();
    if (deed) return deed();
    if (event.shiftKey && this.at >= 0) this.choose([this.at], true);
    this.walkTo(this.at < 0 ? this.geo.rows[0].first : this.beside(...step));
    if (event.shiftKey) this.choose([this.at], true);
  }

  /** The place nearest in a direction: within a cone of 90 degrees, distance decides. */
  beside(dx, dy) {
    const { xs, ys, count } = this.geo;
    let [best, least] = [this.at, Infinity];
    for (let i = 0; i < count; i++) {
      const [x, y] = [xs[i] - xs[this.at], ys[i] - ys[this.at]];
      const along = x * dx + y * dy;
      const across = Math.abs(x * dy) + Math.abs(y * dx);
      const far = along + 2 * across;
      if (along > 0 && across <= along && far < least) [best, least] = [i, far];
    }
    return best;
  }

  walkTo(seat) {
    this.at = seat;
    this.cursor.setAttribute("cx", this.geo.xs[seat]);
    this.cursor.setAttribute("cy", this.geo.ys[seat]);
    this.cursor.setAttribute("r", PITCH * 0.75);
    this.say();
  }

  /* ---------- what is chosen ---------- */

  /** Chooses all of them, or none of them when all that may be are chosen already. */
  toggle(ordinals, isAway = false) {
    const may = ordinals.filter((ordinal) => this.may[ordinal]);
    this.choose(may, !isAway && !may.every((ordinal) => this.chosen[ordinal]));
  }

  choose(ordinals, isIn) {
    for (const ordinal of ordinals) if (this.may[ordinal]) this.chosen[ordinal] = isIn ? 1 : 0;
    this.show();
  }

  clear() {
    this.chosen.fill(0);
    this.show();
  }

  show() {
    const ordinals = [];
    this.chosen.forEach((is, ordinal) => is && ordinals.push(ordinal));
    const { xs, ys } = this.geo;
    this.halo.setAttribute("d", ordinals.map((i) => `M${xs[i]} ${ys[i]}h0`).join(""));
    this.input.value = spelled(this.chosen);
    const count = ordinals.length.toLocaleString("en-GB");
    this.part("count").textContent = ordinals.length ? `${count} chosen` : "none chosen";
    this.say();
    this.root.dispatchEvent(new CustomEvent("places:change", { bubbles: true, detail: { ordinals } }));
  }

  say() {
    if (this.at < 0) return;
    const row = rowOf(this.geo, this.at);
    const name = [row.section.label, row.label && `row ${row.label}`, seatLabel(row, this.at)];
    const state = this.chosen[this.at] ? "chosen" : this.may[this.at] ? "not chosen" : "cannot be chosen";
    this.part("at").textContent = `${name.filter(Boolean).join(", ")}: ${state}`;
  }

  zoomBy(step) {
    const map = this.part("map");
    const middle = (map.scrollLeft + map.clientWidth / 2) / map.scrollWidth;
    this.zoom = Math.max(1, Math.min(NEAREST_ZOOM, this.zoom * 2 ** step));
    this.svg.classList.toggle("is-near", this.zoom > 1);
    this.svg.style.width = `${100 * this.zoom}%`;
    map.scrollLeft = middle * map.scrollWidth - map.clientWidth / 2;
  }
}

const all = ({ first, count }) => Array.from({ length: count }, (_, i) => first + i);

for (const root of document.querySelectorAll("[data-choose]")) {
  const answer = await fetch(root.dataset.geometry);
  if (answer.ok) {
    new Chooser(root, decode(await answer.arrayBuffer()));
    root.classList.add("is-ready");
  }
}
