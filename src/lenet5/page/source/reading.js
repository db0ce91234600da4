// Answers: one character with its confidence, a number by its graph (reading.candidates), and a line by displacement.

/** A share in per cent, never rounded up to 100 % nor down to 0 %: as reading.results.format_confidence. */
function percent(share, places = 1) {
  const text = (100 * share).toFixed(places), step = 10 ** -places;
  if (share < 1 && Number(text) === 100) return `>${(100 - step).toFixed(places)}%`;
  return share > 0 && Number(text) === 0 ? `<${step.toFixed(places)}%` : `${text}%`;
}

/** What a network answers for a glyph: layers, penalties, calibrated confidences, and whether it is refused. */
function recognise(network, glyph, off = {}) {
  const layers = forward(network, inputOf(glyph), INPUT, INPUT, off);
  const penalties = layers.penalties[0];
  const order = range(penalties.length).sort((a, b) => penalties[a] - penalties[b]);
  return { network, glyph, layers, penalties, order, ...confidenceOf(network, [penalties]) };
}

/** As `recognise`, with the confidence that the reader gives: the mean over sheared views of the glyph. */
function readCharacter(network, glyph, off = {}) {
  const answer = recognise(network, glyph, off);
  const views = DATA.shears.map((shear) => forward(network, inputOf(shearGlyph(glyph, shear)), INPUT, INPUT, off).penalties[0]);
  return { ...answer, ...confidenceOf(network, [answer.penalties, ...views]) };
}

/** Mean confidences of several views, the class that they favour, and the reason to refuse it. */
function confidenceOf(network, views) {
  const each = views.map((penalties) => posterior(penalties, network.confidence));
  const confidences = each[0].map((_, k) => meanOf(each.map((one) => one[k])));
  const likely = range(confidences.length).sort((a, b) => confidences[b] - confidences[a]);
  const best = likely[0], second = likely[1], rubbish = Math.max(0, 1 - confidences.reduce((a, b) => a + b, 0));
  const guesses = [best, second].filter((k) => confidences[k] >= 0.01).map((k) => `${network.classes[k]} ${percent(confidences[k], 0)}`);
  let reason = "";
  if (!(confidences[best] >= network.confidence.doubt)) {
    reason = guesses.join(" or ");
    if (rubbish > Math.max(confidences[best], 0.5)) reason = guesses.length ? `hardly a digit (${guesses.join(", ")})` : "it is like none of them";
  }
  return { confidences, likely, best, rubbish, reason };
}

const isFree = (cut) => cut < DATA.segmentation.cut_cost;

/** The arcs of a line: runs of pieces under every class, and silent ones over marks and over ink left unread. */
function interpret(network, segments) {
  const { shape, marks } = DATA, { boxes, size } = segments, pieces = boxes.length;
  const cuts = [0, ...segments.cutCosts, 0];
  const gaps = [0];
  for (const cut of cuts) gaps.push(gaps.at(-1) + isFree(cut));
  const candidates = [];
  for (const [first, stop] of candidateRuns(segments)) {
    const [top, bottom, left, right] = runBox(boxes, first, stop);
    const height = (bottom - top) / size, width = (right - left) / size;
    let cost = shape.character + shape.gap * (gaps[stop] - gaps[first + 1]) + shape.cut * (cuts[first] + cuts[stop]) / 2;
    cost += shape.wide * Math.max(0, width / Math.max(height, shape.flat) - shape.widest);
    const small = shape.small * Math.max(0, shape.least - height);
    const penalty = network.classes.map((name) => cost + (name === shape.small_class ? 0 : small));
    const free = isFree(cuts[first]) && isFree(cuts[stop]);
    if (!(Math.min(...penalty) <= DATA.candidates.dearest || stop === first + 1 || free)) continue;
    const glyph = runGlyph(segments, first, stop);
    const penalties = forward(network, inputOf(glyph)).penalties[0];
    const likely = posterior(penalties, network);
    candidates.push({ first, stop, height, width, glyph, penalties, likely, shape: penalty, box: [left, top, right - left, bottom - top] });
  }
  const arcs = candidates.flatMap((candidate, index) => candidate.likely.map((p, label) => (
    { start: candidate.first, end: candidate.stop, label, candidate: index, penalty: candidate.shape[label] - Math.log(Math.max(p, 1e-12)) })));
  const known = new Map(candidates.map((one) => [`${one.first},${one.stop}`, one]));
  const silent = (start, end, penalty) => arcs.push({ start, end, label: SILENT, candidate: -1, penalty });
  const [least, most] = shape.missed_sizes;
  for (const one of candidates) if (one.stop === one.first + 1) silent(one.first, one.stop, shape.missed * Math.min(Math.max(one.height, least), most));
  const nodes = range(pieces + 1).filter((n) => n === 0 || n === pieces || isFree(cuts[n]));
  for (let k = 1; k < nodes.length; k++) {
    const [a, b] = [nodes[k - 1], nodes[k]], whole = known.get(`${a},${b}`);
    const rubbish = whole ? Math.max(0, 1 - whole.likely.reduce((x, y) => x + y, 0)) : 0;
    silent(a, b, markPenalty(segments, a, b, rubbish, marks));
    if (b > a + 1 && whole) { // a path that cuts what surely is one character pays for it
      const lacking = Math.max(1 - Math.max(...whole.likely), DATA.candidates.error);
      for (const arc of arcs) if (arc.start <= a && arc.end > a && arc.end < b) arc.penalty -= shape.whole * Math.log(lacking);
    }
  }
  return { candidates, graph: { nodes: pieces + 1, arcs } };
}

