/** Keeps the server's draft the same as the drawing: by itself after a pause, at once when asked. */

const PAUSE = 1500; // ms without a change
const AGAIN = 10_000; // ms after a failure
const SLICE = 10; // ms of work without a frame
const UNHEARD = [undefined, 502, 503, 504]; // of a save that may have been stored: the very same is sent again

export class Saver {
  /** root names the addresses; state shows a line; refused(message, isStale) shows what went wrong. */
  constructor(root, server, drawing, version, { state, refused }) {
    Object.assign(this, { root, server, drawing, version, state, refused, isChanged: false, changes: 0 });
    addEventListener("beforeunload", (event) => this.isChanged && event.preventDefault());
    addEventListener("pagehide", () => clearTimeout(this.timer));
  }

  touch() {
    this.isChanged = true;
    this.changes++;
    this.show("Not saved yet");
    this.plan(PAUSE);
  }

  plan(pause) {
    clearTimeout(this.timer);
    if (!this.isStale) this.timer = setTimeout(() => this.save(), pause);
  }

  show(words, isBad = false) {
    this.state.textContent = words;
    this.state.classList.toggle("bad", isBad);
  }

  /** Whether everything is stored at the end. One save at a time; what changed meanwhile follows. */
  async save() {
    clearTimeout(this.timer);
    this.saving = (this.saving ?? Promise.resolve()).then(() => this.send());
    return this.saving;
  }

  async send() {
    if (!this.isChanged || this.isStale) return !this.isChanged;
    this.show("Saving…");
    const { body, sections, changes } = (this.unheard ??= await this.spelled());
    const answer = await this.server.sendFile(this.root.dataset.save, body, { method: "POST", type: "application/json" });
    if (answer.ok || !UNHEARD.includes(answer.status)) this.unheard = null;
    if (!answer.ok) return this.failed(answer);
    sections.forEach(({ section, revision }, position) => (section.saved = { position, revision }));
    this.version = answer.version;
    this.isChanged = this.changes !== changes;
    if (this.isChanged) this.plan(PAUSE);
    this.show(`Saved ${answer.at}`);
    this.refused("");
    return !this.isChanged;
  }

  /** The body of a save, spelled section by section so that frames come between (a text of megabytes would hold them up);
   * anew when something changed meanwhile. */
  async spelled() {
    const { drawing, changes } = this;
    const sections = drawing.sections.map((section) => ({ section, revision: section.revision }));
    const parts = [];
    for (let since = performance.now(), i = 0; i < sections.length; i++) {
      parts.push(new Blob([i ? "," : "", JSON.stringify(drawing.keptForm(sections[i].section))]));
      if (performance.now() - since < SLICE) continue;
      await breath();
      if (this.changes !== changes) return this.spelled();
      since = performance.now();
    }
    const head = JSON.stringify(drawing.head()).slice(0, -1);
    const body = new Blob([`{"version":${this.version},"plan":${head},"sections":[`, ...parts, "]}}"]);
    return { body, sections, changes };
  }

  failed({ status, message }) {
    this.show("Not saved", true);
    this.isStale = status === 409;
    this.refused(message, this.isStale);
    if (!status) this.plan(AGAIN);
    return false;
  }

  /** The whole drawing as a draft of its own; goes there. */
  async keepCopy() {
    for (const section of this.drawing.sections) section.saved = null;
    const answer = await this.server.send(this.root.dataset.copy, { plan: this.drawing.form() });
    if (!answer.ok) return this.refused(answer.message, true);
    this.isChanged = false;
    return location.assign(answer.address);
  }
}

/** Lets the page paint and hear in between. */
const breath = () => new Promise((resolve) => setTimeout(resolve));
