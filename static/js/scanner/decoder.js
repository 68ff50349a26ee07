/** Worker: the first message names jsQR's address, every other is an ImageData and is answered with its text or null. */
self.onmessage = ({ data }) => {
  if (data.jsqr) importScripts(data.jsqr);
  else self.postMessage(self.jsQR(data.data, data.width, data.height, { inversionAttempts: "dontInvert" })?.data || null);
};
