"""The operations of make_vectors.js, carried out with miniaxios; each gives what stands under "want"."""

from __future__ import annotations

import re

import miniaxios
from miniaxios import AxiosError
from miniaxios.config import Config
from miniaxios.option_table import NAMES
from tests.golden.values import UNDEFINED, Decoder, encode

CAMEL = {name: camel for camel, name in NAMES.items()}
MESSAGES = re.compile(
    r"(Request failed with status code|timeout of|took too long|maxContentLength size|Request body larger"
    r"|Maximum number of redirects|canceled$|stop it|Unsupported protocol|Invalid URL \"|Circular reference"
    r"|.* is too deeply nested|boom$)"
)


def snake(name):
    """A method's name as Python has it: postForm, toJSON, getSetCookie."""
    return re.sub(r"(?<=[a-z])([A-Z]+)", lambda found: "_" + found.group(1).lower(), name)


# --- outcomes ----------------------------------------------------------------------------------------


class Outcomes:
    """How results and failures are written down; `masked` puts the places' names back in."""

    def __init__(self, masked=str):
        self.masked = masked

    def attempt(self, work):
        """{"value"} or {"error"}."""
        try:
            return {"value": work()}
        except Exception as error:
            return {"error": self.failure(error)}

    def failure(self, error):
        """The error as far as it is compared."""
        if not isinstance(error, AxiosError):
            made = {"axios": False, "name": type(error).__name__}
            return {**made, "message": str(error)} if MESSAGES.match(str(error)) else made
        made = {"axios": True, "code": error.code, "cancel": miniaxios.is_cancel(error)}
        if MESSAGES.match(error.message):
            made["message"] = self.masked(error.message)
        made["request"] = error.request is not None
        made["response"] = None if error.response is None else self.received(error.response)
        made["status"] = error.status
        made["text"] = self.masked(error.message)
        return made

    def received(self, response):
        """A response as far as it is compared; a stream is read to its end."""
        data = response.data
        if hasattr(data, "read") and response.config.get("response_type") == "stream":
            data = self._drained(data)
        headers = response.headers.to_json()
        headers.pop("connection", None)
        if response.request is None:
            headers.pop("content-type", None)  # that of a data: URL, where axios has no headers at all
        return {
            "status": response.status,
            "statusText": response.status_text,
            "headers": self.deep_masked({name: _joined(name, headers[name]) for name in headers}),
            "data": self.deep_masked(encode(data)),
        }

    def deep_masked(self, value):
        """`value` with every text masked."""
        if isinstance(value, str):
            return self.masked(value)
        if isinstance(value, list):
            return [self.deep_masked(item) for item in value]
        if isinstance(value, dict):
            return {key: self.deep_masked(item) for key, item in value.items()}
        return value

    @staticmethod
    def _drained(stream):
        try:
            return {"$stream": stream.read()}
        except AxiosError as error:
            return {"$stream": {"raised": error.code}}


def _joined(name, value):
    """Node hands repeated fields over joined; miniaxios keeps them apart, for `get_all`."""
    return ", ".join(value) if isinstance(value, list) and name != "set-cookie" else value


def comparable(want, case):
    """The vector's outcome without what is JavaScript's alone: see `Outcomes.failure`."""
    if case["do"] == "headers" and "value" in want:
        results = map(_as_text, case["steps"], want["value"]["results"])
        return {"value": {**want["value"], "results": list(results)}}
    error = want.get("error")
    if not isinstance(error, dict) or error.get("axios"):
        return want
    # Where axios lets an error of the platform through, that it is one counts, and the code of a URL.
    kept = {name: error[name] for name in ("message",) if name in error}
    if error.get("code") == "ERR_INVALID_URL":
        kept["code"] = error["code"]
    return {**want, "error": kept}


def _as_text(step, result):
    """`Headers.get` gives text: a repeated field joined, and nothing for the mark False."""
    gave = result.get("gave")
    if step[0] not in ("get", "getContentType", "getAccept") or len(step) > 2:
        return result
    if isinstance(gave, list):
        return {"gave": ", ".join(map(str, gave))}
    return {"gave": None} if gave is False else result


