// A drawn line cut into pieces along cheapest seams, as imaging.segmentation does (Section V-A).

/** Height of a line's characters: the median height of its high components (foreground.character_size). */
function characterSize(rows, columns, mask) {
  const { labels, count } = labelComponents(rows, columns, mask);
  const high = componentEdges(rows, columns, labels, count).map(([top, bottom]) => bottom - top).sort((a, b) => b - a);
  const settings = DATA.characterSize;
  let characters = high.filter((height) => height >= settings.tall * high[0]);
  if (characters.length === 1 && high.slice(1).filter((height) => height >= settings.mark * high[0]).length > 1)
    characters = high.slice(1).filter((height) => height >= settings.tall * high[1]);
  return median(characters);
}

/** An area over half its outline is the width of what is long and thin. */
function lineStrokeWidth(rows, columns, mask) {
  let area = 0, outline = 0;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const here = mask(r * columns + c);
    area += here;
    if (r && here !== mask((r - 1) * columns + c)) outline++;
    if (c && here !== mask(r * columns + c - 1)) outline++;
  }
  return Math.max(2 * area / Math.max(outline, 1), 1);
}

/** Cost of the cheapest seam to each place of the last row, and its step sideways at each pixel. */
function seamCosts(image, sideways) {
  const { rows, columns, levels } = image, step = new Int8Array(rows * columns), aside = fround(sideways);
  let above = Float32Array.from(levels.subarray(0, columns));
  for (let r = 1; r < rows; r++) {
    const here = new Float32Array(columns);
    for (let c = 0; c < columns; c++) {
      const left = c ? above[c - 1] : Infinity, right = c + 1 < columns ? above[c + 1] : Infinity;
      const detour = fround(Math.min(left, right) + aside);
      if (detour < above[c]) step[r * columns + c] = left <= right ? -1 : 1;
      here[c] = fround(Math.min(detour, above[c]) + levels[r * columns + c]);
    }
    above = here;
  }
  return { cost: above, step };
}

/** Columns that are the cheapest within reach, one for each run of equal ones. */
function localMinima(cost, reach, limit) {
  const columns = cost.length, ends = [];
  const isLow = (c) => {
    let least = Infinity;
    for (let k = Math.max(0, c - reach); k <= Math.min(columns - 1, c + reach); k++) least = Math.min(least, cost[k]);
    return cost[c] <= least + 1e-4 && cost[c] <= limit;
  };
  for (let c = 0, first = -1; c <= columns; c++) {
    const low = c < columns && isLow(c);
    if (low && first < 0) first = c;
    if (!low && first >= 0) { ends.push((first + c - 1) >> 1); first = -1; }
  }
  return ends;
}

/** The column in every row of the cheapest seams that end at these columns. */
function traceSeams(step, ends, rows, columns) {
  return ends.map((end) => {
    const seam = new Int32Array(rows);
    for (let r = rows - 1, here = end; r >= 0; r--) { seam[r] = here; here += step[r * columns + here]; }
    return seam;
  });
}

const toTheLeft = (paths, r, c) => paths.reduce((count, path) => count + (path[r] <= c), 0);
const meanOf = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** Seams through the ink of one part, from left to right: {path, cost in pixels}. */
function cutsThrough(image, size, stroke) {
  const settings = DATA.segmentation, { rows, columns, levels } = image;
  const outer = padded(image, 1);
  const { labels } = labelComponents(outer.rows, outer.columns, (i) => outer.levels[i] <= 0, false);
  const filled = imageOf(rows, columns); // the ink, and what it encloses
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++)
    filled.levels[r * columns + c] = labels[(r + 1) * outer.columns + c + 1] !== labels[0] ? 1 : 0;
  const through = (from, reach, limit) => {
    const { cost, step } = seamCosts(from, settings.sideways_in_ink);
    const ends = localMinima(cost, Math.max(1, rint(reach * size)), limit);
    return traceSeams(step, ends, rows, columns).map((path, i) => ({ path, cost: cost[ends[i]], at: meanOf(path) }));
  };
  const cuts = through({ rows, columns, levels }, settings.reach, settings.most_cost * stroke);
  const necks = through(filled, settings.neck_reach, settings.neck * size)
    .filter((neck) => cuts.every((cut) => Math.abs(cut.at - neck.at) > settings.neck_distance * size))
    .map((neck) => ({ ...neck, cost: Math.min(neck.cost, settings.neck_cost * stroke) }));
  return [...cuts, ...necks].sort((a, b) => a.at - b.at);
}

