'use strict';
/*
 * What the original is asked: {theme: [case]}. A case has an id, the name of an operation ("do") and the
 * operation's input; values that JSON lacks are written as make_vectors.js says. Most cases are products of
 * tables, so that what is true of one value is asked of its neighbours too.
 */
const themes = {};
const taken = new Set();

function add(theme, id, operation, input) {
  const whole = theme + '.' + id;
  if (taken.has(whole)) throw new Error('twice: ' + whole);
  taken.add(whole);
  (themes[theme] = themes[theme] || []).push({ id: whole, do: operation, ...input });
}

const U = undefined; // a key that is not there: JSON leaves it out
const UNDEFINED = { $undefined: true };
const bytes = (text) => ({ $bytes: Buffer.from(text, 'latin1').toString('base64') });
const call = (name) => ({ $function: name });
const number = (text) => ({ $number: text });
/* A body for the methods that want one: without it, the default Content-Type is a difference of its own. */
const sent = (method) => (method === 'post' ? 'b' : U);
const DATE = { $date: '2020-01-02T03:04:05.678Z' };

function deep(levels, leaf) {
  let value = leaf;
  for (let at = 0; at < levels; at += 1) value = { a: value };
  return value;
}

/* ---- URLs ------------------------------------------------------------------------------------ */

const BASES = {
  unset: U, empty: '', null: null, host: 'http://h', slash: 'http://h/', path: 'http://h/api',
  path_slash: 'http://h/api/', slashes: 'http://h/api///', query: 'http://h/a?k=1', hash: 'http://h/a#f',
  relative: '/rel', bare: 'rel', only_slashes: '//',
};
const URLS = {
  unset: U, empty: '', bare: 'x', rooted: '/x', two_slashes: '//x', many_slashes: '///x', absolute: 'http://o/y',
  upper: 'HTTPS://O/y', mailto: 'mailto:x', query: '?a=1', hash: '#f', dots: '../z', blank: 'a b', accents: 'é',
  leading_blank: ' http://o/y', trailing: 'x/', dot: './x', full: 'x?y=1#z', ftp: 'ftp://o/', odd_scheme: 'a+b-c.9://o',
  digit_scheme: '1x://o', inner: 'x//y', slash: '/',
};
for (const [b, baseURL] of Object.entries(BASES)) {
  for (const [u, url] of Object.entries(URLS)) add('url', 'base-' + b + '.' + u, 'get_uri', { config: { baseURL, url } });
}
for (const b of ['unset', 'empty', 'host', 'path_slash', 'relative']) {
  for (const u of ['unset', 'empty', 'bare', 'rooted', 'two_slashes', 'absolute', 'upper', 'ftp']) {
    for (const allowAbsoluteUrls of [false, true]) {
      add('url', 'allow-' + allowAbsoluteUrls + '.base-' + b + '.' + u, 'get_uri', {
        config: { baseURL: BASES[b], url: URLS[u], allowAbsoluteUrls },
      });
    }
  }
}
const MALFORMED = {
  http: 'http:x', https: 'https:x', one_slash: 'http:/x', upper: 'HTTP:x', blank: ' http:x', tab: 'ht\ttp:x',
  port: 'http:80', userinfo: 'http:u:p@h/x', query: 'http:h?secret=1#f', newline: 'http\n:x', fine: 'httpx:x',
};
for (const [name, url] of Object.entries(MALFORMED)) {
  add('url', 'malformed.' + name, 'get_uri', { config: { url } });
  add('url', 'malformed.base.' + name, 'get_uri', { config: { baseURL: url, url: 'y' } });
  add('url', 'malformed.unused-base.' + name, 'get_uri', { config: { baseURL: url, url: 'http://o/y' } });
  add('url', 'malformed.behind-base.' + name, 'get_uri', { config: { baseURL: 'http://h', url } });
}
const TARGETS = {
  plain: '/p', query: '/p?x=1', hash: '/p#f', both: '/p?x=1#f', bare_mark: '/p?', amp: '/p?x=1&', absolute: 'http://h',
  hash_query: '/p#f?x=1', empty: '',
};
const FEW = { unset: U, null: null, empty: {}, one: { a: 1 }, skipped: { a: null }, two: { a: 'b c', 'd&': 'é' }, search: { $search: [['a', '1 2']] } };
for (const [t, url] of Object.entries(TARGETS)) {
  for (const [p, params] of Object.entries(FEW)) add('url', 'params.' + t + '.' + p, 'get_uri', { config: { url, params } });
}
for (const creates of [[{ baseURL: 'http://h/v1' }], [{ baseURL: 'http://h/v1', params: { k: 1 } }], [{ params: { k: 1 } }, { params: { l: 2 } }],
  [{ url: '/never', method: 'post' }], [{ baseURL: 'http://h', allowAbsoluteUrls: false }]]) {
  for (const [n, config] of Object.entries({ none: {}, url: { url: '/x' }, own: { url: '/x', params: { k: 9, m: 3 } }, no_params: { url: '/x', params: null },
    base: { url: '/x', baseURL: 'http://other' }, no_base: { url: '/x', baseURL: '' }, null_base: { url: '/x', baseURL: null }, abs: { url: 'http://o/z' } })) {
    add('url', 'instance.' + JSON.stringify(creates).replace(/[^a-z0-9]+/gi, '_') + n, 'get_uri', { creates, config });
  }
}

/* ---- params ---------------------------------------------------------------------------------- */