def reduced(want, got):
    """`got`, with no more told of its error than `want` tells."""
    wanted, found = want.get("error"), got.get("error")
    if not isinstance(wanted, dict) or not isinstance(found, dict):
        return got
    names = set(wanted) | ({"message"} if wanted.get("axios") and "message" in wanted else set())
    return {**got, "error": {name: value for name, value in found.items() if name in names}}


# --- operations --------------------------------------------------------------------------------------


def _chain(configs):
    instance = miniaxios.Axios()  # the default instance may bear the marks of other tests
    for config in configs:
        instance = instance.create(config)
    return instance


def _calling(instance, name):
    return instance if name == "axios" else getattr(instance, snake(name))


def _camel(value):
    """Option groups have their members in snake_case here."""
    return {CAMEL_MEMBERS.get(key, key): item for key, item in value.items()}


CAMEL_MEMBERS = {
    "silent_json_parsing": "silentJSONParsing",
    "forced_json_parsing": "forcedJSONParsing",
    "clarify_timeout_error": "clarifyTimeoutError",
    "legacy_interceptor_req_res_ordering": "legacyInterceptorReqResOrdering",
    "max_depth": "maxDepth",
    "meta_tokens": "metaTokens",
}


def _merged_values(config, keys):
    values = {}
    for key in keys:
        name = NAMES.get(key, key)
        value = dict.get(config, name, UNDEFINED)
        is_group = name in ("transitional", "params_serializer", "form_serializer") and isinstance(
            value, dict
        )
        values[key] = encode(_camel(value) if is_group else value)
    return values


def _stub(config):
    return {"data": None, "status": 200, "statusText": "OK", "headers": {}, "config": config}


def get_uri(case, _stage):
    decode = Decoder().value
    instance = _chain(decode(case.get("creates", [])))
    return Outcomes().attempt(lambda: instance.get_uri(decode(case["config"])))


def merge(case, _stage):
    decode = Decoder().value
    instance = _chain([{"adapter": _stub}, *decode(case.get("creates", []))])
    name, *arguments = decode(case["call"])
    return Outcomes().attempt(
        lambda: _merged_values(_calling(instance, name)(*arguments).config, case["keys"])
    )


def merge_config(case, _stage):
    first, second = Decoder().value([case["first"], case["second"]])
    return Outcomes().attempt(lambda: _merged_values(miniaxios.merge_config(first, second), case["keys"]))


def exchange(case, stage):
    stage.routes = case.get("routes", {})
    stage.requests = []
    decode = Decoder(stage.places).value
    instance = _chain(decode(case.get("creates", [])))
    name, *arguments = decode(case["call"])
    stage.arrived = _canceller(case.get("cancel"), arguments[-1]) if "cancel" in case else None
    outcomes = Outcomes(stage.masked)
    outcome = outcomes.attempt(lambda: outcomes.received(_calling(instance, name)(*arguments)))
    if "then" in str(case.get("routes")):
        stage.await_requests(len(case["want"].get("requests", ())))
    stage.arrived = None
    return {"requests": stage.requests, **outcome}


def _canceller(how, config):
    if how == "token":
        source = miniaxios.CancelToken.source()
        config["cancelToken"] = source.token
        return lambda: source.cancel("stop it")
    controller = miniaxios.AbortController()
    config["signal"] = controller.signal
    return controller.abort


def headers(case, _stage):
    decode = Decoder().value

    def work():
        made = miniaxios.Headers(decode(case.get("init")))
        results = []
        for name, *arguments in case["steps"]:
            results.append(_step(made, snake(name), decode(arguments)))
        return {"results": results, "left": encode(made.to_json())}

    return Outcomes().attempt(work)


def _step(made, name, arguments):
    try:
        result = getattr(made, name)(*arguments)
    except Exception:
        return {"raised": True}
    return {"self": True} if result is made else {"gave": encode(result)}


