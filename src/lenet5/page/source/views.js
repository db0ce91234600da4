// The views of one digit: the answer, why, every layer, the unit that is looked into, the sliders, 1998 beside today.

/** The answer: the digit or ?, its reason in words, and a bar for each class. */
function showAnswer(answer, { digit, verdict, chances, empty, before = "" }) {
  if (!answer) {
    digit.textContent = "";
    verdict.textContent = empty;
    chances?.replaceChildren();
    return;
  }
  const { network, confidences, best, rubbish, reason, penalties, order } = answer;
  digit.textContent = reason ? "?" : network.classes[best];
  digit.classList.toggle("refused", Boolean(reason));
  const next = order.find((k) => k !== best);
  verdict.textContent = before + (reason ? refusal(answer) : `Reads ${network.classes[best]}, confidence ${percent(confidences[best])}. Penalty ${number(penalties[best], 1)}; next is ${network.classes[next]} at ${number(penalties[next], 1)}.`);
  if (!chances) return;
  const rows = answer.likely.slice(0, 3).map((k, i) => bar(network.classes[k], confidences[k], i === 0 && !reason));
  chances.replaceChildren(...rows, bar("no digit", rubbish, Boolean(reason) && rubbish > 0.5));
}

/** Why nothing is read: how far the nearest code is, and what the confidence lacks. */
function refusal({ network, penalties, order, confidences, best, rubbish, reason }) {
  const nearest = `The nearest code, ${network.classes[order[0]]}, is at a distance of ${number(penalties[order[0]], 1)}`;
  if (rubbish > 0.5) return `No digit: ${reason}. ${nearest}; the rubbish class takes ${percent(rubbish)}.`;
  return `Not sure enough: ${reason}. ${nearest}; the confidence of ${percent(confidences[best])} is below ${percent(network.confidence.doubt)}.`;
}

/** F6 beside the ten codes, and what each unit says for the answer and against another class. */
function showWhy(answer, rival, choose) {
  const { network, penalties, order } = answer, f6 = answer.layers.f6.x, names = network.classes;
  paintCanvas(byId("f6"), BITMAP_ROWS, BITMAP_COLUMNS, f6, stateColour, 16);
  const winner = order[0], other = rival === null || rival === winner ? order[1] : rival;
  byId("codes").replaceChildren(...names.map((name, k) => {
    const canvas = element("canvas", { class: "pixels" });
    paintCanvas(canvas, BITMAP_ROWS, BITMAP_COLUMNS, network.codes[k], stateColour, 6);
    return element("button", { type: "button", class: k === winner ? "best" : "", "aria-pressed": String(k === other), "aria-label": `${name}, penalty ${number(penalties[k], 1)}`, onclick: () => choose(k), "data-class": k }, element("b", {}, name), canvas, number(penalties[k], 1));
  }));
  // (f − c_other)² − (f − c_winner)² = 2·f·(c_winner − c_other): zero where the two codes agree.
  const evidence = f6.map((f, u) => 2 * f * (network.codes[winner][u] - network.codes[other][u]));
  paintCanvas(byId("evidence"), BITMAP_ROWS, BITMAP_COLUMNS, evidence, signed(8), 16);
  byId("evidence-title").textContent = `${names[winner]} against ${names[other]}`;
  const sum = (test) => evidence.filter(test).reduce((a, b) => a + b, 0);
  const differ = evidence.filter((_, u) => network.codes[winner][u] !== network.codes[other][u]).length;
  byId("evidence-text").textContent = `The codes of ${names[winner]} and ${names[other]} differ in ${differ} of 84 pixels. In those, ${evidence.filter((x) => x > 0).length} units speak for ${names[winner]} (orange, +${number(sum((x) => x > 0), 1)}), ${evidence.filter((x) => x < 0).length} for ${names[other]} (blue, ${number(sum((x) => x < 0), 1)}). Together ${number(penalties[other] - penalties[winner], 1)}: the difference of their penalties, ${number(penalties[other], 1)} − ${number(penalties[winner], 1)}.`;
}

