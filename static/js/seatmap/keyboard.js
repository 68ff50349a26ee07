/**
 * The keyboard's way through a section: a grid of which one row is in the page at a time, as real cells with real
 * focus, laid over their seats.
 */
import { PITCH } from "./geometry.js";
import { make } from "./page.js";
import { WORDS } from "./words.js";

const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class Grid {
  /** map: { name(ordinal), toggle(ordinal), follow(ordinal), leave(section) }. */
  constructor(geo, seats, words, map) {
    Object.assign(this, { geo, seats, words, map, cells: [] });
    this.element = make("div", { class: "seatmap__grid", role: "grid", "aria-multiselectable": true, hidden: "" });
    this.element.addEventListener("keydown", (event) => this.press(event));
  }

  get isFocused() {
    return Boolean(this.section) && this.element.contains(document.activeElement);
  }

  startOf({ first, count }) {
    for (let i = first; i < first + count; i++) if (this.seats.isFree(i)) return i;
    return first;
  }

  open(section, start) {
    this.section = section;
    this.element.hidden = false;
    this.element.setAttribute("aria-label", this.words.section(section));
    this.element.setAttribute("aria-description", [section.view_note, WORDS.keys].filter(Boolean).join(" "));
    this.element.setAttribute("aria-rowcount", section.rows.length);
    this.focus(start);
  }

  close() {
    this.element.hidden = true;
    this.cells = [];
    this.row = this.section = undefined;
  }

  focus(ordinal) {
    const row = this.section.rows.find(({ first, count }) => ordinal < first + count);
    if (row !== this.row) this.show(row);
    for (const cell of this.cells) cell.tabIndex = cell.ordinal === ordinal ? 0 : -1;
    this.at = ordinal;
    this.map.follow(ordinal);
    this.cells[ordinal - row.first].focus({ preventScroll: true });
  }

  show(row) {
    this.row = row;
    this.cells = Array.from({ length: row.count }, (_, nth) => {
      const cell = make("div", { class: "seatmap__cell", role: "gridcell", "aria-colindex": nth + 1 });
      return Object.assign(cell, { ordinal: row.first + nth });
    });
    this.element.replaceChildren(make("div", { role: "row", "aria-rowindex": row.nth + 1 }, ...this.cells));
    this.refresh();
    this.place(this.view);
  }

  refresh() {
    for (const cell of this.cells) {
      cell.ariaLabel = this.map.name(cell.ordinal);
      cell.ariaSelected = this.seats.mine.has(cell.ordinal);
      cell.ariaDisabled = !this.seats.isFree(cell.ordinal);
    }
  }

  place(view) {
    this.view = view;
    const size = Math.max(view.pitch, 12);
    for (const { style, ordinal } of this.cells) {
      const [x, y] = view.toScreen(this.geo.xs[ordinal], this.geo.ys[ordinal]);
      style.translate = `${x - size / 2}px ${y - size / 2}px`;
      style.width = style.height = `${size}px`;
    }
  }

  press(event) {
    const { key, altKey, ctrlKey, metaKey } = event;
    const arrow = ARROWS[key];
    const act = arrow ? () => this.focus(this.next(...arrow)) : {
      " ": () => this.map.toggle(this.at),
      Enter: () => this.map.toggle(this.at),
      Escape: () => this.map.leave(this.section),
      Home: () => this.focus(this.blockEnd(false)),
      End: () => this.focus(this.blockEnd(true)),
    }[key];
    if (!act || altKey || ctrlKey || metaKey) return;
    event.preventDefault();
    act();
  }

  /** Along the row by physical index, or to the nearest seat of the next row: whichever the arrow means on the
   *  screen, since the rows of side stands lie upright. */
  next(dx, dy) {
    const { xs, ys } = this.geo;
    const { first, count, nth } = this.row;
    const last = first + count - 1;
    const [rx, ry] = [xs[last] - xs[first], ys[last] - ys[first]];
    const isUpright = Math.abs(rx) < Math.abs(ry) / 2;
    const along = isUpright ? dy * Math.sign(ry) : dx * (Math.sign(rx) || 1);
    if (along) return Math.min(Math.max(this.at + along, first), last);
    return this.nearestIn(this.section.rows[nth + this.across(isUpright ? dx : dy, isUpright ? 0 : 1)]);
  }

  /** +1 or -1 in row numbers for a step on the screen along an axis (0 is x, 1 is y). */
  across(step, axis) {
    const { rows } = this.section;
    const middle = ({ box }) => box[axis] + box[axis + 2];
    return step * (Math.sign(middle(rows.at(-1)) - middle(rows[0])) || 1);
  }

  nearestIn(row) {
    if (!row) return this.at;
    const { xs, ys } = this.geo;
    const far = (i) => Math.hypot(xs[i] - xs[this.at], ys[i] - ys[this.at]);
    let best = row.first;
    for (let i = row.first; i < row.first + row.count; i++) if (far(i) < far(best)) best = i;
    return best;
  }

  /** The end of the block on one side, or of the row when already there. */
  blockEnd(isLast) {
    const { first, count, blocks } = this.row;
    const nth = this.at - first;
    const from = blocks.findLast((start) => start <= nth);
    const to = (blocks.find((start) => start > nth) ?? count) - 1;
    if (isLast) return first + (nth === to ? count - 1 : to);
    return first + (nth === from ? 0 : from);
  }
}

export function neighbour(sections, from, key) {
  if (!ARROWS[key]) return undefined;
  const [dx, dy] = ARROWS[key];
  const cost = ({ anchor }) => {
    const [x, y] = [anchor[0] - from.anchor[0], anchor[1] - from.anchor[1]];
    const ahead = x * dx + y * dy;
    return ahead > PITCH / 2 ? ahead + 2.5 * Math.abs(x * dy - y * dx) : Infinity;
  };
  const best = sections.reduce((a, b) => (cost(b) < cost(a) ? b : a));
  return cost(best) < Infinity ? best : undefined;
}
