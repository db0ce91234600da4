// The page: one drawing, one state, and what follows from it.

const OPENING = JSON.parse(byId("opening").textContent); // {glyph, network, off}, as the page was written (page_html)
const networks = DATA.networks.map(loadNetwork);
const [TODAY, THEN, SLIDING] = networks;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const state = { glyph: null, reason: "", network: OPENING.network, rival: null, term: -1, hovered: -1, selected: { layer: "c1", map: 0, row: 12, column: 14 }, off: Object.fromEntries(Object.entries(OPENING.off).map(([layer, maps]) => [layer, new Set(maps)])), changes: { ...UNCHANGED } };

let waiting = 0;
const pad = makePad(byId("pad"), {
  width: 20, digit: (name) => drawExample(name),
  changed: (from) => {
    const { glyph, reason } = glyphOfDrawing(from.sheet, from.rows, from.columns);
    Object.assign(state, { glyph: glyph ?? null, reason: reason ?? "", rival: null });
    updateAnswer();
    clearTimeout(waiting);
    waiting = setTimeout(update, 120); // the layers follow when the pen rests
  },
  finished: () => { clearTimeout(waiting); update(); keepLink(); },
});
pad.canvas = byId("pad");

const chosen = () => networks[state.network];

/** What the answer holds for, where that is not today's network as it is: the weights, and the maps that are off. */
function circumstances() {
  const off = Object.entries(state.off).flatMap(([layer, maps]) => [...maps].map((map) => `${layer.toUpperCase()} ${PICTURES[idOf(layer)][1] > 1 ? "map" : "unit"} ${map}`));
  const parts = [state.network ? capital(chosen().title) : "", off.length > 3 ? `${off.length} switched off` : off.length ? `${off.join(", ")} switched off` : ""].filter(Boolean);
  return parts.length ? `${parts.join("; ")}. ` : "";
}
const capital = (text) => text[0].toUpperCase() + text.slice(1);

const drawn = () => state.glyph ?? new Uint8Array(FIELD * FIELD);

/** Take a glyph as the drawing; null with a reason where there is none. */
function take(glyph, reason = "") {
  Object.assign(state, { glyph, reason, rival: null });
  update();
}

function keepLink() {
  try {
    history.replaceState(null, "", state.glyph ? linkOf(state.glyph) : location.pathname + location.search);
  } catch { /* a browser that keeps no history of files: the link button still gives the link */ }
}

const hasChanged = () => Object.keys(UNCHANGED).some((name) => state.changes[name] !== UNCHANGED[name]);
const hasOff = () => Object.values(state.off).some((maps) => maps.size);

/** The answer and what the network sees: at every movement of the pen. */
function updateAnswer() {
  const { glyph } = state, plain = drawn();
  const empty = state.reason ? `Nothing to read: ${state.reason}.` : "Draw a digit.";
  const answer = readCharacter(chosen(), plain, state.off);
  showAnswer(glyph && answer, { digit: byId("answer"), verdict: byId("verdict"), chances: byId("chances"), empty, before: circumstances() });
  paintCanvas(byId("sees"), INPUT, INPUT, inputOf(plain), grey(DATA.background, DATA.foreground), 8);
  return answer;
}

/** Everything that follows from the drawing, the sliders and the weights. */
function update() {
  const { glyph } = state, plain = drawn(), answer = updateAnswer();
  const changed = hasChanged() ? changedGlyph(plain, state.changes) : plain;
  state.answer = hasChanged() ? readCharacter(chosen(), changed, state.off) : answer;
  showBroken(glyph && state.answer, changed);
  showThen([TODAY, THEN].map((network) => (network === chosen() && !hasOff() ? state.answer : readCharacter(network, changed))), glyph !== null);
  showLayers();
  byId("snippet").textContent = pythonOf(plain, chosen());
}

function showBroken(answer, changed) {
  paintCanvas(byId("broken"), INPUT, INPUT, inputOf(changed), grey(DATA.background, DATA.foreground), 8);
  showAnswer(answer, { digit: byId("broken-answer"), verdict: byId("broken-verdict"), empty: "Draw a digit first.", before: circumstances() });
}