class _Chain:
    """The interceptors of a case: what each does, and the log of what ran."""

    def __init__(self, case):
        self.case = case
        self.log = []

    def adapter(self, config):
        self.log.append("adapter")
        if self.case.get("adapter") == "fail":
            raise RuntimeError("adapter failed")
        return {"data": "done", "status": 200, "statusText": "OK", "headers": {}, "config": config}

    def handler(self, label, side, what):
        if what is None:
            return None

        def act(given):
            shown = "TypeError" if isinstance(given, AxiosError) else given
            self.log.append(label + "." + side + ("(%s)" % shown if side == "err" else ""))
            if what.startswith("async"):
                return miniaxios.Promise.resolve(given).then(lambda one: self.act(label, what, one))
            return self.act(label, what, given)

        return act

    def act(self, label, what, given):
        if "throw" in what:
            raise given if what == "rethrow" else RuntimeError(label)
        if what == "recover" and self.case.get("recovery") == "config":
            return {"url": "/recovered", "method": "get", "adapter": self.adapter, "headers": {}}
        if what == "rewrite":
            given["url"] = "/" + label
        made = {"undefined": None, "replace": {"replaced": label}, "recover": {"recovered": label}}
        return made.get(what, given)

    def options(self, label, given):
        found = Decoder().value(given or {})
        when = found.pop("runWhen", None)
        if when is not None:
            found["run_when"] = lambda config: (self.log.append(label + ".when"), when(config))[1]
        return found


def interceptors(case, _stage):
    chain = _Chain(case)
    instance = miniaxios.Axios({"adapter": chain.adapter, **case.get("create", {})})
    ids = []
    for step in case["steps"]:
        manager = getattr(instance.interceptors, step["on"])
        if "eject" in step:
            manager.eject(ids[step["eject"]] if isinstance(step["eject"], int) else step["eject"])
        elif "clear" in step:
            manager.clear()
        else:
            label = step["label"]
            pair = [chain.handler(label, side, step.get(side)) for side in ("ok", "err")]
            ids.append(manager.use(*pair, **chain.options(label, step.get("options"))))
    try:
        value = instance.request({"url": "/start"})
        config = getattr(value, "config", None)
        outcome = {"value": encode(value) if config is None else {"url": config["url"], "data": value.data}}
    except AxiosError:
        outcome = {"error": "TypeError"}  # a request interceptor that returns no config
    except Exception as error:
        outcome = {"error": str(error)}
    return {"ids": ids, "log": chain.log, **outcome}


def to_form_data(case, _stage):
    decode = Decoder().value

    def work():
        form = miniaxios.to_form_data(decode(case["object"]), None, decode(case.get("options")))
        return [[name, encode(value)] for name, value in form]

    return Outcomes().attempt(work)


def form_to_json(case, _stage):
    form = Decoder().value({"$form": case["fields"]})
    return Outcomes().attempt(lambda: encode(miniaxios.form_to_json(form)))


def error(case, _stage):
    message, code, config = [*Decoder().value(case["args"]), None, None][:3]
    config = None if config is None else Config(config)
    if case["kind"] == "AxiosError":
        made = AxiosError(message, code, config)
    elif case["kind"] == "from":
        made = AxiosError.from_(RuntimeError(message), code, config)
    else:
        made = miniaxios.CanceledError(message, config)
    shown = {name: encode(made.to_json()[name]) for name in ("message", "code", "status", "config")}
    judged = {"axios": miniaxios.is_axios_error(made), "cancel": miniaxios.is_cancel(made)}
    return {"value": {"json": shown, **judged}}


def status(case, _stage):
    return {"value": encode(getattr(miniaxios.HttpStatusCode, case["key"], None))}


OPERATIONS = {
    "get_uri": get_uri,
    "merge": merge,
    "merge_config": merge_config,
    "exchange": exchange,
    "headers": headers,
    "interceptors": interceptors,
    "to_form_data": to_form_data,
    "form_to_json": form_to_json,
    "error": error,
    "status": status,
}


def replay(case, stage):
    """(want, got) of a case, as far as they are compared; a case that axios never ends has no want."""
    want = case["want"]
    got = OPERATIONS[case["do"]](case, stage)
    if "hung" in want or "crashed" in want:
        return {}, {}  # That ours comes back is all there is to see.
    want = comparable(want, case)
    return want, reduced(want, got)