const VALUES = {
  text: 'x', empty: '', zero: 0, one: 1, minus: -1.5, float: 0.1, whole: 2.0, big: 1e21, small: 1e-7, tiny: 1.5e-10,
  large: 123456789012, nan: number('NaN'), infinity: number('Infinity'), minus_zero: number('-0'), yes: true, no: false,
  null: null, undefined: UNDEFINED, date: DATE, bytes: bytes('ab'), list: [1, 2], list_null: [1, null, 2], list_empty: [],
  list_text: ['a b', 'é'], list_bool: [true, false], list_date: [DATE], list_nested: [1, [2, 3]], list_object: [{ x: 1 }, { y: 2 }],
  list_mixed: ['s', { x: 1 }, null], list_deep: [[[1]]], object: { b: 1 }, object_empty: {}, object_null: { b: null },
  object_list: { b: [1, 2] }, object_deep: { b: { c: { d: [1, { e: 2 }] } } }, object_text: { 'k y': 'v&w' },
  object_object_list: { b: [{ c: 1 }, { c: 2 }] }, list_empty_object: [{}], list_of_empty: [[], [1]], object_bool: { t: true, f: false },
};
const SERIALIZERS = {
  plain: U, null: { indexes: null }, true: { indexes: true }, false: { indexes: false }, dots: { dots: true },
  dots_true: { dots: true, indexes: true }, dots_null: { dots: true, indexes: null }, tokens: { metaTokens: false },
};
for (const [v, value] of Object.entries(VALUES)) {
  for (const [s, paramsSerializer] of Object.entries(SERIALIZERS)) {
    add('params', v + '.' + s, 'get_uri', { config: { url: '/p', params: { a: value, z: 'end' }, paramsSerializer } });
  }
}
const KEYS = {
  brackets: 'a[]', braces: 'a{}', blanks: '  a  ', inner_blank: 'a b', dot: 'a.b', index: 'a[0]', empty: '', amp: 'a&b', equals: 'a=b',
  hash: 'a#b', plus: 'a+b', accents: 'é', snowman: '☃', astral: '😀', percent: 'a%20', colon: 'a:b', at: '@a', dollar: '$a', comma: 'a,b',
  quote: "a'b", tilde: 'a~b', parens: 'a(b)!*', proto_like: 'constructor', number: '7', nested: 'a[b][c]', slash: 'a/b?c',
};
for (const [k, key] of Object.entries(KEYS)) {
  for (const [v, value] of Object.entries({ text: 'v', list: [1, 2], nested: [1, [2, 3]], object: { x: 1 }, deep: { x: { y: [1] } } })) {
    if (k === 'braces' || v !== 'deep') {
      add('params', 'key-' + k + '.' + v, 'get_uri', { config: { url: '/p', params: { [key]: value } } });
      if (/^(br|ne|do)/.test(k)) {
        for (const s of ['null', 'true', 'dots', 'tokens']) {
          add('params', 'key-' + k + '.' + v + '.' + s, 'get_uri', { config: { url: '/p', params: { [key]: value }, paramsSerializer: SERIALIZERS[s] } });
        }
      }
    }
  }
}
const TEXTS = {
  reserved: ":/?#[]@!$&'()*+,;=", unreserved: 'aZ09-_.~', blanks: ' \t\n\r\0', accents: 'äöü€', astral: '😀',
  percent: '100%25', quotes: '"<>\\^`{|}', controls: '\x01\x7f', plus: '1+1', combining: 'e\u0301',
};
for (const [t, text] of Object.entries(TEXTS)) {
  add('params', 'text-' + t, 'get_uri', { config: { url: '/p', params: { q: text } } });
  add('params', 'search-' + t, 'get_uri', { config: { url: '/p', params: { $search: [['q', text], [text, 'v']] } } });
  for (const name of ['shout', 'angles', 'inner']) {
    add('params', 'encode-' + name + '.' + t, 'get_uri', { config: { url: '/p', params: { q: text }, paramsSerializer: { encode: call(name) } } });
  }
}
for (const name of ['constant', 'nothing', 'keys']) {
  for (const [p, params] of Object.entries({ two: { b: 1, a: 2 }, empty: {}, null: null, list: ['x'] })) {
    add('params', 'function-' + name + '.' + p, 'get_uri', { config: { url: '/p#f', params, paramsSerializer: call(name) } });
    add('params', 'serialize-' + name + '.' + p, 'get_uri', { config: { url: '/p?q=1#f', params, paramsSerializer: { serialize: call(name) } } });
  }
}
for (const name of ['skip_secret', 'visit_upper']) {
  for (const [p, params] of Object.entries({ flat: { a: 'x', secret: 's' }, nested: { a: { secret: 's', b: 'y' } }, list: { a: ['p', 'q'] }, list_object: { a: [{ secret: 1, c: 'z' }] } })) {
    add('params', 'visitor-' + name + '.' + p, 'get_uri', { config: { url: '/p', params, paramsSerializer: { visitor: call(name) } } });
  }
}
for (const [p, params] of Object.entries({ list: [1, 'b'], list_null: [null, 1], list_object: [{ a: 1 }], list_pairs: [['a', '1'], ['b', '2']], text: 'a=1', number: 5, zero: 0, no: false,
  empty_text: '', yes: true, bytes: bytes('ab'), date: DATE, form: { $form: [['a', '1']] } })) {
  add('params', 'whole-' + p, 'get_uri', { config: { url: '/p', params } });
}
for (const levels of [3, 99, 100, 101, 120]) {
  add('params', 'depth-' + levels, 'get_uri', { config: { url: '/p', params: deep(levels, 1) } });
  add('params', 'depth-' + levels + '.limit-3', 'get_uri', { config: { url: '/p', params: deep(levels, 1), paramsSerializer: { maxDepth: 3 } } });
  add('params', 'depth-' + levels + '.no-limit', 'get_uri', { config: { url: '/p', params: deep(levels, 1), paramsSerializer: { maxDepth: number('Infinity') } } });
}
for (const [s, paramsSerializer] of Object.entries({ text: 'x', number: 1, list: [], encode_text: { encode: 'x' }, serialize_number: { serialize: 1 }, unknown: { nope: 1 }, null: null, empty: {} })) {
  add('params', 'serializer-' + s, 'get_uri', { config: { url: '/p', params: { a: [1, 2] }, paramsSerializer } });
}
for (const [s, paramsSerializer] of Object.entries(SERIALIZERS)) {
  add('params', 'many.' + s, 'get_uri', { config: { url: '/p', paramsSerializer,
    params: { a: [1, 2], b: { c: [3, { d: 4 }] }, e: [[5]], f: null, 'g[]': [6], 'h{}': { i: 7 }, j: [{ k: [8, 9] }] } } });
}
add('params', 'instance.serializer-replaced', 'get_uri', { creates: [{ paramsSerializer: { indexes: true } }], config: { url: '/p', params: { a: [1, 2] }, paramsSerializer: { dots: true } } });
add('params', 'instance.serializer-kept', 'get_uri', { creates: [{ paramsSerializer: { indexes: true } }], config: { url: '/p', params: { a: [1, 2] } } });
add('params', 'instance.deep', 'get_uri', { creates: [{ params: { a: { b: 1, c: 2 }, d: [1, 2] } }], config: { url: '/p', params: { a: { c: 3 }, d: [4] } } });
add('params', 'instance.undefined-keeps', 'get_uri', { creates: [{ params: { a: 1 } }], config: { url: '/p', params: UNDEFINED } });
add('params', 'instance.inner-null', 'get_uri', { creates: [{ params: { a: 1, b: 2 } }], config: { url: '/p', params: { a: null } } });
add('params', 'instance.search-replaces', 'get_uri', { creates: [{ params: { a: 1 } }], config: { url: '/p', params: { $search: [['b', '2']] } } });
add('params', 'instance.false', 'get_uri', { creates: [{ params: { a: 1 } }], config: { url: '/p', params: false } });

/* ---- merging --------------------------------------------------------------------------------- */

const OPTION_VALUES = {
  timeout: [100, 0, null], baseURL: ['http://h', '', null], responseType: ['text', 'json', null], responseEncoding: ['latin1', null],
  maxContentLength: [10, -1], maxBodyLength: [10, -1], maxRedirects: [3, 0], timeoutErrorMessage: ['m', ''], withCredentials: [true, false],
  xsrfCookieName: ['c', null], xsrfHeaderName: ['X-C', null], decompress: [false, true], withXSRFToken: [true, false], params: [{ a: 1, b: { c: 1 } }, { b: { d: 2 } }, null],
  paramsSerializer: [{ dots: true }, { indexes: null }], auth: [{ username: 'u', password: 'p' }, { username: 'v' }], formSerializer: [{ dots: true }, { indexes: true }],
  transitional: [{ silentJSONParsing: false }, { clarifyTimeoutError: true }, {}], proxy: [false, { host: 'p', port: 1 }], allowAbsoluteUrls: [false, true], maxRate: [100, [1, 2]],
  sensitiveHeaders: [['X-A'], ['X-B']], socketPath: ['/s', null], allowedSocketPaths: ['/s', ['/t']], insecureHTTPParser: [true, false], redact: [['a'], ['b']],
  custom: [{ a: [1], b: { c: 1 } }, { b: { d: 2 } }, 'text', null, [1, 2]],
};
for (const [key, values] of Object.entries(OPTION_VALUES)) {
  const sides = [U, ...values];
  sides.forEach((first, i) => sides.forEach((second, j) => {
    if (key !== 'allowedSocketPaths' && key !== 'redact' && key !== 'insecureHTTPParser' ? true : i !== j) {
      add('merge', key + '.' + i + '.' + j, 'merge', { creates: [{ [key]: first }], call: ['request', { url: '/x', [key]: second }], keys: [key] });
    }
  }));
}
for (const key of ['url', 'method', 'data']) {
  for (const [i, first] of [U, 'a', null].entries()) {
    for (const [j, second] of [U, 'b', ''].entries()) {
      add('merge', 'request-only.' + key + '.' + i + '.' + j, 'merge_config', { first: { [key]: first }, second: { [key]: second }, keys: [key] });
    }
  }
}
const HEADER_SIDES = {
  none: U, plain: { 'X-A': '1' }, lower: { 'x-a': '2' }, other: { 'X-B': '3' }, common: { common: { 'X-A': '4', 'X-C': '5' } }, get: { get: { 'X-A': '6' } },
  post: { post: { 'X-A': '7' } }, removed: { 'X-A': false }, unset: { 'X-A': null }, list: { 'X-A': ['8', '9'] }, kept: { $headers: { 'X-A': '10' } }, literal: { Link: '<x>' },
  accept: { Accept: 'text/plain' }, no_accept: { Accept: false }, both: { common: { 'X-A': '11' }, 'X-A': '12' },
};
for (const [f, first] of Object.entries(HEADER_SIDES)) {
  for (const [s, second] of Object.entries(HEADER_SIDES)) {
    add('merge', 'headers.' + f + '.' + s, 'merge', { creates: [{ headers: first }], call: ['get', '/x', { headers: second }], keys: ['headers'] });
  }
}
for (const method of ['get', 'delete', 'head', 'options', 'post', 'put', 'patch', 'query', 'purge', 'link', 'unlink', 'PROPFIND']) {
  const headers = Object.fromEntries(['common', 'get', 'delete', 'head', 'options', 'post', 'put', 'patch', 'query', 'purge', 'link', 'unlink'].map((group) => [group, { ['X-' + group]: '1', 'X-Same': group }]));
  add('merge', 'groups.' + method, 'merge', { creates: [{ headers }], call: ['request', { url: '/x', method }], keys: ['headers', 'method', 'url'] });
}
for (const [n, args] of Object.entries({
  url_string: ['axios', '/x'], url_config: ['axios', '/x', { method: 'PUT' }], config: ['axios', { url: '/x', method: 'Delete' }], request_url: ['request', '/x', { timeout: 5 }],
  alias_wins: ['get', '/x', { url: '/y', method: 'post' }], head: ['head', '/x'], nothing: ['request', {}], options: ['options', '/x', { method: 'get' }], query: ['query', '/x', 'q'],
  post_method: ['post', '/x', 'b', { method: 'put', url: '/y' }], url_beats_config: ['axios', '/x', { url: '/y' }],
})) add('merge', 'call.' + n, 'merge', { call: args, keys: ['url', 'method'] });
for (const [n, creates] of Object.entries({ three: [{ timeout: 1, custom: { a: 1 } }, { timeout: 2, custom: { b: 2 } }, { custom: { c: 3 } }], undone: [{ timeout: 1 }, { timeout: null }], method: [{ method: 'post' }] })) {
  add('merge', 'chain.' + n, 'merge', { creates, call: ['request', { url: '/x' }], keys: ['timeout', 'custom', 'method'] });
}
for (const [n, first] of Object.entries({ undefined: UNDEFINED, empty: {}, some: { timeout: 1, a: { b: [1] } } })) {
  for (const [m, second] of Object.entries({ undefined: UNDEFINED, empty: {}, some: { timeout: 2, a: { c: 1 } } })) {
    add('merge', 'direct.' + n + '.' + m, 'merge_config', { first, second, keys: ['timeout', 'a'] });
  }
}

