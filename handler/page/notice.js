// What went wrong, said plainly, with what helps. There is one notice at a time: the
// latest.

const $ = (id) => document.getElementById(id);
const mostTries = 6;

export class Notice {
  constructor(config, say) {
    this.lines = config.lines; // what to type, with this stack's flags
    this.say = say;
    $("notice-again").addEventListener("click", () => this.again?.());
    $("notice-close").addEventListener("click", () => {
      this.clear();
      $("new").focus();
    });
  }

  // tell shows a trouble. outcome says what that means for the list; again is what a
  // person may want to do then, and button says so.
  tell(trouble, outcome, again, button) {
    const { title, text, type = "" } = this.words(trouble);
    const run = again && (() => {
      this.clear();
      again();
    });
    this.put({ kind: trouble.kind, title, text: `${outcome} ${text}`, type, again: run, button });
    this.say(`${title}. ${outcome}`);
  }

  put({ kind, title, text, type = "", again = null, button = "Try again" }) {
    this.kind = kind;
    this.again = again;
    $("notice").dataset.kind = kind;
    $("notice-title").textContent = title;
    $("notice-text").textContent = text;
    $("notice-type").textContent = type;
    $("notice-again").textContent = button;
    $("notice-again").hidden = !again;
    $("notice-close").hidden = kind === "busy";
    $("notice").hidden = false;
  }

  clear() {
    if ($("notice").contains(document.activeElement)) $("new").focus();
    this.kind = "";
    $("notice").hidden = true;
  }

  words({ kind, status, sentence }) {
    const said = sentence ? `It says: ${sentence}${/[.!?]$/.test(sentence) ? "" : "."}` : "";
    switch (kind) {
      case "offline":
        return { title: "You are offline", text: "What you see is what was loaded last. The list is loaded again when the network is back." };
      case "silent":
        return {
          title: "No answer that this page may read",
          text: "Nobody answers at the API's address, or a browser keeps the answer from this page: it has no CORS header, as AWS's own refusals may have none, or it has two. This line finds out which:",
          type: this.lines.test,
        };
      case "slow":
        return { title: "No answer in time", text: "The API did not answer within 20 seconds." };
      case "forbidden":
        return {
          title: "The API lets nobody in (403)",
          text: "One of the two statements of its URL is missing, or is so new that it has not spread yet, which takes some seconds. This line says which:",
          type: this.lines.test,
        };
      case "busy":
        return { title: `Too much at once (${status})`, text: "It was tried several times. Wait a minute, and try again." };
      case "gone":
        return { title: "It is not there any more (404)", text: `Somebody else has deleted it, or the API has moved. ${said}` };
      case "broken":
        return { title: `The function failed (${status})`, text: `${said} What went wrong stands in its log:`, type: this.lines.logs };
      case "unsent":
        return { title: "todoctl could not send it", text: said };
      case "unanswered":
        return { title: "todoctl got no answer", text: said };
      case "strange":
        return { title: "The function answers something else", text: sentence };
    }
    return { title: `The API refuses this (${status})`, text: said };
  }

  // persist asks again while the API says that it is busy, after the time that it
  // names, or longer and longer where it names none.
  async persist(request) {
    for (let tries = 1; ; tries++) {
      try {
        return await request();
      } catch (trouble) {
        if (trouble.kind !== "busy" || tries === mostTries) throw trouble;
        this.waiting ??= this.countDown(trouble.wait || 2 ** (tries - 1), trouble.status).finally(() => (this.waiting = null));
        await this.waiting;
      }
    }
  }

  // countDown waits some seconds, which a person can cut short.
  countDown(seconds, status) {
    const title = `Too much at once (${status})`;
    const many = (n) => (n === 1 ? "1 second" : `${n} seconds`);
    this.say(`${title}. Trying again in ${many(seconds)}.`);
    return new Promise((resolve) => {
      const over = () => {
        clearInterval(timer);
        this.clear();
        resolve();
      };
      const put = () => this.put({ kind: "busy", title, text: `The API asks for a pause. Trying again in ${many(seconds)}.`, again: over, button: "Try now" });
      const timer = setInterval(() => (--seconds > 0 ? put() : over()), 1000);
      put();
    });
  }

  offline() {
    const { title, text } = this.words({ kind: "offline" });
    this.put({ kind: "offline", title, text });
    this.say(title);
  }

  // online ends what offline has said.
  online(load) {
    if (this.kind !== "offline") return;
    this.clear();
    load();
  }
}
