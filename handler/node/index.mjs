// A to-do list behind a Lambda Function URL.
//
//     POST   /      {"task": "Buy groceries"}    201 and the new item
//     GET    /                                   200 and the list of items
//     GET    /ID                                 200 and the item
//     PUT    /ID    {"completed": true}          200 and the changed item
//     DELETE /ID                                 204
//
// HEAD is GET without the body. The list has the newest first where the table has
// an index for that (todoctl up --index), and no order else. A long list comes in parts: GET /?limit=20 answers
// 20 items and, when there are more, a Link header that leads to the rest. What
// cannot be done is a 400, 404 or 413 with {"error": "the reason in a sentence"}.
//
// Lambda calls handler once for every request. The items live in one DynamoDB
// table.

import { randomUUID } from 'node:crypto';
import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';

// Function and table belong to the same stack: TodoHandler uses TodoTable. The
// environment variable TABLE_NAME names another table.
const TableName = process.env.TABLE_NAME
  || process.env.AWS_LAMBDA_FUNCTION_NAME.replace(/Handler$/, '') + 'Table';

// This runs once, when Lambda starts the function, and not for every request.
// Lambda stops a request after 5 seconds, so the SDK must give up sooner than it
// does by itself.
const dynamodb = new DynamoDBClient({
  maxAttempts: 2,
  requestHandler: {
    connectionTimeout: 1_000, // milliseconds
    requestTimeout: 1_000,
    throwOnRequestTimeout: true,
  },
});

// A task of 1,000 characters makes an item of less than 4 KB: to write it takes
// 4 of the table's 5 write units, and to read it takes one.
const MAX_TASK = 1_000; // characters
const MAX_BODY = 16_384; // bytes: such a task, however its characters are written
const MAX_DEPTH = 32; // lists and objects inside each other
const MAX_ID = 2_048; // bytes: DynamoDB has no longer key
const MAX_KEY = { id: MAX_ID, created: 1_024 };

// How much one answer lists. Lambda sends 6 MB at most, in a form that may double
// the size.
const MAX_ITEMS = 1_000;
const MAX_LIST = 2_500_000; // bytes
const MIN_TIME = 2_500; // milliseconds that must be left to ask DynamoDB for more

// A table may have an index that holds the items in order of time. Where it has
// none, it is asked again after a while: somebody may have added it.
const INDEX = 'newest';
const ASK_AGAIN = 60_000; // milliseconds
let noIndexUntil = 0; // on the clock of performance.now

/** The caller asks for something that cannot be done. */
class Refused extends Error {
  constructor(status, reason) {
    super(reason);
    this.status = status;
  }
}

/** Answers one HTTP request. */
export const handler = async (event, context) => {
  let response;
  try {
    response = await answer(event, context);
  } catch (error) {
    response = respondTo(error);
  }
  if (event.requestContext?.http?.method === 'HEAD') {
    delete response.body;
  }
  return response;
};

/** Finds out what is asked for, and does it. */
async function answer(event, context) {
  const { method } = event.requestContext.http;
  const id = readId(event.rawPath || '/');
  if (id === undefined) {
    if (method === 'GET' || method === 'HEAD') return answerList(event.queryStringParameters ?? {}, context);
    if (method === 'POST') return respond(201, await addItem(readBody(event)));
  } else {
    if (method === 'GET' || method === 'HEAD') return respond(200, await getItem(id));
    if (method === 'PUT') return respond(200, await changeItem(id, readBody(event)));
    if (method === 'DELETE') {
      await deleteItem(id);
      return { statusCode: 204 };
    }
  }
  throw new Refused(400, 'Unsupported HTTP method');
}

/** Answers with the list, or with the part of it that is asked for. */
async function answerList(query, context) {
  const { items, last } = await listItems(readLimit(query), readNext(query), context);
  if (last === undefined) return respond(200, items);
  // https://www.rfc-editor.org/rfc/rfc8288 has the form of this header.
  const limit = 'limit' in query ? `limit=${query.limit}&` : '';
  return respond(200, items, { link: `<?${limit}next=${toToken(last)}>; rel="next"` });
}

/** Answers when something went wrong. */
function respondTo(error) {
  if (error instanceof Refused) return respond(error.status, { error: error.message });
  // The details are for us, in the function's log. The answer does not have
  // them, because a stranger could use them.
  console.error('The request failed', error);
  if (isThrottled(error)) {
    return respond(503, { error: 'The table is busy: try again in a second' }, { 'retry-after': '1' });
  }
  return respond(500, { error: 'Internal server error' });
}

