// Runs one Lambda function in the machine's Node.js.
//
// It speaks the real Lambda Runtime API with the local AWS: fetch an event, call
// the handler, post the answer, again. Node's own modules only. What it does as
// Lambda's nodejs24.x does follows from
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html and, for the
// names of errors, from what its runtime writes into the log.

import dns from 'node:dns';
import fs from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { createRequire, syncBuiltinESMExports } from 'node:module';
import net from 'node:net';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import util from 'node:util';

const { env } = process;
const slash = env.AWS_LAMBDA_RUNTIME_API.indexOf('/');
const runtime = {
  at: new URL('http://' + env.AWS_LAMBDA_RUNTIME_API.slice(0, slash)),
  path: env.AWS_LAMBDA_RUNTIME_API.slice(slash) + '/2018-06-01/runtime/',
};
const endpoint = new URL(env.AWS_ENDPOINT_URL);
const root = env.LAMBDA_TASK_ROOT;

// The AWS SDK lies above the function's code, where its own node_modules, being
// nearer, comes first: so do Lambda's. A junction is a link that anybody may
// make on Windows; elsewhere the word means nothing.
if (env.TODOCTL_MODULES) {
  fs.symlinkSync(env.TODOCTL_MODULES, path.join(path.dirname(root), 'node_modules'), 'junction');
}
delete env.TODOCTL_MODULES;

// ---- The Runtime API

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
const request = http.request; // its own, whatever the function puts in its place

/** One call of the Runtime API. Without the local AWS there is nothing to do. */
function call(method, what, body, headers) {
  return new Promise((resolve) => {
    const gone = () => process.exit(1);
    const r = request({
      host: runtime.at.hostname, port: runtime.at.port, path: runtime.path + what, method, agent,
      headers: body === undefined ? headers : { ...headers, 'content-length': Buffer.byteLength(body) },
    }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, body: Buffer.concat(parts).toString() }));
      response.on('error', gone);
    });
    r.on('error', gone);
    r.end(body);
  });
}

// ---- The log

let requestId; // of the invocation that is going on

/** Writes to the output at once. A full pipe is waited for. */
function write(text) {
  for (let rest = Buffer.from(text); rest.length > 0;) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (e) {
      if (e.code !== 'EAGAIN') return;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1);
    }
  }
}

/** One log event, whatever lines it has and whatever was printed before it. */
function tell(level, text) {
  write('\x1d' + `${new Date().toISOString()}\t${requestId}\t${level}\t${text}`.replaceAll('\n', '\x1f') + '\n');
}

for (const [method, level] of Object.entries({
  log: 'INFO', info: 'INFO', warn: 'WARN', error: 'ERROR', debug: 'DEBUG', trace: 'TRACE', fatal: 'FATAL',
})) {
  console[method] = (...args) => tell(level, util.format(...args));
}

/** An error in the form that the Runtime API takes. */
function failure(e) {
  const isError = util.types.isNativeError(e) || e instanceof Error;
  return isError
    ? { errorType: e.name, errorMessage: e.message, trace: (e.stack ?? '').split('\n') }
    : { errorType: typeof e, errorMessage: String(e), trace: [] };
}

/** The same as the log has it. */
function logged(e) {
  const { errorType, errorMessage, trace } = failure(e);
  return JSON.stringify({ errorType, errorMessage, ...(e?.code === undefined ? {} : { code: e.code }), stack: trace });
}

class RuntimeError extends Error {
  constructor(kind, message, cause) {
    super(message);
    this.name = 'Runtime.' + kind;
    if (cause?.stack) this.stack = cause.stack;
  }
}

// ---- No way out