// Layer -> [maps, side, maps in a row of its picture, pixels of the picture for a unit, maps in a row on a phone].
const PICTURES = { c1: [6, 28, 6, 4, 3], s2: [6, 14, 6, 6, 3], c3: [16, 10, 16, 4, 16], s4: [16, 5, 16, 8, 8], c5: [120, 1, 30, 14, 15], "f6-row": [84, 1, 42, 14, 21] };
const acrossOf = (id) => PICTURES[id][matchMedia("(max-width: 40rem)").matches ? 4 : 2];
const GAP = 6;
const nameOf = (id) => (id === "f6-row" ? "f6" : id);
const idOf = (layer) => (layer === "f6" ? "f6-row" : layer);

/** Where map m lies in its layer's picture. C3 has Table I's rows below it and S2's maps to the left. */
function placeOf(id, m) {
  const [, side, , size] = PICTURES[id], across = acrossOf(id), step = side * size + (side === 1 ? 2 : GAP);
  return [(id === "c3" ? step : 0) + (m % across) * step, Math.floor(m / across) * step];
}

/** Paint a layer. selected: {layer, map, row, column}; hovered: a C3 map whose inputs light up, or −1. */
function showLayer(id, answer, { selected, hovered, off }) {
  const [maps, side, , size] = PICTURES[id], across = acrossOf(id), canvas = byId(id), layer = answer.layers[nameOf(id)];
  const step = side * size + (side === 1 ? 2 : GAP), rows = Math.ceil(maps / across);
  canvas.width = (across + (id === "c3")) * step;
  canvas.height = (rows + (id === "c3" ? 6 : 0)) * step;
  const context = canvas.getContext("2d");
  const lit = (m) => hovered < 0 || (id === "c3" ? m === hovered : id !== "s2" || C3_PAIRS.some(([c3, s2]) => c3 === hovered && s2 === m));
  for (let m = 0; m < maps; m++) {
    const [x, y] = placeOf(id, m);
    paint(context, x, y, size, side, side, layer.x, stateColour, m * side * side, lit(m) ? 1 : 0.22);
    if (off[nameOf(id)]?.has(m)) { context.strokeStyle = css(colours.accent); context.lineWidth = 2; context.beginPath(); context.moveTo(x, y); context.lineTo(x + side * size, y + side * size); context.stroke(); }
    if (selected.layer !== nameOf(id) || selected.map !== m) continue;
    if (side > 1) outline(context, x, y, side * size, side * size, colours.accent, 2);
    outline(context, x + selected.column * size - 1, y + selected.row * size - 1, size + 2, size + 2, colours.accent, 2);
  }
  if (id === "c3") showTable(context, answer, hovered, step);
  canvas.setAttribute("aria-label", `${nameOf(id).toUpperCase()}: ${maps} ${side > 1 ? `maps of ${side} by ${side}` : "units"}. Arrows choose a unit${side > 1 ? ", Page Up and Page Down a map" : ""}.`);
}

/** Table I below C3's maps: a row for each S2 map, and a kernel wherever the paper has an X. */
function showTable(context, answer, hovered, step) {
  const weight = answer.network.parameters["c3.weight"], s2 = answer.layers.s2, size = Math.floor((step - GAP) / KERNEL), most = 0.8;
  for (let m = 0; m < 6; m++) {
    const lit = hovered < 0 || C3_PAIRS.some(([c3, map]) => c3 === hovered && map === m);
    const scale = (step - GAP) / s2.columns;
    paint(context, 0, (m + 1) * step, scale, s2.rows, s2.columns, s2.x, stateColour, m * s2.rows * s2.columns, lit ? 1 : 0.22);
  }
  C3_PAIRS.forEach(([c3, map], pair) => {
    const alpha = hovered < 0 || hovered === c3 ? 1 : 0.14;
    paint(context, (c3 + 1) * step, (map + 1) * step, size, KERNEL, KERNEL, weight, signed(most), pair * KERNEL * KERNEL, alpha);
  });
}

const within = (value, count) => Math.min(count - 1, Math.max(0, value));

