/** Reads codes from the camera: with the browser's own detector where there is one, else with jsQR in a worker. */
const PAUSE = 90; // ms between looks
const SHARPEST = 800; // px of the square handed to jsQR

export class Camera {
  /** found(text) is called for each look that finds a code. */
  constructor(video, { jsqr, found }) {
    Object.assign(this, { video, jsqr, found });
  }

  get isOn() {
    return Boolean(this.track);
  }

  get hasTorch() {
    return Boolean(this.track?.getCapabilities?.().torch);
  }

  /** Raises when there is no camera or it may not be used. */
  async start() {
    this.stop();
    const stream = await navigator.mediaDevices.getUserMedia({
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 960 } },
    });
    this.track = stream.getVideoTracks()[0];
    this.video.srcObject = stream;
    await this.video.play();
    this.read ??= await reader(this.jsqr);
    this.look(this.track);
  }

  stop() {
    this.track?.stop();
    this.track = null;
    this.video.srcObject = null;
  }

  async light(on) {
    await this.track.applyConstraints({ advanced: [{ torch: on }] });
  }

  async look(track) {
    while (this.track === track && track.readyState === "live") {
      const text = document.hidden ? null : await this.read(this.video);
      if (text && this.track === track) this.found(text);
      await new Promise((done) => setTimeout(done, PAUSE));
    }
  }
}

/** A function of the video that gives the text of one code in sight, or null. */
async function reader(jsqr) {
  const formats = (await globalThis.BarcodeDetector?.getSupportedFormats()) ?? [];
  return formats.includes("qr_code") ? nativeReader() : workerReader(jsqr);
}

function nativeReader() {
  const detector = new BarcodeDetector({ formats: ["qr_code"] });
  const area = ({ boundingBox }) => boundingBox.width * boundingBox.height;
  return async (video) => {
    const codes = await detector.detect(video).catch(() => []);
    return codes.sort((a, b) => area(b) - area(a))[0]?.rawValue || null;
  };
}

function workerReader(jsqr) {
  const worker = new Worker(new URL("./decoder.js", import.meta.url));
  const context = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  worker.postMessage({ jsqr });
  return (video) => new Promise((done) => {
    const picture = middle(video, context);
    if (!picture) return done(null);
    worker.onmessage = ({ data }) => done(data);
    worker.onerror = () => done(null);
    worker.postMessage(picture, [picture.data.buffer]);
  });
}

/** The square in the middle of the picture, as ImageData. */
function middle(video, context) {
  const side = Math.min(video.videoWidth, video.videoHeight);
  if (!side) return null;
  const size = Math.min(side, SHARPEST);
  Object.assign(context.canvas, { width: size, height: size });
  const [left, top] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
  context.drawImage(video, left, top, side, side, 0, 0, size, size);
  return context.getImageData(0, 0, size, size);
}