/** What does not need the network to run again. */
function showLayers() {
  const { answer } = state;
  showWhy(answer, state.rival, (rival) => { state.rival = rival; showWhyAgain(); });
  for (const id of Object.keys(PICTURES)) showLayer(id, answer, state);
  showUnit(answer, state.selected, state.term, (term) => { state.term = term; showLayers(); byId("sum").querySelector("[aria-pressed=true]")?.focus(); });
  showMagnified(answer, state.selected);
  const { layer, map } = state.selected, isOff = Boolean(state.off[layer]?.has(map));
  byId("map-off").setAttribute("aria-pressed", String(isOff));
  byId("map-off").textContent = PICTURES[idOf(layer)][1] > 1 ? "Switch this map off" : "Switch this unit off";
  byId("maps-on").hidden = !hasOff();
  byId("off-note").textContent = hasOff() ? `${circumstances()}The answer is now ${answer.reason ? `none (${answer.reason})` : answer.network.classes[answer.best]}, penalty ${number(answer.penalties[answer.order[0]], 1)}.` : "";
  for (const button of document.querySelectorAll(".weights")) button.setAttribute("aria-pressed", String(Number(button.dataset.network) === state.network));
}

function showWhyAgain() {
  const chosen = state.rival;
  showLayers();
  byId("codes").querySelector(`[data-class="${chosen}"]`)?.focus();
}

function drawExample(name) {
  pad.keys = false;
  pad.set(exampleStrokes(name, 65, 55, 170, 19));
  pad.example = true;
}

// --- the layers -----------------------------------------------------------------------------------------------

function select(unit, term = -1) {
  state.selected = unit;
  state.term = term;
  placeInspector();
  showLayers();
}

/** In one column the unit's numbers stand below its layer, and the layer stays where it is on the screen. */
function placeInspector() {
  const inspector = byId("inspector"), figure = byId(idOf(state.selected.layer)).parentElement;
  const narrow = oneColumn.matches, before = narrow ? figure : byId("layers-grid").firstElementChild;
  if (before.nextElementSibling === inspector) return;
  const top = figure.getBoundingClientRect().top;
  before.after(inspector);
  if (narrow) scrollBy({ top: figure.getBoundingClientRect().top - top, behavior: "instant" });
}
const oneColumn = matchMedia("(max-width: 62rem)");
for (const width of ["(max-width: 62rem)", "(max-width: 40rem)"]) matchMedia(width).addEventListener("change", () => { placeInspector(); showLayers(); });

/** The unit that a key leads to from the selected one; null for other keys. */
function unitByKey(key, unit, columns) {
  const [maps, side] = PICTURES[idOf(unit.layer)];
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] }, move = moves[key];
  if (move && side > 1) return { ...unit, row: (unit.row + move[0] + side) % side, column: (unit.column + move[1] + side) % side };
  if (move) return { ...unit, map: (unit.map + move[0] * columns + move[1] + maps) % maps };
  if (key === "PageDown") return { ...unit, map: (unit.map + 1) % maps };
  if (key === "PageUp") return { ...unit, map: (unit.map + maps - 1) % maps };
  return key === "Enter" ? unit : null;
}

for (const id of Object.keys(PICTURES)) {
  const canvas = byId(id), side = PICTURES[id][1];
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return [(event.clientX - box.left) * canvas.width / box.width, (event.clientY - box.top) * canvas.height / box.height];
  };
  canvas.addEventListener("click", (event) => {
    const place = at(event), table = id === "c3" ? tableAt(...place) : null;
    if (table) selectInTable(table);
    else select(unitAt(id, ...place));
    if (id === "c3") hover(state.selected.layer === "c3" ? state.selected.map : -1); // a finger does not hover
  });
  canvas.addEventListener("keydown", (event) => {
    const from = state.selected.layer === nameOf(id) ? state.selected : { layer: nameOf(id), map: 0, row: side >> 1, column: side >> 1 };
    const unit = unitByKey(event.key, from, acrossOf(id));
    if (!unit) return;
    event.preventDefault();
    select(unit);
    if (id === "c3") hover(unit.map);
  });
  if (id !== "c3") continue;
  canvas.addEventListener("pointermove", (event) => {
    const [x] = at(event), step = canvas.width / 17;
    hover(Math.floor(x / step) - 1);
  });
  canvas.addEventListener("pointerleave", () => hover(-1));
  canvas.addEventListener("blur", () => hover(-1));
}

