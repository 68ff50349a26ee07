/**
 * The house as SVG over the canvas: stage and other shapes, each section as a link to its list, and my seats.
 * A few hundred nodes, whatever the number of seats. Lengths are plan units; --k turns px into them.
 */
import { PITCH, crossings } from "./geometry.js";
import { draw } from "./page.js";
import { WORDS } from "./words.js";

const LABELS_ABOVE_FROM = 9; // px of pitch
const LEAST_LABEL = 9.5; // px
const STEPS = 20; // of the tint of a section
const MINE_AT_LEAST = 16; // px: my seats stay findable in the overview

export class House {
  constructor(geo, seats, words, hrefOf) {
    Object.assign(this, { geo, seats, words });
    this.sections = geo.sections.map((section) => sectionLink(section, hrefOf(section)));
    this.mine = draw("g", { class: "seatmap__mine" });
    this.shapes = geo.shapes.map(shapeNode);
    this.plan = draw("g", {}, ...this.shapes, ...this.sections.map(({ link }) => link), this.mine);
    this.svg = draw("svg", { class: `seatmap__house${geo.isStacked ? " is-stacked" : ""}`, role: "group", "aria-label": WORDS.map }, this.plan);
  }

  place(view) {
    this.plan.setAttribute("transform", `matrix(${view.k} 0 0 ${view.k} ${view.x} ${view.y})`);
    if (this.k !== view.k) this.rescale(view);
    for (const { text, isSmall, top } of this.sections) text.classList.toggle("is-hidden", isSmall || top * view.k + view.y < 0);
  }

  rescale(view) {
    this.k = view.k;
    this.svg.style.setProperty("--k", view.k);
    for (const part of this.sections) fitLabel(part, view);
    this.thin(view);
    for (const { lastChild: text } of this.shapes) text.classList.toggle("is-hidden", text.style.getPropertyValue("--size") * view.k < 8);
    this.scale = Math.max(view.pitch, MINE_AT_LEAST) / view.k;
    for (const mark of this.mine.children) this.placeMark(mark);
  }

  /** Where the names of two sections would meet, one is left out. */
  thin({ k }) {
    const taken = [];
    for (const part of this.sections) {
      if (part.isSmall || !this.geo.shown.includes(part.section)) continue;
      const [x, y, across, down] = part.name;
      part.isSmall = taken.some((other) => Math.abs(other[0] - x) < (other[2] + across) / k && Math.abs(other[1] - y) < (other[3] + down) / k);
      if (!part.isSmall) taken.push(part.name);
    }
  }

  refresh(view, sections = this.geo.sections) {
    const mine = [...this.seats.mine].map((i) => this.seats.sectionOf(i));
    for (const section of new Set(sections)) {
      this.refreshSection(this.sections[section.index], view.isTinted, mine.filter((other) => other === section).length);
    }
  }

  refreshSection({ section, link, path, count }, isTinted, mine) {
    const { seats, words } = this;
    const { left, offered } = seats.sums[section.index];
    const position = seats.mainPosition(section);
    const hasTint = section.standing || isTinted;
    const states = {
      "is-gone": !left, "is-standing": section.standing, "is-tinted": hasTint,
      "is-dim": seats.isDim(section), "is-holding": mine, "is-away": !this.geo.shown.includes(section), [`p${position}`]: true,
    };
    set(link, "class", Object.keys(states).filter((name) => states[name]).join(" "));
    set(link, "tabindex", left ? 0 : -1);
    set(link, "aria-label", words.summary(section, seats.sums[section.index]));
    if (hasTint) tint(path, 0.22 + Math.round((0.6 * STEPS * left) / (offered || 1)) / STEPS);
    if (count && offered) count.textContent = mine ? words.yours(mine) : words.short(left);
  }

  /** One mark per seat of mine; standing places show in their section instead. */
  showMine() {
    const isSeen = (section) => !section.standing && this.geo.shown.includes(section);
    const seated = [...this.seats.mine].filter((i) => isSeen(this.seats.sectionOf(i)));
    this.mine.replaceChildren(...seated.map((i) => this.placeMark(Object.assign(mineMark(), { ordinal: i }))));
  }

  placeMark(mark) {
    const { xs, ys } = this.geo;
    mark.setAttribute("transform", `translate(${xs[mark.ordinal]} ${ys[mark.ordinal]}) scale(${this.scale})`);
    return mark;
  }

