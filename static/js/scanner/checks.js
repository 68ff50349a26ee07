/**
 * Asks the server about codes. A code whose answer was never shown keeps its nonce in this tab, so that asking again
 * repeats the server's answer instead of finding the guest "already in".
 */
const PATIENCE = 4000; // ms
const KEPT = "gate unanswered";

/** The device's key does not open this gate; `message` says why. */
export class Refused extends Error {}

/** No answer that can be trusted; `message` says why in a few words. */
export class Unanswered extends Error {}

export class Checks {
  /** Addresses of the API: where codes are asked about, and which gate this is. */
  constructor({ scan, gate }) {
    Object.assign(this, { scan, gate });
    this.nonces = new Map(JSON.parse(sessionStorage.getItem(KEPT) ?? "[]"));
  }

  get unanswered() {
    return this.nonces.size;
  }

  /** Which gate the device serves: { gate, entrances, event, counts }. Raises Refused when the key serves none. */
  async greet({ key, gate }) {
    const url = gate ? `${this.gate}?${new URLSearchParams({ gate })}` : this.gate;
    return this.read(await this.send(url, key));
  }

  /** The server's reply about a code: { verdict, message, ticket, guest, event, gate, first_admission }. */
  async ask(device, code) {
    if (!this.nonces.has(code)) this.nonces.set(code, newNonce());
    this.keep();
    const question = { code, nonce: this.nonces.get(code), ...(device.gate && { gate: device.gate }) };
    const response = await this.send(this.scan, device.key, { method: "POST", body: JSON.stringify(question) });
    if (response.status === 400) return { verdict: "unknown", message: "This is not one of our ticket codes." };
    return this.read(response);
  }

  /** The answer has been seen: asked again, the code is a new scan. */
  seen(code) {
    this.nonces.delete(code);
    this.keep();
  }

  forget() {
    this.nonces.clear();
    this.keep();
  }

  keep() {
    sessionStorage.setItem(KEPT, JSON.stringify([...this.nonces]));
  }

  async send(url, key, question) {
    try {
      return await fetch(url, {
        ...question,
        headers: { "Authorization": `Api-Key ${key}`, "Content-Type": "application/json" },
        credentials: "omit",
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE),
      });
    } catch (error) {
      throw new Unanswered(error.name === "TimeoutError" ? "No answer" : "No connection");
    }
  }

  async read(response) {
    const reply = await response.json().catch(() => ({}));
    if (response.ok && reply.event) return reply;
    if ([401, 403, 404, 422].includes(response.status)) throw new Refused(reply.detail ?? "This key is not valid.");
    throw new Unanswered(`The server is busy (${response.status})`);
  }
}

/** 128 random bits; randomUUID would need a secure address, which a trial on a local network has not. */
function newNonce() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
