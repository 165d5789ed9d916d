// The rows of the list. What an item holds gets into the page as text and never as
// markup: a task may be anything that anybody has sent to the API.

const row = document.getElementById("row");

// A Row shows one item, lets it be renamed, and asks before it deletes.
export class Row {
  // on: {tick(item, done), rename(item, task), remove(item)}; rename says whether it
  // worked, or why not.
  constructor(item, on) {
    this.on = on;
    this.element = row.content.cloneNode(true).firstElementChild;
    for (const [name, selector] of Object.entries({
      plain: ".plain", tick: ".tick", task: ".task", time: "time", renameButton: ".rename", removeButton: ".remove",
      edit: ".edit", name: ".name", cancel: ".cancel", refused: ".edit .refused", sure: ".sure", quoted: "q", yes: ".yes", keep: ".keep",
    })) this[name] = this.element.querySelector(selector);
    this.listen();
    this.show(item);
  }

  show(item) {
    this.item = item;
    const task = taskOf(item);
    this.task.textContent = task;
    this.tick.checked = Boolean(item.completed);
    this.element.classList.toggle("done", this.tick.checked);
    this.renameButton.setAttribute("aria-label", `Rename ${task}`);
    this.removeButton.setAttribute("aria-label", `Delete ${task}`);
    this.name.setAttribute("aria-label", `New name of ${task}`);
    this.sure.setAttribute("aria-label", `Delete ${task}?`);
    this.renameButton.title = "Rename";
    this.removeButton.title = "Delete";
    this.quoted.textContent = task;
    const made = new Date(item.created ?? NaN);
    this.time.hidden = Number.isNaN(made.valueOf());
    if (!this.time.hidden) {
      this.time.dateTime = made.toISOString();
      this.time.textContent = dated(made);
    }
  }

  listen() {
    this.tick.addEventListener("change", () => this.on.tick(this.item, this.tick.checked));
    this.renameButton.addEventListener("click", () => this.rename());
    this.removeButton.addEventListener("click", () => this.turn("sure", this.keep));
    this.keep.addEventListener("click", () => this.turn("plain", this.removeButton));
    this.yes.addEventListener("click", () => this.remove());
    this.cancel.addEventListener("click", () => this.turn("plain", this.renameButton));
    this.edit.addEventListener("submit", (event) => {
      event.preventDefault();
      this.save();
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.isComposing || !this.plain.hidden) return;
      event.preventDefault();
      this.turn("plain", this.sure.hidden ? this.renameButton : this.removeButton);
    });
  }

  // turn shows one of the row's three sides and puts the focus there.
  turn(side, focus) {
    for (const s of ["plain", "edit", "sure"]) this[s].hidden = s !== side;
    focus.focus();
  }

  rename() {
    this.name.value = taskOf(this.item);
    this.complain("");
    this.turn("edit", this.name);
    this.name.select();
  }

  // save keeps what was typed until the API has taken it.
  async save() {
    const task = this.name.value.trim();
    if (task === "") return this.complain("A task needs a name. Esc keeps the old one.");
    if (task === taskOf(this.item)) return this.turn("plain", this.renameButton);
    if (this.saving) return;
    this.saving = true;
    const why = await this.on.rename(this.item, task);
    this.saving = false;
    if (why) return this.complain(why);
    if (!this.edit.hidden) this.turn("plain", this.renameButton);
  }

  // remove asks no longer, where the row is still there afterwards.
  async remove() {
    await this.on.remove(this.item);
    if (this.sure.hidden || !this.element.isConnected) return;
    if (this.sure.contains(document.activeElement)) this.turn("plain", this.removeButton);
    else this.plain.hidden = !(this.sure.hidden = true);
  }

  complain(why) {
    this.refused.textContent = why;
    this.name.setAttribute("aria-invalid", String(why !== ""));
    if (why) this.name.focus();
  }
}

// taskOf is an item's text; own code may have stored something else, or nothing.
export function taskOf(item) {
  if (typeof item.task === "string" && item.task.trim() !== "") return item.task;
  return item.task === undefined || item.task === "" ? "Untitled Task" : JSON.stringify(item.task);
}

const day = new Intl.DateTimeFormat("en", { day: "numeric", month: "short" });
const dayOfYear = new Intl.DateTimeFormat("en", { day: "numeric", month: "short", year: "numeric" });
const hour = new Intl.DateTimeFormat("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

function dated(made) {
  const now = new Date();
  if (made.toDateString() === now.toDateString()) return hour.format(made);
  return (made.getFullYear() === now.getFullYear() ? day : dayOfYear).format(made);
}
