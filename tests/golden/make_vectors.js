'use strict';
/*
 * Makes the vectors beside this file anew, by asking the original. One command:
 *
 *     npm install --prefix /tmp/original axios@1.21.1
 *     node tests/golden/make_vectors.js /tmp/original/node_modules/axios
 *
 * Node 20 and axios are needed for this only; the tests read the JSON and nothing else. What is asked
 * stands in cases.js. Each case is an operation with its input; this file carries it out with axios and
 * writes down, beside the input, what came of it ("want"). replay.py carries the same out with miniaxios.
 *
 * What JSON lacks is written as an object with one key that begins with "$": see decode() and encode().
 * Only servers on the loopback are asked, and their ports are written as {A}, {B} and {closed}.
 */
const fs = require('fs');
const http = require('http');
const net = require('net');
const path = require('path');
const { Readable } = require('stream');

if (process.argv.length !== 3) {
  console.error('usage: node make_vectors.js /path/to/node_modules/axios');
  process.exit(2);
}
const home = path.resolve(process.argv[2]);
const axios = require(home);
const version = require(path.join(home, 'package.json')).version;
for (const name of Object.keys(process.env)) {
  if (/_proxy$/i.test(name)) delete process.env[name];
}

/* ---- values ---------------------------------------------------------------------------------- */

const origins = {}; // {A} and so on -> what stands for it during this run

/* Functions that cases name; replay.py has the same under the same names. */
const FUNCTIONS = {
  always_true: () => true,
  always_false: () => false,
  below_500: (status) => status < 500,
  only_404: (status) => status === 404,
  constant: () => 'const=1',
  nothing: () => '',
  keys: (params) => Object.keys(params).sort().join('-'),
  shout: (value) => String(value).toUpperCase(),
  angles: (value) => '<' + value + '>',
  inner: (value, encode) => encode(value),
  append_x: (data) => data + 'x',
  to_text: (data) => JSON.stringify(data),
  set_header: (data, headers) => { headers.set('X-Set', 'yes'); return data; },
  drop_type: (data, headers) => { headers.delete('Content-Type'); return data; },
  wrap: (data) => ({ wrapped: data }),
  with_status: (data, headers, status) => ({ data, status, kind: headers.get('content-type') }),
  raise: () => { throw new Error('boom'); },
  add_hop: (options) => { options.headers['X-Hop'] = 'yes'; },
  double: (key, value) => (typeof value === 'number' ? value * 2 : value),
  drop_secret: (key, value) => (key === 'secret' ? undefined : value),
  skip_secret: function (value, key, path, helpers) {
    return key === 'secret' ? false : helpers.defaultVisitor.call(this, value, key, path);
  },
  visit_upper: function (value, key, path, helpers) {
    if (typeof value === 'string') { this.append(key, value.toUpperCase()); return false; }
    return helpers.defaultVisitor.call(this, value, key, path);
  },
  is_x: (value) => value === 'x',
  name_is_a: (value, name) => String(name).toLowerCase() === 'a',
  length: (value) => value.length,
};

const TAGS = {
  $undefined: () => undefined,
  $number: (text) => Number(text),
  $bytes: (text) => Buffer.from(text, 'base64'),
  $date: (text) => new Date(text),
  $search: (pairs) => new URLSearchParams(pairs),
  $form: (fields) => formOf(fields),
  $headers: (init) => new axios.AxiosHeaders(decode(init)),
  $regex: (source) => new RegExp(source, 'i'),
  $function: (name) => FUNCTIONS[name],
  $stream: (pieces) => Readable.from(pieces.map((piece) => Buffer.from(piece))),
  $token: (message) => new axios.CancelToken((cancel) => cancel(decode(message))),
  $signal: () => AbortSignal.abort(),
};

function formOf(fields) {
  const form = new FormData();
  for (const [name, value, filename, type] of fields) {
    if (filename === undefined) form.append(name, value);
    else form.append(name, new Blob([value], { type: type || '' }), filename);
  }
  return form;
}

function placed(origin, part) {
  return part === undefined ? origin : part === '.host' ? new URL(origin).host : new URL(origin).port;
}

