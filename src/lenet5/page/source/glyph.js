// From what was drawn to the 28×28 that the network reads, step by step as imaging.foreground and imaging.normalise.
// A drawing is bytes on a sheet whose border is blank, 255 = ink, so that the background is one level: white.

/** Ink of strokes on a sheet: discs along the pen's way, a pixel at the edge grey. strokes: [{width, points: [[x, y], …]}]. */
function renderStrokes(strokes, rows, columns) {
  const sheet = new Uint8Array(rows * columns);
  for (const { width, points } of strokes) {
    const radius = width / 2;
    for (let k = 0; k < points.length; k++) {
      const [x0, y0] = points[Math.max(0, k - 1)], [x1, y1] = points[k];
      const dx = x1 - x0, dy = y1 - y0, length = dx * dx + dy * dy;
      const top = Math.max(1, Math.floor(Math.min(y0, y1) - radius - 1)), bottom = Math.min(rows - 2, Math.ceil(Math.max(y0, y1) + radius + 1));
      const left = Math.max(1, Math.floor(Math.min(x0, x1) - radius - 1)), right = Math.min(columns - 2, Math.ceil(Math.max(x0, x1) + radius + 1));
      for (let r = top; r <= bottom; r++) for (let c = left; c <= right; c++) {
        const x = c + 0.5 - x0, y = r + 0.5 - y0;
        const t = length ? Math.min(1, Math.max(0, (x * dx + y * dy) / length)) : 0;
        const distance = Math.sqrt((x - t * dx) ** 2 + (y - t * dy) ** 2);
        const ink = Math.round(255 * Math.min(1, Math.max(0, radius + 0.5 - distance)));
        if (ink > sheet[r * columns + c]) sheet[r * columns + c] = ink;
      }
    }
  }
  return sheet;
}

/** The level that best parts values into two groups (threshold.threshold_otsu). */
function thresholdOtsu(values, bins = 128) {
  let least = Infinity, most = -Infinity;
  for (const value of values) { least = Math.min(least, value); most = Math.max(most, value); }
  if (!(most - least > 1e-5)) return most / 2;
  const step = fround(fround(most - least) / bins);
  const edges = Float32Array.from({ length: bins + 1 }, (_, i) => (i === bins ? most : fround(fround(i * step) + least)));
  const counts = new Float64Array(bins);
  for (const value of values) {
    let bin = Math.min(bins - 1, Math.floor((value - least) / (most - least) * bins));
    while (bin > 0 && value < edges[bin]) bin--;
    while (bin < bins - 1 && value >= edges[bin + 1]) bin++;
    counts[bin]++;
  }
  const total = values.length;
  let all = 0;
  for (let i = 0; i < bins; i++) all += counts[i] * fround(fround(edges[i] + edges[i + 1]) / 2);
  const variances = [];
  for (let i = 0, below = 0, lower = 0; i < bins - 1; i++) {
    below += counts[i];
    lower += counts[i] * fround(fround(edges[i] + edges[i + 1]) / 2);
    const above = total - below;
    variances.push(below && above ? below * above * (lower / below - (all - lower) / above) ** 2 : -1);
  }
  const best = Math.max(...variances) * (1 - 1e-9);
  const chosen = Float32Array.from(edges.subarray(1, bins).filter((_, i) => variances[i] >= best));
  return fround(pairwiseSum(chosen) / chosen.length);
}

