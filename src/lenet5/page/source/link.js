// A drawing as a link: 784 bits (#d=) or, from `lenet5 explain`, 784 grey levels (#g=); and as PNG, Python and curl.

/** The 784 bits of a glyph, eight a byte. */
function packBits(glyph) {
  const bytes = new Uint8Array(glyph.length / 8);
  for (let i = 0; i < glyph.length; i++) if (glyph[i] > 127) bytes[i >> 3] |= 128 >> (i & 7);
  return bytes;
}

const unpackBits = (bytes) => Uint8Array.from({ length: FIELD * FIELD }, (_, i) => (bytes[i >> 3] & (128 >> (i & 7)) ? 255 : 0));

/** The glyph in a link's fragment or in the page itself; null where there is none, or it is damaged. */
function linkedGlyph() {
  const [, kind, text] = /^#([dg])=([\w-]+)$/.exec(location.hash) ?? [];
  try {
    if (kind) {
      const bytes = bytesOf(text);
      if (kind === "d" && bytes.length === FIELD * FIELD / 8) return unpackBits(bytes);
      return kind === "g" && bytes.length === FIELD * FIELD ? bytes : null;
    }
    return OPENING.glyph ? bytesOf(OPENING.glyph) : null;
  } catch {
    return null;
  }
}

const linkOf = (glyph) => `#d=${base64Of(packBits(glyph))}`;

const pythonOf = (glyph, network) => `import base64
import numpy as np
from lenet5 import LeNet5

bits = np.frombuffer(base64.urlsafe_b64decode("${base64Of(packBits(glyph))}=="), np.uint8)
image = np.unpackbits(bits).reshape(1, 28, 28) * 255
network = ${network.python}
print(network.classes[network.predict(image)[0]], network.penalties(image).round(1))`;

const CURL = "curl --data-binary @digit.png http://127.0.0.1:8000/v1/read   # digit.png: Save PNG; the server: lenet5 serve";

/** A PNG of the glyph, black on white, ten pixels for each of its pixels. */
function pngOf(glyph) {
  const canvas = document.createElement("canvas");
  paintCanvas(canvas, FIELD, FIELD, glyph, (level) => blend([255, 255, 255], [0, 0, 0], level / 255), 10);
  return new Promise((done) => canvas.toBlob(done, "image/png"));
}
