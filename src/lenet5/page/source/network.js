// LeNet-5 (Section II-B, Fig. 2): forward, for any height and width from 32 on. Numbers are doubles throughout.

/** Half-precision floats, little-endian, as doubles. */
function halves(bytes) {
  const values = new Float64Array(bytes.length / 2);
  for (let i = 0; i < values.length; i++) {
    const bits = bytes[2 * i] | (bytes[2 * i + 1] << 8);
    const sign = bits & 0x8000 ? -1 : 1, exponent = (bits >> 10) & 31, fraction = bits & 1023;
    values[i] = sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  }
  return values;
}

/** Weights by the names of the paper, and what a confidence needs. */
function loadNetwork(description) {
  const all = halves(bytesOf85(description.weights));
  const parameters = {};
  let start = 0;
  for (const [name, shape] of Object.entries(DATA.shapes)) {
    const size = shape.reduce((a, b) => a * b, 1);
    parameters[name] = all.subarray(start, start + size);
    start += size;
  }
  const codes = description.codes.map((code) => Float64Array.from(code, (mark) => (mark === "+" ? 1 : -1)));
  return { ...description, parameters, codes };
}

const squash = (a) => DATA.amplitude * Math.tanh(DATA.steepness * a); // f(±1) = ±1

/** A layer's maps: states x and weighted sums a, each map after the other, row by row. */
const layerOf = (maps, rows, columns) => ({ maps, rows, columns, a: new Float64Array(maps * rows * columns), x: new Float64Array(maps * rows * columns) });

/** C1, C3 and C5: a kernel of 5×5 for each connected pair [map, map that it reads]. */
function convolve(from, maps, pairs, weight, bias) {
  const to = layerOf(maps, from.rows - KERNEL + 1, from.columns - KERNEL + 1);
  const { rows, columns, a, x } = to;
  const size = rows * columns, whole = from.rows * from.columns;
  for (let m = 0; m < maps; m++) a.fill(bias[m], m * size, (m + 1) * size);
  for (let p = 0; p < pairs.length; p++) {
    const into = pairs[p][0] * size, source = pairs[p][1] * whole;
    if (size === 1) { // a C5 unit has one place
      let sum = 0;
      for (let k = 0; k < KERNEL * KERNEL; k++) sum += weight[p * KERNEL * KERNEL + k] * from.x[source + k];
      a[into] += sum;
      continue;
    }
    for (let ky = 0; ky < KERNEL; ky++) for (let kx = 0; kx < KERNEL; kx++) {
      const w = weight[(p * KERNEL + ky) * KERNEL + kx];
      for (let r = 0; r < rows; r++) {
        let read = source + (r + ky) * from.columns + kx, write = into + r * columns;
        for (let c = 0; c < columns; c++) a[write++] += w * from.x[read++];
      }
    }
  }
  for (let i = 0; i < a.length; i++) x[i] = squash(a[i]);
  return to;
}

/** S2 and S4: the sum of each 2×2 window, times a coefficient, plus a bias. */
function subsample(from, coefficient, bias) {
  const to = layerOf(from.maps, from.rows >> 1, from.columns >> 1);
  for (let m = 0, i = 0; m < to.maps; m++) for (let r = 0; r < to.rows; r++) for (let c = 0; c < to.columns; c++, i++) {
    const at = (m * from.rows + 2 * r) * from.columns + 2 * c;
    const sum = from.x[at] + from.x[at + 1] + from.x[at + from.columns] + from.x[at + from.columns + 1];
    to.a[i] = sum * coefficient[m] + bias[m];
    to.x[i] = squash(to.a[i]);
  }
  return to;
}

/** F6: every unit reads all of C5, at each place. */
function connect(from, units, weight, bias) {
  const to = layerOf(units, from.rows, from.columns);
  const size = from.rows * from.columns;
  for (let u = 0; u < units; u++) for (let i = 0; i < size; i++) {
    let sum = bias[u];
    for (let m = 0; m < from.maps; m++) sum += weight[u * from.maps + m] * from.x[m * size + i];
    to.a[u * size + i] = sum;
    to.x[u * size + i] = squash(sum);
  }
  return to;
}

const range = (count) => Array.from({ length: count }, (_, i) => i);
const C1_PAIRS = range(6).map((map) => [map, 0]);
const C3_PAIRS = DATA.pairs;
const C5_PAIRS = range(120).flatMap((unit) => range(16).map((map) => [unit, map]));

/** Switch a map off: whoever reads it reads 0. */
function silence(layer, map) {
  const size = layer.rows * layer.columns;
  layer.x.fill(0, map * size, (map + 1) * size);
}

/**
 * Every layer's maps for an input.
 * input: rows × columns doubles, −0.1 paper … 1.175 ink. off: {"c1": Set of maps that are switched off, …}.
 */
function forward(network, input, rows = INPUT, columns = INPUT, off = {}) {
  const p = network.parameters;
  const layers = { input: { maps: 1, rows, columns, a: input, x: input } };
  const keep = (name, layer) => {
    for (const map of off[name] ?? []) silence(layer, map);
    layers[name] = layer;
    return layer;
  };
  const c1 = keep("c1", convolve(layers.input, 6, C1_PAIRS, p["c1.weight"], p["c1.bias"])); // 1@32×32 -> 6@28×28
  const s2 = keep("s2", subsample(c1, p["s2.coefficient"], p["s2.bias"])); // -> 6@14×14
  const c3 = keep("c3", convolve(s2, 16, C3_PAIRS, p["c3.weight"], p["c3.bias"])); // -> 16@10×10
  const s4 = keep("s4", subsample(c3, p["s4.coefficient"], p["s4.bias"])); // -> 16@5×5
  const c5 = keep("c5", convolve(s4, 120, C5_PAIRS, p["c5.weight"], p["c5.bias"])); // -> 120@1×1
  const f6 = keep("f6", connect(c5, 84, p["f6.weight"], p["f6.bias"])); // -> 84
  const places = f6.rows * f6.columns;
  layers.penalties = range(places).map((i) => network.codes.map((code) => { // eq. 7
    let sum = 0;
    for (let u = 0; u < code.length; u++) sum += (f6.x[u * places + i] - code[u]) ** 2;
    return sum;
  }));
  return layers;
}

/** A glyph, 28×28 bytes, as the network's input: 32×32, −0.1 paper … 1.175 ink (Section II-B). */
function inputOf(glyph) {
  const x = new Float64Array(INPUT * INPUT).fill(DATA.background);
  for (let r = 0; r < FIELD; r++) for (let c = 0; c < FIELD; c++)
    x[(r + EDGE) * INPUT + c + EDGE] = glyph[r * FIELD + c] * (DATA.foreground - DATA.background) / 255 + DATA.background;
  return x;
}

/** Eq. 9: the probability of each class; what is missing to 1 is the rubbish class's. */
function posterior(penalties, { scale, j }) {
  const least = Math.min(j, ...penalties.map((y) => y * scale));
  const shares = penalties.map((y) => Math.exp(least - y * scale));
  const total = shares.reduce((a, b) => a + b, Math.exp(least - j));
  return shares.map((share) => share / total);
}
