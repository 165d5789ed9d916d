// The API, as this page uses it: requests, pages, and what can go wrong.

// A Trouble is an answer that is no success, or none at all. Its kind says what
// the page can do about it; unknown, that the API may have done what it was asked.
export class Trouble extends Error {
  constructor(kind, { status = 0, sentence = "", wait = 0, unknown = false } = {}) {
    super(sentence || kind);
    Object.assign(this, { kind, status, sentence, wait, unknown });
  }
}

const pageSize = 50;
const patience = 20_000; // ms; the function itself has 5 seconds
const longestWait = 60; // s, whatever Retry-After says

export class Api {
  requests = 0;

  // base is where the API is: the Function URL, or the relay's path. A local one is
  // there without any network.
  constructor(base, local, onRequest) {
    this.base = new URL(base, document.baseURI);
    this.online = () => local || navigator.onLine;
    this.onRequest = onRequest;
  }

  // list loads one page: the first, or the one that an earlier answer names.
  async list(search = `?limit=${pageSize}`) {
    const { body, next } = await this.ask("GET", "", search);
    if (!Array.isArray(body)) throw new Trouble("strange", { sentence: "The answer is not a list: GET must answer a JSON array." });
    return { items: body, next };
  }

  async add(task) {
    const { body } = await this.ask("POST", "", "", { task });
    if (!body?.id) throw new Trouble("strange", { sentence: "The answer is not a task: POST must answer the new item, with its id.", unknown: true });
    return body;
  }

  // change answers with what is known of the item then: own code may say less.
  async change(id, what) {
    const { body } = await this.ask("PUT", id, "", what);
    return body?.id === id ? body : what;
  }

  remove = (id) => this.ask("DELETE", id);

  async ask(method, id, search = "", content) {
    const online = this.online();
    const at = new URL(encodeURIComponent(id) + search, this.base);
    const init = { method, cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(patience) };
    if (content) {
      init.headers = { "content-type": "application/json" };
      init.body = JSON.stringify(content);
    }
    let answer, text;
    try {
      this.requests++;
      this.onRequest();
      answer = await fetch(at, init);
      text = await answer.text();
    } catch (error) {
      // A browser does not tell a page why: the network, a stopped server and a
      // CORS header too many look the same from here.
      const kind = error.name === "TimeoutError" ? "slow" : online && this.online() ? "silent" : "offline";
      throw new Trouble(kind, { unknown: online });
    }
    const body = parse(text);
    if (answer.ok) return { body, next: nextOf(answer, at) };
    throw troubleOf(method, answer, sentenceOf(body));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

// The API says what is wrong as {"error": ...}; AWS itself as {"Message": ...}.
function sentenceOf(body) {
  const sentence = body?.error ?? body?.Message ?? body?.message;
  return typeof sentence === "string" ? sentence : "";
}

function troubleOf(method, answer, sentence) {
  const { status } = answer;
  const after = Number.parseInt(answer.headers.get("retry-after") ?? "", 10);
  const wait = after > 0 ? Math.min(after, longestWait) : 0;
  const about = { status, sentence, wait };
  const relay = answer.headers.get("todoctl-relay");
  if (relay === "unanswered") return new Trouble("unanswered", { ...about, unknown: true });
  if (relay) return new Trouble(status < 500 ? "refused" : "unsent", about);
  // 429 never reached the function, and with Retry-After it says itself that it did
  // nothing. Otherwise a POST may have made its item, and again would make two.
  if (status === 429 || (status === 503 && (wait || method !== "POST"))) return new Trouble("busy", about);
  if (status === 403) return new Trouble("forbidden", about);
  if (status === 404) return new Trouble("gone", about);
  if (status >= 500) return new Trouble("broken", { ...about, unknown: true });
  return new Trouble("refused", about);
}

// nextOf finds the next page in a Link header: <?limit=50&next=...>; rel="next".
// Only its query counts: the page speaks to this API and to nobody else.
function nextOf(answer, at) {
  for (const [, target, rest] of (answer.headers.get("link") ?? "").matchAll(/<([^>]*)>([^,]*)/g)) {
    if (/;\s*rel="?next"?/i.test(rest)) return new URL(target, at).search;
  }
  return "";
}
