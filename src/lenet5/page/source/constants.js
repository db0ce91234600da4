// The paper's numbers, the settings and the weights: JSON that the package wrote into the page.

const DATA = typeof document === "undefined" ? globalThis.LENET5_DATA : JSON.parse(document.getElementById("data").textContent);
const INPUT = DATA.input, FIELD = DATA.field, KERNEL = DATA.kernel;
const EDGE = (INPUT - FIELD) / 2;
const [BITMAP_ROWS, BITMAP_COLUMNS] = DATA.bitmap;
const fround = Math.fround;

/** Rounds halves to the even number, as NumPy and Python do. */
function rint(value) {
  const floor = Math.floor(value);
  const part = value - floor;
  if (part !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Bytes of a base64 text, of either alphabet. */
function bytesOf(base64) {
  const text = atob(base64.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Bytes as base64 that a link may hold. */
function base64Of(bytes) {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** Bytes of a base-85 text: five letters for four bytes, in the alphabet of RFC 1924 with a space for <. */
function bytesOf85(text) {
  const alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz!#$%&()*+-; =>?@^_`{|}~";
  const value = new Uint8Array(128), bytes = new Uint8Array(text.length / 5 * 4);
  for (let k = 0; k < alphabet.length; k++) value[alphabet.charCodeAt(k)] = k;
  for (let i = 0, at = 0; i < text.length; i += 5, at += 4) {
    let word = 0;
    for (let k = 0; k < 5; k++) word = word * 85 + value[text.charCodeAt(i + k)];
    for (let k = 3; k >= 0; k--) { bytes[at + k] = word % 256; word = Math.floor(word / 256); }
  }
  return bytes;
}
