"use strict";
// The review page: a page of items at a time, answers kept in the browser, saved as a file for `lenet5 review apply`.
(() => {
  const PAGE = 20; // items that are drawn at a time: the others are data only
  const LOW = 128; // pixels: crops that are lower are enlarged
  const items = JSON.parse(document.getElementById("items").textContent);
  const about = JSON.parse(document.getElementById("about").textContent);
  const element = (id) => document.getElementById(id);
  const store = `lenet5-review-${about.review}`;
  const answers = new Map(); // number of an item -> what it says
  let filter = "open", shown = [], page = 0;

  // --- answers ---------------------------------------------------------------------------------------------------

  function remember() {
    try { localStorage.setItem(store, JSON.stringify([...answers])); }
    catch { say("This browser keeps no answers: save them before you close the page."); }
  }

  function recall() {
    try {
      for (const [number, text] of JSON.parse(localStorage.getItem(store) || "[]")) {
        if (items[number] && typeof text === "string") answers.set(number, text);
      }
    } catch { /* nothing is kept here, or it is not ours */ }
  }

  const key = (one) => JSON.stringify([one.source, one.page, one.line, one.column]);

  function answersFile() {
    const list = [...answers].sort((a, b) => a[0] - b[0]).map(([number, text]) => {
      const { source, page, line, column, reading, error, glyphs } = items[number];
      return { source, page, line, column, reading, error, text, glyphs };
    });
    return JSON.stringify({ kind: "lenet5 answers", version: 1, review: about.review, result: about.result, answers: list }, null, 1);
  }

  function save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([answersFile()], { type: "application/json" }));
    link.download = about.answers;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
    say(`${answers.size} answers are saved as ${about.answers}.`);
  }

  async function load(file) {
    try {
      const data = JSON.parse(await file.text());
      if (data.kind !== "lenet5 answers") throw new Error();
      const numbers = new Map(items.map((item, number) => [key(item), number]));
      let count = 0;
      for (const one of data.answers) {
        const number = numbers.get(key(one));
        if (number === undefined || typeof one.text !== "string") continue;
        answers.set(number, one.text);
        count += 1;
      }
      remember();
      list();
      say(`${count} of ${data.answers.length} answers in ${file.name} belong to this page and are loaded.`);
    } catch { say(`${file.name} is no file of answers.`); }
  }

  // --- the list --------------------------------------------------------------------------------------------------

  const say = (text) => { element("message").textContent = text; };
  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const percent = (share) => (share === 1 ? "100%" : share >= 0.9995 ? ">99.9%" : share < 0.0005 ? "<0.1%" : `${(100 * share).toFixed(share < 0.1 || share >= 0.99 ? 1 : 0)}%`);
  const place = (item) => [item.source, item.page > 1 && `page ${item.page}`, item.line !== null && `${item.column === "text" ? "line" : "row"} ${item.line}`, item.column !== "text" && item.column].filter(Boolean).join(" · ");
  const first = (item) => (item.readings.length ? item.readings[0][0] : "");
  const wanted = (number) => filter === "all" || answers.has(number) === (filter === "answered");

  function choose(card, text) {
    card.field.value = text;
    mark(card);
  }

  function mark(card) {
    for (const button of card.buttons) button.setAttribute("aria-pressed", button.text === card.field.value);
  }

  function accept(card, text) {
    const chosen = card.buttons.some((button) => button.text === card.field.value); // "" too, where it was read
    if (text === undefined && !chosen && !card.field.value.trim()) {
      say("Type what it says, or press 0 where nothing is written.");
      card.field.focus();
      return;
    }
    answers.set(card.number, text === undefined ? card.field.value.trim() : text);
    remember();
    renew(card);
    progress();
    say("");
    go(card, 1);
  }

  function retract(card) {
    answers.delete(card.number);
    remember();
    renew(card);
    progress();
  }

  function renew(card) {
    const text = answers.get(card.number);
    card.node.classList.toggle("answered", text !== undefined);
    card.answer.textContent = text === undefined ? "" : text === "" ? "✓ nothing is written there" : `✓ ${text}`;
    if (text !== undefined) choose(card, text);
  }

  function go(card, step) {
    const next = cards[cards.indexOf(card) + step];
    if (next) focus(next);
    else turn(step);
  }

  function focus(card) {
    for (const one of cards) one.node.tabIndex = one === card ? 0 : -1;
    card.node.focus({ preventScroll: true });
    card.node.scrollIntoView({ block: "nearest" });
  }

  function pressed(card, event, target = event.target) {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (target === card.field) {
      if (event.key === "Escape") card.node.focus();
      else if (event.key === "Enter" && !(event.shiftKey && card.field.tagName === "TEXTAREA")) accept(card);
      else return;
    } else if (target !== card.node) {
      return; // a button has its own keys
    } else if (event.key >= "1" && event.key <= "9" && event.key.length === 1) {
      const button = card.buttons[event.key - 1];
      if (!button) return;
      choose(card, button.text);
      say(`${button.text || "nothing"} is chosen; Enter accepts it.`);
    } else if (event.key === "Enter") accept(card);
    else if (event.key === "0") accept(card, "");
    else if (event.key === "e" || event.key === "E" || event.key === "F2") { card.field.focus(); card.field.select(); }
    else if (event.key === "Backspace" || event.key === "Delete") retract(card);
    else if (event.key === "ArrowDown") go(card, 1);
    else if (event.key === "ArrowUp") go(card, -1);
    else if (event.key === "ArrowRight") turn(1);
    else if (event.key === "ArrowLeft") turn(-1);
    else return;
    event.preventDefault();
  }

  // Before anything is focused keys are for the first card; those that scroll the page still scroll it.
  function pressedAtFirst(event) {
    if (event.target !== document.body || !cards.length || !/^([0-9eE]|F2|Enter)$/.test(event.key)) return;
    const card = cards.find((one) => one.node.tabIndex === 0) || cards[0];
    focus(card);
    pressed(card, event, card.node);
  }

  let cards = [];

  function card(number) {
    const item = items[number], where = place(item), made = { number, buttons: [] };
    const read = item.reading === null ? "was not read" : `was read ${item.reading || "as empty"}`;
    const image = make("img", { src: item.crop, alt: `Picture of ${where}` });
    if (item.crop.startsWith("data:image/png")) image.className = "glyph";
    else image.onload = () => { image.style.width = `${image.naturalWidth * Math.min(2.5, Math.max(1, LOW / image.naturalHeight))}px`; };
    const crop = make("div", { className: "crop" }, image);
    if (item.mark) {
      const frame = make("span", { className: "mark" });
      ["left", "top", "width", "height"].forEach((side, i) => { frame.style[side] = `${100 * item.mark[i]}%`; });
      crop.append(frame);
    }
    const choices = make("div", { className: "choices" });
    choices.setAttribute("role", "group");
    choices.setAttribute("aria-label", "Readings");
    item.readings.forEach(([text, share], i) => {
      const button = make("button", { type: "button", onclick: () => { choose(made, text); made.node.focus(); } }, make("kbd", {}, `${i + 1}`), make("b", {}, text || "nothing"), make("small", {}, percent(share)));
      button.text = text;
      made.buttons.push(button);
      choices.append(button);
    });
    const long = [item.reading || "", ...item.readings.map((reading) => reading[0])].some((text) => text.includes("\n"));
    made.field = make(long ? "textarea" : "input", { value: first(item), oninput: () => mark(made), autocomplete: "off", spellcheck: false });
    if (long) made.field.rows = 4;
    made.answer = make("p", { className: "answer" });
    const typed = make("div", { className: "typed" }, make("label", {}, "What it says", made.field),
      make("button", { type: "button", className: "first", onclick: () => accept(made) }, "Accept"),
      make("button", { type: "button", onclick: () => accept(made, "") }, "Nothing is written"));
    made.node = make("li", { className: "item", tabIndex: -1, onkeydown: (event) => pressed(made, event) }, crop,
      make("div", {}, make("p", { className: "where" }, where), make("p", { className: "reason" }, [item.reading, item.reason].filter(Boolean).join(" – ")), choices, typed, made.answer));
    const body = made.node;
    body.setAttribute("aria-label", `${where}: ${read}`);
    renew(made);
    mark(made);
    return made;
  }

  function list() {
    shown = items.map((_, number) => number).filter(wanted);
    page = 0;
    draw();
    if (!shown.length) say(filter === "open" ? "Everything is answered: save the answers." : "Nothing is answered yet.");
  }

  function draw() {
    cards = shown.slice(page * PAGE, (page + 1) * PAGE).map(card);
    element("list").replaceChildren(...cards.map((one) => one.node));
    if (cards.length) cards[0].node.tabIndex = 0;
    const pages = Math.max(1, Math.ceil(shown.length / PAGE));
    element("page").textContent = `Page ${page + 1} of ${pages}`;
    element("before").disabled = page === 0;
    element("after").disabled = filter !== "open" && page + 1 >= pages;
    progress();
  }

  // What is answered stays in the list until its end: then what was passed over comes again.
  function turn(step) {
    if (page + step < 0) return;
    if ((page + step) * PAGE < shown.length) {
      page += step;
      draw();
    } else if (filter === "open") {
      list();
      if (shown.length) say(`${shown.length} were passed over: here they are again.`);
    } else return;
    if (cards.length) focus(step < 0 ? cards[cards.length - 1] : cards[0]);
    else element("save").focus();
  }

  function progress() {
    element("bar").max = Math.max(1, items.length);
    element("bar").value = answers.size;
    element("count").textContent = `${answers.size} of ${items.length} answered`;
    element("save").disabled = !answers.size;
  }

  element("save").onclick = save;
  element("load").onchange = (event) => { if (event.target.files[0]) load(event.target.files[0]); event.target.value = ""; };
  element("filter").onchange = (event) => { filter = event.target.value; say(""); list(); };
  element("before").onclick = () => turn(-1);
  element("after").onclick = () => turn(1);
  element("command").textContent = `lenet5 review apply ${about.result} ${about.answers}`;
  document.addEventListener("keydown", pressedAtFirst);
  recall();
  list();
})();
