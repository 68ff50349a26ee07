/**
 * A plan while it is drawn. Seats are columns: a seat is its index, which is never used again; the home (row) of one
 * that was deleted is null. Rows, sections and shapes are plain objects. Everything is changed through history.js only.
 * Units: plan units, 20 to a seat pitch, y downwards.
 */
import { Index } from "./nearby.js";

export const PITCH = 20;
export const KINDS = ["STANDARD", "VIP", "WHEELCHAIR", "COMPANION", "STANDING"];
export const RESTRICTED = 1; // flags
export const AISLE = 2; // an aisle that was drawn lies before this seat
const WORDS = ["zone", "floor", "entrance", "category", "view_note"];
const SIZES = ["x", "y", "w", "h", "rotation"];

export class Drawing {
  constructor() {
    Object.assign(this, { count: 0, name: "", sections: [], shapes: [], focal: null, focals: {}, categories: [] });
    Object.assign(this, { xs: new Float64Array(0), ys: new Float64Array(0) });
    Object.assign(this, { kinds: new Uint8Array(0), flags: new Uint8Array(0) });
    Object.assign(this, { homes: [], labels: [], levels: [], disclosures: [] });
    this.index = new Index(this);
  }

  /** Reads a canonical form as the server keeps it. */
  static from(form) {
    const drawing = new Drawing();
    const { name, focal, focals = {}, categories = [], shapes = [] } = form;
    Object.assign(drawing, { name, focals, categories, focal: focal.length ? focal : null });
    drawing.shapes = shapes.map((shape) => newShape(shape));
    drawing.reserve(form.sections.reduce((sum, { rows }) => sum + rows.reduce((n, { seats }) => n + seats.length, 0), 0));
    drawing.sections = form.sections.map((section, position) => drawing.read(section, position));
    return drawing;
  }

  read(form, position) {
    const section = newSection(form);
    section.saved = { position, revision: 0 };
    section.rows = form.rows.map((raw) => {
      const row = { label: raw.label, section, seats: [] };
      raw.seats.forEach((seat, i) => {
        const id = this.make(row, seat);
        if (i && (seat.block ?? 0) !== (raw.seats[i - 1].block ?? 0)) this.flags[id] |= AISLE;
      });
      return row;
    });
    return section;
  }

  /** A seat of a row, at its end. Only for rows that are not on the plan yet. */
  make(row, { x, y, label = "", kind = "STANDARD", restricted_view: restricted, category = "", disclosure = "" }) {
    if (this.count === this.xs.length) this.reserve(Math.max(1024, this.count));
    const id = this.count++;
    this.xs[id] = x;
    this.ys[id] = y;
    this.kinds[id] = KINDS.indexOf(kind);
    this.flags[id] = restricted ? RESTRICTED : 0;
    this.labels[id] = label;
    this.levels[id] = category;
    this.disclosures[id] = disclosure;
    this.homes[id] = row;
    row.seats.push(id);
    this.index.update(id);
    return id;
  }

  /** Room for more seats. */
  reserve(more) {
    for (const name of ["xs", "ys", "kinds", "flags"]) {
      const longer = new this[name].constructor(this.count + more);
      longer.set(this[name].subarray(0, this.count));
      this[name] = longer;
    }
    this.index.reserve(this.count + more);
  }

  get places() {
    return this.sections.reduce((sum, section) => sum + seatsOf(section).length, 0);
  }

  isStanding(id) {
    return this.homes[id]?.section.kind === "STANDING";
  }

  point(id) {
    return [this.xs[id], this.ys[id]];
  }

  /** What the server keeps. */
  form() {
    return { ...this.head(), sections: this.sections.map((section) => this.keptForm(section)) };
  }

  /** All but the sections. */
  head() {
    const shapes = this.shapes.map((shape) => ({ ...shape, points: shape.points.map(rounded) }));
    return { name: this.name, focal: this.focal ?? [], focals: this.focals, categories: this.categories, shapes };
  }