/* ---- bodies ---------------------------------------------------------------------------------- */

const BODIES = {
  object: { a: 1, b: [1, { c: 'é' }], d: null, e: true }, empty_object: {}, list: [1, 'b'], empty_list: [], text: 'hello é', json_text: ' {"a": 1} ', quoted: '"x"', digits: '42',
  empty: '', bytes: bytes('by\x00te\xff'), search: { $search: [['a', '1 2'], ['b', 'é&']] }, null: null, number: 5, yes: true, zero: 0, no: false, date: DATE, stream: { $stream: ['ab', 'cd'] },
  form: { $form: [['a', '1'], ['b', 'é']] }, nested: { a: { b: [1, 2], c: { d: 'x y' } }, e: [{ f: 1 }], g: null, h: false },
};
const TYPES = {
  unset: U, json: 'application/json', json_charset: 'application/json; charset=utf-8', form: 'application/x-www-form-urlencoded', multipart: 'multipart/form-data', plain: 'text/plain',
  removed: false, null: null, vendor: 'application/vnd.api+json',
};
for (const [b, data] of Object.entries(BODIES)) {
  for (const [t, type] of Object.entries(TYPES)) {
    add('bodies', 'post.' + b + '.' + t, 'exchange', { call: ['post', '{A}/x', data, { headers: { 'Content-Type': type } }] });
  }
  for (const method of ['put', 'patch', 'query']) add('bodies', method + '.' + b, 'exchange', { call: [method, '{A}/x', data] });
  for (const method of ['get', 'delete', 'options', 'PROPFIND']) {
    add('bodies', method + '.' + b, 'exchange', { call: ['request', { url: '{A}/x', method, data }] });
  }
}
for (const method of ['get', 'delete', 'head', 'options', 'post', 'put', 'patch', 'query', 'purge', 'LINK']) {
  for (const [t, type] of Object.entries({ unset: U, json: 'application/json', plain: 'text/plain', removed: false })) {
    add('bodies', 'without.' + method + '.' + t, 'exchange', { call: ['request', { url: '{A}/x', method, headers: { 'Content-Type': type } }] });
  }
}
const FORMS = {
  flat: { a: 1, b: 'x' }, nested: { a: { b: [1, 2] } }, list: { a: [1, 2] }, list_object: { a: [{ b: 1 }] }, null: { a: null, b: 1 }, date: { a: DATE }, yes: { a: true },
  braces: { 'a{}': { b: 1 } }, brackets: { 'a[]': [1, 2] }, empty: {}, bytes: { a: bytes('xy') }, text: { a: "b c!'()*~é" },
  breaks: { a: 'x\ny' }, name: { 'q"\n': 'v' },
};
const FORM_OPTIONS = { plain: U, dots: { dots: true }, true: { indexes: true }, null: { indexes: null }, tokens: { metaTokens: false } };
for (const [f, data] of Object.entries(FORMS)) {
  for (const [o, formSerializer] of Object.entries(FORM_OPTIONS)) {
    add('bodies', 'urlencoded.' + f + '.' + o, 'exchange', { call: ['post', '{A}/x', data, { formSerializer, headers: { 'content-type': 'application/x-www-form-urlencoded' } }] });
    if (o === 'plain' || f === 'nested' || f === 'list') {
      add('bodies', 'multipart.' + f + '.' + o, 'exchange', { call: ['post', '{A}/x', data, { formSerializer, headers: { 'Content-Type': 'multipart/form-data' } }] });
    }
  }
  for (const method of ['postForm', 'putForm', 'patchForm']) add('bodies', method + '.' + f, 'exchange', { call: [method, '{A}/x', data] });
}
const FORM_DATA = {
  text: [['a', '1']], two: [['a', '1'], ['a', '2']], file: [['f', 'content', 'n.txt', 'text/plain']], odd_name: [['q"x\r\ny', 'v']], odd_file: [['f', 'c', 'a"b.txt', 'text/plain']],
  breaks: [['a', 'x\ny\r\nz\rw']], empty: [], accents: [['é', 'ü'], ['f', 'c', 'ö.bin', 'application/x']], nested_names: [['a[b]', '1'], ['a[c]', '2']], empty_value: [['a', '']],
};
for (const [f, fields] of Object.entries(FORM_DATA)) {
  const form = { $form: fields };
  add('bodies', 'form-data.' + f, 'exchange', { call: ['post', '{A}/x', form] });
  add('bodies', 'form-data.postForm.' + f, 'exchange', { call: ['postForm', '{A}/x', form] });
  add('bodies', 'form-data.multipart.' + f, 'exchange', { call: ['post', '{A}/x', form, { headers: { 'Content-Type': 'multipart/form-data' } }] });
  if (!/file|accents/.test(f)) add('bodies', 'form-data.json.' + f, 'exchange', { call: ['post', '{A}/x', form, { headers: { 'Content-Type': 'application/json' } }] });
  add('bodies', 'form-data.boundary.' + f, 'exchange', { call: ['post', '{A}/x', form, { headers: { 'Content-Type': 'multipart/form-data; boundary=given-boundary-123' } }] });
}
for (const [t, type] of Object.entries({ form: 'application/x-www-form-urlencoded', json: 'application/json', multipart: 'multipart/form-data' })) {
  add('bodies', 'postForm.type.' + t, 'exchange', { call: ['postForm', '{A}/x', { a: 1 }, { headers: { 'Content-Type': type } }] });
  add('bodies', 'instance-type.' + t, 'exchange', { creates: [{ headers: { 'Content-Type': type } }], call: ['post', '{A}/x', { a: 1 }] });
  add('bodies', 'group-type.' + t, 'exchange', { creates: [{ headers: { post: { 'Content-Type': type } } }], call: ['post', '{A}/x', { a: 1 }] });
  add('bodies', 'common-type.' + t, 'exchange', { creates: [{ headers: { common: { 'Content-Type': type } } }], call: ['post', '{A}/x', { a: 1 }] });
}
for (const name of ['append_x', 'to_text', 'set_header', 'drop_type', 'wrap', 'raise']) {
  for (const [b, data] of Object.entries({ text: 't', object: { a: 1 }, null: null })) {
    add('bodies', 'transform.' + name + '.' + b, 'exchange', { call: ['post', '{A}/x', data, { transformRequest: call(name) }] });
  }
}
add('bodies', 'transform.two', 'exchange', { call: ['post', '{A}/x', { a: 1 }, { transformRequest: [call('to_text'), call('append_x')] }] });
add('bodies', 'transform.none', 'exchange', { call: ['post', '{A}/x', { a: 1 }, { transformRequest: [] }] });
add('bodies', 'transform.none-text', 'exchange', { call: ['post', '{A}/x', 'x', { transformRequest: [] }] });
add('bodies', 'data-in-config.post', 'exchange', { call: ['post', '{A}/x', UNDEFINED, { data: 'from config' }] });
add('bodies', 'data-in-config.delete', 'exchange', { call: ['delete', '{A}/x', { data: { a: 1 } }] });
add('bodies', 'data-in-config.get', 'exchange', { call: ['get', '{A}/x', { data: 'x' }] });
add('bodies', 'data-in-instance', 'exchange', { creates: [{ data: 'never' }], call: ['post', '{A}/x'] });

/* ---- what goes over the wire ----------------------------------------------------------------- */

