// SPDX-FileCopyrightText: 2026 The sumtile authors
// SPDX-License-Identifier: Apache-2.0
// Sends a picture to the server and shows what comes back. No other host is asked for anything.
"use strict";

const at = id => document.getElementById(id);
const sides = [{select: at("program-a"), result: at("result-a")}, {select: at("program-b"), result: at("result-b")}];
let here = null;      // the answer of /api
let picture = null;   // the File or Blob that is shown
let chosen = null;    // the button of the sample that was clicked last
let asking = null;    // AbortController of the request under way

start();

async function start() {
  try {
    here = await fetchJson("/api");
  } catch (error) {
    tell(error.message, true);
    return;
  }
  at("board").textContent = here.emulated
    ? "sumtile on an emulated Zynq board: this computer simulates the logic, so times are those of the computer."
    : `sumtile on a ${here.where}.`;
  for (const {select} of sides)
    select.append(...here.programs.map(program => new Option(program.name, program.name)));
  at("samples").append(...here.samples.map(sampleItem));
  tell("Choose a picture or a sample.");
  listen();
}

function listen() {
  for (const input of [at("file"), at("camera")])
    input.addEventListener("change", () => {
      if (input.files.length) show(input.files[0]);
      input.value = "";   // so that the same file can be chosen again
    });
  for (const {select} of sides)
    select.addEventListener("change", () => classify());
  document.addEventListener("dragover", event => {
    event.preventDefault();
    at("drop").classList.add("over");
  });
  document.addEventListener("dragleave", () => at("drop").classList.remove("over"));
  document.addEventListener("drop", event => take(event, event.dataTransfer));
  document.addEventListener("paste", event => take(event, event.clipboardData));
}

/* Takes a dropped or pasted picture; a paste of something else is none of our business. */
function take(event, transfer) {
  at("drop").classList.remove("over");
  if (event.type === "drop") event.preventDefault();
  if (transfer.files.length) show(transfer.files[0]);
  else if (event.type === "drop") tell("That was no file. Drop a picture that is stored on this device.", true);
}

function sampleItem(name, index) {
  const what = name.replace(/^\d+_/, "").replace(/\.png$/, "").replaceAll("-", " ");
  const button = make("button", {type: "button", title: what, ariaLabel: `Sample ${index + 1}: ${what}`});
  button.append(make("img", {src: `/samples/${encodeURIComponent(name)}`, alt: "", loading: "lazy", width: 28, height: 28}));
  button.addEventListener("click", async () => {
    chosen = button;
    try {
      const answer = await fetch(`/samples/${encodeURIComponent(name)}`);
      const content = await answer.blob();
      if (chosen === button) show(content, button);   // and not one that was clicked later
    } catch {
      tell("The sample could not be fetched. Is the server still running?", true);
    }
  });
  const item = make("li");
  item.append(button);
  return item;
}

/* Makes a picture the one that is asked about. */
function show(file, button = null) {
  picture = file;
  for (const other of document.querySelectorAll("#samples button"))
    other.ariaPressed = String(other === button);
  const preview = at("preview");
  URL.revokeObjectURL(preview.src);
  preview.onload = () => {
    preview.classList.toggle("small", preview.naturalWidth < 128);
    preview.hidden = false;
  };
  preview.onerror = () => { preview.hidden = true; };   // the server will say what is wrong with it
  preview.src = URL.createObjectURL(file);
  at("invitation").querySelector("strong").textContent = "Drop another";
  classify();
}

async function classify() {
  const used = sides.filter(side => side.select.value);
  for (const side of sides)
    if (!used.includes(side)) side.result.hidden = true;
  if (!picture) return;
  asking?.abort();
  if (picture.size > here.limits.bytes) {
    fail(`The picture has ${mebibytes(picture.size)}, but at most ${mebibytes(here.limits.bytes)} are taken. Scale it down or save it as JPEG.`);
    return;
  }
  const request = asking = new AbortController();
  for (const side of used) side.result.setAttribute("aria-busy", "true");
  at("results").setAttribute("aria-busy", "true");
  tell("Classifying …");
  try {
    const query = new URLSearchParams(used.map(side => ["program", side.select.value]));
    const form = new FormData();
    form.append("image", picture, "picture");
    const {results} = await fetchJson(`/api/classify?${query}`, {method: "POST", body: form, signal: request.signal});
    used.forEach((side, index) => fill(side.result, results[index]));
    if (at("results").getBoundingClientRect().top > 0.7 * innerHeight) at("results").scrollIntoView({block: "start"});
    tell(results.map(result => `${result.program}: ${result.classes[0].class}, ${percent(result.classes[0].probability)}`).join("; "));
  } catch (error) {
    if (request.signal.aborted) return;   // a newer request has taken over
    fail(error.message);
  }
  if (asking === request) settle();
}

