/**
 * A picture under the plan, such as a scanned drawing, to draw along. It is kept with the draft and never published. Its
 * place is not part of the drawing: undo does not move it.
 */

const FORMATS = "image/png,image/jpeg,image/svg+xml";
const LONGEST_SIDE = 4_000; // px of what is sent; a drawing without a size of its own gets this
const PAUSE = 600; // ms without a change
const HALF = 0.5; // of what is in sight

export class Tracing {
  /** changed() is called when it looks different, told(words) with what happened. */
  constructor(address, server, { changed, told }) {
    Object.assign(this, { address, server, changed, told, image: null, place: null, timer: 0 });
    addEventListener("pagehide", () => this.timer && this.save());
  }

  get isThere() {
    return this.image !== null;
  }

  get height() {
    return (this.place.width * this.place.lines) / this.place.columns;
  }

  get box() {
    const { x, y, width } = this.place;
    return [x, y, x + width, y + this.height];
  }

  /** Shows the picture that is kept, if there is one. */
  async load(place) {
    if (!place) return;
    const answer = await fetch(this.address).catch(() => null);
    if (!answer?.ok) return this.told("The picture under the plan could not be loaded.");
    await this.show(place, await answer.blob());
  }

  async show(place, file) {
    this.image = await createImageBitmap(file);
    this.negative = undefined;
    this.place = place;
    this.changed();
  }

  /** Asks for a file and lays it under the plan. */
  choose(sight) {
    const input = Object.assign(document.createElement("input"), { type: "file", accept: FORMATS });
    input.addEventListener("change", () => this.lay(input.files[0], sight()));
    input.click();
  }

  /** Lays a PNG, JPEG or SVG file under the plan; a first one amid what is in sight. */
  async lay(file, sight) {
    this.told("Laying the picture under the plan…");
    const picture = file.type === "image/svg+xml" ? await inPixels(file) : file;
    if (!picture) return this.told("This drawing cannot be shown as a picture.");
    const { ok, message, ...place } = await this.server.sendFile(this.address, picture, { method: "PUT", type: picture.type || "image/png" });
    if (!ok) return this.told(message);
    const isFirst = !this.isThere;
    await this.show(place, picture);
    if (isFirst) this.layInto(sight);
    return this.told("The picture lies under the plan.");
  }

  /** As large as fits into half of a box, in its middle. */
  layInto([l, t, r, b]) {
    const { columns, lines } = this.place;
    const width = Math.max(1, Math.min((r - l) * HALF, ((b - t) * HALF * columns) / lines));
    this.set({ x: (l + r - width) / 2, y: (t + b - (width * lines) / columns) / 2, width });
  }

  /** Changes x, y, width (plan units) or opacity (percent). */
  set(changes) {
    Object.assign(this.place, changes);
    this.changed();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  async save() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { x, y, width, opacity } = this.place;
    const { ok, message } = await this.server.send(this.address, { x, y, width, opacity }, { method: "PATCH", keepalive: true });
    if (!ok) this.told(message);
  }

  async remove() {
    clearTimeout(this.timer);
    this.timer = 0;
    const { ok, message } = await this.server.send(this.address, {}, { method: "DELETE" });
    if (!ok) return this.told(message);
    Object.assign(this, { image: null, place: null });
    this.changed();
    return this.told("The picture was taken away.");
  }

  /** On a dark sheet as a negative: what is drawn on white paper would outshine the seats. */
  paint(c, isDark) {
    if (!this.isThere) return;
    if (isDark) this.negative ??= negativeOf(this.image);
    c.globalAlpha = this.place.opacity / 100;
    c.drawImage(isDark ? this.negative : this.image, this.place.x, this.place.y, this.place.width, this.height);
    c.globalAlpha = 1;
  }
}

function negativeOf(image) {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const c = canvas.getContext("2d");
  c.drawImage(image, 0, 0);
  c.globalCompositeOperation = "difference";
  c.fillStyle = "white";
  c.fillRect(0, 0, canvas.width, canvas.height);
  return canvas;
}

/** A drawing (SVG) as a PNG on white; null when it cannot be shown. What it would run or fetch never happens in a picture. */
async function inPixels(file) {
  const picture = new Image();
  picture.src = URL.createObjectURL(file);
  const isSound = await picture.decode().then(() => true, () => false);
  URL.revokeObjectURL(picture.src);
  if (!isSound) return null;
  const [wide, high] = [picture.naturalWidth || LONGEST_SIDE, picture.naturalHeight || LONGEST_SIDE];
  const grown = LONGEST_SIDE / Math.max(wide, high);
  const canvas = new OffscreenCanvas(Math.max(1, Math.round(wide * grown)), Math.max(1, Math.round(high * grown)));
  const c = canvas.getContext("2d");
  c.fillStyle = "white";
  c.fillRect(0, 0, canvas.width, canvas.height);
  c.drawImage(picture, 0, 0, canvas.width, canvas.height);
  return canvas.convertToBlob({ type: "image/png" }).catch(() => null);
}
