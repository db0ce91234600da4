// Drawing on canvases in the colours of the theme, and making elements.

const byId = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

/** An element with properties, listeners (on…) and children. */
function element(tag, properties = {}, ...children) {
  const made = properties.xmlns || ["svg", "g", "path", "rect", "text", "circle", "line", "image", "title"].includes(tag) ? document.createElementNS(SVG, tag) : document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== false && value !== undefined) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

/** The theme's colours as [red, green, blue]. */
const colours = {};
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["paper", "raised", "ink", "muted", "line", "accent", "against"]) {
    const hex = style.getPropertyValue(`--${name}`).trim().slice(1);
    colours[name] = [0, 2, 4].map((k) => parseInt(hex.slice(k, k + 2), 16));
  }
}
const cssTexts = new Map(); // made once for each colour: a frame paints ten thousand pixels
function css([red, green, blue], alpha = 1) {
  const key = (red << 16 | green << 8 | blue) + alpha / 2;
  if (!cssTexts.has(key)) cssTexts.set(key, `rgb(${red} ${green} ${blue} / ${alpha})`);
  return cssTexts.get(key);
}
const blend = (from, to, share) => from.map((level, k) => Math.round(level + (to[k] - level) * share));

/** Colour of a state: paper at the least, ink at the most. */
const grey = (least, most) => (value) => blend(colours.raised, colours.ink, Math.min(1, Math.max(0, (value - least) / (most - least))));
/** Colour of a number with a sign: the accent above zero, blue below. */
const signed = (most) => (value) => blend(colours.raised, value > 0 ? colours.accent : colours.against, Math.min(1, Math.abs(value) / (most || 1)));
const stateColour = (value) => grey(-DATA.amplitude, DATA.amplitude)(value);

/** Fill pixels of `size` at (x, y) with rows × columns of values from an offset. */
function paint(context, x, y, size, rows, columns, values, colour, offset = 0, alpha = 1) {
  for (let r = 0; r < rows; r++) for (let c = 0; c < columns; c++) {
    const left = Math.round(x + c * size), top = Math.round(y + r * size); // whole pixels: no seams between them
    context.fillStyle = css(colour(values[offset + r * columns + c]), alpha);
    context.fillRect(left, top, Math.round(x + (c + 1) * size) - left, Math.round(y + (r + 1) * size) - top);
  }
}

/** A canvas of rows × columns values, `size` device pixels each; returns its context. */
function paintCanvas(canvas, rows, columns, values, colour, size = 8) {
  canvas.width = columns * size;
  canvas.height = rows * size;
  const context = canvas.getContext("2d");
  paint(context, 0, 0, size, rows, columns, values, colour);
  return context;
}

function outline(context, x, y, width, height, colour = colours.accent, thickness = 2) {
  context.strokeStyle = css(colour);
  context.lineWidth = thickness;
  context.strokeRect(x + thickness / 2, y + thickness / 2, width - thickness, height - thickness);
}

/** A number for people: two places, a true minus. */
const number = (value, places = 2) => value.toFixed(places).replace("-", "−");

/** A number of things: 1 piece, 2 pieces. */
const counted = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

/** A glyph as a data URL, ink on paper. */
function glyphURL(glyph, size = 1, dark = [0, 0, 0], light = [255, 255, 255]) {
  const canvas = document.createElement("canvas");
  paintCanvas(canvas, FIELD, FIELD, glyph, (level) => blend(light, dark, level / 255), size);
  return canvas.toDataURL("image/png");
}

/** A row of a bar chart. */
function bar(name, share, first, text = percent(share)) {
  const fill = element("span", { class: "fill" });
  fill.style.width = `${100 * share}%`;
  return element("div", { class: first ? "bar first" : "bar" }, element("span", {}, name), element("span", { class: "track" }, fill), element("span", {}, text));
}
