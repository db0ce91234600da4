// Photographs, where the page came from `lenet5 serve`: the server reads the picture, the page draws its answer.

/** Whether a reading server stands beside this page; a page from a file asks nobody. */
async function serverReady() {
  if (!location.protocol.startsWith("http")) return false;
  try {
    return (await fetch("v2/health/ready")).ok;
  } catch {
    return false;
  }
}

async function readPhotograph(file) {
  const status = byId("photo-status");
  status.textContent = "Reading …";
  try {
    const response = await fetch("v1/read?explain=1", { method: "POST", body: file, headers: { "Content-Type": file.type || "application/octet-stream" } });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error ?? `the server answered ${response.status}`);
    await showPhotograph(file, answer.explanation);
    status.textContent = `Read: ${answer.text.replace(/\n/g, ", ")}`;
  } catch (error) {
    status.textContent = `This picture was not read: ${error.message}`;
  }
}

/** A line of the server's answer as the page draws it: from its own left edge, without silent arcs, which show nothing. */
function fromServer(line) {
  const left = line.box[0], shown = range(line.arcs.length).filter((i) => line.arcs[i].glyph), place = new Map(shown.map((i, k) => [i, k]));
  return { ...line, arcs: shown.map((i) => ({ ...line.arcs[i], nats: true })), path: line.path.filter((i) => place.has(i)).map((i) => place.get(i)),
    pieces: line.pieces.map(({ box: [x, ...rest] }) => ({ box: [x - left, ...rest] })) };
}

/** The picture with its lines' boxes, and each line's graph. */
async function showPhotograph(file, { width, height, lines }) {
  const bitmap = await createImageBitmap(file), canvas = byId("picture"), most = 1200;
  const scale = Math.min(1, most / width);
  canvas.hidden = false;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  for (const { box: [x, y, wide, high] } of lines) outline(context, x * scale, y * scale, wide * scale, high * scale, colours.accent, 3);
  byId("picture-lines").replaceChildren(...lines.map((line) => {
    const graph = element("div", { class: "graph" }), readings = element("div", { class: "bars" }), arc = element("div", { class: "arc" });
    if (line.pieces.length) showLine(fromServer(line), line.box[2], { graph, readings, arc });
    return element("div", {}, element("p", { class: "number-answer" }, line.text), graph, element("div", { class: "two" }, readings, arc));
  }));
}

async function offerPhotographs() {
  if (!(await serverReady())) return;
  byId("photo").hidden = byId("photo-link").hidden = false;
  for (const id of ["file", "camera"]) byId(id).addEventListener("change", (event) => { if (event.target.files[0]) readPhotograph(event.target.files[0]); });
}
