// Images as {rows, columns, levels}, levels row by row in 0 … 1: resized, labelled, sheared, as the package does it.

const imageOf = (rows, columns, levels = new Float32Array(rows * columns)) => ({ rows, columns, levels });

const CUBIC = { reach: 2, weight: (x) => { x = Math.abs(x); return x < 1 ? (1.5 * x - 2.5) * x * x + 1 : x < 2 ? ((-0.5 * x + 2.5) * x - 4) * x + 2 : 0; } };
const AREA = { reach: 0.5, weight: (x) => (x > -0.5 && x <= 0.5 ? 1 : 0) };

/** Share of each old pixel in each new one along an axis: [first, weights] of every new pixel, as Pillow has them. */
function resizeWeights(before, after, filter) {
  const scale = before / after, stretch = Math.max(scale, 1), reach = filter.reach * stretch;
  return range(after).map((i) => {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.trunc(centre - reach + 0.5)), stop = Math.min(before, Math.trunc(centre + reach + 0.5));
    const weights = range(stop - first).map((k) => filter.weight((k + first - centre + 0.5) * (1 / stretch)));
    const total = weights.reduce((a, b) => a + b, 0);
    return [first, total ? weights.map((weight) => weight / total) : weights];
  });
}

/** An image of another size: means of areas, or bicubic. */
function resize(image, rows, columns, filter) {
  let { levels } = image;
  if (columns !== image.columns) {
    const across = resizeWeights(image.columns, columns, filter), wide = new Float32Array(image.rows * columns);
    for (let r = 0; r < image.rows; r++) for (let c = 0; c < columns; c++) {
      const [first, weights] = across[c];
      let sum = 0;
      for (let k = 0; k < weights.length; k++) sum += levels[r * image.columns + first + k] * weights[k];
      wide[r * columns + c] = sum;
    }
    levels = wide;
  }
  if (rows !== image.rows) {
    const down = resizeWeights(image.rows, rows, filter), high = new Float32Array(rows * columns);
    for (let r = 0; r < rows; r++) {
      const [first, weights] = down[r];
      for (let c = 0; c < columns; c++) {
        let sum = 0;
        for (let k = 0; k < weights.length; k++) sum += levels[(first + k) * columns + c] * weights[k];
        high[r * columns + c] = sum;
      }
    }
    levels = high;
  }
  return imageOf(rows, columns, levels === image.levels ? levels.slice() : levels);
}

/** The rows and columns [top, bottom, left, right] of what a test holds for; null where there is none. */
function boundsOf(rows, columns, test) {
  let top = rows, bottom = 0, left = columns, right = 0;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) if (test(r * columns + c)) {
    top = Math.min(top, r); bottom = r + 1; left = Math.min(left, c); right = Math.max(right, c + 1);
  }
  return bottom ? [top, bottom, left, right] : null;
}

function crop(image, [top, bottom, left, right]) {
  const part = imageOf(bottom - top, right - left);
  for (let r = top; r < bottom; r++)
    part.levels.set(image.levels.subarray(r * image.columns + left, r * image.columns + right), (r - top) * part.columns);
  return part;
}

function padded(image, edge) {
  const wide = imageOf(image.rows + 2 * edge, image.columns + 2 * edge);
  for (let r = 0; r < image.rows; r++)
    wide.levels.set(image.levels.subarray(r * image.columns, (r + 1) * image.columns), (r + edge) * wide.columns + edge);
  return wide;
}

/** Connected components: labels from 1 in the order of their first pixel, 0 elsewhere, and how many there are. */
function labelComponents(rows, columns, mask, diagonal = true) {
  const labels = new Int32Array(rows * columns), waiting = [];
  let count = 0;
  for (let start = 0; start < labels.length; start++) {
    if (!mask(start) || labels[start]) continue;
    labels[start] = ++count;
    waiting.push(start);
    while (waiting.length) {
      const at = waiting.pop(), r = Math.floor(at / columns), c = at % columns;
      for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) {
        if (!diagonal && dx && dy) continue;
        const y = r + dy, x = c + dx, near = y * columns + x;
        if (y < 0 || x < 0 || y >= rows || x >= columns || labels[near] || !mask(near)) continue;
        labels[near] = count;
        waiting.push(near);
      }
    }
  }
  return { labels, count };
}

/** [top, bottom, left, right] of each label from 1. */
function componentEdges(rows, columns, labels, count) {
  const edges = range(count).map(() => [rows, 0, columns, 0]);
  for (let i = 0; i < labels.length; i++) if (labels[i]) {
    const edge = edges[labels[i] - 1], r = Math.floor(i / columns), c = i % columns;
    edge[0] = Math.min(edge[0], r); edge[1] = Math.max(edge[1], r + 1);
    edge[2] = Math.min(edge[2], c); edge[3] = Math.max(edge[3], c + 1);
  }
  return edges;
}

/** Glyphs whose tops move to the right by `shear` pixels for each pixel of height (imaging.shear). */
function shearGlyph(glyph, shear, side = FIELD) {
  if (!shear) return glyph;
  const sheared = new Uint8Array(glyph.length);
  for (let r = 0; r < side; r++) {
    const offset = shear * ((side - 1) / 2 - r), whole = Math.floor(offset), part = offset - whole;
    const level = (c) => (c >= 0 && c < side ? glyph[r * side + c] : 0);
    for (let c = 0; c < side; c++)
      sheared[r * side + c] = rint(fround(fround(level(c - whole) * fround(1 - part)) + fround(level(c - whole - 1) * fround(part))));
  }
  return sheared;
}

const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** Sum of single-precision numbers in the order in which NumPy adds them up. */
function pairwiseSum(values, start = 0, count = values.length) {
  if (count < 8) {
    let sum = 0;
    for (let i = 0; i < count; i++) sum = fround(sum + values[start + i]);
    return sum;
  }
  if (count <= 128) {
    const sums = Array.from(values.subarray(start, start + 8));
    let i = 8;
    for (; i < count - (count % 8); i += 8) for (let k = 0; k < 8; k++) sums[k] = fround(sums[k] + values[start + i + k]);
    const add = (a, b) => fround(a + b);
    let sum = add(add(add(sums[0], sums[1]), add(sums[2], sums[3])), add(add(sums[4], sums[5]), add(sums[6], sums[7])));
    for (; i < count; i++) sum = fround(sum + values[start + i]);
    return sum;
  }
  let half = count >> 1;
  half -= half % 8;
  return fround(pairwiseSum(values, start, half) + pairwiseSum(values, start + half, count - half));
}