// AWS's names, and the addresses where a machine on AWS finds credentials.
const aws = /(^|\.)(amazonaws\.com(\.cn)?|api\.aws|on\.aws)$|^169\.254\.(169\.254|170\.23?)$|^\[?fd00:ec2::/;
const isAWS = (host) => aws.test(String(host ?? '').toLowerCase().replace(/\.$/, ''));

/**
 * Makes every AWS client talk to the local AWS and to nothing else.
 *
 * An older SDK passes AWS_ENDPOINT_URL over, and code may name an endpoint of
 * its own. So a request to one of AWS's names goes to the local AWS instead, and
 * whatever does not make its requests with node:http finds no such name.
 */
function pin() {
  for (const module of [http, https]) {
    const { request: ask } = module;
    module.request = function (...args) {
      const url = typeof args[0] === 'string' ? new URL(args.shift()) : args[0] instanceof URL ? args.shift() : undefined;
      const options = typeof args[0] === 'object' && args[0] !== null ? args.shift() : {};
      const host = options.hostname ?? options.host ?? url?.hostname;
      if (!isAWS(host)) return ask.call(module, ...(url ? [url] : []), options, ...args);
      const headers = Object.fromEntries(Object.entries(options.headers ?? {}).filter(([name]) => name.toLowerCase() !== 'host'));
      return request({
        ...options, headers: { ...headers, host: endpoint.host }, path: options.path ?? (url ? url.pathname + url.search : '/'),
        protocol: 'http:', host: endpoint.hostname, hostname: endpoint.hostname, port: endpoint.port, agent: undefined, servername: undefined,
      }, ...args);
    };
    module.get = (...args) => {
      const r = module.request(...args);
      r.end();
      return r;
    };
  }

  const refused = (host) => Object.assign(
    new Error(`on this machine a function reaches the local AWS and not ${host}`),
    { code: 'ENOTFOUND', errno: -3008, syscall: 'getaddrinfo', hostname: host });

  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (...args) {
    const first = Array.isArray(args[0]) ? args[0][0] : args[0];
    const host = typeof first === 'object' && first !== null ? first.host : args[1];
    if (!isAWS(host)) return connect.apply(this, args);
    process.nextTick(() => this.destroy(refused(host)));
    return this;
  };
  const { lookup } = dns;
  dns.lookup = (host, ...rest) => (isAWS(host) ? process.nextTick(rest.at(-1), refused(host)) : lookup(host, ...rest));
  const { lookup: promised } = dns.promises;
  dns.promises.lookup = async (host, ...rest) => {
    if (isAWS(host)) throw refused(host);
    return promised(host, ...rest);
  };
  syncBuiltinESMExports(); // for `import { request } from 'node:https'`
}

// ---- The handler

/** Loads the module that the handler's name names, as Lambda does. */
async function load(file, name) {
  const require = createRequire(path.join(root, 'index.js'));
  const there = ['.js', '.mjs', '.cjs', ''].map((end) => file + end).find((f) => fs.statSync(f, { throwIfNoEntry: false })?.isFile());
  if (there === undefined) {
    throw new RuntimeError('ImportModuleError', `Error: Cannot find module '${name}'\nRequire stack:\n- /var/runtime/index.mjs`);
  }
  try {
    return there.endsWith('.mjs') || there.endsWith('.js') && isESM(there) ? await import(pathToFileURL(there).href) : require(there);
  } catch (e) {
    if (e instanceof SyntaxError) throw new RuntimeError('UserCodeSyntaxError', String(e), e);
    if (e?.code === 'MODULE_NOT_FOUND' || e?.code === 'ERR_MODULE_NOT_FOUND') throw new RuntimeError('ImportModuleError', String(e), e);
    throw e;
  }
}

/** Says whether the nearest package.json makes a .js file an ES module. */
function isESM(file) {
  for (let dir = path.dirname(file); ; dir = path.dirname(dir)) {
    try {
      return JSON.parse(fs.readFileSync(path.join(dir, 'package.json'), 'utf8')).type === 'module';
    } catch (e) {
      if (e.code !== 'ENOENT' || dir === root) return false;
    }
  }
}

async function findHandler() {
  const full = env._HANDLER;
  if (full.includes('..')) {
    throw new RuntimeError('MalformedHandlerName', `'${full}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`);
  }
  const match = /^([^.]*)\.(.*)$/.exec(path.basename(full));
  if (!match) throw new RuntimeError('MalformedHandlerName', 'Bad handler');
  const [, name, property] = match;
  const module = await load(path.join(root, path.dirname(full), name), name);
  const within = (object) => property.split('.').reduce((nested, key) => nested?.[key], object);
  const handler = within(module) ?? within(module.default);
  if (handler === undefined) throw new RuntimeError('HandlerNotFound', `${full} is undefined or not exported`);
  if (typeof handler !== 'function') throw new RuntimeError('HandlerNotFound', `${full} is not a function`);
  // https://aws.amazon.com/blogs/compute/node-js-24-runtime-now-available-in-aws-lambda/
  if (handler.length >= 3) {
    throw new RuntimeError('CallbackHandlerDeprecated', 'Lambda calls no handler with a callback any more, from Node.js 24 on: make it an async function of event and context.');
  }
  return handler;
}

/** The handler's second argument. */
function makeContext(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: undefined,
    identity: undefined,
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// ---- One invocation after another

/** Ends the process because of an error that no handler caught. */
async function crash(title, e, code) {
  tell('ERROR', `${title} \t${logged(e)}`);
  const body = JSON.stringify(failure(e));
  if (requestId === undefined) await call('POST', 'init/error', body);
  else await call('POST', `invocation/${requestId}/error`, body, { 'todoctl-ends': '1' });
  process.exit(code);
}

process.on('uncaughtException', (e) => crash('Uncaught Exception', e, 129));
process.on('unhandledRejection', (e) => crash('Unhandled Promise Rejection', new RuntimeError('UnhandledPromiseRejection', String(e), e), 128));

async function invoke(handler, event, context) {
  let answer;
  try {
    answer = await handler(JSON.parse(event), context);
  } catch (e) {
    tell('ERROR', `Invoke Error \t${logged(e)}`);
    return ['/error', JSON.stringify(failure(e))];
  }
  try {
    return ['/response', JSON.stringify(answer === undefined ? null : answer) ?? 'null'];
  } catch {
    const e = new RuntimeError('JSONStringifyError', 'Unable to stringify response body');
    tell('ERROR', `Invoke Error \t${logged(e)}`);
    return ['/error', JSON.stringify(failure(e))];
  }
}

let handler;
pin();
try {
  handler = await findHandler();
} catch (e) {
  await crash('Uncaught Exception', e, 1);
}
for (;;) {
  const next = await call('GET', 'invocation/next');
  if (next.status !== 200) process.exit(0);
  const id = requestId = next.headers['lambda-runtime-aws-request-id'];
  const [outcome, body] = await invoke(handler, next.body, makeContext(next.headers));
  await call('POST', `invocation/${id}${outcome}`, body, {
    'content-type': 'application/json', 'todoctl-max-memory-mb': String(process.resourceUsage().maxRSS >> 10),
  });
}
