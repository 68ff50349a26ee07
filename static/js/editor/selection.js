/** What is selected: seats, shapes, at most one section for itself (an area to stand in, an outline), and of what is
 * outlined perhaps one corner, by its number. */
import { seatsOf } from "./drawing.js";

export class Selection {
  constructor(drawing) {
    Object.assign(this, { drawing, seats: new Set(), shapes: new Set(), section: null, corner: null });
  }

  get isEmpty() {
    return !this.seats.size && !this.shapes.size && !this.section;
  }

  clear() {
    this.set([]);
  }

  set(seats, { shapes = [], section = null } = {}) {
    Object.assign(this, { seats: new Set(seats), shapes: new Set(shapes), section, corner: null });
  }

  /** The one thing with corners: { part, key, points }, a section and its outline or a shape and its points; else null. */
  get outlined() {
    const [shape, another] = this.shapes;
    if (this.section?.outline.length) return outlineOf(this.section);
    return shape?.points.length && !another && !this.seats.size ? { part: shape, key: "points", points: shape.points } : null;
  }

  /** The one shape that has no corners but a size; else null. */
  get sized() {
    const [shape, another] = this.shapes;
    return shape && !another && !shape.points.length && !this.seats.size ? shape : null;
  }

  /** Adds seats, or takes them away when all of them are selected already. */
  toggle(seats) {
    this.section = null;
    const isIn = seats.every((id) => this.seats.has(id));
    for (const id of seats) {
      if (isIn) this.seats.delete(id);
      else this.seats.add(id);
    }
  }

  toggleShape(shape) {
    if (!this.shapes.delete(shape)) this.shapes.add(shape);
  }

  /** Forgets what an undo or a deletion took away. */
  prune() {
    const { drawing } = this;
    for (const id of this.seats) if (!drawing.homes[id]) this.seats.delete(id);
    for (const shape of this.shapes) if (!drawing.shapes.includes(shape)) this.shapes.delete(shape);
    if (!drawing.sections.includes(this.section)) this.section = null;
    if (this.corner >= (this.outlined?.points.length ?? 0)) this.corner = null;
  }

  /** [row, its selected seats in the row's order] of every row that has some, in the order of the plan. */
  rows() {
    const rows = this.homes();
    const sections = new Set([...rows].map(({ section }) => section));
    return this.drawing.sections
      .filter((section) => sections.has(section))
      .flatMap((section) => section.rows.filter((row) => rows.has(row)))
      .map((row) => [row, row.seats.filter((id) => this.seats.has(id))]);
  }

  /** The rows that the selected seats belong to, in any order. */
  homes() {
    const found = new Set();
    for (const id of this.seats) found.add(this.drawing.homes[id]);
    return found;
  }

  sections() {
    const found = new Set([...this.homes()].map(({ section }) => section));
    if (this.section) found.add(this.section);
    return [...found];
  }

  /** Sections that are selected with everything in them. */
  wholeSections() {
    return this.sections().filter((section) => section === this.section || seatsOf(section).every((id) => this.seats.has(id)));
  }

  takeRows() {
    this.set(this.rows().flatMap(([row]) => row.seats), { shapes: this.shapes });
  }

  takeSections() {
    const found = this.sections();
    this.set(found.flatMap(seatsOf), { shapes: this.shapes, section: found.length === 1 ? found[0] : null });
  }
}

/** What edits.reshape changes, of a section. */
export const outlineOf = (section) => ({ part: section, key: "outline", points: section.outline });
