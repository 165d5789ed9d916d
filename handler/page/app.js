// The page: what is shown, and what a person does to it. There is one list, the
// API's; this page keeps what it has loaded of it and stores nothing itself.

import { Api } from "./api.js";
import { Notice } from "./notice.js";
import { Row, taskOf } from "./rows.js";

const config = JSON.parse(document.querySelector("meta[name=todoctl]").content);
const name = config.stack === "Todo" ? "To do" : config.stack;
const $ = (id) => document.getElementById(id);

const items = new Map(); // by id, in the API's order
const rows = new Map(); // by id
let next = ""; // the query of the next page; "" when there is none
let loading = null; // the load under way
let loaded = false; // once at least
let show = "all";

const api = new Api(config.api, config.local, spend);
const notice = new Notice(config, say);

// Loading

function load(first) {
  loading ??= loadPage(first).finally(() => {
    loading = null;
    render();
  });
  render();
  return loading;
}

async function loadPage(first) {
  let page;
  try {
    page = await notice.persist(() => (first ? api.list() : api.list(next)));
  } catch (trouble) {
    notice.tell(trouble, "The list was not loaded.", () => load(first));
    return;
  }
  const before = items.size;
  if (first) items.clear();
  for (const item of page.items) if (item !== null && typeof item === "object") items.set(item.id, item);
  next = page.next;
  loaded = true;
  notice.clear();
  say(first ? `${plural(items.size, "task")} loaded.` : `${plural(items.size - before, "more task")} loaded.`);
}

// Changing. Each item's changes go out one after the other, in the order in which
// they were made.

const queues = new Map();

function queue(id, change) {
  const done = (queues.get(id) ?? Promise.resolve()).then(change);
  queues.set(id, done.catch(() => {}));
  return done;
}

async function add(event) {
  event.preventDefault();
  const field = $("new");
  const task = field.value.trim();
  if (task === "") return refuse("Type a task first.");
  refuse("");
  if (add.busy) return;
  add.busy = true;
  try {
    const item = await notice.persist(() => api.add(task));
    items.set(item.id, item);
    notice.clear();
    if (field.value.trim() === task) field.value = ""; // else another one is being typed
    say(`Added: ${taskOf(item)}`);
    if (show === "done") choose("all");
    render();
  } catch (trouble) {
    if (trouble.kind === "refused") refuse(trouble.sentence || "The API does not take this task.");
    else undone(trouble, "The task was not added; it still stands in the field.", "Whether the task was added is not known; it still stands in the field.", () => $("add").requestSubmit());
  } finally {
    add.busy = false;
  }
}

function refuse(why) {
  $("refused").textContent = why;
  $("new").setAttribute("aria-invalid", String(why !== ""));
  if (why) $("new").focus();
}

const act = {
  async tick(item, completed) {
    const was = items.get(item.id);
    put({ ...was, completed });
    try {
      await queue(item.id, async () => merge(item.id, await notice.persist(() => api.change(item.id, { completed }))));
      say(completed ? `Done: ${taskOf(item)}` : `Open again: ${taskOf(item)}`);
      notice.clear();
    } catch (trouble) {
      put({ ...(items.get(item.id) ?? was), completed: was.completed });
      failed(trouble, item, "The task is as it was.", "Whether the task was changed is not known.", () => act.tick(item, completed));
    }
  },

  // rename answers why it did not work, "" when it did.
  async rename(item, task) {
    try {
      await queue(item.id, async () => merge(item.id, await notice.persist(() => api.change(item.id, { task }))));
    } catch (trouble) {
      if (trouble.kind === "refused") return trouble.sentence || "The API does not take this name.";
      failed(trouble, item, "The new name still stands in its field.", "Whether the task was renamed is not known; the new name still stands in its field.", null);
      return trouble.unknown ? "Perhaps not saved." : "Not saved yet.";
    }
    notice.clear();
    say(`Renamed to ${task}`);
    return "";
  },

  async remove(item) {
    try {
      await queue(item.id, () => notice.persist(() => api.remove(item.id)));
    } catch (trouble) {
      if (trouble.kind !== "gone") return failed(trouble, item, "The task is still there.", "Whether the task was deleted is not known.", null);
    }
    drop(item);
    notice.clear();
    say(`Deleted: ${taskOf(item)}`);
  },
};

// failed tells what went wrong with a change of an item. One that is gone goes here
// too: somebody else has deleted it.
function failed(trouble, item, not, unknown, again) {
  if (trouble.kind !== "gone") return undone(trouble, not, unknown, again);
  drop(item);
  notice.tell(trouble, `“${taskOf(item)}” is no longer in the list.`, null);
}

// undone tells of a change that did not work, or perhaps did: then the list says
// which, and doing it again might do it twice.
function undone(trouble, not, unknown, again) {
  if (trouble.unknown) notice.tell(trouble, unknown, () => load(true), "Load the list");
  else notice.tell(trouble, not, again);
}

function put(item) {
  if (!item || !items.has(item.id)) return;
  items.set(item.id, item);
  render();
}

