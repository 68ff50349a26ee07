/**
 * Every change of a drawing, as something that can be taken back. An edit is a list of patches; a patch keeps what it
 * replaced, so that doing and undoing are the same exchange, and only what changed is remembered.
 */
const MOST_VALUES = 4_000_000; // remembered at once, about 50 MB; the oldest edits go first

export class History {
  /** changed(words) is called after every edit, undo and redo. */
  constructor(drawing, changed) {
    Object.assign(this, { drawing, changed, done: [], undone: [], values: 0 });
  }

  /** Runs work(edit) as one edit named by words, such as "12 seats moved"; nothing is kept of one that changes nothing. */
  run(words, work) {
    const edit = new Edit(this.drawing);
    const result = work(edit);
    if (edit.patches.length) {
      this.remember({ words, patches: edit.patches, size: sizeOf(edit.patches) });
      this.changed(words);
    }
    return result;
  }

  remember(made) {
    this.values += made.size - this.undone.reduce((sum, { size }) => sum + size, 0);
    this.undone = [];
    this.done.push(made);
    while (this.values > MOST_VALUES && this.done.length > 1) this.values -= this.done.shift().size;
  }

  undo() {
    const last = this.done.pop();
    if (!last) return null;
    for (const patch of last.patches.toReversed()) exchange(this.drawing, patch);
    this.undone.push(last);
    this.changed(`Undone: ${last.words}`);
    return last;
  }

  redo() {
    const next = this.undone.pop();
    if (!next) return null;
    for (const patch of next.patches) exchange(this.drawing, patch);
    this.done.push(next);
    this.changed(`Again: ${next.words}`);
    return next;
  }
}

class Edit {
  constructor(drawing) {
    Object.assign(this, { drawing, patches: [] });
  }

  keep(patch) {
    exchange(this.drawing, patch);
    this.patches.push(patch);
  }

  /** A column (xs, ys, kinds, flags, labels, levels, disclosures, homes) of these seats; `values` as many, in their order.
   * They are kept, so nobody else may. */
  column(name, ids, values) {
    const column = this.drawing[name];
    if (ids.some((id, i) => column[id] !== values[i])) this.keep({ column: name, ids: Int32Array.from(ids), values });
  }

  /** The same value for all. */
  fill(name, ids, value) {
    this.column(name, ids, Array(ids.length).fill(value));
  }

  move(ids, points) {
    this.column("xs", ids, points.map(([x]) => x));
    this.column("ys", ids, points.map(([, y]) => y));
  }

  /** Moves many seats alike. */
  shift(ids, dx, dy) {
    const { xs, ys } = this.drawing;
    this.column("xs", ids, added(xs, ids, dx));
    this.column("ys", ids, added(ys, ids, dy));
  }

  /** A property of the drawing, a section, a row or a shape. Lists are replaced, never changed in place. */
  set(part, key, value) {
    if (part[key] !== value) this.keep({ part, key, value });
  }

  addSection(section) {
    this.set(this.drawing, "sections", [...this.drawing.sections, section]);
    return section;
  }

  /** A new row of a section with seats { x, y, label, … }. Returns the row. */
  addRow(section, label, seats) {
    const row = { label, section, seats: [] };
    const ids = seats.map((seat) => this.drawing.make(row, seat));
    for (const id of ids) this.drawing.homes[id] = null; // what undoing leads back to
    this.column("homes", ids, ids.map(() => row));
    this.set(section, "rows", [...section.rows, row]);
    return row;
  }

  /** A new seat of a row that has some, before its first or after its last. Returns it. */
  addSeat(row, seat, isFirst) {
    const id = this.drawing.make({ seats: [] }, seat);
    this.drawing.homes[id] = null;
    this.column("homes", [id], [row]);
    this.set(row, "seats", isFirst ? [id, ...row.seats] : [...row.seats, id]);
    return id;
  }

  /** Puts seats at the end of a row, out of those they are in; rows left empty go. */
  moveTo(row, ids) {
    const from = new Set(ids.map((id) => this.drawing.homes[id]));
    this.takeOut(ids, from);
    this.column("homes", ids, ids.map(() => row));
    this.set(row, "seats", [...row.seats, ...ids]);
    this.dropEmpty(from);
  }

  remove(ids) {
    const from = new Set(ids.map((id) => this.drawing.homes[id]));
    this.takeOut(ids, from);
    this.column("homes", ids, ids.map(() => null));
    this.dropEmpty(from);
  }

  takeOut(ids, rows) {
    const gone = new Set(ids);
    for (const row of rows) this.set(row, "seats", row.seats.filter((id) => !gone.has(id)));
  }

  dropEmpty(rows) {
    for (const row of rows) {
      if (!row.seats.length) this.set(row.section, "rows", row.section.rows.filter((each) => each !== row));
      this.dropVoid(row.section);
    }
  }

  /** A section of nothing but a name could not be found again. */
  dropVoid(section) {
    const { drawing } = this;
    if (section.rows.length || section.outline.length) return;
    this.set(drawing, "sections", drawing.sections.filter((each) => each !== section));
  }
}

/** What a column says of these seats, and so much more. */
function added(column, ids, more) {
  const values = new Float64Array(ids.length);
  for (let i = 0; i < ids.length; i++) values[i] = column[ids[i]] + more;
  return values;
}

const sizeOf = (patches) => patches.reduce((sum, { ids }) => sum + (ids?.length ?? 1), 0);

/** Swaps what a patch holds with what the drawing has. */
function exchange(drawing, patch) {
  if (patch.part) return exchangePart(patch);
  const { column: name, ids, values } = patch;
  const { homes, index } = drawing;
  const column = drawing[name];
  const isMoving = name === "xs" || name === "ys" || name === "homes";
  for (let i = 0; i < ids.length; i++) {
    const id = ids[i];
    touch(homes[id]?.section);
    const value = values[i];
    values[i] = column[id];
    column[id] = value;
    if (column === homes) touch(homes[id]?.section);
    if (isMoving) index.update(id);
  }
  return undefined;
}

function exchangePart(patch) {
  const { part, key, value } = patch;
  patch.value = part[key];
  touch(part.section ?? part);
  part[key] = value;
  touch(part.section ?? part);
}

/** A section with another revision is sent anew and its box measured again. */
function touch(section) {
  if (section?.rows) section.revision++;
}
