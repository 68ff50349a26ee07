/**
 * The page around the picture: heading and zoom buttons, tip, messages, the choice of standing places, the key, and
 * the basket, which is the page's own markup. Elements are made without markup strings, so that no label of a seat
 * is ever read as HTML.
 */
import { LOOK, SHAPES } from "./state.js";
import { pictureOf } from "./draw.js";
import { WORDS } from "./words.js";

const NOTE_FOR = 7000; // ms
const ICONS = { zoomIn: "M12 5v14M5 12h14", zoomOut: "M5 12h14", whole: "M4 9V4h5M15 4h5v5M20 15v5h-5M9 20H4v-5" };

export const make = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
export const draw = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

function fill(element, attributes = {}, children) {
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.append(...children.filter(Boolean));
  return element;
}

function button(icon, label, act, text) {
  const picture = draw("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, draw("path", { d: ICONS[icon] }));
  const element = make("button", { type: "button", class: "seatmap__btn", "aria-label": label }, picture, text);
  element.addEventListener("click", act);
  return element;
}

/** A button that says what it does. */
export function press(text, act, look = "") {
  const element = make("button", { type: "button", class: `seatmap__btn${look}` }, text);
  element.addEventListener("click", act);
  return element;
}

/** Heading and buttons: { element, title, fresh, whole, zoomIn, zoomOut }. acts has a function for each button. */
export function bar(acts) {
  const title = make("b", { class: "seatmap__title" });
  const fresh = make("span", { class: "seatmap__fresh" });
  const whole = button("whole", WORDS.whole, acts.whole, make("span", {}, WORDS.whole));
  const [zoomIn, zoomOut] = ["zoomIn", "zoomOut"].map((name) => button(name, WORDS[name], acts[name]));
  const element = make("div", { class: "seatmap__bar" },
    make("span", {}, title, make("br"), fresh), make("span", { class: "seatmap__buttons" }, whole, zoomIn, zoomOut));
  return { element, title, fresh, whole, zoomIn, zoomOut };
}

/** Which part of the house is looked at, a "floor" or a "zone"; no element where there is one. */
export class Parts {
  constructor(geo, kind, go) {
    Object.assign(this, { geo, kind });
    const names = geo[`${kind}s`];
    this.buttons = [...(kind === "floor" && geo.isStacked ? [] : [undefined]), ...names].map((name) => {
      const text = name === undefined ? WORDS.all[kind] : name || WORDS.ground;
      return { name, element: press(text, () => go({ ...geo, [kind]: name })) };
    });
    this.element = names.length > 1 && make("div", { class: "seatmap__parts", role: "group", "aria-label": WORDS[kind] }, ...this.buttons.map(({ element }) => element));
    this.refresh();
  }

  refresh() {
    for (const { element, name } of this.buttons) element.ariaPressed = name === this.geo[this.kind];
  }
}

export class Tip {
  element = make("div", { class: "seatmap__tip", "aria-hidden": "true", hidden: "" });

  /** Over (x, y) in CSS px of the stage, `clear` px above it. Leans inwards, and so needs no measuring. */
  show(text, x, y, clear, width) {
    const { element } = this;
    element.textContent = text;
    element.hidden = false;
    const above = y - clear > 34;
    element.style.translate = `calc(${x}px - ${(100 * x) / width}%) ${above ? `calc(${y - clear}px - 100%)` : `${y + clear}px`}`;
  }

  hide() {
    this.element.hidden = true;
  }
}

/** Messages: said aloud, and shown for a while when `seen`. */
export class Note {
  element = make("p", { class: "seatmap__note", role: "status" });

  say(text, { seen = false } = {}) {
    const { element } = this;
    element.textContent = element.textContent === text ? `${text}\u00a0` : text; // else it would not be said twice
    element.classList.toggle("is-seen", seen);
    clearTimeout(this.timer);
    if (text) this.timer = setTimeout(() => this.say(""), NOTE_FOR);
  }
}

/** How many standing places. map: { change(section, by), countOf, sumOf, closed }; changes hold at once. */
export class Sheet {
  constructor(words, map) {
    Object.assign(this, { words, map });
    this.name = make("b");
    this.facts = make("span", { class: "seatmap__facts" });
    this.number = make("output", { class: "seatmap__number" });
    this.fewer = button("zoomOut", WORDS.fewer, () => this.step(-1));
    this.more = button("zoomIn", WORDS.more, () => this.step(1));
    const done = press(WORDS.done, () => this.close(), " is-strong");
    this.element = make("div", { class: "seatmap__sheet", role: "group", "data-own-pointer": "", hidden: "" },
      make("span", {}, this.name, make("br"), this.facts),
      make("span", { class: "seatmap__stepper" }, this.fewer, this.number, this.more), done);
    this.element.addEventListener("keydown", ({ key }) => key === "Escape" && this.close());
  }

  /** Whoever opens it wants a place: the first is taken at once. */
  open(section) {
    this.section = section;
    this.element.hidden = false;
    this.step(this.map.countOf(section) ? 0 : 1);
    this.more.focus({ preventScroll: true });
  }

  close() {
    if (this.element.contains(document.activeElement)) this.map.closed(this.section);
    this.element.hidden = true;
  }

  step(by) {
    if (by) this.map.change(this.section, by);
    this.refresh();
  }

  refresh() {
    if (this.element.hidden) return;
    const { section, words, map } = this;
    const sum = map.sumOf(section);
    this.element.setAttribute("aria-label", words.section(section));
    this.name.textContent = words.section(section);
    this.facts.textContent = (sum.left ? `${words.money(sum.from)} · ` : "") + words.left(sum, section);
    this.number.textContent = map.countOf(section);
    this.fewer.disabled = !map.countOf(section);
  }
}

/** The key to the pictures, by the hand that paints the map: only what this house and this sale have. */
export function paintKey(list, seats, theme) {
  const free = (shape) => LOOK.FREE + (((seats.levels[0]?.position ?? 1) - 1) * SHAPES.length + SHAPES.indexOf(shape)) * 2;
  const entry = (name, picture) => make("li", {}, picture, WORDS.key[name]);
  const painted = (name, look) => entry(name, pictureOf(look, theme, 48));
  list.replaceChildren(
    painted("free", free("circle")),
    painted("taken", LOOK.TAKEN),
    entry("mine", make("span", { class: "seatmap__mineicon", "aria-hidden": "true" })),
    ...SHAPES.filter((shape, n) => n && seats.has(n)).map((shape) => painted(shape, free(shape))),
    ...["OFF", "LOST"].filter((name) => seats.looks.includes(LOOK[name])).map((name) => painted(name, LOOK[name])),
  );
}

const memory = (() => {
  try {
    return sessionStorage;
  } catch {
    return undefined;
  }
})();

/** Shows what is mine outside the map. A part that the page does not have is left out. */
export class Basket {
  /** remove(ordinals) takes seats out; describe(ordinal) gives { section, row, seat, name, isStanding }; gap() a hint. */
  constructor(mount, seats, words, acts) {
    Object.assign(this, { mount, seats, words, ...acts });
    this.form = document.querySelector(mount.dataset.form);
    this.list = document.querySelector(mount.dataset.basket);
    this.template = this.list?.querySelector("template");
    this.store = `seatmap ${mount.dataset.status}`;
  }

  /** Seats chosen before: sent back by the server in the form, or kept by this tab. */
  remembered() {
    const sent = [...(this.form?.querySelectorAll("input[name=seat]") ?? [])].map(({ value }) => Number(value));
    return sent.length ? sent : JSON.parse(memory?.getItem(this.store) ?? "[]");
  }

  forget() {
    memory?.removeItem(this.store);
  }

  get ordinals() {
    return [...this.seats.mine].sort((a, b) => a - b);
  }

  /** For the form and for a page that is loaded again. */
  keep() {
    memory?.setItem(this.store, JSON.stringify(this.ordinals));
    if (this.form) this.fillForm(this.ordinals);
  }

  /** The eye is on the map: what moves the page under it can wait for the next frame. */
  showSoon() {
    this.soon ??= requestAnimationFrame(() => setTimeout(() => {
      this.soon = undefined;
      this.show();
    }));
  }

  show() {
    const { ordinals } = this;
    if (this.template) this.fillList(this.lines(ordinals));
    say("total", this.words.money(this.seats.total));
    say("count", this.words.chosen(ordinals.length, ordinals.every((i) => this.seats.sectionOf(i).standing)));
    say("gap", this.gap());
    each("[data-basket-filled]", (part) => (part.hidden = !ordinals.length));
  }

  fillForm(ordinals) {
    for (const input of this.form.querySelectorAll("input[name=seat]")) input.remove();
    this.form.append(...ordinals.map((value) => make("input", { type: "hidden", name: "seat", value })));
    for (const element of this.form.elements) if (element.type === "submit") element.disabled = !ordinals.length;
  }

  /** One line a seat; standing places of a section and price share a line. */
  lines(ordinals) {
    const lines = new Map();
    for (const i of ordinals) {
      const place = this.describe(i);
      const price = this.seats.price(i);
      const key = place.isStanding ? place.section : i;
      const others = lines.get(`${key} ${price}`)?.ordinals ?? [];
      lines.set(`${key} ${price}`, { place, price, ordinals: [...others, i] });
    }
    return [...lines.values()].map((line) => ({ ...line, key: `${line.ordinals} ${line.price}` }));
  }

  /** Lines that stay are left alone. */
  fillList(lines) {
    const buttons = () => [...this.list.querySelectorAll("[data-slot=remove]")];
    const now = () => [...this.list.querySelectorAll("[data-line]")];
    const at = buttons().indexOf(document.activeElement);
    const keys = lines.map(({ key }) => key);
    for (const old of now()) if (!keys.includes(old.dataset.line)) old.remove();
    lines.forEach((line, nth) => {
      const there = now()[nth];
      if (there?.dataset.line !== line.key) this.list.insertBefore(this.line(line), there ?? null);
    });
    if (at >= 0) (buttons()[at] ?? buttons().at(-1) ?? this.mount).focus({ preventScroll: true });
  }

  line({ place, price, ordinals, key }) {
    const line = this.template.content.firstElementChild.cloneNode(true);
    line.dataset.line = key;
    const places = place.isStanding ? this.words.places(ordinals.length) : "";
    for (const [slot, text] of Object.entries({ ...place, places, price: this.words.money(ordinals.length * price) })) {
      for (const part of line.querySelectorAll(`[data-slot=${slot}]`)) part.textContent = text;
      for (const part of line.querySelectorAll(`[data-part=${slot}]`)) part.hidden = !text;
    }
    const button = line.querySelector("[data-slot=remove]");
    button.setAttribute("aria-label", this.words.remove(places ? `${places}, ${place.name}` : place.name));
    button.addEventListener("click", () => this.remove(ordinals));
    return line;
  }
}

const each = (selector, act) => document.querySelectorAll(selector).forEach(act);
const say = (name, text) => each(`[data-basket-${name}]`, (part) => part.textContent !== text && (part.textContent = text)); // said once