/** Penalty of skipping what stands free as a point, comma, dash or blot; Infinity where it cannot be one. */
function markPenalty({ boxes, size }, first, stop, rubbish, marks) {
  const [top, bottom, left, right] = runBox(boxes, first, stop);
  const height = (bottom - top) / size, width = (right - left) / size, more = Math.max(0, height - marks.free_height);
  if (height < marks.mark_height || (height < marks.dash_height && height < marks.dash_shape * width)) return marks.mark + marks.mark_slope * more;
  return height < marks.blot_height && rubbish > 0 ? marks.blot - Math.log(rubbish) + marks.blot_slope * more : Infinity;
}

/**
 * A drawn line in the form of the service's answer: pieces, arcs with their three best classes and their share of all
 * paths, the best path, and the next best readings. null: nothing can be read.
 */
function readNumber(network, image, best = 5) {
  if (!image.levels.some((level) => level > DATA.maskLevel)) return null;
  const segments = overSegment(image);
  if (!segments.boxes.length) return null;
  const { candidates, graph } = interpret(network, segments);
  const readings = bestReadings(graph, best);
  if (!readings.length) return null;
  const shares = arcShares(graph), total = new Float64Array(candidates.length);
  graph.arcs.forEach((arc, i) => { if (arc.candidate >= 0) total[arc.candidate] += shares[i]; });
  const spell = (labels) => labels.map((label) => network.classes[label]).join("");
  const arcs = candidates.map((one, i) => {
    const order = range(one.penalties.length).sort((a, b) => one.penalties[a] - one.penalties[b]).slice(0, 3);
    const likely = posterior(one.penalties, network.confidence);
    return { start: one.first, stop: one.stop, box: one.box, glyph: one.glyph, share: total[i],
      penalties: order.map((k) => [network.classes[k], one.penalties[k]]), confidence: likely[order[0]] };
  });
  const path = readings[0].arcs.filter((arc) => arc.candidate >= 0).map((arc) => arc.candidate);
  const line = {
    box: [0, 0, image.columns, image.rows], text: spell(readings[0].labels), confidence: readings[0].share,
    pieces: segments.boxes.map(([top, bottom, left, right]) => ({ box: [left, top, right - left, bottom - top] })),
    arcs, path, alternatives: readings.slice(1).map((one) => ({ text: spell(one.labels), share: one.share })),
  };
  return { width: image.columns, height: image.rows, lines: [line], piece: segments.piece };
}

/** The best reading with ? for what the reader would not believe: the numbers of acceptance.AcceptancePolicy. */
function acceptedText(network, { text, confidence, arcs, path }) {
  const { writing, writingLonger, among, half, pathShare } = DATA.acceptance, count = path.length;
  const confidences = path.map((arc) => arcs[arc].confidence);
  const enough = count === 1 ? network.confidence.doubt : writing[count - 2] ?? writingLonger;
  const isWriting = meanOf(confidences) >= enough && confidence >= pathShare ** count;
  const likely = range(count).filter((k) => isWriting && confidences[k] >= among).sort((a, b) => confidences[b] - confidences[a]);
  const together = () => likely.reduce((product, k) => product * confidences[k], 1);
  if (confidence < half) while (likely.length && together() < half) likely.pop();
  return range(count).map((k) => (likely.includes(k) ? text[k] : "?")).join("");
}

/** A drawn line 32 pixels high, its characters 20, centred by mass from top to bottom (line_image.LineImage). */
function lineImage(image) {
  const mask = (i) => image.levels[i] > DATA.maskLevel;
  const bounds = boundsOf(image.rows, image.columns, mask);
  const scale = DATA.boxSide / Math.max(characterSize(image.rows, image.columns, mask), 1);
  const cut = crop(image, [0, image.rows, bounds[2], bounds[3]]);
  const rows = sized(cut.rows, scale), width = sized(cut.columns, scale);
  const line = resize(cut, rows, width, scale < 1 ? AREA : CUBIC);
  let total = 0, down = 0;
  line.levels.forEach((level, i) => { level = line.levels[i] = Math.min(1, Math.max(0, level)); total += level; down += level * Math.floor(i / width); });
  const first = rint(down / Math.max(total, 1e-6) - INPUT / 2);
  const whole = imageOf(INPUT, Math.ceil((width + INPUT) / DATA.stride) * DATA.stride);
  for (let r = 0; r < INPUT; r++) if (r + first >= 0 && r + first < rows)
    whole.levels.set(line.levels.subarray((r + first) * width, (r + first + 1) * width), r * whole.columns + INPUT / 2);
  return whole;
}

/** The network run over a whole line: a column of penalties and of probabilities every 4 pixels (Section VII). */
function displace(network, line) {
  const x = Float64Array.from(line.levels, (level) => level * (DATA.foreground - DATA.background) + DATA.background);
  const { penalties } = forward(network, x, line.rows, line.columns);
  return penalties.map((one) => ({ penalties: one, likely: posterior(one, network.confidence) }));
}
