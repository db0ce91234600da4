// Graphs of penalties and their paths (Sections IV-B, V and VI-E): {nodes, arcs: [{start, end, label, penalty, …}]}.

const SILENT = -1; // label of an arc that is no character

/** −log(e^−a + e^−b). */
function addPenalties(a, b) {
  const least = Math.min(a, b);
  return least === Infinity ? Infinity : least - Math.log(Math.exp(least - a) + Math.exp(least - b));
}

/** Penalty from the first node to each, and from each to the last: of the best path, or of all together (`add`). */
function pathScores({ nodes, arcs }, add) {
  const ahead = new Float64Array(nodes).fill(Infinity), behind = ahead.slice();
  ahead[0] = behind[nodes - 1] = 0;
  const forwards = [...arcs].sort((a, b) => a.start - b.start), backwards = [...arcs].sort((a, b) => b.end - a.end);
  for (const arc of forwards) ahead[arc.end] = add(ahead[arc.end], ahead[arc.start] + arc.penalty);
  for (const arc of backwards) behind[arc.start] = add(behind[arc.start], behind[arc.end] + arc.penalty);
  return { ahead, behind };
}

/** Share of all paths, weighted by probability, through each arc: the derivative of the forward penalty. */
function arcShares(graph) {
  const { ahead, behind } = pathScores(graph, addPenalties), all = ahead[graph.nodes - 1];
  return graph.arcs.map((arc) => (all === Infinity ? 0 : Math.exp(all - ahead[arc.start] - arc.penalty - behind[arc.end])));
}

/** The best paths, {arcs, penalty}, the one of least penalty first: A* with an exact heuristic. */
function* bestPaths(graph) {
  const { behind } = pathScores(graph, Math.min);
  const leaving = range(graph.nodes).map(() => []);
  for (const arc of graph.arcs) if (arc.penalty + behind[arc.end] < Infinity) leaving[arc.start].push(arc);
  let waiting = [{ whole: behind[0], penalty: 0, node: 0, arcs: [] }];
  while (waiting.length) {
    let best = 0;
    for (let i = 1; i < waiting.length; i++) if (waiting[i].whole < waiting[best].whole) best = i;
    const [path] = waiting.splice(best, 1);
    if (path.node === graph.nodes - 1) { yield path; continue; }
    for (const arc of leaving[path.node]) {
      const penalty = path.penalty + arc.penalty;
      waiting.push({ whole: penalty + behind[arc.end], penalty, node: arc.end, arcs: [...path.arcs, arc] });
    }
    if (waiting.length > 4000) waiting = waiting.sort((a, b) => a.whole - b.whole).slice(0, 2000);
  }
}

/** Forward penalty of the paths whose labels are these, silent arcs anywhere between. */
function sequencePenalty(graph, labels) {
  const width = labels.length + 1, scores = new Float64Array(graph.nodes * width).fill(Infinity);
  scores[0] = 0;
  for (const arc of [...graph.arcs].sort((a, b) => a.start - b.start)) for (let k = 0; k < width; k++) {
    const to = arc.label === SILENT ? k : arc.label === labels[k] ? k + 1 : -1;
    if (to < 0) continue;
    const at = arc.end * width + to;
    scores[at] = addPenalties(scores[at], scores[arc.start * width + k] + arc.penalty);
  }
  return scores[graph.nodes * width - 1];
}

/** The best different readings, {labels, arcs, penalty, share of all paths}. */
function bestReadings(graph, count) {
  const readings = new Map(), all = pathScores(graph, addPenalties).ahead[graph.nodes - 1];
  let tried = 0;
  for (const path of bestPaths(graph)) {
    const labels = path.arcs.map((arc) => arc.label).filter((label) => label !== SILENT), key = labels.join();
    if (labels.length && !readings.has(key)) readings.set(key, { labels, arcs: path.arcs, penalty: path.penalty });
    if (readings.size >= count || ++tried >= DATA.decoding.most_paths) break;
  }
  return [...readings.values()].map((one) => ({ ...one, share: Math.min(1, Math.exp(all - sequencePenalty(graph, one.labels))) }));
}