const NAMES = {
  user_agent: { 'User-Agent': 'mine/1' }, no_agent: { 'User-Agent': false }, null_agent: { 'User-Agent': null }, accept: { Accept: 'text/plain' }, no_accept: { accept: false },
  null_accept: { Accept: null }, encoding: { 'Accept-Encoding': 'identity' }, no_encoding: { 'Accept-Encoding': false }, lower: { 'x-lower': '1' }, upper: { 'X-UPPER': '1' },
  list: { 'X-List': ['a', 'b'] }, empty_list: { 'X-List': [] }, number: { 'X-Number': 5 }, yes: { 'X-Bool': true }, zero: { 'X-Zero': 0 }, float: { 'X-Float': 1.5 }, empty: { 'X-Empty': '' },
  blanks: { 'X-Blank': '  a  b ' }, tab: { 'X-Tab': 'a\tb' }, latin: { 'X-Latin': 'é' }, beyond: { 'X-Beyond': '☃' }, newline: { 'X-Break': 'a\r\nb: c' }, nul: { 'X-Nul': 'a\0b' }, bad_name: { 'bad name': '1' },
  colon_name: { 'a:b': '1' }, empty_name: { '': '1' }, null: { 'X-Null': null }, removed: { 'X-Off': false }, host: { Host: 'x.example' }, cookie: { Cookie: 'a=1; b=2' },
  authorization: { Authorization: 'Bearer t' }, length: { 'Content-Length': '3' }, range: { Range: 'bytes=0-1' }, accept_lower: { ACCEPT: 'a/b' }, many: { A: '1', B: '2', C: '3' }, nan: { 'X-N': number('NaN') },
  date: { 'X-Date': 'Thu, 01 Jan 1970 00:00:00 GMT' }, control: { 'X-Control': 'a\x01b' }, del: { 'X-Del': 'a\x7fb' }, space_end: { 'X-Name ': '1' }, expect: { 'X-Expect': '100' },
};
for (const [n, headers] of Object.entries(NAMES)) {
  add('wire', 'headers.get.' + n, 'exchange', { call: ['get', '{A}/x', { headers }] });
  add('wire', 'headers.instance.' + n, 'exchange', { creates: [{ headers }], call: ['post', '{A}/x', 'abc'] });
}
const AUTHS = {
  pair: { username: 'u', password: 'p' }, user: { username: 'u' }, password: { password: 'p' }, empty: {}, accents: { username: 'é', password: 'ü' }, colon: { username: 'a:b', password: 'c:d' },
  blank: { username: '', password: '' }, symbols: { username: 'u@x', password: 'p/?#' },
};
for (const [n, auth] of Object.entries(AUTHS)) {
  add('wire', 'auth.' + n, 'exchange', { call: ['get', '{A}/x', { auth }] });
  add('wire', 'auth.header.' + n, 'exchange', { call: ['get', '{A}/x', { auth, headers: { authorization: 'Bearer t' } }] });
}
for (const [n, userinfo] of Object.entries({ pair: 'u:p', user: 'u', empty_password: 'u:', encoded: 'u%40x:p%3A%2F', broken: 'u%zz:p', password: ':p', accents: '%C3%A9:p' })) {
  add('wire', 'userinfo.' + n, 'exchange', { call: ['get', 'http://' + userinfo + '@{A.host}/x'] });
  add('wire', 'userinfo.auth.' + n, 'exchange', { call: ['get', 'http://' + userinfo + '@{A.host}/x', { auth: { username: 'own', password: 'o' } }] });
  add('wire', 'userinfo.header.' + n, 'exchange', { call: ['get', 'http://' + userinfo + '@{A.host}/x', { headers: { Authorization: 'Bearer t' } }] });
}
const PATHS = {
  none: '', slash: '/', plain: '/a/b', blank: '/a b', accents: '/é', dots: '/a/../b', dot: '/./a', encoded_dots: '/a/%2e%2e/b', percent: '/100%', encoded: '/%41%2F', query: '/p?x=1', bare_query: '/p?', hash: '/p#f',
  query_hash: '/p?x=1#f', query_chars: "/p?a=b c&d=é\"'<>`{}|^[]\\", path_chars: "/\"'<>`{}|^[]", backslash: '\\a\\b', double: '//a//b', semicolon: '/a;b=c', colon: '/a:b@c', star: '/*', plus: '/a+b', tilde: '/~a',
  tab: '/a\tb', trailing: '/a/', question_twice: '/p?a?b', surrogates: '/😀', dots_end: '/a/..', dots_over: '/../../a', hash_only: '#f', query_only: '?x=1', query_slash: '/p?x=/../y', query_dots: '/p?x=..',
};
for (const [n, where] of Object.entries(PATHS)) {
  add('wire', 'path.' + n, 'exchange', { call: ['get', '{A}' + where] });
  if (!/^(none|hash_only|query_only)$/.test(n)) add('wire', 'path.base.' + n, 'exchange', { creates: [{ baseURL: '{A}/api/' }], call: ['get', where, { params: { q: 'a b' } }] });
}
for (const [n, url] of Object.entries({ leading: ' {A}/x', trailing: '{A}/x ', tab: '{A}/x\ty', upper: 'HTTP://127.0.0.1:{A.port}/x', short_host: 'http://127.1:{A.port}/x', hex_host: 'http://0x7f.1:{A.port}/x',
  number_host: 'http://2130706433:{A.port}/x', one_slash: 'http:/127.0.0.1/x', relative: '/x', empty: '', two_slashes: '//127.0.0.1/x', ftp: 'ftp://127.0.0.1/x', file: 'file:///etc/passwd', mailto: 'mailto:x', word: 'nonsense', no_host: 'http://',
  bad_port: 'http://127.0.0.1:99999/', bad_host: 'http://a b/', javascript: 'javascript:x', empty_port: 'http://127.0.0.1:/x' })) {
  if (n !== 'empty_port') add('wire', 'url.' + n, 'exchange', { call: ['get', url] });
}
for (const [v, value] of Object.entries({ text: 'a b', list: [1, 2], object: { b: [1] }, date: DATE, reserved: ":$,+@[]/?#&=%", accents: 'é☃', null: null, quotes: "'\"<>" })) {
  for (const [t, target] of Object.entries({ plain: '/p', query: '/p?x=1', hash: '/p#f', bare: '/p?' })) add('wire', 'params.' + v + '.' + t, 'exchange', { call: ['get', '{A}' + target, { params: { k: value } }] });
}
for (const method of ['get', 'GET', 'Post', 'delete', 'head', 'options', 'put', 'patch', 'query', 'purge', 'link', 'unlink', 'PROPFIND', 'm-search', 'bad method', 'a\r\nb', '', 'TRACE']) {
  add('wire', 'method.' + (method || 'empty').replace(/\W/g, '_'), 'exchange', { call: ['request', { url: '{A}/x', method }] });
}

/* ---- AxiosHeaders ---------------------------------------------------------------------------- */

