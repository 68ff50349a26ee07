/** Requests of the page to its own server. */

const UNREACHED = "The server was not reached. Keep this page open and try again in a moment.";
const SIGNED_OUT = "You are signed out. Sign in again in another tab, then press “Save now” here.";

export class Server {
  constructor(root) {
    this.token = root.querySelector("[name=csrfmiddlewaretoken]").value;
  }

  /** What the server answers with `ok`, and a `message` unless it is; without `status` there was no answer. */
  async send(address, form, { method = "POST", keepalive = false } = {}) {
    return this.sendFile(address, JSON.stringify(form), { method, type: "application/json", keepalive });
  }

  /** With `keepalive` (for little) it is sent even while the page is being left. */
  async sendFile(address, body, { method, type, keepalive = false }) {
    const headers = { "Content-Type": type, "X-CSRFToken": this.token };
    const response = await fetch(address, { method, headers, body, keepalive }).catch(() => null);
    if (!response) return { ok: false, message: UNREACHED };
    const { ok, status, redirected } = response;
    if (redirected) return { ok: false, status, message: SIGNED_OUT };
    const answer = await response.json().catch(() => ({ message: `The server answered ${status}. Whether this was saved is not known.` }));
    return { ...answer, ok, status };
  }
}