/** The unit nearest to a place of a layer's picture: a finger rarely meets one of two pixels. */
function unitAt(id, x, y) {
  const [maps, side, , size] = PICTURES[id];
  let nearest = null, least = Infinity;
  for (let m = 0; m < maps; m++) {
    const [left, top] = placeOf(id, m);
    const column = within(Math.floor((x - left) / size), side), row = within(Math.floor((y - top) / size), side);
    const distance = Math.hypot(x - left - (column + 0.5) * size, y - top - (row + 0.5) * size);
    if (distance < least) { least = distance; nearest = { layer: nameOf(id), map: m, row, column }; }
  }
  return nearest;
}

/** What Table I shows at a place of C3's picture: {c3, s2}, c3 −1 in the column of S2's maps; null above it. */
function tableAt(x, y) {
  const [, side, , size] = PICTURES.c3, step = side * size + GAP, s2 = Math.floor(y / step) - 1;
  return s2 < 0 ? null : { c3: within(Math.floor(x / step), 17) - 1, s2: within(s2, 6) };
}

/** Rows and columns of the enlarged picture: of the selected map, or of all units of C5 and F6. */
const gridOf = (layer) => (layer === "c5" ? [10, 12] : layer === "f6" ? [BITMAP_ROWS, BITMAP_COLUMNS] : [PICTURES[layer][1], PICTURES[layer][1]]);

/** The selected map so large that a finger meets a unit. */
function showMagnified(answer, { layer, map, row, column }) {
  const [rows, columns] = gridOf(layer), single = PICTURES[idOf(layer)][1] === 1, size = Math.ceil(320 / columns), canvas = byId("magnified");
  canvas.width = columns * size;
  canvas.height = rows * size;
  const context = canvas.getContext("2d"), [r, c] = single ? [Math.floor(map / columns), map % columns] : [row, column];
  paint(context, 0, 0, size, rows, columns, answer.layers[layer].x, stateColour, single ? 0 : map * rows * columns);
  outline(context, c * size - 2, r * size - 2, size + 4, size + 4, colours.accent, 3);
  byId("magnified-title").textContent = `${layer.toUpperCase()}${single ? ", all units" : `, map ${map}`}: press or drag`;
  canvas.setAttribute("aria-label", `${layer.toUpperCase()}${single ? "" : ` map ${map}`}, enlarged. Arrows choose a unit${single ? "" : ", Page Up and Page Down a map"}.`);
}

/** The unit of the selected layer at a place of the enlarged picture. */
function magnifiedUnitAt({ layer, map }, x, y) {
  const [rows, columns] = gridOf(layer), row = within(Math.floor(y * rows), rows), column = within(Math.floor(x * columns), columns);
  return PICTURES[idOf(layer)][1] === 1 ? { layer, map: row * columns + column, row: 0, column: 0 } : { layer, map, row, column };
}

// Layer -> [layer before, side of the window, step of the window, side and step of the field on the input].
const WINDOWS = { c1: ["input", 5, 1, 5, 1], s2: ["c1", 2, 2, 6, 2], c3: ["s2", 5, 1, 14, 2], s4: ["c3", 2, 2, 16, 4], c5: ["s4", 5, 1, 32, 4], f6: ["c5", 1, 1, 32, 4] };

/** Kernels that a unit reads through: [map of the layer before, weights, offset]. */
function kernelsOf(parameters, layer, map) {
  const square = KERNEL * KERNEL;
  if (layer === "c1") return [[0, parameters["c1.weight"], map * square]];
  if (layer === "c3") return C3_PAIRS.flatMap(([c3, s2], pair) => (c3 === map ? [[s2, parameters["c3.weight"], pair * square]] : []));
  return range(16).map((s4) => [s4, parameters["c5.weight"], (map * 16 + s4) * square]);
}

