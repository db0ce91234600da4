// A number: its pieces, the graph of its candidates with the best path, the next best readings; and the sliding network.

/** A glyph of an arc: bytes, or base64 from a server. */
const glyphBytes = (glyph) => (typeof glyph === "string" ? bytesOf(glyph) : glyph);

/** An arc's penalty in words: eq. 7 of a drawing; from a server that of the graph, −log of a probability. */
const penaltyText = (arc, penalty) => (arc.nats ? ["penalty of the graph", `${number(penalty, 2)} nats`] : ["penalty", number(penalty, 1)]);

const PIECES = 6; // shades in which neighbouring pieces are told apart

/** Paint the pad with its pieces in different shades. */
function paintPieces(pad, piece) {
  const context = pad.canvas.getContext("2d"), image = context.getImageData(0, 0, pad.columns, pad.rows);
  for (let i = 0; i < piece.length; i++) if (piece[i] >= 0 && pad.sheet[i] > 80) {
    const shade = (piece[i] * 2.6) % PIECES / PIECES;
    image.data.set(blend(colours.accent, colours.ink, shade), 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** The graph of a line as SVG: nodes between pieces, an arc a candidate with what it shows, the best path marked. */
function graphPicture(line, width, across, chosen, choose, most = 12) {
  const nodes = line.pieces.length + 1, scale = across / width, size = Math.max(34, Math.min(56, 0.6 * across / nodes));
  const edges = line.pieces.map(({ box: [x, , wide] }) => [x, x + wide]);
  const column = (node) => scale * (node === 0 ? edges[0][0] : node === nodes - 1 ? edges.at(-1)[1] : (edges[node - 1][1] + edges[node][0]) / 2);
  const onPath = new Set(line.path);
  const likely = line.arcs.map((_, i) => i).filter((i) => onPath.has(i) || line.arcs[i].share > 1e-4).sort((a, b) => onPath.has(b) - onPath.has(a) || line.arcs[b].share - line.arcs[a].share).slice(0, most + onPath.size);
  const lanes = [], placed = likely.map((i) => { // the first lane in which an arc's picture finds room
    const arc = line.arcs[i], centre = Math.min(across - size / 2, Math.max(size / 2, (column(arc.start) + column(arc.stop)) / 2));
    let lane = lanes.findIndex((taken) => taken.every((other) => Math.abs(other - centre) >= size + 6));
    if (lane < 0) lane = lanes.push([]) - 1;
    lanes[lane].push(centre);
    return { i, arc, centre, lane };
  });
  const step = size + 26, height = 24 + lanes.length * step;
  const svg = element("svg", { viewBox: `0 0 ${across} ${height}`, role: "group", "aria-label": `Segmentation graph: ${nodes} nodes, ${placed.length} of ${line.arcs.length} candidates shown` });
  for (const { i, arc, centre, lane } of [...placed].reverse()) {
    const top = 26 + lane * step, [from, to] = [column(arc.start), column(arc.stop)], on = onPath.has(i), [[label, penalty]] = arc.penalties;
    const pick = () => choose(i);
    svg.append(element("g", { class: `${on ? "on" : ""}${i === chosen ? " chosen" : ""}`, role: "button", tabindex: "0", "aria-label": `${label}, ${penaltyText(arc, penalty).join(" ")}, ${percent(arc.share)} of all paths${on ? ", on the best path" : ""}`, onclick: pick, onmouseenter: pick, onkeydown: (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); } } },
      element("path", { class: "arc-line", d: `M${from} 12 C${from} ${top} ${centre} ${top - 24} ${centre} ${top} M${centre} ${top} C${centre} ${top - 24} ${to} ${top} ${to} 12` }),
      element("rect", { class: "thumb", x: centre - size / 2, y: top, width: size, height: size, rx: 4 }),
      element("image", { href: glyphURL(glyphBytes(arc.glyph), 2, colours.ink, colours.raised), x: centre - size / 2 + 2, y: top + 2, width: size - 4, height: size - 4 }),
      element("text", { x: centre, y: top + size + 13, "text-anchor": "middle" }, `${label} ${percent(arc.share, 0)}`)));
  }
  for (let node = 0; node < nodes; node++) svg.append(element("circle", { cx: Math.min(across - 6, Math.max(6, column(node))), cy: 12, r: 5 }));
  return svg;
}

/** What the network answers for one arc. */
function showArc(target, arc) {
  if (!arc) { target.replaceChildren(); return; }
  const canvas = element("canvas", { class: "pixels", role: "img", "aria-label": "The candidate as the network sees it" });
  paintCanvas(canvas, FIELD, FIELD, glyphBytes(arc.glyph), grey(0, 255), 6);
  const list = arc.penalties.map(([label, penalty]) => element("tr", {}, element("td", {}, label), ...penaltyText(arc, penalty).map((text) => element("td", {}, text))));
  target.replaceChildren(canvas, element("div", {}, element("table", { class: "sums" }, element("tbody", {}, ...list)), element("p", { class: "note" }, `Pieces ${arc.start + 1}${arc.stop > arc.start + 1 ? ` to ${arc.stop}` : ""}, confidence ${percent(arc.confidence)}, ${percent(arc.share)} of all paths.${arc.nats ? " The graph's penalties are −log of a probability, not the distances of eq. 7." : ""}`)));
}

/** A line with its graph, one arc, and its readings. */
function showLine(line, width, { graph, readings, arc }) {
  let chosen = line.path[0];
  const choose = (i) => {
    const again = graph.contains(document.activeElement);
    if (i === chosen && graph.firstChild) return;
    chosen = i;
    draw();
    if (again) graph.querySelector(".chosen")?.focus();
  };
  const draw = () => {
    const across = Math.max(300, Math.min(1150, graph.clientWidth || 1000));
    graph.replaceChildren(graphPicture(line, width, across, chosen, choose));
    showArc(arc, line.arcs[chosen]);
  };
  draw();
  readings.replaceChildren(...[{ text: line.text, share: line.confidence }, ...line.alternatives].map((one, i) => bar(one.text, one.share ?? one.confidence, i === 0)));
}

/** The sliding network as a piano roll, and its window on the line. */
function showRoll(line, columns, k, classes) {
  const roll = byId("roll"), picture = byId("roll-line"), size = 8, row = 26;
  roll.style.maxWidth = picture.style.maxWidth = `min(100%, ${7 * line.columns}px)`;
  roll.width = picture.width = line.columns * size;
  roll.height = 10 * row;
  picture.height = INPUT * size;
  const context = roll.getContext("2d");
  context.fillStyle = css(colours.raised);
  context.fillRect(0, 0, roll.width, roll.height);
  const left = (i) => (i * DATA.stride + INPUT / 2 - DATA.stride / 2) * size;
  columns.forEach(({ likely }, i) => likely.forEach((p, label) => {
    context.fillStyle = css(blend(colours.raised, i === k ? colours.accent : colours.ink, p));
    context.fillRect(left(i), label * row, DATA.stride * size - 2, row - 2);
  }));
  context.fillStyle = css(colours.muted);
  context.font = "20px system-ui";
  classes.forEach((name, label) => { context.fillText(name, 8, label * row + 20); context.fillText(name, roll.width - 20, label * row + 20); });
  outline(context, left(k), 0, DATA.stride * size, roll.height, colours.accent, 4);
  const below = paintCanvas(picture, INPUT, line.columns, line.levels, grey(0, 1), size);
  outline(below, k * DATA.stride * size, 0, INPUT * size, INPUT * size, colours.accent, 6);
}