  /** A section that is stored as it is stands as its position there. */
  keptForm(section) {
    return isSaved(section) ? section.saved.position : this.sectionForm(section);
  }

  sectionForm(section) {
    const form = { label: section.label, kind: section.kind, outline: section.outline.map(rounded) };
    for (const word of WORDS) form[word] = section[word];
    form.rows = section.rows.filter(({ seats }) => seats.length).map((row) => {
      let block = 0;
      return { label: row.label, seats: row.seats.map((id, i) => this.seatForm(id, (block += i && this.flags[id] & AISLE ? 1 : 0))) };
    });
    return form;
  }

  seatForm(id, block) {
    const form = { label: this.labels[id], x: round(this.xs[id]), y: round(this.ys[id]), kind: KINDS[this.kinds[id]] };
    if (block) form.block = block;
    if (this.flags[id] & RESTRICTED) form.restricted_view = true;
    if (this.levels[id]) form.category = this.levels[id];
    if (this.disclosures[id]) form.disclosure = this.disclosures[id];
    return form;
  }

  /** Where the seats of a section look. */
  focalOf(section) {
    return this.focals[section.zone] ?? this.focal ?? this.stage();
  }

  /** The middle of the stage, else of the upper edge. */
  stage() {
    const stage = this.shapes.find(({ kind }) => kind === "stage");
    const [l, t, r, b] = stage ? shapeBox(stage) : this.box();
    return [(l + r) / 2, stage ? (t + b) / 2 : t];
  }

  /** [left, top, right, bottom] around everything; of an empty plan a sheet to begin on. */
  box() {
    const boxes = [...this.sections.map((section) => this.sectionBox(section)), ...this.shapes.map(shapeBox)];
    const box = boxes.reduce(joined, NOWHERE);
    return box[0] <= box[2] ? box : [0, 0, 60 * PITCH, 40 * PITCH];
  }

  sectionBox(section) {
    if (section.box?.revision !== section.revision) {
      const ids = seatsOf(section);
      const seats = [ids.map((id) => this.xs[id]), ids.map((id) => this.ys[id])].map(endsOf);
      const box = joined(boxOf(section.outline), [seats[0][0], seats[1][0], seats[0][1], seats[1][1]]);
      section.box = { revision: section.revision, box };
    }
    return section.box.box;
  }
}

export function newSection(form) {
  const section = { label: form.label ?? "", kind: form.kind ?? "SEATS", rows: [], revision: 0, saved: null };
  section.outline = (form.outline ?? []).map((point) => [...point]);
  for (const word of WORDS) section[word] = form[word] ?? "";
  return section;
}

export function newShape(form) {
  const shape = { kind: form.kind ?? "rectangle", label: form.label ?? "", points: form.points ?? [] };
  for (const size of SIZES) shape[size] = form[size] ?? 0;
  return shape;
}

export const seatsOf = (section) => section.rows.flatMap(({ seats }) => seats);
const isSaved = ({ saved, revision }) => saved !== null && saved.revision === revision;
const round = (value) => Math.round(value * 100) / 100;
const rounded = ([x, y]) => [round(x), round(y)];

/* ---------- boxes: [left, top, right, bottom] ---------- */

const NOWHERE = [Infinity, Infinity, -Infinity, -Infinity];
export const joined = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1]), Math.max(a[2], b[2]), Math.max(a[3], b[3])];
export function boxOf(points) {
  const [[l, r], [t, b]] = [points.map(([x]) => x), points.map(([, y]) => y)].map(endsOf);
  return [l, t, r, b];
}

/** [least, greatest] of many numbers. */
function endsOf(values) {
  let [least, greatest] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < least) least = value;
    if (value > greatest) greatest = value;
  }
  return [least, greatest];
}
export const shapeBox = ({ points, x, y, w, h }) => (points.length ? boxOf(points) : [x, y, x + w, y + h]);
export const meet = (a, b) => a[0] <= b[2] && a[2] >= b[0] && a[1] <= b[3] && a[3] >= b[1];
export const middleOf = ([l, t, r, b]) => [(l + r) / 2, (t + b) / 2];