function merge(id, what) {
  put({ ...items.get(id), ...what, id });
}

function drop(item) {
  items.delete(item.id);
  queues.delete(item.id);
  render();
}

// Showing

// Newest first, where the API says when an item was made; the others after them, in
// the order in which they came.
function newestFirst() {
  const time = (item) => Date.parse(item.created) || 0;
  return [...items.values()].sort((a, b) => time(b) - time(a));
}

const shown = (item) => show === "all" || Boolean(item.completed) === (show === "done");

function render() {
  const list = $("list");
  const visible = newestFirst().filter(shown);
  const focused = document.activeElement?.closest?.(".item");
  const place = [...list.children].indexOf(focused);

  const keep = new Set(visible.map((item) => item.id));
  for (const [id, row] of rows) {
    if (keep.has(id)) continue;
    row.element.remove();
    rows.delete(id);
  }
  visible.forEach((item, i) => {
    let row = rows.get(item.id);
    if (!row) rows.set(item.id, (row = new Row(item, act)));
    else if (row.item !== item) row.show(item);
    if (list.children[i] !== row.element) list.insertBefore(row.element, list.children[i] ?? null);
  });
  // Whoever was in a row that has gone goes on in the next one.
  if (focused && !focused.isConnected) (list.children[Math.min(place, list.children.length - 1)]?.querySelector(".tick") ?? $("new")).focus();

  count(visible.length);
  $("more").hidden = next === "" || !loaded;
  $("more").textContent = loading && loaded ? "Loading…" : "More";
  list.setAttribute("aria-busy", String(loading !== null));
  document.body.classList.toggle("loading", loading !== null);
}

function count(visible) {
  const all = items.size;
  const done = [...items.values()].filter((item) => item.completed).length;
  for (const [name, n] of Object.entries({ all, open: all - done, done })) $(`count-${name}`).textContent = loaded ? n : "";
  const of = next === "" ? "" : " of those loaded";
  $("summary").textContent = loaded ? (all ? `${done} of ${all} done${next === "" ? "" : ", and there are more"}` : "Nothing to do yet") : "";
  $("ring").setAttribute("stroke-dasharray", `${all ? (100 * done) / all : 0} 100`);
  document.body.classList.toggle("all-done", all > 0 && done === all && next === "");
  document.title = loaded ? `${name} (${all - done})` : name;

  $("nothing").hidden = visible > 0;
  const [title, text] = !loaded
    ? loading
      ? ["Loading the tasks…", "The first answer takes a moment: the function is being started."]
      : ["No tasks to show", "The list was not loaded."]
    : all === 0 && next === ""
      ? ["Nothing to do yet", "Type the first task above and press Enter."]
      : [`No ${show === "done" ? "done" : "open"} task${of}`, next ? "“More” loads the next ones." : show === "done" ? "Tick one off, and it shows up here." : "All of them are done."];
  $("nothing-title").textContent = title;
  $("nothing-text").textContent = text;
  spend();
}

// spend says what this visit has taken of the free tier.
// https://aws.amazon.com/lambda/pricing/
function spend() {
  const free = 1_000_000;
  const share = (100 * api.requests) / free;
  const which = config.local ? `Nothing is billed on this machine; on AWS ${free.toLocaleString("en")} requests a month are free` : `of the ${free.toLocaleString("en")} requests that are free each month`;
  const figures = `This visit: ${plural(api.requests, "request")}, ${plural(items.size, "task")} loaded`;
  $("spent").textContent = config.local ? `${figures}. ${which}.` : `${figures}. That is ${share.toFixed(4)} % ${which}.`;
}

function say(text) {
  $("said").textContent = text;
}

function plural(n, one) {
  return `${n.toLocaleString("en")} ${one}${n === 1 ? "" : "s"}`;
}

function choose(which) {
  show = which;
  for (const radio of document.getElementsByName("show")) radio.checked = radio.value === which;
}

// Beginning

document.title = $("name").textContent = name;
$("place").textContent = config.local ? "On this machine" : `AWS, ${config.region}`;
$("address").textContent = `Your API: ${config.url}${config.api === config.url ? "" : " (todoctl signs the requests)"}`;
$("add").addEventListener("submit", add);
$("new").addEventListener("input", () => refuse(""));
for (const radio of document.getElementsByName("show")) radio.addEventListener("change", () => (choose(radio.value), render(), say(`${plural($("list").children.length, "task")} shown.`)));
$("reload").addEventListener("click", () => load(true));
$("more").addEventListener("click", async () => {
  const before = new Set(rows.keys());
  await load(false);
  // On to the first of the new ones; the button may be gone.
  [...rows].find(([id]) => !before.has(id))?.[1].tick.focus();
});
if (!config.local) {
  addEventListener("offline", () => notice.offline());
  addEventListener("online", () => notice.online(() => load(true)));
  if (!navigator.onLine) notice.offline();
}
choose("all"); // a browser may remember another choice
load(true);
