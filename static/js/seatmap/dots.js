/**
 * Seats too small for a picture each, as round points written straight into the pixels: costs by the area of the
 * picture, whatever the number of seats. A pixel is a word 0xAABBGGRR, so that the larger word is the more opaque one.
 */
const PHASES = 4; // spots within a pixel, each way

export class Dots {
  /** pitch: device px between two seats; dotOf(look): { colour, alpha, radius, hole } in pitches. */
  constructor(context, pitch, dotOf) {
    const { width, height } = context.canvas;
    Object.assign(this, { context, width, pitch, dotOf, stamps: [], kinds: [] });
    this.reach = Math.ceil(pitch * 0.4) + 1; // of the largest
    this.image = context.createImageData(width, height);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** A point at a spot of the canvas; where two meet, the more opaque one is seen. */
  put(look, x, y) {
    const { pixels, width, reach } = this;
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const phase = Math.floor((x - column) * PHASES) + PHASES * Math.floor((y - row) * PHASES);
    const stamp = (this.stamps[look * PHASES ** 2 + phase] ??= this.cut(look, phase));
    const [from, to] = [Math.max(-reach, -column), Math.min(reach, width - 1 - column)];
    for (let v = -reach; v <= reach; v++) {
      const at = (row + v) * width + column;
      const mark = (v + reach) * (2 * reach + 1) + reach;
      for (let u = from; u <= to; u++) if (stamp[mark + u] > pixels[at + u]) pixels[at + u] = stamp[mark + u];
    }
  }

  /** Puts the picture on the canvas, and begins another. */
  show() {
    this.context.putImageData(this.image, 0, 0);
    this.pixels.fill(0);
  }

  cut(look, phase) {
    const { reach, pitch } = this;
    const { colour, alpha, radius, hole = 0 } = (this.kinds[look] ??= this.dotOf(look));
    const [x, y] = [phase % PHASES, Math.floor(phase / PHASES)].map((n) => (n + 0.5) / PHASES - 0.5);
    const covered = (far, r) => Math.min(Math.max(r * pitch - far + 0.5, 0), 1);
    return Uint32Array.from({ length: (2 * reach + 1) ** 2 }, (_, n) => {
      const far = Math.hypot((n % (2 * reach + 1)) - reach - x, Math.floor(n / (2 * reach + 1)) - reach - y);
      const share = covered(far, radius) - (hole && covered(far, hole));
      return (colour & 0xffffff) + Math.round(255 * alpha * share) * 0x1000000;
    });
  }
}

/** A colour of the style sheet as a word. */
export function wordOf(colour) {
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d");
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return new Uint32Array(context.getImageData(0, 0, 1, 1).data.buffer)[0];
}