/** The pieces of a line's foreground: piece of each pixel (−1: none), their boxes, and strokes that each cut goes through. */
function overSegment(image) {
  const settings = DATA.segmentation, { rows, columns } = image;
  const mask = (i) => image.levels[i] > DATA.maskLevel;
  const solid = imageOf(rows, columns, image.levels.map((level) => (level > DATA.maskLevel ? level : 0)));
  const size = characterSize(rows, columns, mask), stroke = lineStrokeWidth(rows, columns, mask);
  const least = Math.max(settings.least_pixels, settings.least_area * stroke ** 2);
  const { cost, step } = seamCosts(solid, settings.sideways);
  const free = traceSeams(step, localMinima(cost, 1, settings.free), rows, columns);
  const part = new Int32Array(rows * columns), piece = new Int32Array(rows * columns).fill(-1);
  for (let i = 0; i < part.length; i++) part[i] = toTheLeft(free, Math.floor(i / columns), i % columns);
  const cutCosts = [];
  let count = 0;
  for (let number = 0; number <= free.length; number++) {
    const box = boundsOf(rows, columns, (i) => part[i] === number && mask(i));
    if (!box) continue;
    const [top, bottom, left, right] = box, alone = crop(solid, box);
    let inked = 0;
    for (let r = top; r < bottom; r++) for (let c = left; c < right; c++)
      if (part[r * columns + c] !== number) alone.levels[(r - top) * alone.columns + c - left] = 0;
      else inked += mask(r * columns + c);
    if (inked < least) continue;
    const cuts = cutsThrough(alone, size, stroke), paths = cuts.map((cut) => cut.path);
    const weight = new Float64Array(cuts.length + 1), inner = new Int32Array(alone.levels.length);
    for (let i = 0; i < inner.length; i++) {
      inner[i] = toTheLeft(paths, Math.floor(i / alone.columns), i % alone.columns);
      weight[inner[i]] += alone.levels[i] > 0;
    }
    const used = range(cuts.length + 1).filter((k) => weight[k] >= least);
    const renumbered = new Map(used.map((k, i) => [k, count + i]));
    for (let r = top; r < bottom; r++) for (let c = left; c < right; c++)
      if (part[r * columns + c] === number) piece[r * columns + c] = renumbered.get(inner[(r - top) * alone.columns + c - left]) ?? -1;
    if (count && used.length) cutCosts.push(0);
    for (let k = 1; k < used.length; k++)
      cutCosts.push(Math.min(...cuts.slice(used[k - 1], used[k]).map((cut) => cut.cost)) / stroke);
    count += used.length;
  }
  const boxes = range(count).map(() => [rows, 0, columns, 0]);
  for (let i = 0; i < piece.length; i++) if (piece[i] >= 0 && mask(i)) {
    const box = boxes[piece[i]], r = Math.floor(i / columns), c = i % columns;
    box[0] = Math.min(box[0], r); box[1] = Math.max(box[1], r + 1); box[2] = Math.min(box[2], c); box[3] = Math.max(box[3], c + 1);
  }
  return { image, piece, boxes, cutCosts, size, stroke };
}

/** [top, bottom, left, right] of pieces first … stop − 1. */
function runBox(boxes, first, stop) {
  const run = boxes.slice(first, stop);
  return [0, 1, 2, 3].map((k) => (k % 2 ? Math.max : Math.min)(...run.map((box) => box[k])));
}

/** Runs of pieces [first, stop] that may be one character. */
function candidateRuns({ boxes, size }) {
  const settings = DATA.segmentation, runs = [];
  for (let first = 0; first < boxes.length; first++) {
    runs.push([first, first + 1]);
    for (let stop = first + 2; stop <= Math.min(boxes.length, first + settings.most_pieces); stop++) {
      const [top, bottom, left, right] = runBox(boxes, first, stop);
      if (right - left > settings.widest * Math.max(bottom - top, settings.lowest * size)) break;
      runs.push([first, stop]);
    }
  }
  return runs;
}

/** Pieces first … stop − 1 as the network reads them, 28×28 bytes (normalise.fit_to_box). */
function runGlyph({ image, piece, boxes }, first, stop) {
  const [top, bottom, left, right] = runBox(boxes, first, stop);
  const part = crop(image, [top, bottom, left, right]);
  for (let r = top; r < bottom; r++) for (let c = left; c < right; c++) {
    const number = piece[r * image.columns + c];
    if (number < first || number >= stop) part.levels[(r - top) * part.columns + c - left] = 0;
  }
  const scale = DATA.boxSide / Math.max(part.rows, part.columns);
  const rows = sized(part.rows, scale), columns = sized(part.columns, scale);
  let small = resize(part, rows, part.columns, rows < part.rows ? AREA : CUBIC);
  small = resize(small, rows, columns, columns < part.columns ? AREA : CUBIC);
  const strong = small.levels.filter((level) => level > DATA.glyph.weak).sort();
  const full = strong.length ? strong[Math.trunc(DATA.glyph.full * (strong.length - 1))] : 1;
  const least = Math.max(full, DATA.glyph.full_least);
  small.levels = small.levels.map((level) => Math.min(1, Math.max(0, fround(level / least))));
  return placeByMass(small);
}