function decode(value) {
  if (typeof value === 'string') return value.replace(/\{(A|B|closed)(\.host|\.port)?\}/g, (all, name, part) => placed(origins[name], part));
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== 'object') return value;
  const keys = Object.keys(value);
  if (keys.length === 1 && Object.hasOwn(TAGS, keys[0])) return TAGS[keys[0]](value[keys[0]]);
  return Object.fromEntries(keys.map((key) => [decode(key), decode(value[key])]));
}

function encode(value) {
  if (value === undefined) return { $undefined: true };
  if (typeof value === 'string') return masked(value);
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (typeof value === 'bigint') return { $number: String(value) };
  if (typeof value === 'function') return { $callable: true };
  if (value === null || typeof value !== 'object') return value;
  if (Buffer.isBuffer(value)) return { $bytes: value.toString('base64') };
  if (value instanceof Date) return { $date: value.toISOString() };
  if (value instanceof URLSearchParams) return { $text: value.toString() };
  if (value instanceof axios.AxiosHeaders) return encode(value.toJSON());
  if (Array.isArray(value)) return Array.from(value, encode);
  if (value instanceof RegExp || ![null, Object.prototype].includes(Object.getPrototypeOf(value))) {
    return { $object: value.constructor.name };
  }
  return Object.fromEntries(Object.keys(value).map((key) => [key, encode(value[key])]));
}