const INITS = {
  none: U, null: null, empty: {}, plain: { 'X-A': '1', b: '2' }, twice: { 'x-a': '1', 'X-A': '2' }, numbers: { a: 1, b: 1.5, c: true }, markers: { a: null, b: false, c: '' }, list: { a: ['1', '2'], b: [] },
  trimmed: { a: ' x ', ' b ': 'y' }, text: 'A: 1\r\nB: 2\nA: 3\nbad\nSet-Cookie: x\nSet-Cookie: y', pairs: [['a', '1'], ['a', '2'], ['B', '3']], headers: { $headers: { 'X-A': '1' } }, type: { 'content-type': 'text/html; charset=utf-8; q="a;b"' },
  tokens: { a: 'x=1, y;z=3' }, cookies: { 'set-cookie': ['a=1', 'b=2'] }, accept: { ACCEPT: 'a/b' }, title: { 'content-type': '1', 'x-custom-name': '2', etag: '3', 'www-authenticate': '4', te: '5', 'X_under-score': '6' },
};
const READS = [['get', 'a'], ['get', 'X-a'], ['get', 'missing'], ['has', 'A'], ['has', 'x-A'], ['has', 'missing'], ['toJSON'], ['toJSON', true], ['getSetCookie'], ['getContentType'], ['hasContentType'], ['getAccept'], ['get', 'a', true]];
for (const [i, init] of Object.entries(INITS)) {
  add('headers', 'reads.' + i, 'headers', { init, steps: READS });
  add('headers', 'normalize.' + i, 'headers', { init, steps: [['normalize']] });
  add('headers', 'title.' + i, 'headers', { init, steps: [['normalize', true], ['toJSON']] });
  add('headers', 'clear.' + i, 'headers', { init, steps: [['clear'], ['clear']] });
  add('headers', 'set-new.' + i, 'headers', { init, steps: [['set', 'New', 'n'], ['get', 'new'], ['set', 'NEW', 'm'], ['toJSON']] });
  add('headers', 'delete.' + i, 'headers', { init, steps: [['delete', 'A'], ['delete', 'a'], ['delete', ['b', 'x-a']], ['toJSON']] });
  add('headers', 'concat.' + i, 'headers', { init, steps: [['concat', { A: '9' }, null, { C: '8', a: '7' }], ['concat']] });
  add('headers', 'typed.' + i, 'headers', { init, steps: [['setContentType', 'a/b', false], ['getContentType'], ['setContentType', 'c/d'], ['hasContentType', 'c/'], ['setAuthorization', 'B t'], ['hasAuthorization'], ['getUserAgent'], ['setContentLength', 5], ['getContentLength']] });
}
const HELD = { unset: U, null: null, false: false, empty: '', text: 'old', list: ['o', 'p'] };
for (const [h, held] of Object.entries(HELD)) {
  for (const [r, rewrite] of Object.entries({ undefined: UNDEFINED, true: true, false: false })) {
    for (const [v, value] of Object.entries({ text: 'new', null: null, false: false, list: ['n'] })) {
      add('headers', 'rewrite.' + h + '.' + r + '.' + v, 'headers', { init: { a: held }, steps: [['set', 'A', value, rewrite], ['get', 'a'], ['has', 'a'], ['set', 'A', 'last', false], ['get', 'a']] });
    }
  }
}
for (const [m, matcher] of Object.entries({ text: 'x', absent: 'zz', regex: { $regex: '^x' }, regex_case: { $regex: 'X' }, function: call('is_x'), by_name: call('name_is_a'), never: call('always_false'), empty: '', yes: true, number: 5 })) {
  for (const [v, value] of Object.entries({ x: 'x', longer: 'xyz', other: 'abc', list: ['x', 'y'], number: 5 })) {
    add('headers', 'matcher.' + m + '.' + v, 'headers', { init: { a: value, b: 'x' }, steps: [['has', 'a', matcher], ['delete', 'A', matcher], ['clear', matcher]] });
  }
}
for (const [p, parser] of Object.entries({ yes: true, no: false, regex: { $regex: '[a-z]+=(\\d)' }, function: call('length'), text: 'x', number: 1, object: {} })) {
  for (const [v, value] of Object.entries({ params: 'text/html; charset=utf-8; a=1', list: 'x, y, z=3', quoted: 'a="b c"; d', plain: 'abc', empty: '', bare: 'a=', spaced: 'a = 1 , b' })) {
    add('headers', 'parser.' + p + '.' + v, 'headers', { init: { h: value }, steps: [['get', 'H', parser]] });
  }
}
for (const [v, value] of Object.entries({ break: 'a\r\nb', nul: 'a\0b', tab: 'a\tb', blanks: '  a ', accents: 'é☃', number: 5, big: 1e21, float: 0.5, yes: true, list: [1, ' b ', true], nested: [['a']], date_text: 'x', nan: number('NaN') })) {
  add('headers', 'value.' + v, 'headers', { steps: [['set', 'a', value], ['get', 'a'], ['toJSON'], ['toJSON', true]] });
}
for (const [n, name] of Object.entries({ blank: ' ', bad: 'bad name', padded: ' a ', upper: 'ABC', method: 'get', set: 'set', proto: 'constructor', under: 'a_b', digits: '1', symbol: 'a!#$%' })) {
  add('headers', 'name.' + n, 'headers', { steps: [['set', name, 'v'], ['get', name], ['has', name], ['toJSON'], ['delete', name]] });
  add('headers', 'name.init.' + n, 'headers', { init: { [name]: 'v' }, steps: [['get', name], ['has', name], ['toJSON']] });
}
for (const [t, text] of Object.entries({ simple: 'A: 1', colon: 'A: b:c', blank_value: 'A:', folded: 'A: 1\n b', dup: 'X: 1\nX: 2', cookie: 'Cookie: a\nCookie: b', type: 'Content-Type: a\nContent-Type: b', crlf: 'A: 1\r\nB: 2\r\n\r\n', padded: '  A  :  1  ', age: 'Age: 1\nage: 2', no_name: ': x' })) {
  add('headers', 'raw.' + t, 'headers', { init: text, steps: [['toJSON']] });
}

/* ---- responses ------------------------------------------------------------------------------- */

const CONTENT = {
  object: '{"a":1,"b":[true,null,"é"]}', list: '[1,2]', number: '42', float: '1.50', text: 'hello é', quoted: '"x"', null: 'null', yes: 'true', empty: '', blanks: '  ', padded: ' {"a":1}\n', broken: '{"a":', nan: 'NaN', infinity: '[Infinity]',
  bom: '\ufeff{"a":1}', bom_text: '\ufeffabc', invalid: bytes('a\xff\xfeb'), latin: bytes('caf\xe9'), single: "{'a':1}", trailing: '{"a":1}x', dup: '{"a":1,"a":2}', big: '12345678901234567890', exponent: '1e3', minus_zero: '-0', proto: '{"__proto__":1,"constructor":2}', comment: '{}//x', nul: 'a\0b',
};
const KINDS = { unset: U, json: 'json', text: 'text', arraybuffer: 'arraybuffer', stream: 'stream', null: null };
const MEDIA = { json: 'application/json', plain: 'text/plain', none: U };
for (const [c, body] of Object.entries(CONTENT)) {
  for (const [k, responseType] of Object.entries(KINDS)) {
    for (const [m, type] of Object.entries(MEDIA)) {
      if (m === 'json' || k === 'unset' || k === 'json') {
        add('responses', c + '.' + k + '.' + m, 'exchange', { call: ['get', '{A}/x', { responseType }], routes: { A: { '/x': { body, headers: type ? [['Content-Type', type]] : [] } } } });
      }
    }
  }
  for (const [t, transitional] of Object.entries({ strict: { silentJSONParsing: false }, unforced: { forcedJSONParsing: false }, both: { silentJSONParsing: false, forcedJSONParsing: false } })) {
    for (const [k, responseType] of Object.entries({ unset: U, json: 'json' })) {
      add('responses', c + '.' + k + '.' + t, 'exchange', { call: ['get', '{A}/x', { responseType, transitional }], routes: { A: { '/x': { body } } } });
    }
  }
}
for (const status of [100, 200, 201, 202, 203, 204, 205, 206, 299, 304, 400, 401, 404, 418, 451, 499, 500, 503, 599]) {
  if (status === 100) continue;
  for (const [v, validateStatus] of Object.entries({ unset: U, null: null, all: call('always_true'), none: call('always_false'), below: call('below_500') })) {
    add('responses', 'status-' + status + '.' + v, 'exchange', { call: ['get', '{A}/x', { validateStatus }], routes: { A: { '/x': { status, reason: 'Why Not', body: '{"s":' + status + '}' } } } });
  }
}
for (const method of ['get', 'head', 'post', 'delete', 'options']) {
  for (const [k, responseType] of Object.entries(KINDS)) {
    for (const [f, reply] of Object.entries({ length: { body: 'abc' }, chunked: { body: 'abc', framing: 'chunked' }, close: { body: 'abc', framing: 'close' }, empty: {}, none: { status: 204 } })) {
      if (method === 'get' || (f !== 'close' && k !== 'null')) add('responses', 'framing.' + method + '.' + k + '.' + f, 'exchange', { call: ['request', { url: '{A}/x', method, responseType, data: sent(method) }], routes: { A: { '/x': reply } } });
    }
  }
}
for (const [e, responseEncoding] of Object.entries({ latin1: 'latin1', utf8: 'utf8', utf_8: 'utf-8', upper: 'UTF8', ascii: 'ascii', utf16: 'utf16le', binary: 'binary', unknown: 'nope' })) {
  for (const c of ['object', 'latin', 'bom', 'bom_text', 'text', 'invalid']) {
    add('responses', 'encoding-' + e + '.' + c, 'exchange', { call: ['get', '{A}/x', { responseEncoding, responseType: 'text' }], routes: { A: { '/x': { body: CONTENT[c] } } } });
  }
}
for (const name of ['append_x', 'wrap', 'with_status', 'raise', 'set_header']) {
  for (const status of [200, 404]) add('responses', 'transform.' + name + '.' + status, 'exchange', { call: ['get', '{A}/x', { transformResponse: call(name) }], routes: { A: { '/x': { status, body: '{"a":1}', headers: [['Content-Type', 'application/json']] } } } });
}
add('responses', 'transform.two', 'exchange', { call: ['get', '{A}/x', { transformResponse: [call('append_x'), call('wrap')] }], routes: { A: { '/x': { body: 'b' } } } });
add('responses', 'transform.none', 'exchange', { call: ['get', '{A}/x', { transformResponse: [] }], routes: { A: { '/x': { body: '{"a":1}' } } } });
for (const [c, body] of Object.entries({ nested: '{"a":1,"b":[2,{"c":3}]}', number: '4', broken: '{' })) add('responses', 'reviver.' + c, 'exchange', { call: ['get', '{A}/x', { parseReviver: call('double') }], routes: { A: { '/x': { body } } } });
for (const [h, headers] of Object.entries({ repeat: [['X-A', '1'], ['x-a', '2']], cookies: [['Set-Cookie', 'a=1'], ['Set-Cookie', 'b=2']], cookie: [['Set-Cookie', 'a=1']], latin: [['X-A', '\xe9']], empty: [['X-A', '']], blanks: [['X-A', '  b  ']], upper: [['X-UPPER', 'V']], age: [['Age', '1'], ['Age', '2']], vary: [['Vary', 'a'], ['Vary', 'b']], etag: [['ETag', '"a"'], ['ETag', '"b"']], server: [['Server', 'x'], ['Server', 'y']], location: [['Location', '/a'], ['Location', '/b']], link: [['Link', '<a>'], ['Link', '<b>']] })) {
  add('responses', 'headers.' + h, 'exchange', { call: ['get', '{A}/x'], routes: { A: { '/x': { body: 'b', headers } } } });
}
for (const [r, reason] of Object.entries({ empty: '', words: 'A Reason Phrase', latin: '\xe9t\xe9' })) add('responses', 'reason.' + r, 'exchange', { call: ['get', '{A}/x'], routes: { A: { '/x': { reason } } } });
const zlib = require('zlib');
const CODED = { gzip: zlib.gzipSync('{"a":1}'), deflate: zlib.deflateSync('{"a":1}'), raw_deflate: zlib.deflateRawSync('{"a":1}'), members: Buffer.concat([zlib.gzipSync('{"a"'), zlib.gzipSync(':1}')]), empty: Buffer.alloc(0), plain: Buffer.from('{"a":1}'), cut: zlib.gzipSync('{"a":1}').subarray(0, 20), junk: Buffer.concat([zlib.gzipSync('{"a":1}'), Buffer.from('junk')]) };
for (const [c, coded] of Object.entries(CODED)) {
  for (const coding of ['gzip', 'x-gzip', 'GZIP', 'deflate', 'compress', 'identity', 'unknown', 'gzip, gzip']) {
    const fits = /deflate/.test(c) ? coding === 'deflate' : c === 'plain' ? /identity|unknown/.test(coding) : c === 'empty' || /gzip|compress/i.test(coding);
    if (!fits) continue;
    for (const [d, decompress] of Object.entries({ unset: U, off: false })) {
      add('responses', 'coded.' + c + '.' + coding.replace(/\W+/g, '_') + '.' + d, 'exchange', { call: ['get', '{A}/x', { decompress }], routes: { A: { '/x': { body: { $bytes: coded.toString('base64') }, headers: [['Content-Encoding', coding]] } } } });
    }
  }
}