// What is done with the table. DynamoDB writes the kind of each value in front of
// it: { S: 'text' }, { N: '1' }, { BOOL: true }.

/** Stores a new item and returns it. */
async function addItem(body) {
  const item = {
    id: { S: randomUUID() },
    task: { S: (body.task ?? null) === null ? 'Untitled Task' : readTask(body.task) },
    completed: { BOOL: false },
    created: { S: new Date().toISOString() }, // for example 2026-11-23T10:00:00.000Z
    list: { S: 'todo' }, // the same for all: an index can hold them in order of time
  };
  await dynamodb.send(new PutItemCommand({ TableName, Item: item }));
  return shown(item);
}

/** Returns one item. */
async function getItem(id) {
  const { Item } = await dynamodb.send(new GetItemCommand({ TableName, Key: { id: { S: id } }, ConsistentRead: true }));
  if (Item === undefined) throw noItem();
  return shown(Item);
}

/** Changes an item's task, or whether it is completed, and returns it. */
async function changeItem(id, body) {
  const changes = {};
  if ('task' in body) changes.task = { S: readTask(body.task) };
  if ('completed' in body) {
    if (typeof body.completed !== 'boolean') throw new Refused(400, 'completed must be true or false');
    changes.completed = { BOOL: body.completed };
  }
  const names = Object.keys(changes);
  if (names.length === 0) throw new Refused(400, 'The body must have a task or completed');
  const { Attributes } = await onlyIfThere(UpdateItemCommand, {
    Key: { id: { S: id } },
    UpdateExpression: 'SET ' + names.map((name) => `#${name} = :${name}`).join(', '),
    // A # keeps names apart from DynamoDB's own words, such as list and status.
    ExpressionAttributeNames: Object.fromEntries(names.map((name) => ['#' + name, name])),
    ExpressionAttributeValues: Object.fromEntries(names.map((name) => [':' + name, changes[name]])),
    ReturnValues: 'ALL_NEW',
  });
  return shown(Attributes);
}

/** Deletes an item. */
async function deleteItem(id) {
  await onlyIfThere(DeleteItemCommand, { Key: { id: { S: id } } });
}

/**
 * Changes or deletes an item. DynamoDB by itself would make one that is not
 * there, and would not say that there was none to delete.
 */
async function onlyIfThere(Command, request) {
  try {
    return await dynamodb.send(new Command({ TableName, ConditionExpression: 'attribute_exists(id)', ...request }));
  } catch (error) {
    throw error.name === 'ConditionalCheckFailedException' ? noItem() : error;
  }
}

/**
 * Returns at most limit items from behind the key start on and, when there are
 * more, the key of the last one.
 *
 * With an index the newest come first, and only they are read. Without one a scan
 * goes through the table, in no order: fine while it is small. A list goes on in
 * the way in which it has begun.
 */
async function listItems(limit, start, context) {
  const byIndex = start === undefined ? performance.now() >= noIndexUntil : 'created' in start;
  if (byIndex) {
    try {
      return await readItems(query, ['created', 'id'], limit, start, context);
    } catch (error) {
      if (!isWithoutIndex(error)) throw error;
      noIndexUntil = performance.now() + ASK_AGAIN;
    }
    if (start !== undefined) throw new Refused(400, 'The list has lost its order: begin it anew, without next');
  }
  return readItems(scan, ['id'], limit, start, context);
}

/**
 * Does so with one way of reading, whose keys have these names.
 *
 * DynamoDB hands out at most 1 MB at a time; LastEvaluatedKey says that there
 * is more.
 */
async function readItems(read, names, limit, start, context) {
  const items = [];
  let size = 0;
  let last;
  for (;;) {
    // One more than is asked for, to see whether there are more.
    const page = await read(limit + 1 - items.length, start);
    for (const stored of page.Items) {
      const item = shown(stored);
      size += Buffer.byteLength(toJSON(item));
      if (items.length > 0 && (items.length === limit || size > MAX_LIST)) return { items, last };
      items.push(item);
      last = partOf(stored, names);
    }
    if (page.LastEvaluatedKey === undefined) return { items };
    if (items.length > 0 && context.getRemainingTimeInMillis() < MIN_TIME) return { items, last };
    start = partOf(page.LastEvaluatedKey, names);
  }
}

