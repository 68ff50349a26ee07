/**
 * Discs set pixel by pixel into one picture. Tens of thousands of seats take some milliseconds this way; as paths they take
 * hundreds where no graphics card helps.
 */
const SQUARE_BELOW = 3; // px across
const HALF = 128; // of 255: a fainter edge does not cover what is there already

export class Pixels {
  constructor({ width, height }) {
    this.picture = new ImageData(width, height);
    this.words = new Uint32Array(this.picture.data.buffer);
  }

  /** One disc for each id, in px: `across` wide, amid (xs[id], ys[id]) * scale + (left, top), in a colour as bytes. */
  discs(ids, { xs, ys }, { scale, left, top, across, colour }) {
    const { words } = this;
    const { width, height } = this.picture;
    const size = Math.max(1, Math.round(across));
    const stamp = stampOf(size, colour);
    for (const id of ids) {
      const x = Math.round(xs[id] * scale + left - size / 2);
      const y = Math.round(ys[id] * scale + top - size / 2);
      if (x <= -size || y <= -size || x >= width || y >= height) continue;
      const [from, to] = [Math.max(0, -x), Math.min(size, width - x)];
      for (let line = Math.max(0, -y), last = Math.min(size, height - y); line < last; line++) {
        for (let i = from; i < to; i++) {
          const word = stamp[line * size + i];
          const at = (y + line) * width + x + i;
          if (word >>> 24 >= HALF || (word && !words[at])) words[at] = word;
        }
      }
    }
  }

  show(context) {
    context.putImageData(this.picture, 0, 0);
  }
}

/** The pixels of a disc with soft edges, row by row; of a very small one those of a square. */
function stampOf(size, colour) {
  const stamp = new Uint32Array(size * size);
  const [middle, bare] = [(size - 1) / 2, colour & 0xffffff];
  for (let i = 0; i < stamp.length; i++) {
    const far = Math.hypot((i % size) - middle, Math.floor(i / size) - middle);
    const alpha = size < SQUARE_BELOW ? 1 : Math.min(1, Math.max(0, size / 2 + 0.5 - far));
    stamp[i] = bare + Math.round(alpha * 255) * 2 ** 24;
  }
  return stamp;
}