/** How much ink lies on each pixel of a drawing, 0 … 1, without specks; {reason} where nothing can be read. */
function drawingForeground(sheet, rows, columns) {
  const settings = DATA.characterForeground;
  const counts = new Float64Array(256), depth = Float32Array.from({ length: 256 }, (_, ink) => fround(1 - fround((255 - ink) / 255)));
  for (const ink of sheet) counts[ink]++;
  const ranked = (rank) => { let below = 0; return depth.find((_, ink) => (below += counts[ink]) > rank); };
  const quantile = (share, count) => {
    const place = share * (count - 1), at = Math.floor(place);
    return ranked(at) + (ranked(Math.min(at + 1, count - 1)) - ranked(at)) * (place - at);
  };
  if (counts[0] === sheet.length) return { reason: "nothing is drawn yet" };
  const noise = settings.quiet_noise * quantile(settings.quiet, sheet.length >> 1);
  if (quantile(settings.strongest, sheet.length) < Math.max(settings.faintest, settings.noise * noise)) return { reason: "nothing stands out from the background" };
  const stands = sheet.filter((ink) => depth[ink] > noise);
  const level = thresholdOtsu(Float32Array.from(stands, (ink) => depth[ink]));
  const inked = Float32Array.from(stands.filter((ink) => depth[ink] >= level), (ink) => depth[ink]);
  const full = Math.max(fround(pairwiseSum(inked) / inked.length), level);
  const low = Math.max(noise, settings.low * level), lowest = fround(low), span = fround(full - low);
  const share = depth.map((value) => Math.min(1, Math.max(0, fround(fround(value - lowest) / span))));
  const image = imageOf(rows, columns);
  for (let i = 0; i < sheet.length; i++) image.levels[i] = share[sheet[i]];
  if (!isConcentrated(image, settings)) return { reason: "what stands out is scattered, as noise and texture are" };
  return { image: withoutSpecks(image) };
}

/** Sum of ink in each component, from label 1. */
function weightsOf({ labels, count }, levels) {
  const weights = new Float64Array(count);
  for (let i = 0; i < labels.length; i++) if (labels[i]) weights[labels[i] - 1] += levels[i];
  return weights;
}

/** Whether the heaviest components hold most of the ink, as those of writing do. */
function isConcentrated({ rows, columns, levels }, settings) {
  const components = labelComponents(rows, columns, (i) => levels[i] > DATA.maskLevel);
  if (components.count <= settings.components) return true;
  const weights = weightsOf(components, levels).sort();
  const sum = (values) => values.reduce((a, b) => a + b, 0);
  return sum(weights.slice(-settings.components)) / sum(weights) >= settings.concentration;
}

/** The components that belong to one character (components.remove_character_specks). */
function withoutSpecks(image) {
  const settings = DATA.characterSpecks, { rows, columns, levels } = image;
  const components = labelComponents(rows, columns, (i) => levels[i] > settings.level);
  if (components.count <= 1) return image;
  const weights = weightsOf(components, levels);
  const inner = componentEdges(rows, columns, components.labels, components.count).map(([top, bottom, left, right]) => {
    const high = bottom - top, wide = right - left;
    const touches = top === 0 || left === 0 || bottom === rows || right === columns;
    const thin = settings.line_thickness, long = settings.line_length;
    const line = (high < thin * rows && wide > long * columns) || (wide < thin * columns && high > long * rows);
    return !(touches && (line || high < settings.border * rows || wide < settings.border * columns));
  });
  if (!inner.some(Boolean)) inner.fill(true);
  const most = Math.max(...weights.filter((_, i) => inner[i]));
  const keep = inner.map((is, i) => is && weights[i] >= settings.least * most);
  const kept = imageOf(rows, columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const label = components.labels[r * columns + c];
    if (!label || !keep[label - 1]) continue;
    for (let y = Math.max(0, r - 1); y <= Math.min(rows - 1, r + 1); y++) // its grey rim belongs to it
      for (let x = Math.max(0, c - 1); x <= Math.min(columns - 1, c + 1); x++)
        kept.levels[y * columns + x] = levels[y * columns + x];
  }
  return kept;
}

/** Mean width of strokes: the points of a bar lie a quarter of its width from its edge, on average. */
function strokeWidth(image, level) {
  const { rows, columns, levels } = padded(image, 1);
  const FAR = 1e9, square = new Float64Array(rows * columns);
  for (let c = 0; c < columns; c++) { // squared distance to the nearest pixel outside, down each column
    let away = FAR;
    const down = new Float64Array(rows);
    for (let r = 0; r < rows; r++) down[r] = away = levels[r * columns + c] > level ? away + 1 : 0;
    away = FAR;
    for (let r = rows - 1; r >= 0; r--) {
      away = levels[r * columns + c] > level ? away + 1 : 0;
      square[r * columns + c] = Math.min(down[r], away) ** 2;
    }
  }
  let total = 0, count = 0;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) { // then across
    if (!(levels[r * columns + c] > level)) continue;
    let least = square[r * columns + c];
    for (let d = 1; d * d < least; d++) {
      if (c - d >= 0) least = Math.min(least, square[r * columns + c - d] + d * d);
      if (c + d < columns) least = Math.min(least, square[r * columns + c + d] + d * d);
    }
    total += Math.sqrt(least);
    count++;
  }
  return count ? Math.max(4 * (total / count - 0.5) + 1, 1) : 0;
}