function fail(sentence) {
  for (const {result} of sides) {
    result.replaceChildren();
    result.hidden = true;
  }
  settle();
  tell(sentence, true);
}

function settle() {
  for (const busy of document.querySelectorAll("[aria-busy]")) busy.removeAttribute("aria-busy");
}

function fill(article, result) {
  const program = here.programs.find(known => known.name === result.program);
  const total = Object.values(result.seconds).reduce((sum, seconds) => sum + seconds, 0);
  const stages = Object.entries({...(result.queued > 1e-4 ? {queue: result.queued} : {}), ...result.seconds});
  const slowest = Math.max(...stages.map(([, seconds]) => seconds));
  const longest = Math.max(...result.layers.map(layer => layer.seconds));
  const layers = rows("layers times", result.layers.map(layer => [layer.where === "host" ? `${layer.name} (processor)` : layer.name, time(layer.seconds), layer.seconds / longest]));
  const details = [fold(article, "of-layers", `Time of each of ${result.layers.length} layers`, layers)];
  if (program.scheme) details.push(fold(article, "of-numbers", "How weights became integers", make("p", {className: "scheme", textContent: `${program.scheme}.`})));
  article.replaceChildren(
    make("h3", {textContent: result.program}),
    make("p", {className: "where", textContent: `${program.network} on overlay ${program.overlay}. Ran on ${here.emulated ? `an ${result.where}, not on a board` : result.where}.`}),
    rows("classes", result.classes.map(found => [found.class, percent(found.probability), found.probability]), "class"),
    make("h4", {textContent: here.emulated ? `${time(total)} on this computer, by stage` : `${time(total)}, by stage`}),
    rows("stages times", stages.map(([stage, seconds]) => [stage, time(seconds), seconds / slowest])),
    ...details);
  article.hidden = false;
}

/* Details that stay open or closed over results. */
function fold(article, kind, title, content) {
  const open = article.querySelector(`.${kind}`)?.open ?? false;
  const details = make("details", {className: kind, open});
  details.append(make("summary", {textContent: title}), content);
  return details;
}

/* A list of rows with a name, a value and a bar of a length from 0 to 1. */
function rows(kind, entries, rowClass = "") {
  const list = make("ul", {className: `rows ${kind}`});
  for (const [name, value, share] of entries) {
    const row = make("li", {className: rowClass}), track = make("span", {className: "track"}), bar = make("span", {className: "bar"});
    bar.style.width = `${100 * (share || 0)}%`;
    track.append(bar);
    row.append(make("span", {className: "name", textContent: name}), make("span", {className: "value", textContent: value}), track);
    list.append(row);
  }
  return list;
}

function tell(sentence, wrong = false) {
  const message = at("message");
  message.setAttribute("role", wrong ? "alert" : "status");
  message.textContent = sentence;
}

/* The JSON that an address answers with; throws an Error with the server's sentence, or one of our own. */
async function fetchJson(address, options) {
  let answer;
  try {
    answer = await fetch(address, options);
  } catch (error) {
    if (options?.signal?.aborted) throw error;
    throw new Error("The server does not answer. Is it still running, and is the network up?");
  }
  const content = await answer.json().catch(() => ({error: `The server answered with status ${answer.status}.`}));
  if (!answer.ok) throw new Error(content.error);
  return content;
}

function make(tag, properties = {}) {
  return Object.assign(document.createElement(tag), properties);
}

function percent(share) {
  return `${(100 * share).toFixed(1)} %`;
}

function time(seconds) {
  if (seconds >= 1) return `${seconds.toFixed(2)} s`;
  return seconds >= 1e-3 ? `${(1e3 * seconds).toPrecision(3)} ms` : `${(1e6 * seconds).toFixed(0)} µs`;
}

function mebibytes(count) {
  return `${(count / 2 ** 20).toFixed(1)} MiB`;
}
