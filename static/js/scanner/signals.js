/** What a verdict sounds and feels like, so that it can be told without looking. */

// [frequency in Hz, length in ms] one after another, the wave, and the pattern of vibration in ms.
const SIGNALS = {
  admitted: { tones: [[880, 80], [1320, 140]], wave: "sine", shake: [70] },
  duplicate: { tones: [[440, 130], [0, 60], [440, 130]], wave: "triangle", shake: [120, 80, 120] },
  elsewhere: { tones: [[587, 150], [392, 220]], wave: "triangle", shake: [220, 90, 60] },
  refused: { tones: [[165, 420]], wave: "sawtooth", shake: [450] },
  unchecked: { tones: [[330, 60], [0, 60], [330, 60], [0, 60], [330, 60]], wave: "square", shake: [50, 50, 50, 50, 50] },
};
const LOUDNESS = 0.25;
const FADE = 0.012; // s, against clicks

export class Signals {
  constructor(isLoud) {
    this.isLoud = isLoud;
    // Browsers keep sound back until the page was touched once.
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, () => this.wake(), { passive: true });
  }

  wake() {
    this.audio ??= new AudioContext();
    if (this.audio.state === "suspended") this.audio.resume();
  }

  give(name) {
    const signal = SIGNALS[name];
    navigator.vibrate?.(signal.shake);
    if (this.isLoud && this.audio?.state === "running") this.play(signal);
  }

  play({ tones, wave }) {
    let at = this.audio.currentTime + 0.01;
    for (const [frequency, length] of tones) {
      if (frequency) this.tone(frequency, wave, at, at + length / 1000);
      at += length / 1000;
    }
  }

  tone(frequency, wave, from, to) {
    const source = new OscillatorNode(this.audio, { type: wave, frequency });
    const volume = new GainNode(this.audio, { gain: 0 });
    volume.gain.setTargetAtTime(LOUDNESS, from, FADE / 3);
    volume.gain.setTargetAtTime(0, to - FADE, FADE / 3);
    source.connect(volume).connect(this.audio.destination);
    source.start(from);
    source.stop(to + FADE);
  }
}