/** The terms of a unit's sum: [{label, value, weights, inputs}], and its bias. */
function termsOf(answer, { layer, map, row, column }) {
  const p = answer.network.parameters, [before, side, step] = WINDOWS[layer], from = answer.layers[before];
  const at = (m, r, c) => from.x[(m * from.rows + r) * from.columns + c];
  const window = (m) => range(side * side).map((i) => at(m, row * step + Math.floor(i / side), column * step + (i % side)));
  const bias = p[`${layer}.bias`][map];
  if (layer === "s2" || layer === "s4") {
    const coefficient = p[`${layer}.coefficient`][map], inputs = window(map);
    return { bias, coefficient, terms: inputs.map((input, i) => ({ label: `pixel ${i + 1}`, value: input * coefficient, input })) };
  }
  if (layer === "f6") return { bias, terms: range(120).map((u) => ({ label: `C5 unit ${u}`, value: p["f6.weight"][map * 120 + u] * at(u, 0, 0), weight: p["f6.weight"][map * 120 + u], input: at(u, 0, 0) })) };
  return { bias, terms: kernelsOf(p, layer, map).map(([m, weights, offset]) => {
    const kernel = Array.from(weights.subarray(offset, offset + side * side)), inputs = window(m);
    return { label: layer === "c1" ? "input" : `${before.toUpperCase()} map ${m}`, kernel, inputs, value: kernel.reduce((sum, w, i) => sum + w * inputs[i], 0) };
  }) };
}

/** A table of 5×5 numbers, its cells coloured by them. */
function numberTable(caption, values, colour) {
  const rows = range(KERNEL).map((r) => element("tr", {}, ...range(KERNEL).map((c) => {
    const value = values[r * KERNEL + c], cell = element("td", {}, number(value)), ground = colour(value);
    cell.style.backgroundColor = css(ground);
    cell.style.color = ground[0] * 0.3 + ground[1] * 0.59 + ground[2] * 0.11 > 120 ? "#000" : "#fff";
    return cell;
  })));
  return element("table", {}, element("caption", {}, caption), element("tbody", {}, ...rows));
}

/** Look into a unit: where it looks, and its sum with its numbers. term: the input whose products are shown. */
function showUnit(answer, selected, term, chooseTerm) {
  const { layer, map, row, column } = selected, states = answer.layers[layer];
  const at = (map * states.rows + row) * states.columns + column;
  const single = states.rows === 1;
  byId("unit-title").textContent = `${layer.toUpperCase()}, ${single ? `unit ${map}` : `map ${map}, row ${row}, column ${column}`}: ${number(states.x[at])}`;
  const context = paintCanvas(byId("field"), INPUT, INPUT, answer.layers.input.x, grey(DATA.background, DATA.foreground), 8);
  const [, , , side, stride] = WINDOWS[layer];
  outline(context, 8 * column * stride, 8 * row * stride, 8 * Math.min(side, INPUT), 8 * Math.min(side, INPUT), colours.accent, 4);
  const { terms, bias, coefficient } = termsOf(answer, selected);
  const order = range(terms.length).sort((a, b) => Math.abs(terms[b].value) - Math.abs(terms[a].value));
  const shown = terms[term] ? term : order[0], parts = [];
  if (terms[shown].kernel) {
    const { kernel, inputs, label } = terms[shown], most = Math.max(...kernel.map(Math.abs));
    parts.push(element("p", { class: "note" }, `Kernel × ${label} = products, which add up to ${number(terms[shown].value)}:`));
    parts.push(element("div", { class: "products" }, numberTable("kernel", kernel, signed(most)), numberTable(label, inputs, layer === "c1" ? grey(DATA.background, DATA.foreground) : stateColour), numberTable("products", kernel.map((w, i) => w * inputs[i]), signed(most * DATA.amplitude))));
  }
  const few = terms.length > 16 ? order.slice(0, 8) : range(terms.length);
  const rows = few.map((i) => {
    const { label, value, weight, input, kernel } = terms[i];
    const name = kernel && terms.length > 1 ? element("button", { type: "button", "aria-pressed": String(i === shown), onclick: () => chooseTerm(i) }, label) : label;
    const how = coefficient !== undefined ? `${number(input)} × coefficient ${number(coefficient)}` : weight !== undefined ? `${number(input)} × ${number(weight)}` : "25 products";
    return element("tr", {}, element("td", {}, name), element("td", {}, how), element("td", {}, number(value)));
  });
  if (few.length < terms.length) {
    const rest = order.slice(few.length).reduce((sum, i) => sum + terms[i].value, 0);
    rows.push(element("tr", {}, element("td", {}, `${terms.length - few.length} more`), element("td", {}), element("td", {}, number(rest))));
  }
  const line = (name, how, value, total) => element("tr", { class: total ? "total" : "" }, element("td", {}, name), element("td", {}, how), element("td", {}, number(value)));
  rows.push(line("bias", "", bias), line("sum a", "", states.a[at], true), line("state", "1.7159 · tanh(⅔ · a)", squash(states.a[at]), true));
  if (states.x[at] === 0 && states.a[at] !== 0) rows.push(line("switched off", "read as", 0, true));
  byId("sum").replaceChildren(...parts, element("table", { class: "sums" }, element("tbody", {}, ...rows)));
}