/** Reads the table, in no order. */
function scan(Limit, ExclusiveStartKey) {
  return dynamodb.send(new ScanCommand({ TableName, Limit, ExclusiveStartKey }));
}

/** Reads the index, the newest first. */
function query(Limit, start) {
  const list = { S: 'todo' };
  return dynamodb.send(new QueryCommand({
    TableName,
    IndexName: INDEX,
    Limit,
    ExclusiveStartKey: start && { ...start, list },
    KeyConditionExpression: '#list = :list',
    ExpressionAttributeNames: { '#list': 'list' },
    ExpressionAttributeValues: { ':list': list },
    ScanIndexForward: false,
  }));
}

/**
 * Says whether there is no index, or DynamoDB is still building it, or the
 * function may not use it.
 */
function isWithoutIndex(error) {
  return ['ValidationException', 'AccessDeniedException'].includes(error.name);
}

/** Returns what DynamoDB needs to go on behind this item. */
function partOf(item, names) {
  return Object.fromEntries(names.map((name) => [name, item[name]]));
}

/** Says whether DynamoDB was asked for more than the table's units allow. */
function isThrottled(error) {
  return ['ProvisionedThroughputExceededException', 'RequestLimitExceeded', 'ThrottlingException'].includes(error.name);
}

// What the caller sends.

/** Returns the id in a path, or undefined for the path of the list. */
function readId(path) {
  const [name, ...others] = path.replace(/^\//, '').split('/');
  if (others.length > 0) throw new Refused(404, 'There is nothing at this path');
  if (name === '') return undefined;
  let id;
  try {
    id = name.replace(/(%[0-9a-f]{2})+/gi, (bytes) => toText(Buffer.from(bytes.replaceAll('%', ''), 'hex')));
  } catch {
    throw noItem();
  }
  if (Buffer.byteLength(id) > MAX_ID) throw noItem();
  return id;
}

/** Returns the JSON object in the body. No body is an empty object. */
function readBody(event) {
  let body;
  try {
    const text = event.body || '';
    const sent = event.isBase64Encoded ? fromBase64(text) : Buffer.from(text); // base64 as with curl -d and no content type
    if (sent.length > MAX_BODY) throw new Refused(413, `The body must have at most ${MAX_BODY} bytes`);
    body = fromJSON(toText(sent) || '{}');
  } catch (error) {
    throw error instanceof Refused ? error : new Refused(400, 'The body is not valid JSON');
  }
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw new Refused(400, 'The body must be a JSON object');
  return Object.assign(Object.create(null), body); // so that it has what was sent, and nothing else
}

/** Returns the task, when it is one. */
function readTask(task) {
  if (typeof task !== 'string') throw new Refused(400, 'The task must be a string');
  if (/^[ \t\r\n]*$/.test(task)) throw new Refused(400, 'The task must not be empty');
  if ([...task].length > MAX_TASK) throw new Refused(400, `The task must have at most ${MAX_TASK} characters`);
  // JSON can have "\ud800", UTF-8 cannot.
  if (!task.isWellFormed()) throw new Refused(400, 'The task has half a character');
  return task;
}

/** Returns how many items are asked for. */
function readLimit(query) {
  const limit = query.limit ?? String(MAX_ITEMS);
  if (!/^[0-9]{1,4}$/.test(limit) || Number(limit) < 1 || Number(limit) > MAX_ITEMS) {
    throw new Refused(400, `limit must be a whole number from 1 to ${MAX_ITEMS}`);
  }
  return Number(limit);
}

/** Returns the key behind which the list goes on, or undefined for its beginning. */
function readNext(query) {
  if (!('next' in query)) return undefined;
  try {
    const sent = fromJSON(toText(Buffer.from(query.next, 'base64url')));
    const names = 'created' in sent ? ['created', 'id'] : ['id'];
    const key = Object.fromEntries(names.map((name) => [name, { S: sent[name] }]));
    // The token of an answer has one form. Nothing else comes from there.
    if (names.every((name) => isKey(sent[name], MAX_KEY[name])) && toToken(key) === query.next) return key;
  } catch {
    // It is none.
  }
  throw new Refused(400, 'next must come from a Link header');
}

/** Says whether DynamoDB takes this as a part of a key. */
function isKey(text, most) {
  if (typeof text !== 'string' || !text.isWellFormed()) return false;
  return Buffer.byteLength(text) >= 1 && Buffer.byteLength(text) <= most;
}

// What the caller gets.

/**
 * Makes the answer for the Function URL.
 *
 * There are no CORS headers here: the Function URL adds them, and browsers
 * refuse an answer that has them twice.
 */
function respond(statusCode, body, headers = {}) {
  return { statusCode, headers: { 'content-type': 'application/json', ...headers }, body: toJSON(body) };
}

/** Returns an item as callers see it. */
function shown(item) {
  const { list, ...seen } = item;
  return plain({ M: seen });
}

/** Makes the refusal of an id that no item has. */
function noItem() {
  return new Refused(404, 'No item has this id');
}

// JSON.

/** Reads JSON, and throws an error for anything else. */
function fromJSON(text) {
  let depth = 0;
  for (const [part] of text.matchAll(/"(?:[^"\\]|\\.)*"?|[[\]{}]/gs)) { // texts, brackets
    depth += (part === '[' || part === '{') - (part === ']' || part === '}');
    if (depth > MAX_DEPTH) throw new SyntaxError('too deep');
  }
  return JSON.parse(text);
}

