// A drawing pad: pen, finger, mouse and keys make strokes on a sheet with a blank border.

const RIM = 4; // pixels of the sheet that stay blank at its border

// How a hand may write each digit, in a box of 100×100; and something that is no digit.
const EXAMPLES = {
  0: [[[50, 6], [24, 20], [16, 50], [26, 82], [50, 95], [74, 82], [84, 50], [76, 20], [50, 6]]],
  1: [[[34, 24], [54, 6], [52, 95]]],
  2: [[[18, 28], [34, 8], [62, 8], [74, 28], [60, 54], [18, 92], [84, 90]]],
  3: [[[20, 16], [48, 5], [74, 20], [68, 40], [44, 48], [74, 60], [78, 82], [48, 96], [18, 84]]],
  4: [[[60, 5], [18, 64], [86, 62]], [[64, 36], [62, 96]]],
  5: [[[78, 6], [28, 8], [24, 46], [56, 42], [78, 62], [66, 90], [20, 92]]],
  6: [[[70, 6], [36, 34], [24, 68], [40, 94], [68, 86], [72, 62], [50, 54], [28, 68]]],
  7: [[[16, 10], [84, 8], [58, 50], [44, 96]]],
  8: [[[52, 48], [26, 28], [50, 6], [74, 26], [52, 48], [24, 74], [50, 96], [78, 74], [52, 48]]],
  9: [[[74, 30], [50, 46], [28, 30], [48, 8], [74, 24], [74, 52], [62, 96]]],
  scribble: [[[8, 50], [30, 12], [28, 88], [50, 10], [52, 90], [70, 16], [74, 84], [94, 40], [10, 62], [92, 70], [12, 30], [90, 22], [40, 96]]],
};

/** Corners cut twice: a polygon as a pen would draw it. */
function rounded(points) {
  for (let pass = 0; pass < 2; pass++) {
    const next = [points[0]];
    for (let k = 1; k < points.length; k++) {
      const [[x0, y0], [x1, y1]] = [points[k - 1], points[k]];
      next.push([0.75 * x0 + 0.25 * x1, 0.75 * y0 + 0.25 * y1], [0.25 * x0 + 0.75 * x1, 0.25 * y0 + 0.75 * y1]);
    }
    points = [...next, points.at(-1)];
  }
  return points;
}

/** Strokes of an example within a square of a side, from (left, top). */
const exampleStrokes = (name, left, top, side, width) => EXAMPLES[name].map((points) => ({ width, points: rounded(points).map(([x, y]) => [left + x * side / 100, top + y * side / 100]) }));

/** A pad over a canvas. changed(pad) is called with every movement of a pen that is down, finished(pad) when it is lifted. */
function makePad(canvas, { width, changed, finished, digit }) {
  const rows = canvas.height, columns = canvas.width;
  const pad = { rows, columns, strokes: [], loaded: null, sheet: new Uint8Array(rows * columns), width, pen: [columns / 2, rows / 2], down: false, keys: false, example: false };
  const context = canvas.getContext("2d");
  let current = null;

  pad.paint = () => {
    const image = context.createImageData(columns, rows);
    for (let i = 0; i < pad.sheet.length; i++) {
      const colour = blend(colours.raised, colours.ink, pad.sheet[i] / 255);
      image.data.set([...colour, 255], 4 * i);
    }
    context.putImageData(image, 0, 0);
    if (!pad.keys) return;
    context.beginPath();
    context.arc(...pad.pen, pad.width / 2 + 3, 0, 7);
    context.strokeStyle = css(colours.accent);
    context.lineWidth = pad.down ? 4 : 2;
    context.stroke();
  };
  pad.render = () => {
    pad.sheet = renderStrokes(pad.strokes, rows, columns);
    if (pad.loaded) enlarge(pad.loaded, pad.sheet, rows, columns);
    pad.paint();
  };
  pad.set = (strokes) => { pad.strokes = strokes; pad.loaded = null; pad.example = false; pad.render(); changed(pad); finished(pad); };
  pad.load = (glyph) => { pad.strokes = []; pad.loaded = glyph; pad.render(); };
  pad.undo = () => pad.set(pad.loaded ? [] : pad.strokes.slice(0, -1));

  const keep = ([x, y]) => { const edge = RIM + pad.width / 2; return [Math.min(columns - edge, Math.max(edge, x)), Math.min(rows - edge, Math.max(edge, y))]; };
  const begin = (point) => {
    if (pad.loaded || pad.example) { pad.strokes = []; pad.loaded = null; pad.example = false; }
    current = { width: pad.width, points: [keep(point)] };
    pad.strokes.push(current);
  };
  const extend = (point) => { current.points.push(keep(point)); };
  let scheduled = false;
  const soon = () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => { scheduled = false; pad.render(); changed(pad); });
  };
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * columns / box.width, (event.clientY - box.top) * rows / box.height];
  };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button) return;
    event.preventDefault();
    canvas.focus({ preventScroll: true });
    canvas.setPointerCapture(event.pointerId);
    pad.keys = pad.down = false;
    begin(at(event));
    soon();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!current || pad.keys) return;
    const events = event.getCoalescedEvents?.() ?? [];
    for (const one of events.length ? events : [event]) extend(at(one));
    soon();
  });
  const lift = () => { if (current && !pad.keys) { current = null; pad.render(); changed(pad); finished(pad); } };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  canvas.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = event.shiftKey ? 3 : 10, moves = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] };
    if (moves[event.key]) {
      pad.keys = true;
      pad.pen = keep([pad.pen[0] + moves[event.key][0], pad.pen[1] + moves[event.key][1]]);
      if (pad.down) { extend(pad.pen); soon(); } else pad.paint();
    } else if (event.key === " ") {
      pad.keys = true;
      pad.down = !pad.down;
      if (pad.down) { begin(pad.pen); soon(); } else { current = null; pad.paint(); finished(pad); }
    } else if (event.key === "Backspace") pad.undo();
    else if (event.key === "Delete") pad.set([]);
    else if (/^[0-9]$/.test(event.key)) digit(event.key);
    else return;
    event.preventDefault();
  });
  canvas.addEventListener("blur", () => { pad.keys = pad.down = false; current = null; pad.paint(); });
  return pad;
}

/** A glyph on a sheet, as large as fits. */
function enlarge(glyph, sheet, rows, columns) {
  const size = Math.floor((Math.min(rows, columns) - 2 * RIM) / FIELD), top = (rows - size * FIELD) >> 1, left = (columns - size * FIELD) >> 1;
  for (let r = 0; r < size * FIELD; r++) for (let c = 0; c < size * FIELD; c++)
    sheet[(top + r) * columns + left + c] = glyph[Math.floor(r / size) * FIELD + Math.floor(c / size)];
}
