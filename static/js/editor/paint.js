/**
 * The picture, on three canvases: the ground (outlines, shapes, names), the seats, and over them what changes while
 * the pointer moves (what is selected, what a tool is about to make). Only what is in sight is painted; while
 * something is dragged, the two below stand still.
 */
import { boxOf, meet, middleOf, PITCH, RESTRICTED, AISLE, seatsOf, shapeBox } from "./drawing.js";
import { frameOf } from "./laying.js";
import { Pixels } from "./pixels.js";

const DOT = 15; // plan units across
const PLACE = 5; // a place to stand
const RINGS_FROM = 5; // px across: what is selected is a ring, not a dot
const LETTERS_FROM = 15; // px across; smaller seats are set pixel by pixel
const GRID_FROM = 5; // px between lines
const MOST_RATIO = 2;
const COLOURS = ["paper", "sunk", "ink", "grey", "edge", "line", "accent", "bad", "p1", "p2", "p3", "p4", "p5", "p6"];
const KIND_COLOURS = ["edge", "accent", "p4", "p3", "line"]; // by kind
const MARKS = ["", "V", "W", "C", ""];
const HEAT = ["p6", "p5", "p4", "p3", "p2", "p1"]; // nearest first

export class Painter {
  constructor(host, drawing, view, tracing) {
    Object.assign(this, { host, drawing, view, tracing, hidden: new Set(), heat: false, grid: 0 });
    [this.ground, this.seats, this.top] = [...host.querySelectorAll("canvas")].map((canvas) => canvas.getContext("2d"));
    this.retheme();
  }