function masked(text) {
  for (const [name, origin] of Object.entries(origins)) {
    text = text.split(origin).join('{' + name + '}');
    text = text.split(origin.replace(/^http:\/\//, '')).join('{' + name + '.host}');
  }
  return text.split('axios/' + version).join('axios/VERSION');
}

/* ---- servers --------------------------------------------------------------------------------- */

const stage = { number: 0, routes: {}, requests: [], sockets: new Set(), arrived: () => {} };

function replyBytes(reply, method) {
  if (reply.raw !== undefined) return Buffer.from(reply.raw, 'latin1');
  const status = reply.status === undefined ? 200 : reply.status;
  const body = reply.body === undefined ? Buffer.alloc(0)
    : typeof reply.body === 'string' ? Buffer.from(reply.body) : Buffer.from(reply.body.$bytes, 'base64');
  const bodiless = status === 204 || status === 304;
  const lines = ['HTTP/1.1 ' + status + ' ' + (reply.reason === undefined ? 'Reason' : reply.reason)];
  for (const [name, value] of reply.headers || []) lines.push(name + ': ' + decode(value));
  let tail = body;
  if (reply.framing === 'chunked') {
    lines.push('Transfer-Encoding: chunked');
    const size = Buffer.from(body.length.toString(16) + '\r\n');
    tail = body.length ? Buffer.concat([size, body, Buffer.from('\r\n0\r\n\r\n')]) : Buffer.from('0\r\n\r\n');
  } else if (reply.framing !== 'close' && !bodiless) {
    lines.push('Content-Length: ' + (body.length + (reply.missing || 0)));
  }
  lines.push('Connection: close', '', '');
  const head = Buffer.from(lines.join('\r\n'), 'latin1');
  return bodiless || method === 'HEAD' ? head : Buffer.concat([head, tail]);
}

function serverOf(name) {
  const server = http.createServer({ insecureHTTPParser: true }, (request, response) => {
    const pieces = [];
    request.on('error', () => {});
    request.on('data', (piece) => pieces.push(piece));
    request.on('end', () => {
      if (request.socket.number !== stage.number) return; // A straggler of the last case.
      stage.requests.push(recorded(name, request, Buffer.concat(pieces)));
      const table = stage.routes[name] || {};
      const where = request.url.split('?')[0];
      const reply = table[where] || table['*'] || {};
      stage.arrived();
      if (reply.then === 'hang') return;
      if (reply.then === 'reset') { request.socket.resetAndDestroy(); return; }
      if (reply.then === 'close') { request.socket.destroy(); return; }
      request.socket.end(replyBytes(reply, request.method));
    });
  });
  server.on('connection', (socket) => {
    stage.sockets.add(socket);
    socket.number = stage.number;
    socket.on('error', () => {});
    socket.on('close', () => stage.sockets.delete(socket));
  });
  server.on('clientError', (error, socket) => socket.destroy());
  return server;
}

/* What every Node client sends and no other need to. */
const OWN = [/^host$/i, /^connection$/i];

function recorded(server, request, body) {
  const fields = [];
  let boundary = null;
  for (let at = 0; at < request.rawHeaders.length; at += 2) {
    const name = request.rawHeaders[at];
    let value = Buffer.from(request.rawHeaders[at + 1], 'latin1').toString('latin1');
    if (OWN.some((own) => own.test(name)) && !/^(x\.example|upgrade-me)/.test(value)) continue;
    if (/^user-agent$/i.test(name) && value === 'axios/' + version) continue;
    if (/^accept-encoding$/i.test(name) && value === 'gzip, compress, deflate, br') continue;
    const found = /^content-type$/i.test(name) && /boundary=([^;]+)/i.exec(value);
    if (found && !/^(given|bad )/.test(found[1])) {
      boundary = found[1];
      value = value.replace(boundary, 'BOUNDARY');
    }
    // These two are spelled as axios itself spells them, whatever the caller's spelling.
    fields.push([name.replace(/^(content-type|authorization)$/i, (all) => (/^c/i.test(all) ? 'Content-Type' : 'Authorization')), masked(value)]);
  }
  if (boundary === null && /^--axios-.*--\r\n$/s.test(body.toString('latin1'))) boundary = body.toString('latin1').split('\r\n')[0].slice(2);
  const made = boundary === null ? fields : fields.filter(([name]) => !/^content-length$/i.test(name));
  const text = boundary === null ? body.toString('latin1') : body.toString('latin1').split(boundary).join('BOUNDARY');
  return {
    server,
    method: request.method,
    target: masked(request.url),
    headers: made.sort((a, b) => (a[0].toLowerCase() < b[0].toLowerCase() ? -1 : a[0].toLowerCase() > b[0].toLowerCase() ? 1 : 0)),
    body: bodyText(Buffer.from(text, 'latin1')),
  };
}

function bodyText(body) {
  const text = body.toString('utf8');
  return Buffer.from(text).equals(body) ? text : { $bytes: body.toString('base64') };
}

/* ---- outcomes -------------------------------------------------------------------------------- */

/* Messages that are axios's own; those of Node, of the system and of JavaScript are not compared. */
const MESSAGES = new RegExp('^(Request failed with status code|timeout of|took too long|maxContentLength size|Request body larger'
  + '|Maximum number of redirects|canceled$|stop it|Unsupported protocol|Invalid URL "|.* is too deeply nested'
  + '|Circular reference|boom$)');

async function failure(error) {
  if (!axios.isAxiosError(error)) {
    const made = { axios: false, name: error && error.name };
    if (error && error.code) made.code = error.code;
    if (error && MESSAGES.test(error.message)) made.message = masked(error.message);
    return made;
  }
  const made = { axios: true, code: error.code === undefined ? null : error.code, cancel: axios.isCancel(error) };
  if (MESSAGES.test(error.message)) made.message = masked(error.message);
  made.request = Boolean(error.request);
  made.response = error.response ? await received(error.response) : null;
  made.status = error.status === undefined ? null : error.status;
  return made;
}

async function received(response) {
  let data = response.data;
  if (data instanceof Readable) data = { $stream: await drained(data) };
  else data = encode(data);
  const headers = response.headers && response.headers.toJSON ? response.headers.toJSON() : response.headers || {};
  const kept = Object.keys(headers).filter((name) => name !== 'connection').sort();
  return {
    status: response.status,
    statusText: encode(response.statusText),
    headers: Object.fromEntries(kept.map((name) => [name, encode(headers[name])])),
    data,
  };
}

async function drained(stream) {
  const pieces = [];
  try {
    for await (const piece of stream) pieces.push(Buffer.from(piece));
  } catch (error) {
    return { raised: error.code || 'Error' };
  }
  return encode(Buffer.concat(pieces));
}

/* An operation's outcome; {hung} when the original never comes back, {crashed} when it would end the process. */
async function bounded(work) {
  let timer;
  const late = new Promise((resolve) => { timer = setTimeout(() => resolve({ hung: true }), 1500); });
  const fatal = new Promise((resolve) => { crashed = () => resolve({ crashed: true }); });
  const outcome = await Promise.race([work, late, fatal]);
  clearTimeout(timer);
  crashed = () => {};
  return outcome;
}

let crashed = () => {};
process.on('uncaughtException', () => crashed());
process.on('unhandledRejection', () => crashed());

async function attempt(work) {
  try {
    return { value: await work() };
  } catch (error) {
    return { error: await failure(error) };
  }
}

/* ---- operations ------------------------------------------------------------------------------ */

const stub = async (config) => ({ data: null, status: 200, statusText: 'OK', headers: {}, config });
const chain = (configs) => configs.reduce((instance, config) => instance.create(config), axios.create());

/* The switches that both sides have. */
const SWITCHES = ['silentJSONParsing', 'forcedJSONParsing', 'clarifyTimeoutError', 'legacyInterceptorReqResOrdering'];

function mergedValues(config, keys) {
  return Object.fromEntries(keys.map((key) => [key, key === 'transitional' && config.transitional
    ? Object.fromEntries(SWITCHES.filter((name) => name in config.transitional).map((name) => [name, config.transitional[name]]))
    : key === 'headers' && config.headers instanceof axios.AxiosHeaders
    ? Object.fromEntries(Object.entries(config.headers.toJSON()).map(([name, value]) => [name, encode(value)]))
    : encode(config[key])]));
}

const OPERATIONS = {
  async get_uri(input) {
    const instance = chain(decode(input.creates || []));
    return attempt(async () => encode(instance.getUri(decode(input.config))));
  },

  async merge(input) {
    const instance = chain([{ adapter: stub }, ...decode(input.creates || [])]);
    const [method, ...args] = decode(input.call);
    const call = method === 'axios' ? instance : instance[method];
    return attempt(async () => {
      const response = await call(...args);
      return mergedValues(response.config, input.keys);
    });
  },

  async merge_config(input) {
    return attempt(async () => mergedValues(axios.mergeConfig(decode(input.first), decode(input.second)), input.keys));
  },

  async exchange(input) {
    stage.number += 1;
    stage.routes = input.routes || {};
    stage.requests = [];
    const instance = chain(decode(input.creates || []));
    const [method, ...args] = decode(input.call);
    if (input.cancel) {
      const source = axios.CancelToken.source();
      const controller = new AbortController();
      const config = args[args.length - 1];
      if (input.cancel === 'token') config.cancelToken = source.token;
      else config.signal = controller.signal;
      stage.arrived = () => setTimeout(() => {
        if (input.cancel === 'token') source.cancel('stop it');
        else controller.abort();
      }, 5);
    }
    const call = method === 'axios' ? instance : instance[method];
    const outcome = await bounded(attempt(async () => received(await call(...args))));
    stage.arrived = () => {};
    for (const socket of stage.sockets) socket.destroy();
    return outcome.hung || outcome.crashed ? outcome : { requests: stage.requests, ...outcome };
  },

  async headers(input) {
    return attempt(async () => {
      const headers = new axios.AxiosHeaders(decode(input.init));
      const results = [];
      for (const [method, ...args] of input.steps) {
        const outcome = await attempt(async () => headers[method](...decode(args)));
        if (outcome.error) results.push({ raised: true });
        else if (outcome.value === headers) results.push({ self: true });
        else results.push({ gave: encode(outcome.value) });
      }
      return { results, left: encode(headers.toJSON()) };
    });
  },

  async interceptors(input) {
    const log = [];
    const adapter = async (config) => {
      log.push('adapter');
      if (input.adapter === 'fail') throw new Error('adapter failed');
      return { data: 'done', status: 200, statusText: 'OK', headers: {}, config };
    };
    const instance = axios.create({ adapter, ...decode(input.create || {}) });
    let ids = [];
    const handler = (label, side, what) => {
      if (what === undefined || what === null) return undefined;
      const act = (given) => {
        log.push(label + '.' + side + (side === 'err' ? '(' + (given instanceof TypeError ? 'TypeError' : given.message) + ')' : ''));
        if (what === 'rethrow') throw given;
        if (/throw/.test(what)) throw new Error(label);
        if (what === 'undefined') return undefined;
        if (what === 'replace') return { replaced: label };
        if (what === 'recover') return input.recovery === 'config' ? { url: '/recovered', method: 'get', adapter, headers: {} } : { recovered: label };
        if (what === 'rewrite') { given.url = '/' + label; return given; }
        return given;
      };
      return /^async/.test(what) ? async (given) => act(given) : act;
    };
    for (const step of input.steps) {
      const manager = instance.interceptors[step.on];
      if (step.eject !== undefined) manager.eject(typeof step.eject === 'number' ? ids[step.eject] : step.eject);
      else if (step.clear) manager.clear();
      else {
        const options = { ...decode(step.options || {}) };
        if (options.runWhen) {
          const when = options.runWhen;
          options.runWhen = (config) => { log.push(step.label + '.when'); return when(config); };
        }
        ids.push(manager.use(handler(step.label, 'ok', step.ok), handler(step.label, 'err', step.err), options));
      }
    }
    let outcome;
    try {
      const value = await instance.request({ url: '/start' });
      outcome = { value: value && value.config ? { url: value.config.url, data: value.data } : encode(value) };
    } catch (error) {
      outcome = { error: error instanceof TypeError ? 'TypeError' : error.message };
    }
    return { ids, log, ...outcome };
  },

  async to_form_data(input) {
    return attempt(async () => {
      const form = axios.toFormData(decode(input.object), new FormData(), decode(input.options));
      const entries = [];
      for (const [name, value] of form) {
        entries.push([name, typeof value === 'string' ? value : { $bytes: Buffer.from(await value.arrayBuffer()).toString('base64') }]);
      }
      return entries;
    });
  },

  async form_to_json(input) {
    return attempt(async () => encode(axios.formToJSON(formOf(input.fields))));
  },

  async error(input) {
    return attempt(async () => {
      const [message, code, config] = decode(input.args);
      const made = input.kind === 'AxiosError' ? new axios.AxiosError(message, code, config)
        : input.kind === 'from' ? axios.AxiosError.from(new Error(message), code, config) : new axios.CanceledError(message, config);
      const json = made.toJSON();
      const shown = Object.fromEntries(['message', 'code', 'status', 'config'].map((key) => [key, encode(json[key])]));
      return { json: shown, axios: axios.isAxiosError(made), cancel: axios.isCancel(made) };
    });
  },

  async status(input) {
    return { value: encode(axios.HttpStatusCode[input.key]) };
  },
};

/* ---- the run --------------------------------------------------------------------------------- */

async function listening(server) {
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return 'http://127.0.0.1:' + server.address().port;
}

async function main() {
  const servers = { A: serverOf('A'), B: serverOf('B'), closed: net.createServer() };
  for (const [name, server] of Object.entries(servers)) origins[name] = await listening(server);
  await new Promise((resolve) => servers.closed.close(resolve));
  const themes = require('./cases.js');
  let total = 0;
  for (const [theme, cases] of Object.entries(themes)) {
    const lines = [];
    for (const one of JSON.parse(JSON.stringify(cases))) {
      const operation = OPERATIONS[one.do];
      if (operation === undefined) throw new Error('no operation ' + one.do);
      const outcome = await operation(one);
      lines.push('  ' + JSON.stringify({ ...one, want: outcome }));
    }
    const head = '{"theme": ' + JSON.stringify(theme) + ', "from": "axios ' + version + '", "cases": [\n';
    fs.writeFileSync(path.join(__dirname, theme + '.json'), head + lines.join(',\n') + '\n]}\n');
    console.log(theme.padEnd(14), cases.length, lines.filter((line) => /"want":\{"(hung|crashed)/.test(line)).length);
    total += cases.length;
  }
  console.log('total'.padEnd(14), total);
  servers.A.close();
  servers.B.close();
  process.exit(0);
}

main();