// What the sliders change: [name, least, most, step, unit].
const CHANGES = { across: ["Right", -10, 10, 0.5, "px"], down: ["Down", -10, 10, 0.5, "px"], turn: ["Turn", -180, 180, 3, "°"], scale: ["Size", 50, 160, 2, "%"], thickness: ["Thickness", -3, 3, 0.25, "px"], noise: ["Noise", 0, 100, 2, "%"] };
const UNCHANGED = { across: 0, down: 0, turn: 0, scale: 100, thickness: 0, noise: 0 };
const NOISE = Float32Array.from({ length: FIELD * FIELD }, (_, i) => { const x = Math.sin(12.9898 * i + 4.1) * 43758.5453; return x - Math.floor(x); });

/** A glyph moved, turned, enlarged, made thicker or thinner, and covered with noise. */
function changedGlyph(glyph, { across, down, turn, scale, thickness, noise }) {
  const angle = turn * Math.PI / 180, cos = Math.cos(angle), sin = Math.sin(angle), middle = (FIELD - 1) / 2;
  let image = imageOf(FIELD, FIELD, Float32Array.from(glyph, (level) => level / 255));
  for (let left = Math.abs(thickness); left > 0; left -= 1) {
    const more = rank(image, 1, thickness > 0 ? Math.max : Math.min), share = Math.min(1, left);
    image = imageOf(FIELD, FIELD, image.levels.map((level, i) => level + (more.levels[i] - level) * share));
  }
  const level = (r, c) => (r >= 0 && c >= 0 && r < FIELD && c < FIELD ? image.levels[r * FIELD + c] : 0);
  return Uint8Array.from({ length: FIELD * FIELD }, (_, i) => {
    const x = (i % FIELD) - middle - across, y = Math.floor(i / FIELD) - middle - down;
    const c = (cos * x + sin * y) * 100 / scale + middle, r = (cos * y - sin * x) * 100 / scale + middle;
    const r0 = Math.floor(r), c0 = Math.floor(c), dr = r - r0, dc = c - c0;
    const ink = (1 - dr) * ((1 - dc) * level(r0, c0) + dc * level(r0, c0 + 1)) + dr * ((1 - dc) * level(r0 + 1, c0) + dc * level(r0 + 1, c0 + 1));
    return Math.round(255 * Math.min(1, Math.max(0, ink + (NOISE[i] - 0.5) * noise / 50)));
  });
}

/** Two networks on the same digit, side by side; without answers where nothing is drawn. */
function showThen(answers, isDrawn) {
  byId("then-grid").replaceChildren(...[...answers].reverse().map((answer) => {
    const digit = element("output", { class: "digit" }), verdict = element("p"), chances = element("div", { class: "bars" }), f6 = element("canvas", { class: "pixels code", role: "img", "aria-label": "F6" });
    showAnswer(isDrawn && answer, { digit, verdict, chances, empty: "Draw a digit first." });
    paintCanvas(f6, BITMAP_ROWS, BITMAP_COLUMNS, answer.layers.f6.x, stateColour, 12);
    const { name, testError } = answer.network;
    return element("div", { class: "card" }, element("h3", {}, name === "paper" ? "Trained as in 1998" : "Trained today"), element("p", { class: "note" }, `Weights ${name}, ${number(100 * testError)} % of MNIST’s test digits wrong.`), element("div", { class: "side" }, f6, digit), verdict, chances);
  }));
}