const DATA_URLS = {
  text: 'data:text/plain,hello%20%C3%A9', base64: 'data:text/plain;base64,aGVsbG8=', json: 'data:application/json,{"a":1}', bare: 'data:,x', binary: 'data:application/octet-stream;base64,/wA=', empty: 'data:,',
  charset: 'data:text/plain;charset=utf-8,%C3%A9', broken: 'data:nonsense', bad_base64: 'data:;base64,!!!!', hash: 'data:,a%23b',
};
for (const [d, url] of Object.entries(DATA_URLS)) {
  for (const k of ['unset', 'text', 'arraybuffer', 'stream', 'json']) add('responses', 'data-url.' + d + '.' + k, 'exchange', { call: ['get', url, { responseType: KINDS[k] }] });
  add('responses', 'data-url.' + d + '.limit', 'exchange', { call: ['get', url, { responseType: 'arraybuffer', maxContentLength: 1 }] });
}
add('responses', 'data-url.post', 'exchange', { call: ['post', 'data:,x', 'b'] });

/* ---- redirects ------------------------------------------------------------------------------- */

const SECRETS = { Authorization: 'Bearer t', Cookie: 'a=1', 'X-Api-Key': 'k', 'X-Plain': 'p', 'Proxy-Authorization': 'Basic x' };
for (const status of [300, 301, 302, 303, 304, 305, 307, 308]) {
  for (const method of ['get', 'head', 'post', 'put', 'patch', 'delete', 'options', 'query']) {
    for (const [o, location] of Object.entries({ same: '{A}/y?k=1', cross: '{B}/y?k=1' })) {
      if (o === 'cross' && !/get|post|put/.test(method)) continue;
      const data = /post|put|patch|query/.test(method) ? { a: 1 } : U;
      add('redirects', status + '.' + method + '.' + o, 'exchange', { call: ['request', { url: '{A}/x', method, data, headers: { 'X-Plain': 'p' } }], routes: { A: { '/x': { status, headers: [['Location', location]] } } } });
    }
  }
}
for (const status of [301, 302, 303, 307, 308]) {
  for (const [o, location] of Object.entries({ same: '{A}/y', cross: '{B}/y' })) {
    for (const name of Object.keys(SECRETS)) {
      add('redirects', 'secret.' + status + '.' + o + '.' + name, 'exchange', { call: ['get', '{A}/x', { headers: { [name]: SECRETS[name] } }], routes: { A: { '/x': { status, headers: [['Location', location]] } } } });
    }
  }
}
for (const [o, location] of Object.entries({ same: '{A}/y', cross: '{B}/y' })) {
  const routes = { A: { '/x': { status: 302, headers: [['Location', location]] } } };
  add('redirects', 'auth.' + o, 'exchange', { call: ['get', '{A}/x', { auth: { username: 'u', password: 'p' } }], routes });
  add('redirects', 'userinfo.' + o, 'exchange', { call: ['get', 'http://u:p@{A.host}/x'], routes });
  add('redirects', 'sensitive.' + o, 'exchange', { call: ['get', '{A}/x', { headers: { 'X-Mine': '1', 'X-Other': '2' }, sensitiveHeaders: ['x-mine'] }], routes });
  add('redirects', 'back.' + o, 'exchange', { call: ['get', '{A}/x', { headers: { Authorization: 'Bearer t', Cookie: 'a=1', 'X-Plain': 'p' } }], routes: { A: { '/x': { status: 302, headers: [['Location', location]] } }, B: { '/y': { status: 302, headers: [['Location', '{A}/z']] } } } });
  for (const method of ['post', 'put']) {
    for (const status of [301, 302, 303, 307, 308]) {
      for (const [b, data] of Object.entries({ text: 'hello', form: { $search: [['a', '1']] }, bytes: bytes('ab'), stream: { $stream: ['ab', 'cd'] } })) {
        if (b === 'stream' && o === 'cross') continue;
        add('redirects', 'body.' + method + '.' + status + '.' + o + '.' + b, 'exchange', { call: ['request', { url: '{A}/x', method, data }], routes: { A: { '/x': { status, headers: [['Location', location]] } } } });
      }
    }
  }
  add('redirects', 'content-headers.' + o, 'exchange', { call: ['post', '{A}/x', 'b', { headers: { 'Content-Language': 'en', 'Content-Type': 'text/plain', 'X-Content': '1' } }], routes });
  add('redirects', 'hook.' + o, 'exchange', { call: ['get', '{A}/x', { beforeRedirect: call('add_hop') }], routes });
  add('redirects', 'hook-raises.' + o, 'exchange', { call: ['get', '{A}/x', { beforeRedirect: call('raise') }], routes });
  add('redirects', 'params.' + o, 'exchange', { call: ['get', '{A}/x', { params: { q: 1 } }], routes });
  add('redirects', 'host.' + o, 'exchange', { call: ['get', '{A}/x', { headers: { Host: 'x.example' } }], routes });
  add('redirects', 'type.' + o, 'exchange', { call: ['get', '{A}/x', { responseType: 'text' }], routes: { ...routes, B: { '/y': { body: '{}' } } } });
}
for (const [l, location] of Object.entries({ rooted: '/y', bare: 'y', dots: '../y', query: '?k=1', hash: '#f', scheme_relative: '//{B.host}/y', blank: '/a b', accents: '/\xc3\xa9', empty: '', absolute_hash: '{A}/y#f', userinfo: 'http://u:p@{A.host}/y', ftp: 'ftp://127.0.0.1/y', bad_port: 'http://127.0.0.1:99999/', bad: 'http://', file: 'file:///etc/passwd', data: 'data:,x', mailto: 'mailto:x', backslash: '\\\\y', upper: 'HTTP://127.0.0.1:{A.port}/y', javascript: 'javascript:1', tab: '/a\tb' })) {
  add('redirects', 'location.' + l, 'exchange', { call: ['get', '{A}/a/x?old=1'], routes: { A: { '/a/x': { status: 302, headers: [['Location', location]] } } } });
}
for (const limit of [U, 0, 1, 2, 3, 5, 6, 10]) {
  for (const hops of [0, 1, 2, 3, 5, 6]) {
    if (limit === U && hops > 5) continue;
    const table = {};
    for (let at = 0; at < hops; at += 1) table['/' + at] = { status: 302, headers: [['Location', '/' + (at + 1)]] };
    add('redirects', 'limit-' + limit + '.hops-' + hops, 'exchange', { call: ['get', '{A}/0', { maxRedirects: limit }], routes: { A: table } });
  }
}
for (const [v, validateStatus] of Object.entries({ unset: U, null: null, all: call('always_true') })) {
  for (const status of [300, 301, 302, 303, 304, 307, 308, 399]) {
    add('redirects', 'no-location.' + status + '.' + v, 'exchange', { call: ['get', '{A}/x', { validateStatus }], routes: { A: { '/x': { status, body: 'b' } } } });
    add('redirects', 'none-followed.' + status + '.' + v, 'exchange', { call: ['get', '{A}/x', { validateStatus, maxRedirects: 0 }], routes: { A: { '/x': { status, body: 'b', headers: [['Location', '/y']] } } } });
  }
}
add('redirects', 'endless', 'exchange', { call: ['get', '{A}/x', { maxRedirects: 4 }], routes: { A: { '/x': { status: 302, headers: [['Location', '/x']] } } } });
for (const status of [404, 500]) add('redirects', 'then-' + status, 'exchange', { call: ['get', '{A}/x'], routes: { A: { '/x': { status: 302, headers: [['Location', '/y']] }, '/y': { status, body: 'no' } } } });

