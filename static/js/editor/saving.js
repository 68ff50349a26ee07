/** Keeps the server's draft the same as the drawing: by itself after a pause, at once when asked. */

const PAUSE = 1500; // ms without a change
const AGAIN = 10_000; // ms after a failure

export class Saver {
  /** root names the addresses; state shows a line; refused(message, isStale) shows what went wrong. */
  constructor(root, drawing, version, { state, refused }) {
    const token = root.querySelector("[name=csrfmiddlewaretoken]").value;
    Object.assign(this, { root, drawing, version, token, state, refused, isChanged: false, changes: 0 });
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
    const { drawing, changes } = this;
    const sections = [...drawing.sections];
    const revisions = sections.map(({ revision }) => revision);
    const answer = await this.post(this.root.dataset.save, { version: this.version, plan: drawing.form() });
    if (!answer.ok) return this.failed(answer);
    sections.forEach((section, position) => (section.saved = { position, revision: revisions[position] }));
    this.version = answer.version;
    this.isChanged = this.changes !== changes;
    if (this.isChanged) this.plan(PAUSE);
    this.show(`Saved ${answer.at}`);
    this.refused("");
    return !this.isChanged;
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
    const answer = await this.post(this.root.dataset.copy, { plan: this.drawing.form() });
    if (!answer.ok) return this.refused(answer.message, true);
    this.isChanged = false;
    return location.assign(answer.address);
  }

  /** The answer of the server with `ok`; without `status` there was none. */
  async post(address, form) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": this.token };
    const response = await fetch(address, { method: "POST", headers, body: JSON.stringify(form) }).catch(() => null);
    if (!response) return { ok: false, message: "The server was not reached. It is tried again in a moment; keep this page open." };
    const { ok, status, redirected } = response;
    if (redirected) return { ok: false, status, message: "You are signed out. Sign in again in another tab, then press “Save now” here." };
    const answer = await response.json().catch(() => ({ message: `The server answered ${status}. Nothing was saved.` }));
    return { ...answer, ok, status };
  }
}