  resize(width, height) {
    this.ratio = Math.min(devicePixelRatio, MOST_RATIO);
    for (const { canvas } of [this.ground, this.seats, this.top]) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(height * this.ratio);
    }
  }

  retheme() {
    const probe = document.createElement("i");
    this.host.append(probe);
    this.colour = {};
    for (const name of COLOURS) {
      probe.style.color = `var(--${name})`;
      this.colour[name] = getComputedStyle(probe).color;
    }
    probe.remove();
    this.font = getComputedStyle(this.host).fontFamily;
    this.words = Object.fromEntries(Object.entries(this.colour).map(([name, text]) => [name, pixelOf(text)]));
    this.isDark = (this.words.paper & 255) < 128; // its red
  }

  /** Everything below what moves. */
  draw() {
    this.drawGround();
    this.drawSeats();
  }

  begin(context) {
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, context.canvas.width, context.canvas.height);
    const { k, x, y } = this.view;
    context.setTransform(k * this.ratio, 0, 0, k * this.ratio, x * this.ratio, y * this.ratio);
    this.pixel = 1 / k;
  }

  /* ---------- ground ---------- */

  drawGround() {
    const { ground: c, drawing, view } = this;
    this.begin(c);
    const sight = view.sight();
    this.tracing.paint(c, this.isDark);
    if (this.grid * view.k >= GRID_FROM) this.drawGrid(c, sight);
    for (const shape of drawing.shapes) if (meet(boxOf(frameOf(shape)), sight)) this.drawShape(c, shape);
    for (const section of drawing.sections) if (meet(drawing.sectionBox(section), sight)) this.drawSection(c, section);
    this.drawFocals(c);
  }

  drawGrid(c, [l, t, r, b]) {
    c.beginPath();
    for (let x = Math.ceil(l / this.grid) * this.grid; x < r; x += this.grid) line(c, x, t, x, b);
    for (let y = Math.ceil(t / this.grid) * this.grid; y < b; y += this.grid) line(c, l, y, r, y);
    c.strokeStyle = this.colour.line;
    c.lineWidth = 0.5 * this.pixel;
    c.stroke();
  }

  drawShape(c, shape) {
    const { colour, pixel } = this;
    const box = shapeBox(shape);
    const [x, y] = middleOf(box);
    c.save();
    if (!shape.points.length) turn(c, x, y, shape.rotation);
    c.beginPath();
    trace(c, shape);
    if (shape.kind === "stage") fill(c, colour.ink);
    else if (shape.kind !== "text") stroke(c, colour.edge, 1.2 * pixel);
    const size = shape.kind === "text" ? Math.max(shape.h, PITCH) : Math.min(Math.max(14 * pixel, PITCH), (box[3] - box[1]) * 0.7);
    this.write(c, shape.label, x, y, size, shape.kind === "stage" ? colour.paper : colour.grey);
    c.restore();
  }

  drawSection(c, section) {
    const { colour, pixel } = this;
    if (section.outline.length > 1) {
      c.beginPath();
      polygon(c, section.outline);
      if (section.kind === "STANDING") fill(c, colour.sunk);
      stroke(c, colour.edge, 1.2 * pixel);
    }
    if (section.kind === "TABLES") for (const row of section.rows) this.drawTable(c, row);
    if (this.view.k * DOT >= LETTERS_FROM * 0.7 && section.kind === "SEATS") for (const row of section.rows) this.nameRow(c, row);
  }

  drawTable(c, row) {
    const points = row.seats.map((id) => this.drawing.point(id));
    const [l, t, r, b] = boxOf(points);
    const [x, y] = middleOf([l, t, r, b]);
    const inner = Math.max(PITCH * 0.4, Math.min(r - l, b - t) / 2 - PITCH * 0.6);
    c.beginPath();
    c.ellipse(x, y, Math.max(inner, (r - l) / 2 - PITCH * 0.6), inner, 0, 0, 2 * Math.PI);
    stroke(c, this.colour.edge, this.pixel);
    this.write(c, row.label, x, y, PITCH * 0.6, this.colour.ink);
  }

  nameRow(c, row) {
    const { seats, label } = row;
    if (!label || !seats.length) return;
    const [x, y] = this.drawing.point(seats[0]);
    const [nx, ny] = this.drawing.point(seats[1] ?? seats[0]);
    const apart = Math.hypot(nx - x, ny - y) || 1;
    const [dx, dy] = seats.length > 1 ? [(x - nx) / apart, (y - ny) / apart] : [-1, 0];
    this.write(c, label, x + dx * PITCH, y + dy * PITCH, PITCH * 0.6, this.colour.grey);
  }

  drawFocals(c) {
    const { drawing } = this;
    const all = [["", drawing.focal], ...Object.entries(drawing.focals)];
    for (const [zone, point] of all) if (point) this.drawFocal(c, zone, point);
  }

  drawFocal(c, zone, [x, y]) {
    const arm = 9 * this.pixel;
    c.beginPath();
    plus(c, x, y, arm);
    c.moveTo(x + arm * 0.6, y);
    c.arc(x, y, arm * 0.6, 0, 2 * Math.PI);
    stroke(c, this.colour.bad, 2 * this.pixel);
    this.write(c, zone || "Focal point", x, y + 18 * this.pixel, 12 * this.pixel, this.colour.bad);
  }

  write(c, text, x, y, size, colour, halo) {
    if (!text || size / this.pixel < 7) return;
    c.font = `650 ${size}px ${this.font}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    if (halo) {
      c.lineJoin = "round";
      c.strokeStyle = halo;
      c.lineWidth = size / 3;
      c.strokeText(text, x, y);
    }
    c.fillStyle = colour;
    c.fillText(text, x, y);
  }

  /* ---------- seats ---------- */

  drawSeats() {
    const { seats: c, view, drawing } = this;
    this.begin(c);
    this.looks = this.heat ? this.heatLooks() : (id) => KIND_COLOURS[drawing.kinds[id]];
    const groups = {};
    drawing.index.each(view.sight(PITCH), (id) => {
      if (!this.hidden.has(id)) (groups[this.looks(id)] ??= []).push(id);
    });
    if (DOT * view.k < LETTERS_FROM) this.setPixels(c, groups);
    else this.setDots(c, groups);
    this.nameSections(c);
  }

  /** Over the middle of its first row, or amid those who stand; where there is room. */
  nameSections(c) {
    const { drawing, view, colour, pixel } = this;
    const sight = view.sight();
    for (const section of drawing.sections) {
      const box = drawing.sectionBox(section);
      if ((box[2] - box[0]) / pixel < 30 || !meet(box, sight)) continue;
      const seats = section.kind === "SEATS" ? section.rows[0]?.seats : null;
      const [x, y] = seats?.length ? drawing.point(seats[seats.length >> 1]) : middleOf(box);
      const above = seats?.length ? 10 + 9 * pixel : 0;
      this.write(c, section.label, x, y - above, 13 * pixel, colour.ink, colour.sunk);
    }
  }

  setPixels(c, groups) {
    const pixels = new Pixels(c.canvas);
    for (const { ids, look, across } of this.looking(groups)) this.stamp(pixels, ids, look, across);
    pixels.show(c);
    if (DOT * this.view.k >= RINGS_FROM) this.markAisles(c, Object.values(groups).flat());
  }

  setDots(c, groups) {
    c.lineCap = "round";
    for (const { ids, look, across } of this.looking(groups)) this.dots(c, ids, this.colour[look], across);
    const all = Object.values(groups).flat();
    this.markAisles(c, all);
    this.letter(c, all);
  }

  /** What is painted over what: { ids, look, across }. A place to stand is small, a restricted view hollow. */
  *looking(groups) {
    const { drawing } = this;
    for (const [look, ids] of Object.entries(groups)) {
      const [places, others] = parted(ids, (id) => drawing.isStanding(id));
      yield { ids: others, look, across: DOT };
      yield { ids: places, look: look === "line" ? "edge" : look, across: PLACE };
      yield { ids: ids.filter((id) => drawing.flags[id] & RESTRICTED), look: "paper", across: DOT * 0.5 };
    }
  }

  /** Discs so many plan units across. */
  stamp(pixels, ids, look, across, [dx, dy] = [0, 0]) {
    const scale = this.view.k * this.ratio;
    const [left, top] = [(this.view.x + dx * this.view.k) * this.ratio, (this.view.y + dy * this.view.k) * this.ratio];
    pixels.discs(ids, this.drawing, { scale, left, top, across: across * scale, colour: this.words[look] });
  }

  dots(c, ids, colour, across) {
    const { xs, ys } = this.drawing;
    c.beginPath();
    for (const id of ids) line(c, xs[id], ys[id], xs[id], ys[id]);
    stroke(c, colour, across);
  }

  /** A bar before the seat that an aisle lies before. */
  markAisles(c, ids) {
    const { flags, xs, ys, homes } = this.drawing;
    c.beginPath();
    for (const id of ids.filter((each) => flags[each] & AISLE)) {
      const { seats } = homes[id];
      const before = seats[seats.indexOf(id) - 1];
      if (before !== undefined) bar(c, [xs[before], ys[before]], [xs[id], ys[id]]);
    }
    stroke(c, this.colour.bad, 2 * this.pixel);
  }

  letter(c, ids) {
    const { drawing, colour } = this;
    c.font = `650 ${DOT * 0.5}px ${this.font}`;
    c.textAlign = "center";
    c.textBaseline = "middle";
    for (const id of ids) {
      if (drawing.isStanding(id)) continue;
      c.fillStyle = drawing.flags[id] & RESTRICTED ? colour.ink : colour.paper;
      const text = this.view.k * DOT >= 2 * LETTERS_FROM ? `${MARKS[drawing.kinds[id]]}${drawing.labels[id]}` : MARKS[drawing.kinds[id]] || drawing.labels[id];
      c.fillText(text, drawing.xs[id], drawing.ys[id], DOT);
    }
  }

  /** Nearest to the focal point of the zone: the dearest price colour. Six groups of equal size. */
  heatLooks() {
    const { drawing } = this;
    const distance = new Float64Array(drawing.count).fill(Infinity);
    for (const section of drawing.sections) {
      const [fx, fy] = drawing.focalOf(section);
      for (const id of seatsOf(section)) distance[id] = Math.hypot(drawing.xs[id] - fx, drawing.ys[id] - fy);
    }
    const sorted = distance.filter(Number.isFinite).sort();
    const edges = HEAT.map((_, i) => sorted[Math.floor((sorted.length * (i + 1)) / HEAT.length) - 1] ?? Infinity);
    return (id) => HEAT[Math.max(0, edges.findIndex((edge) => distance[id] <= edge))];
  }

  /* ---------- what moves ---------- */

  /** What is selected, shifted by (dx, dy) while it is dragged, and then what `more(context, painter)` paints. */
  drawTop(selection, [dx, dy], more) {
    const { top: c, drawing } = this;
    this.begin(c);
    c.lineCap = "round";
    this.drawSelectedSeats(c, selection.seats, dx, dy);
    c.translate(dx, dy);
    for (const shape of selection.shapes) this.drawPath(c, frameOf(shape), true);
    if (selection.section?.outline.length) this.drawPath(c, selection.section.outline, true);
    c.translate(-dx, -dy);
    more(c, this);
  }

  drawSelectedSeats(c, ids, dx, dy) {
    const { drawing, pixel, colour } = this;
    const [l, t, r, b] = this.view.sight(PITCH);
    const isSeen = (x, y) => x > l && x < r && y > t && y < b;
    const seen = [...ids].filter((id) => isSeen(drawing.xs[id] + dx, drawing.ys[id] + dy) && !drawing.isStanding(id));
    const size = DOT / pixel;
    const across = Math.max(DOT, 3 * pixel);
    const rings = [["accent", across + 5 * pixel], ["paper", across + 1.5 * pixel], ["ink", across - 1.5 * pixel]];
    if (size >= LETTERS_FROM) {
      c.beginPath();
      for (const id of seen) line(c, drawing.xs[id] + dx, drawing.ys[id] + dy, drawing.xs[id] + dx, drawing.ys[id] + dy);
      for (const [look, width] of rings) stroke(c, colour[look], width);
    } else if (seen.length) {
      const pixels = new Pixels(c.canvas);
      const painted = size < RINGS_FROM ? [["accent", across]] : rings;
      for (const [look, width] of painted) this.stamp(pixels, seen, look, width, [dx, dy]);
      pixels.show(c);
    }
  }

  drawFrame(c, [l, t, r, b]) {
    this.drawPath(c, [[l, t], [r, t], [r, b], [l, b]], true);
  }

  /** Seats that would be made here. */
  drawGhosts(c, points) {
    c.lineCap = "round";
    c.beginPath();
    for (const [x, y] of points) line(c, x, y, x, y);
    c.globalAlpha = 0.5;
    stroke(c, this.colour.accent, Math.max(DOT, 3 * this.pixel));
    c.globalAlpha = 1;
  }

  drawPath(c, points, isClosed) {
    c.beginPath();
    path(c, points);
    if (isClosed) c.closePath();
    stroke(c, this.colour.accent, 2 * this.pixel);
  }

  drawHandles(c, handles) {
    for (const handle of handles) {
      const [x, y] = handle.at(this.pixel);
      const size = (handle.isSmall ? 6 : 9) * this.pixel;
      c.beginPath();
      if (handle.isRound) c.arc(x, y, size / 2, 0, 2 * Math.PI);
      else c.rect(x - size / 2, y - size / 2, size, size);
      fill(c, handle.isPicked ? this.colour.accent : this.colour.paper);
      stroke(c, this.colour.accent, 2 * this.pixel);
    }
  }

  /** Where the keyboard would act. */
  drawCross(c, [x, y]) {
    const arm = 12 * this.pixel;
    c.beginPath();
    plus(c, x, y, arm);
    stroke(c, this.colour.paper, 4 * this.pixel);
    stroke(c, this.colour.ink, 1.5 * this.pixel);
  }
}

function line(c, ax, ay, bx, by) {
  c.moveTo(ax, ay);
  c.lineTo(bx, by);
}

function plus(c, x, y, arm) {
  line(c, x - arm, y, x + arm, y);
  line(c, x, y - arm, x, y + arm);
}

function bar(c, [ax, ay], [bx, by]) {
  const [mx, my] = [(ax + bx) / 2, (ay + by) / 2];
  const apart = Math.hypot(bx - ax, by - ay) || 1;
  const [nx, ny] = [((by - ay) / apart) * 9, ((ax - bx) / apart) * 9];
  line(c, mx - nx, my - ny, mx + nx, my + ny);
}

function path(c, points) {
  points.forEach(([x, y], i) => (i ? c.lineTo(x, y) : c.moveTo(x, y)));
}

function polygon(c, points) {
  path(c, points);
  c.closePath();
}

function trace(c, { kind, points, x, y, w, h }) {
  if (points.length) polygon(c, points);
  else if (kind === "circle") c.ellipse(x + w / 2, y + h / 2, Math.abs(w / 2), Math.abs(h / 2), 0, 0, 2 * Math.PI);
  else c.rect(x, y, w, h);
}

function turn(c, x, y, degrees) {
  c.translate(x, y);
  c.rotate((degrees * Math.PI) / 180);
  c.translate(-x, -y);
}

function fill(c, colour) {
  c.fillStyle = colour;
  c.fill();
}

function stroke(c, colour, width) {
  c.strokeStyle = colour;
  c.lineWidth = width;
  c.stroke();
}

/** [those that pass, the others] */
function parted(list, passes) {
  const parts = [[], []];
  for (const each of list) parts[passes(each) ? 0 : 1].push(each);
  return parts;
}

/** A colour as the bytes of a picture: little-endian red, green, blue, alpha. */
function pixelOf(text) {
  const c = new OffscreenCanvas(1, 1).getContext("2d");
  c.fillStyle = text;
  c.fillRect(0, 0, 1, 1);
  return new Uint32Array(c.getImageData(0, 0, 1, 1).data.buffer)[0];
}