/**
 * Writes JSON in one way only, so that all versions of this function, in whatever
 * language, answer the same bytes: names in order, and a blank after : and , signs.
 */
function toJSON(value) {
  if (Array.isArray(value)) return `[${value.map(toJSON).join(', ')}]`;
  if (value instanceof DecimalNumber) return value.toString();
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = Object.keys(value).sort(byCharacter).map((name) => `${JSON.stringify(name)}: ${toJSON(value[name])}`);
  return `{${members.join(', ')}}`;
}

/** Orders texts by their characters, where JavaScript by itself takes halves of some. */
function byCharacter(a, b) {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}

/** Writes a key of the table as a word that an address can hold. */
function toToken(key) {
  return Buffer.from(toJSON(plain({ M: key }))).toString('base64url');
}

/** Reads UTF-8, and throws an error for anything else. */
function toText(bytes) {
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
}

/** Reads base64, and throws an error for anything else. */
function fromBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new SyntaxError('not base64');
  return Buffer.from(text, 'base64');
}

/** Takes away the kinds that DynamoDB writes in front of values. */
function plain(value) {
  const [[kind, content]] = Object.entries(value);
  switch (kind) {
    case 'NULL': return null;
    case 'N': return new DecimalNumber(content);
    case 'B': return Buffer.from(content).toString('base64');
    case 'L': return content.map(plain);
    case 'M': return Object.fromEntries(Object.entries(content).map(([name, inner]) => [name, plain(inner)]));
    case 'SS': return content.toSorted(byCharacter);
    case 'BS': return content.map((bytes) => plain({ B: bytes })).toSorted(byCharacter);
    case 'NS': return content.map((number) => new DecimalNumber(number)).toSorted((a, b) => a.compare(b));
    default: return content; // S and BOOL
  }
}

/** A number of DynamoDB, which may have more digits than one of JavaScript. */
class DecimalNumber {
  constructor(text) {
    const [, sign, before, after = '', power = '0'] = /^(-?)(\d*)\.?(\d*)(?:e\+?(-?\d+))?$/i.exec(text);
    const digits = (before + after).replace(/0+$/, '');
    const zeros = Number(power) - after.length + (before + after).length - digits.length;
    this.value = Number(text);
    this.whole = zeros >= 0 || digits === '' ? BigInt(sign + (digits || '0') + '0'.repeat(digits === '' ? 0 : zeros)) : undefined;
  }

  /** Writes a fraction as most languages do: 0.5, 1e-05, 1.5e+16. */
  toString() {
    if (this.whole !== undefined) return this.whole.toString();
    const size = Math.abs(this.value);
    if (size >= 1e-4 && size < 1e16) return Number.isInteger(this.value) ? `${this.value}.0` : String(this.value);
    return this.value.toExponential().replace(/([+-])(\d)$/, '$10$2');
  }

  compare(other) {
    if (this.value !== other.value) return this.value - other.value;
    const [a, b] = [this.whole ?? 0n, other.whole ?? 0n];
    return a < b ? -1 : Number(a > b);
  }
}