/* ---- errors ---------------------------------------------------------------------------------- */

for (const method of ['get', 'post', 'head', 'delete']) {
  for (const status of [400, 401, 403, 404, 409, 410, 422, 429, 500, 501, 502, 503, 504]) {
    add('errors', 'status.' + method + '.' + status, 'exchange', { call: ['request', { url: '{A}/x', method, data: sent(method) }], routes: { A: { '/x': { status, body: '{"why":"x"}', headers: [['Content-Type', 'application/json']] } } } });
  }
}
for (const [k, responseType] of Object.entries({ ...KINDS })) {
  for (const status of [404, 500]) add('errors', 'type.' + k + '.' + status, 'exchange', { call: ['get', '{A}/x', { responseType }], routes: { A: { '/x': { status, body: '{"why":1}' } } } });
}
for (const method of ['get', 'post']) {
  for (const [t, more] of Object.entries({ plain: {}, clear: { transitional: { clarifyTimeoutError: true } }, message: { timeoutErrorMessage: 'took too long' }, both: { timeoutErrorMessage: 'took too long', transitional: { clarifyTimeoutError: true } }, no_redirects: { maxRedirects: 0 } })) {
    add('errors', 'timeout.' + method + '.' + t, 'exchange', { call: ['request', { url: '{A}/x', method, data: sent(method), timeout: 150, ...more }], routes: { A: { '/x': { then: 'hang' } } } });
  }
  add('errors', 'refused.' + method, 'exchange', { call: ['request', { url: '{closed}/x', method }] });
  add('errors', 'refused.' + method + '.no-redirects', 'exchange', { call: ['request', { url: '{closed}/x', method, maxRedirects: 0 }] });
  for (const then of ['reset', 'close']) add('errors', then + '.' + method, 'exchange', { call: ['request', { url: '{A}/x', method: method === 'get' ? 'post' : 'patch', data: 'b' }], routes: { A: { '/x': { then } } } });
  for (const how of ['token', 'signal']) add('errors', 'cancel.' + how + '.' + method, 'exchange', { cancel: how, call: ['request', { url: '{A}/x', method, data: sent(method) }], routes: { A: { '/x': { then: 'hang' } } } });
  add('errors', 'canceled-token.' + method, 'exchange', { call: ['request', { url: '{A}/x', method, cancelToken: { $token: 'stop it' } }] });
  add('errors', 'canceled-token-silent.' + method, 'exchange', { call: ['request', { url: '{A}/x', method, cancelToken: { $token: UNDEFINED } }] });
  add('errors', 'aborted-signal.' + method, 'exchange', { call: ['request', { url: '{A}/x', method, signal: { $signal: true } }] });
}
for (const limit of [-1, 0, 1, 9, 10, 11, 100]) {
  for (const [k, responseType] of Object.entries({ unset: U, arraybuffer: 'arraybuffer', stream: 'stream' })) {
    for (const framing of ['length', 'chunked']) add('errors', 'content-length-' + limit + '.' + k + '.' + framing, 'exchange', { call: ['get', '{A}/x', { maxContentLength: limit, responseType }], routes: { A: { '/x': { body: '0123456789', framing } } } });
  }
  for (const [b, data] of Object.entries({ text: '0123456789', bytes: bytes('0123456789'), object: { a: '1234' }, search: { $search: [['a', '12345678']] } })) {
    add('errors', 'body-length-' + limit + '.' + b, 'exchange', { call: ['post', '{A}/x', data, { maxBodyLength: limit }] });
  }
}
add('errors', 'content-length.gzip', 'exchange', { call: ['get', '{A}/x', { maxContentLength: 100 }], routes: { A: { '/x': { body: { $bytes: zlib.gzipSync('a'.repeat(1000)).toString('base64') }, headers: [['Content-Encoding', 'gzip']] } } } });
for (const [r, reply] of Object.entries({ cut: { body: 'abc', missing: 7 }, cut_empty: { missing: 7 }, cut_json: { body: '{"a":1}', missing: 1 }, cut_404: { status: 404, body: 'abc', missing: 7 }, cut_chunk: { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n3\r\nabc\r\n' },
  garbage: { raw: 'nonsense\r\n\r\n' }, empty: { raw: '' }, half_head: { raw: 'HTTP/1.1 200 OK\r\nX-A: 1\r\n' }, bad_chunk: { raw: 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\nabc\r\n0\r\n\r\n' }, bad_length: { raw: 'HTTP/1.1 200 OK\r\nContent-Length: abc\r\nConnection: close\r\n\r\n' },
  bad_header: { raw: 'HTTP/1.1 200 OK\r\nbad header: 1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n' }, two_lengths: { raw: 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nConnection: close\r\n\r\nab' }, early_hints: { raw: 'HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok' },
  http10: { raw: 'HTTP/1.0 200 OK\r\n\r\nold' }, no_reason: { raw: 'HTTP/1.1 200\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok' }, bad_status: { raw: 'HTTP/1.1 abc OK\r\n\r\n' }, version: { raw: 'HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n' } })) {
  for (const [k, responseType] of Object.entries({ unset: U, arraybuffer: 'arraybuffer', json: 'json' })) {
    // A POST, since a request that may be sent again would be, where the connection ends without an answer.
    add('errors', 'answer.' + r + '.' + k, 'exchange', { call: ['post', '{A}/x', 'b', { responseType }], routes: { A: { '/x': reply } } });
  }
}
const BAD_OPTIONS = {
  timeout: ['abc', true, {}, -1, [60000]], maxContentLength: ['5', true], maxBodyLength: ['5'], maxRedirects: ['5', -1], transitional: [{ nope: true }, { silentJSONParsing: 'yes' }, 5], paramsSerializer: [5, 'x', { encode: 1 }], responseType: [5, 'nope'],
  validateStatus: [5, 'x'], adapter: ['nope', 5, []], auth: [5, 'x'], sensitiveHeaders: ['x', [1]], socketPath: [5], headers: [5], params: [5, 'a=1'], transformRequest: [5], transformResponse: [5], proxy: [5], beforeRedirect: [5], decompress: ['no'], url: [5], baseURL: [5], method: [5], maxRate: ['x'], family: [5], lookup: [5],
};
for (const [option, values] of Object.entries(BAD_OPTIONS)) {
  values.forEach((value, at) => {
    if (option === 'timeout' && value === -1) return; // Ends the process there.
    add('errors', 'option.' + option + '.' + at, 'exchange', { call: ['post', '{A}/x', { a: 1 }, { [option]: value, ...(option === 'params' ? {} : { params: { a: 1 } }) }] });
  });
}
for (const [n, data] of Object.entries({ number: 5, yes: true })) add('errors', 'body.' + n, 'exchange', { call: ['post', '{A}/x', data] });
add('errors', 'transform-response.raise', 'exchange', { call: ['get', '{A}/x', { transformResponse: call('raise') }] });
add('errors', 'transform-request.raise', 'exchange', { call: ['post', '{A}/x', 'b', { transformRequest: [call('raise')] }] });
for (const kind of ['AxiosError', 'from', 'CanceledError']) {
  for (const [n, args] of Object.entries({ message: ['m'], code: ['m', 'E_X'], config: ['m', 'E_X', { url: '/x', method: 'get' }], redact: ['m', 'E_X', { url: '/x', redact: ['Mine'], custom: { mine: 's', other: 1 } }], nested: ['m', U, { a: { b: [1, { c: null }] } }] })) {
    if (kind === 'CanceledError') add('errors', 'made.' + kind + '.' + n, 'error', { kind, args: [args[0], UNDEFINED, args[2] || {}] });
    else add('errors', 'made.' + kind + '.' + n, 'error', { kind, args: args.map((one) => (one === U ? UNDEFINED : one)) });
  }
}
for (const key of ['Continue', 'Ok', 'Created', 'NoContent', 'MovedPermanently', 'NotFound', 'ImATeapot', 'PayloadTooLarge', 'UnprocessableEntity', 'TooManyRequests', 'InternalServerError', 'NetworkAuthenticationRequired', 'EarlyHints', 'MultiStatus', 'PermanentRedirect', 'UnavailableForLegalReasons', 'WebServerIsDown', 'InvalidSslCertificate']) add('errors', 'status-name.' + key, 'status', { key });

/* ---- interceptors ---------------------------------------------------------------------------- */

const two = (options) => [{ on: 'request', label: 'r1', ok: 'pass', err: 'rethrow', options }, { on: 'request', label: 'r2', ok: 'pass', err: 'rethrow', options }];
const answers = [{ on: 'response', label: 's1', ok: 'pass', err: 'rethrow' }, { on: 'response', label: 's2', ok: 'pass', err: 'rethrow' }];
const SYNC = { synchronous: true };
for (const [o, options] of Object.entries({ async: U, sync: SYNC })) {
  for (const legacy of [U, true, false]) {
    const create = legacy === U ? U : { transitional: { legacyInterceptorReqResOrdering: legacy } };
    for (const adapter of ['ok', 'fail']) add('interceptors', 'order.' + o + '.' + legacy + '.' + adapter, 'interceptors', { create, adapter, steps: [...two(options), ...answers] });
  }
  for (const at of [0, 1]) {
    for (const what of ['throw', 'asyncthrow', 'rewrite', 'undefined', 'asyncpass', 'replace']) {
      if (o === 'sync' && /^async/.test(what)) continue;
      for (const err of [U, 'rethrow', 'recover', 'throw', 'undefined']) {
        const steps = two(options).map((step, index) => (index === at ? { ...step, ok: what, err } : { ...step, err }));
        if (what !== 'replace') add('interceptors', 'request.' + o + '.' + at + '.' + what + '.' + (err || 'none'), 'interceptors', { recovery: 'config', steps: [...steps, ...answers] });
      }
    }
  }
}
for (const at of [0, 1]) {
  for (const what of ['throw', 'asyncthrow', 'undefined', 'asyncpass', 'replace']) {
    for (const err of [U, 'rethrow', 'recover', 'throw', 'undefined']) {
      for (const adapter of ['ok', 'fail']) {
        const steps = answers.map((step, index) => (index === at ? { ...step, ok: what, err } : { ...step, err }));
        add('interceptors', 'response.' + at + '.' + what + '.' + (err || 'none') + '.' + adapter, 'interceptors', { adapter, steps });
      }
    }
  }
}
for (const when of ['always_true', 'always_false', 'raise', 'nothing']) {
  for (const synchronous of [U, true]) {
    add('interceptors', 'when.' + when + '.' + synchronous, 'interceptors', { steps: [{ on: 'request', label: 'r1', ok: 'pass', options: { runWhen: call(when), synchronous } }, { on: 'request', label: 'r2', ok: 'rewrite', options: { synchronous } }, ...answers] });
    add('interceptors', 'when-on-response.' + when + '.' + synchronous, 'interceptors', { steps: [{ on: 'response', label: 's1', ok: 'pass', options: { runWhen: call(when), synchronous } }] });
  }
}
add('interceptors', 'mixed.first', 'interceptors', { recovery: 'config', steps: [{ on: 'request', label: 'r1', ok: 'throw', err: 'recover', options: SYNC }, { on: 'request', label: 'r2', ok: 'pass', err: 'recover' }, ...answers] });
add('interceptors', 'mixed.second', 'interceptors', { recovery: 'config', steps: [{ on: 'request', label: 'r1', ok: 'pass', err: 'recover' }, { on: 'request', label: 'r2', ok: 'throw', err: 'rethrow', options: SYNC }, ...answers] });
for (const on of ['request', 'response']) {
  const three = ['1', '2', '3'].map((label) => ({ on, label, ok: 'pass' }));
  for (const [n, more] of Object.entries({ none: [], first: [{ on, eject: 0 }], middle: [{ on, eject: 1 }], last: [{ on, eject: 2 }], twice: [{ on, eject: 1 }, { on, eject: 1 }], unknown: [{ on, eject: '99' }], text: [{ on, eject: '1' }], word: [{ on, eject: 'x' }], padded: [{ on, eject: '01' }], null: [{ on, eject: null }],
    clear: [{ on, clear: true }], clear_use: [{ on, clear: true }, { on, label: '4', ok: 'pass' }], eject_use: [{ on, eject: 0 }, { on, label: '4', ok: 'pass' }] })) add('interceptors', 'manage.' + on + '.' + n, 'interceptors', { steps: [...three, ...more] });
}
add('interceptors', 'none', 'interceptors', { steps: [] });
add('interceptors', 'no-handlers', 'interceptors', { steps: [{ on: 'request', label: 'r' }, { on: 'response', label: 's' }] });
add('interceptors', 'ten', 'interceptors', { steps: Array.from({ length: 10 }, (_, at) => ({ on: at % 2 ? 'request' : 'response', label: String(at), ok: 'pass' })) });

/* ---- forms ----------------------------------------------------------------------------------- */

for (const [v, value] of Object.entries(VALUES)) {
  for (const [o, options] of Object.entries({ ...FORM_OPTIONS, dots_true: { dots: true, indexes: true } })) {
    add('forms', 'to.' + v + '.' + o, 'to_form_data', { object: { a: value, z: 'end' }, options });
  }
}
for (const [k, key] of Object.entries(KEYS)) for (const [v, value] of Object.entries({ text: 'v', list: [1, 2], object: { x: 1 } })) add('forms', 'to.key-' + k + '.' + v, 'to_form_data', { object: { [key]: value } });
for (const name of ['skip_secret', 'visit_upper']) for (const [p, object] of Object.entries({ flat: { a: 'x', secret: 's' }, nested: { a: { secret: 's', b: 'y' } }, list: { a: ['p', 'q'] } })) add('forms', 'to.visitor-' + name + '.' + p, 'to_form_data', { object, options: { visitor: call(name) } });
for (const levels of [3, 100, 101]) for (const [o, options] of Object.entries({ unset: U, three: { maxDepth: 3 }, two: { maxDepth: 2 } })) add('forms', 'to.depth-' + levels + '.' + o, 'to_form_data', { object: deep(levels, 1), options });
for (const [o, object] of Object.entries({ text: 'x', number: 5, null: null, list: [1, { a: 2 }], empty: {}, empty_list: [] })) add('forms', 'to.whole-' + o, 'to_form_data', { object });
const FIELDS = {
  flat: [['a', '1'], ['b', '2']], repeated: [['a', '1'], ['a', '2'], ['a', '3']], brackets: [['a[]', '1'], ['a[]', '2']], one_bracket: [['a[]', '1']], nested: [['a[b]', '1'], ['a[c]', '2']], dots: [['a.b', '1'], ['a.c.d', '2']], indexes: [['a[0]', '1'], ['a[1]', '2']], sparse: [['a[0]', '1'], ['a[2]', '2']], reversed: [['a[1]', '1'], ['a[0]', '2']],
  list_object: [['a[0][x]', '1'], ['a[1][x]', '2']], list_of_object: [['a[][x]', '1'], ['a[][x]', '2']], deep: [['a[b][c][d][e]', '1']], mixed: [['a.b[c].d', '1']], overwrite: [['a', '1'], ['a[b]', '2']], overwrite_back: [['a[b]', '1'], ['a', '2']], number_keys: [['0', 'x'], ['1', 'y']], empty_name: [['', '1']], blank: [['a b', '1']], proto: [['__proto__', '1'], ['a', '2']], nested_proto: [['a[__proto__][x]', '1'], ['b', '2']],
  constructor: [['constructor', '1']], open: [['a[b', '1']], close: [['a]b', '1']], empty: [], accents: [['é[ü]', '1']], dash: [['a-b', '1']], under: [['a_b', '1']], leading_dot: [['.a', '1']], trailing_dot: [['a.', '1']], double_dot: [['a..b', '1']], leading_zero: [['a[00]', '1'], ['a[01]', '2']], object_then_list: [['a[x]', '1'], ['a[0]', '2']], list_then_object: [['a[0]', '1'], ['a[x]', '2']], push_nested: [['a[b][]', '1'], ['a[b][]', '2']],
  same_nested: [['a[b]', '1'], ['a[b]', '2']], three_same: [['a[b]', '1'], ['a[b]', '2'], ['a[b]', '3']], bracket_text: [['[a]', '1']], bracket_start: [['[a][b]', '1']], index_start: [['[0]', '1'], ['[1]', '2']], huge_index: [['a[999999]', '1']], minus_index: [['a[-1]', '1']], empty_inner: [['a[][]', '1']], depth_100: [['a' + '[b]'.repeat(99), '1']], depth_101: [['a' + '[b]'.repeat(100), '1']], depth_102: [['a' + '[b]'.repeat(101), '1']], colon: [['a:b', '1']], json_like: [['a{}', '{"b":1}']], plus: [['a+b', '1']], mixed_push: [['a', '1'], ['a[]', '2']], push_plain: [['a[]', '1'], ['a', '2']],
};
for (const [f, fields] of Object.entries(FIELDS)) add('forms', 'from.' + f, 'form_to_json', { fields });

module.exports = themes;