/** The largest, or smallest, level within a disc. */
function rank(image, radius, choose) {
  const reach = Math.ceil(radius), rows = image.rows, columns = image.columns;
  const spans = range(2 * reach + 1).map((i) => Math.floor(Math.sqrt(Math.max(-1, radius ** 2 + 0.25 - (i - reach) ** 2) )));
  const result = imageOf(rows, columns);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    let best = image.levels[r * columns + c];
    for (let dy = -reach; dy <= reach; dy++) {
      const y = r + dy, span = spans[dy + reach];
      if (y < 0 || y >= rows || Number.isNaN(span)) continue;
      const last = Math.min(columns - 1, c + span);
      for (let x = Math.max(0, c - span); x <= last; x++) best = choose(best, image.levels[y * columns + x]);
    }
    result.levels[r * columns + c] = best;
  }
  return result;
}

/** Strokes as wide as MNIST's in a box of 20 pixels; the image grows where they grew. */
function withStrokeWidth(image, settings) {
  const scale = Math.max(image.rows, image.columns) / DATA.boxSide;
  const width = strokeWidth(image, settings.stroke_level);
  const least = settings.thinnest * scale, most = settings.thickest * scale;
  if (width < least) {
    const radius = (least - width) / 2;
    return rank(padded(image, Math.ceil(radius)), radius, Math.max);
  }
  if (width > most) {
    const thinner = rank(padded(image, 1), (width - most) / 2, Math.min);
    return thinner.levels.filter((level) => level > settings.stroke_level).length > settings.least_left ? thinner : image;
  }
  return image;
}

const sized = (side, factor) => Math.max(1, rint(side * factor));

/** The glyph of a foreground, 28×28 bytes; null where there is no ink (normalise.glyph). */
function glyphOf(image, settings = DATA.glyph) {
  const box = boundsOf(image.rows, image.columns, (i) => image.levels[i] > settings.level);
  if (!box) return null;
  image = crop(image, box);
  const longest = Math.max(image.rows, image.columns);
  if (longest < settings.working) {
    image = resize(image, sized(image.rows, settings.working / longest), sized(image.columns, settings.working / longest), CUBIC);
    image.levels = image.levels.map((level) => Math.min(1, Math.max(0, level)));
  }
  image = withStrokeWidth(image, settings);
  const scale = Math.max(image.rows, image.columns) / DATA.boxSide;
  const small = resize(image, Math.max(1, rint(image.rows / scale)), Math.max(1, rint(image.columns / scale)), AREA);
  const strong = small.levels.filter((level) => level > settings.weak).sort();
  const place = fround((strong.length - 1) * fround(settings.full)), at = Math.floor(place), part = fround(place - at);
  let full = 1;
  if (strong.length) {
    const a = strong[at], b = strong[Math.min(at + 1, strong.length - 1)], step = fround(b - a);
    full = part >= 0.5 ? fround(b - fround(step * fround(1 - part))) : fround(a + fround(step * part));
  }
  full = Math.max(full, settings.full_least);
  small.levels = small.levels.map((level) => Math.min(1, Math.max(0, fround(level / full))));
  return placeByMass(small);
}

/** A character of at most 20×20 in the middle of 28×28, by its mass. */
function placeByMass({ rows, columns, levels }) {
  let total = 0, down = 0, across = 0;
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const level = levels[r * columns + c];
    total += level; down += level * r; across += level * c;
  }
  const corner = (sum, side) => Math.min(FIELD - side, Math.max(0, rint(FIELD / 2 - (total ? sum / total : 0))));
  const top = corner(down, rows), left = corner(across, columns);
  const glyph = new Uint8Array(FIELD * FIELD);
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++)
    glyph[(top + r) * FIELD + left + c] = rint(fround(levels[r * columns + c] * 255));
  return glyph;
}

/** The glyph of a drawing, or the reason why there is none. */
function glyphOfDrawing(sheet, rows, columns) {
  const { image, reason } = drawingForeground(sheet, rows, columns);
  if (reason) return { reason };
  const glyph = glyphOf(image);
  return glyph ? { glyph } : { reason: "nothing stands out from the background" };
}
