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