/** A kernel of Table I: the C3 map that it belongs to, with the products of that kernel; or one of S2's maps. */
function selectInTable({ c3, s2 }) {
  if (c3 < 0) { select({ layer: "s2", map: s2, row: 7, column: 7 }); return; }
  const { layer, row, column } = state.selected, place = layer === "c3" ? { row, column } : { row: 5, column: 5 };
  select({ layer: "c3", map: c3, ...place }, C3_PAIRS.filter(([map]) => map === c3).findIndex(([, map]) => map === s2));
}

const magnified = byId("magnified");
const followPointer = (event) => {
  if (event.type === "pointermove" && !magnified.hasPointerCapture(event.pointerId)) return;
  event.preventDefault();
  const box = magnified.getBoundingClientRect();
  select(magnifiedUnitAt(state.selected, (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height));
};
magnified.addEventListener("pointerdown", (event) => {
  if (event.button) return;
  magnified.focus({ preventScroll: true });
  magnified.setPointerCapture(event.pointerId);
  followPointer(event);
});
magnified.addEventListener("pointermove", followPointer);
magnified.addEventListener("keydown", (event) => {
  const unit = unitByKey(event.key, state.selected, gridOf(state.selected.layer)[1]);
  if (!unit) return;
  event.preventDefault();
  select(unit);
});

function hover(map) {
  if (map === state.hovered) return;
  state.hovered = map;
  for (const id of ["s2", "c3"]) showLayer(id, state.answer, state);
}

byId("map-off").addEventListener("click", () => {
  const { layer, map } = state.selected, maps = (state.off[layer] ??= new Set());
  if (!maps.delete(map)) maps.add(map);
  update();
});
byId("maps-on").addEventListener("click", () => { state.off = {}; update(); });
networks.forEach((network, index) => {
  if (network === SLIDING) return; // it knows whole lines, not single digits
  byId("weights").append(element("button", { type: "button", class: "weights", "data-network": index, onclick: () => { state.network = index; state.rival = null; update(); } }, capital(network.title)));
});

// --- tools ----------------------------------------------------------------------------------------------------

byId("undo").addEventListener("click", pad.undo);
byId("clear").addEventListener("click", () => pad.set([]));
byId("pen").addEventListener("input", (event) => { pad.width = Number(event.target.value); });
byId("examples").append(...["2", "4", "7", "scribble"].map((name) => element("button", { type: "button", onclick: () => drawExample(name) }, name)));

for (const [name, [title, least, most, step, unit]] of Object.entries(CHANGES)) {
  const output = element("output", {}, `${UNCHANGED[name]} ${unit}`);
  const input = element("input", { type: "range", min: least, max: most, step, value: UNCHANGED[name], "aria-label": title, oninput: () => { state.changes[name] = Number(input.value); output.textContent = `${input.value.replace("-", "−")} ${unit}`; update(); } });
  byId("sliders").append(element("label", {}, element("span", {}, title), input, output));
}
byId("reset").addEventListener("click", () => {
  for (const input of byId("sliders").querySelectorAll("input")) { input.value = UNCHANGED[Object.keys(CHANGES)[[...byId("sliders").querySelectorAll("input")].indexOf(input)]]; input.dispatchEvent(new Event("input")); }
});

/** Copy, and say so; where copying is forbidden, say that. */
async function copy(what, name) {
  try {
    await (what instanceof Blob ? navigator.clipboard.write([new ClipboardItem({ [what.type]: what })]) : navigator.clipboard.writeText(what));
    byId("copied").textContent = `Copied: ${name}.`;
  } catch {
    byId("copied").textContent = `This browser does not let the page copy. ${what instanceof Blob ? "Save the PNG instead." : what}`;
  }
}
byId("copy-link").addEventListener("click", () => copy(location.href.split("#")[0] + linkOf(drawn()), "the link"));
byId("copy-png").addEventListener("click", async () => copy(await pngOf(drawn()), "the picture"));
byId("copy-python").addEventListener("click", () => { byId("snippet").textContent = pythonOf(drawn(), chosen()); copy(pythonOf(drawn(), chosen()), "Python"); });
byId("copy-curl").addEventListener("click", () => { byId("snippet").textContent = CURL; copy(CURL, "curl"); });
byId("save-png").addEventListener("click", async () => {
  const url = URL.createObjectURL(await pngOf(drawn()));
  element("a", { href: url, download: "digit.png" }).click();
  setTimeout(() => URL.revokeObjectURL(url), 10000);
});

// --- the number -----------------------------------------------------------------------------------------------

const roll = { line: null, columns: [], k: 0, timer: 0 };
const wide = makePad(byId("wide"), { width: 12, digit: (name) => writeDigit(name), changed: () => {}, finished: readWide });
wide.canvas = byId("wide");

function writeDigit(name) {
  const right = Math.max(20, ...wide.strokes.flatMap(({ points, width }) => points.map(([x]) => x + width / 2)));
  if (right + 80 < wide.columns) wide.set([...wide.strokes, ...exampleStrokes(name, right + 4, 40, 90, 12)]);
}

function readWide() {
  const image = imageOf(wide.rows, wide.columns, Float32Array.from(wide.sheet, (ink) => ink / 255));
  const answer = readNumber(TODAY, image), target = byId("number-answer");
  stop();
  for (const id of ["graph", "readings", "arc", "window-text"]) byId(id).replaceChildren();
  byId("roll").parentElement.hidden = !answer;
  if (!answer) { target.textContent = wide.strokes.length ? "?" : ""; return; }
  const [line] = answer.lines;
  const text = acceptedText(TODAY, line), spelled = text === line.text ? "it" : line.text;
  target.replaceChildren(text, element("small", {}, `  ${percent(line.confidence)} of all paths spell ${spelled}, by ${counted(line.pieces.length, "piece")} and ${counted(line.arcs.length, "candidate")}`));
  paintPieces(wide, answer.piece);
  showLine(line, answer.width, { graph: byId("graph"), readings: byId("readings"), arc: byId("arc") });
  roll.line = lineImage(image);
  roll.columns = displace(SLIDING, roll.line);
  byId("window").max = roll.columns.length - 1;
  slideTo(Math.min(roll.k, roll.columns.length - 1));
}

function slideTo(k) {
  roll.k = k;
  byId("window").value = k;
  if (!roll.line) return;
  showRoll(roll.line, roll.columns, k, SLIDING.classes);
  const { likely, penalties } = roll.columns[k], best = likely.indexOf(Math.max(...likely)), rubbish = 1 - likely.reduce((a, b) => a + b, 0);
  byId("window-text").textContent = `Window ${k + 1} of ${roll.columns.length}: ${likely[best] > 0.5 ? `${SLIDING.classes[best]}, ${percent(likely[best])}` : `no digit in its middle, ${percent(rubbish)}`}; least penalty ${number(Math.min(...penalties), 1)}.`;
}

function stop() { clearInterval(roll.timer); roll.timer = 0; byId("play").textContent = "Play"; }
byId("window").addEventListener("input", (event) => { stop(); slideTo(Number(event.target.value)); });
byId("play").addEventListener("click", () => {
  if (roll.timer) { stop(); return; }
  if (still.matches) { slideTo((roll.k + 1) % roll.columns.length); return; } // a step at a time
  if (roll.k >= roll.columns.length - 1) slideTo(0);
  byId("play").textContent = "Pause";
  roll.timer = setInterval(() => (roll.k < roll.columns.length - 1 ? slideTo(roll.k + 1) : stop()), 140);
});
byId("wide-undo").addEventListener("click", wide.undo);
byId("wide-clear").addEventListener("click", () => wide.set([]));
function exampleNumber() { wide.set([...exampleStrokes("4", 90, 40, 95, 12), ...exampleStrokes("0", 192, 42, 92, 12), ...exampleStrokes("7", 290, 40, 95, 12)]); wide.example = true; }
byId("wide-example").addEventListener("click", exampleNumber);

// --- the walk -------------------------------------------------------------------------------------------------

const STEPS = [
  ["draw", null, "What you draw is fitted into 20×20 pixels and centred by its mass in 32×32: the network has learnt digits in this form, so that size and place no longer matter."],
  ["layers", "c1", "C1: each of six kernels of 5×5 slides over the picture. A map shows where its small pattern, an edge or a corner, is found. One kernel for all places: 156 parameters in all."],
  ["layers", "s2", "S2: four neighbours are added up, times one number. That something was found matters more than exactly where."],
  ["layers", "c3", "C3: sixteen maps combine what S2 found. Table I says who reads whom; no two maps see the same, so that they learn different things. Point at a column."],
  ["layers", "s4", "S4: subsampled again. Each unit now looks at 16×16 pixels of the picture."],
  ["layers", "c5", "C5: 120 units, each over all of S4. With a larger picture this layer would be a map again: that is how the network slides along a line."],
  ["layers", "f6", "F6: 84 units make a picture of 7×12 pixels, as the characters of a screen font."],
  ["why", null, "The answer is the code nearest to F6. The distances are the penalties: small is good."],
  ["break", null, "Now move and turn the digit, and find where the network gives up."],
  ["number", null, "For a number the same network judges every piece and every run of pieces, and the best path is read."],
];
let step = -1;

function walkTo(next) {
  document.querySelectorAll("section.lit").forEach((section) => section.classList.remove("lit"));
  step = next;
  byId("walk").hidden = step < 0;
  if (step < 0) { byId("walk-start").focus(); return; }
  const [part, layer, text] = STEPS[step], section = byId(part);
  section.classList.add("lit");
  byId("walk-text").textContent = text;
  byId("walk-count").textContent = `${step + 1} of ${STEPS.length}`;
  byId("walk-back").disabled = step === 0;
  byId("walk-next").disabled = step === STEPS.length - 1;
  if (layer) { const side = PICTURES[idOf(layer)][1]; select({ layer, map: 0, row: side >> 1, column: side >> 1 }); }
  (layer ? byId(idOf(layer)).parentElement : section).scrollIntoView({ behavior: still.matches ? "auto" : "smooth", block: layer ? "center" : "start" });
}
byId("walk-start").addEventListener("click", () => { walkTo(0); byId("walk-next").focus(); });
byId("walk-back").addEventListener("click", () => walkTo(step - 1));
byId("walk-next").addEventListener("click", () => walkTo(step + 1));
byId("walk-end").addEventListener("click", () => walkTo(-1));
addEventListener("keydown", (event) => {
  if (step < 0 || event.defaultPrevented || event.target.matches?.("canvas, input")) return;
  if (event.key === "ArrowRight" && step < STEPS.length - 1) walkTo(step + 1);
  else if (event.key === "ArrowLeft" && step > 0) walkTo(step - 1);
  else if (event.key === "Escape") walkTo(-1);
});

// --- the beginning --------------------------------------------------------------------------------------------

function openLink() {
  const glyph = linkedGlyph();
  if (!glyph) return false;
  pad.load(glyph);
  take(glyph);
  return true;
}
addEventListener("hashchange", openLink);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); pad.render(); update(); wide.render(); readWide(); });

readColours();
placeInspector();
if (!openLink()) { pad.strokes = exampleStrokes("2", 65, 55, 170, 19); pad.example = true; pad.render(); take(glyphOfDrawing(pad.sheet, pad.rows, pad.columns).glyph); }
exampleNumber();
offerPhotographs();