  /** The section that is looked at stands out from the others. */
  outline(here) {
    for (const { section, link } of this.sections) link.toggleAttribute("data-here", section === here);
  }

  linkOf(section) {
    return this.sections[section.index].link;
  }

  sectionOf(node) {
    return this.sections.find(({ link }) => link.contains(node))?.section;
  }
}

/** What is written anew is drawn anew, even when it is the same. */
const set = (node, name, value) => node.getAttribute(name) !== value && node.setAttribute(name, value);
const tint = ({ style }, share) => style.getPropertyValue("--share") !== String(share) && style.setProperty("--share", share);

function sectionLink(section, href) {
  const path = draw("path", { d: `M${section.outline.join("L")}Z` });
  const [x, y] = section.anchor;
  const count = section.standing && draw("tspan", { x, dy: "1.15em", class: "seatmap__count" });
  const text = draw("text", { x, y }, count ? draw("tspan", {}, section.label) : section.label, count);
  return { section, path, text, count, link: draw("a", { href }, path, text) };
}

/**
 * The section's name as large as its box allows, else its last word, or none; above once seats can be told apart, and
 * only while the window does not cut it.
 */
function fitLabel(part, view) {
  const { section, text, count } = part;
  const { box, label, standing, anchor } = section;
  const [across, down] = [(box[2] - box[0]) * view.k, (box[3] - box[1]) * view.k];
  const isAbove = !standing && view.pitch >= LABELS_ABOVE_FROM;
  const most = Math.min(view.width < 560 ? 12 : 15, isAbove ? Infinity : down * 0.7);
  const sizeOf = (name) => Math.min(most, (across * (isAbove ? 1.6 : 0.92)) / widthOf(name));
  const isLong = sizeOf(label) < LEAST_LABEL;
  const name = isLong ? label.replace(/.* (?=\S{1,3}$)/, "") : label;
  const size = sizeOf(name);
  text.firstChild.textContent = name;
  const y = isAbove ? topOf(section, (size * widthOf(name)) / 2 / view.k) - (size * 0.75) / view.k : anchor[1];
  text.setAttribute("y", y);
  text.style.setProperty("--size", size);
  const isInTheWay = view.width < 560 && !standing && !isAbove && !view.isTinted; // of seats to be seen
  Object.assign(part, { isSmall: isInTheWay || size < LEAST_LABEL, name: [anchor[0], y, (size * widthOf(name)) / 2, size * 0.55], top: isAbove ? y - (size * 0.4) / view.k : Infinity });
  if (count) count.classList.toggle("is-hidden", down < size * 2.6);
}

const widthOf = (name) => name.length * 0.56; // in font sizes

function topOf({ outline, anchor: [x], box }, reach) {
  const near = outline.filter((p) => Math.abs(p[0] - x) <= reach).map((p) => p[1]);
  return Math.min(box[3], ...near, ...[x - reach, x, x + reach].flatMap((at) => crossings(outline, at, 0)));
}

/** Mine: ring, disc and tick about the origin, one unit to the pitch, on a halo that parts it from its neighbours. */
function mineMark() {
  return draw("g", {},
    draw("circle", { r: 0.52, class: "seatmap__halo" }),
    draw("circle", { r: 0.44, class: "seatmap__ring" }),
    draw("circle", { r: 0.345, class: "seatmap__disc" }),
    draw("path", { d: "M-.15 .02l.11 .11 .2-.25", class: "seatmap__tick" }));
}

function shapeNode({ kind, label, points, box: [l, t, r, b], rotation = 0 }) {
  const [w, h, x, y] = [r - l, b - t, (l + r) / 2, (t + b) / 2];
  const text = label && draw("text", { x, y, transform: `rotate(${rotation} ${x} ${y})` }, label);
  if (text) text.style.setProperty("--size", Math.max(Math.min(h * 0.55, w / (label.length * 0.8)), kind === "text" ? PITCH : 0));
  return draw("g", { class: `seatmap__shape is-${kind}` }, shapeBody(), text);

  function shapeBody() {
    if (points) return draw("polygon", { points: points.join(" ") });
    if (kind === "circle") return draw("ellipse", { cx: x, cy: y, rx: w / 2, ry: h / 2 });
    return kind !== "text" && draw("rect", { x: l, y: t, width: w, height: h, rx: 4 });
  }
}
