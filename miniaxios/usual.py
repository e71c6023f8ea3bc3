"""The usual request, by a shorter way: what ``template``, ``dispatch`` and ``adapter`` do step by step, for a
request that asks for nothing special, of an instance whose defaults don't either.

It takes a third of the instructions (90 000 instead of 277 000 for a small GET, its JSON and its exchange
included), because what they ask of each request is asked here of the defaults, once for a template;
and because the headers, the config and the request of a response are written out when somebody looks, of what
can't change meanwhile.

Rules of the room: both ways come to the same, in every detail that can be seen. So there are no rules here:
what is decided is only that nothing has to be, and functions of the general way do the rest. What is in any way
unusual is handed back before anything was done: an error up to the exchange too, which the general way tells.
"""

from __future__ import annotations

import os
from time import monotonic

from .agent import Agent, shared_agent, shared_agents
from .charsets import decode_body
from .errands import SCALARS, TEXT, Head, NotUsual, Source, UsualErrand, config_of, pairs_of
from .errors import MISTAKES, AxiosError, is_cancel
from .failures import failure, is_misread
from .late import prepare
from .loading import is_failed_load, not_loaded
from .option_checks import LONGEST_TIMEOUT
from .option_table import OPTIONS, validate_status
from .response import Response, settle
from .transforms import default_transform_request, default_transform_response, json_or_text, to_json
from .urls import combine_url
from .wire import Button, Deadline, Policy, Scope, errors, names_no_proxy, parse_url, round_trip, the_long_way
from .wire_options import MAX_REDIRECTS, limit_of, seconds_of, sensitive_headers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, FrozenSet, Mapping, Optional, Tuple, Type

    from .cancel import CancelToken
    from .errands import Pairs
    from .template import Template

#: What a usual request may say for itself.
_OWN = frozenset((
    "url", "method", "data", "timeout", "cancel_token", "http_agent", "https_agent", "headers", "params",
    "response_type",
))  # fmt: skip
_AGENTS = (("http_agent", "http"), ("https_agent", "https"))

#: Errands that a template keeps, how long the URL of one may be, and its headers and params.
MOST_ERRANDS, LONGEST_TEXT, LONGEST_MORE = 256, 256, 1024

#: Options that defaults may have without being unusual, whatever they say.
_HARMLESS = frozenset((
    "base_url", "allow_absolute_urls", "headers", "timeout", "timeout_error_message", "max_content_length",
    "max_body_length", "max_redirects", "xsrf_cookie_name", "xsrf_header_name", "with_xsrf_token",
    "with_credentials", "params_serializer", "form_serializer", "redact", "http_agent", "https_agent",
))  # fmt: skip

#: And those with the one value that is usual.
_PLAIN: Dict[str, Any] = {
    "adapter": "http",
    "validate_status": validate_status,
    "transform_request": [default_transform_request],
    "transform_response": [default_transform_response],
    "decompress": True,
}

_MISTAKES: Tuple[Type[Exception], ...] = (errors.WireError, *MISTAKES)

_LOOSE = frozenset(("text", "arraybuffer"))
_FORMS = frozenset(("json", *_LOOSE))

#: A scope without a deadline that nobody may stop has no state, so one serves all.
_ENDLESS = Scope()


_token_type: Optional[Type[CancelToken]] = None


def _load_token_type() -> Type[CancelToken]:
    global _token_type
    from .cancel import CancelToken

    _token_type = CancelToken
    return CancelToken


def usual_way(template: Template) -> Optional[UsualWay]:
    """The shorter way for requests of the template's defaults, None where there is none."""
    base = template.base
    for name, value in base.items():
        if value is None or name in _HARMLESS or name not in OPTIONS:
            continue
        if name == "transitional":
            if dict.get(value, "forced_json_parsing", True) is not True:
                return None
        elif name == "response_type":
            if type(value) is not str or value not in _forms(base.get("transitional")):
                return None
        elif name not in _PLAIN or type(value) is not type(_PLAIN[name]) or value != _PLAIN[name]:
            return None
    if any(base.get(name) is None for name in ("transform_request", "transform_response", "validate_status")):
        return None
    return UsualWay(template)


class UsualWay:
    """What the usual requests of an instance have in common. Never altered but for heads and errands that are added."""

    __slots__ = (
        "template", "base_url", "is_open", "seconds", "limit", "body_limit", "redirects", "sensitive", "agents",
        "forms", "form", "bare", "json", "errands",
    )  # fmt: skip

    def __init__(self, template: Template) -> None:
        option = template.base.get
        self.template = template
        self.base_url = option("base_url")
        self.is_open = option("allow_absolute_urls", True)
        self.seconds = seconds_of(option("timeout"))
        self.limit = limit_of(option("max_content_length"))
        self.body_limit = limit_of(option("max_body_length"))
        self.redirects = option("max_redirects", MAX_REDIRECTS)
        self.sensitive = sensitive_headers(None, option("xsrf_header_name", OPTIONS["xsrf_header_name"].default))
        self.agents = _agents_of(option)
        self.forms = _forms(option("transitional"))
        self.form = option("response_type")
        # By method, of requests without a body and of those with one of JSON.
        self.bare: Dict[str, Head] = {}
        self.json: Dict[str, Head] = {}
        # By method, URL as given, whether there is a body, and headers and params.
        self.errands: Dict[Tuple[str, str, bool, Optional[Pairs]], UsualErrand] = {}

    def may_take(self, own: Dict[Any, Any]) -> bool:
        """Whether it is worth a try later: then nothing in ``own`` but the data can be altered before."""
        if type(own.get("method")) is not str or not _OWN.issuperset(own):
            return False
        for name in ("headers", "params"):
            given = own.get(name)
            if given is not None:
                if type(given) is not dict or not SCALARS.issuperset(map(type, given.values())):
                    return False
                own[name] = given.copy()
        return True

    def perform(self, own: Dict[Any, Any]) -> Optional[Response]:
        """The response, or None where the request is not usual: then nothing was done yet.

        ``own``: the options of the request, a plain ``dict`` of snake_case names, which is kept.
        """
        method, text, data = own.get("method"), own.get("url"), own.get("data")
        if type(method) is not str or type(text) is not str:
            return None
        seconds, token, agents, body, more = self.seconds, None, self.agents, b"", None
        try:
            others = len(own) - (2 if data is None else 3)
            if others:
                timeout = own.get("timeout")
                if others == 1 and type(timeout) is int and 0 < timeout <= LONGEST_TIMEOUT:
                    seconds = timeout / 1000  # as _more() has it, in 3000 instructions less
                elif others != 1 or type(own.get("cancel_token")) is not _token_type:
                    seconds, agents, token, more = self._more(own)
                else:
                    token = own["cancel_token"]
            errand = self.errands.get((method, text, data is not None, more))
            if errand is None or not errand.route.holds(agents[errand.scheme]):
                errand = self._add_errand(method, text, agents, data is not None, more, own)
            if data is not None:
                if type(data) is not dict and type(data) is not list:
                    return None
                encoded = to_json(data)
                body = encoded.encode()
                if 0 <= self.body_limit < len(body):
                    return None
                own["data"] = encoded
        except _MISTAKES:
            return None
        except (ImportError, OSError) as error:
            if not is_failed_load(error):
                raise
            return None
        try:
            if token is None:
                return self._exchange(errand, agents, body, _ENDLESS if seconds is None else Deadline(seconds), own)
            scope = Button() if seconds is None else Scope(seconds, True)
            return self._until(token, errand, agents, body, scope, own)
        except (ImportError, OSError) as error:
            if isinstance(error, AxiosError) or not is_failed_load(error):
                raise
            raise not_loaded(error, config_of(self.template, own, errand.head)) from error

    def _more(
        self, own: Dict[Any, Any]
    ) -> Tuple[Optional[float], Mapping[str, Any], Optional[CancelToken], Optional[Pairs]]:
        """Timeout (s), agents, token, and all of headers and params, of a request that has some of its own.

        Raises NotUsual.
        """
        seconds, agents, token, more = self.seconds, self.agents, None, None
        others = len(own) - 2 - ("data" in own)
        if "timeout" in own:
            others -= 1
            timeout = own["timeout"]
            if type(timeout) is not int and type(timeout) is not float or not 0 <= timeout <= LONGEST_TIMEOUT:
                raise NotUsual
            seconds = seconds_of(timeout)
        if others:
            token = own.get("cancel_token")
            if token is not None:
                others -= 1
                if type(token) is not (_token_type or _load_token_type()):
                    raise NotUsual
        if others:
            for name, scheme in _AGENTS:
                agent = own.get(name)
                if type(agent) is Agent:
                    others -= 1
                    if agent is not agents[scheme]:
                        agents = {**agents, scheme: agent}
        if others and "response_type" in own:
            others -= 1
            form = own["response_type"]
            if type(form) is not str or form not in self.forms:
                raise NotUsual
        if others:
            headers, params = own.get("headers"), own.get("params")
            if type(headers) is dict:
                others -= 1
                # The caller may alter theirs before somebody looks at the config.
                own["headers"] = headers = headers.copy()
                more = pairs_of(headers, TEXT)
            if type(params) is dict and self.template.base.get("params_serializer") is None:
                others -= 1
                own["params"] = params = params.copy()
                more = more or (), pairs_of(params, SCALARS)
        if others:
            raise NotUsual
        return seconds, agents, token, more

    def _until(
        self,
        token: CancelToken,
        errand: UsualErrand,
        agents: Mapping[str, Any],
        body: bytes,
        scope: Scope,
        own: Dict[Any, Any],
    ) -> Response:
        """The same, unless the token is cancelled first; what it was cancelled with counts most, as in axios."""
        stop, switch = scope.stop, token._switch
        try:
            switch.put(stop)
            if scope.stopped:
                token.throw_if_requested()
            response = self._exchange(errand, agents, body, scope, own)
        except AxiosError as error:
            if not is_cancel(error):
                token.throw_if_requested()
            raise
        finally:
            switch.drop(stop)
        if scope.stopped:
            token.throw_if_requested()
        return response

    def _exchange(
        self, errand: UsualErrand, agents: Mapping[str, Any], body: bytes, scope: Scope, own: Dict[Any, Any]
    ) -> Response:
        policy = response = None
        started = monotonic()
        try:
            found = None
            if names_no_proxy(os.environ):
                found = round_trip(errand, agents, body, scope, self.limit)
            if isinstance(found, tuple):
                (_, status, reason), fields, content = found
                source = Source(self.template, own, errand, len(body), fields)
                response = Response.of_source(source, status, reason)
            else:
                policy = self._policy(agents, scope)
                request = errand.unsent(body) if found is None else errand.request(body)
                wire = the_long_way(request, policy, found)
                try:
                    wire.prepare(self.limit)
                    fields = wire.head.fields
                    if wire.is_decoded:
                        fields = {name: value for name, value in fields.items() if name != "content-encoding"}
                    source = Source(self.template, own, errand, len(body), fields, policy)
                    response = Response.of_source(source, wire.status, wire.reason)
                    content = wire.read_all()
                except BaseException:
                    wire.close()
                    raise
        except errors.WireError as error:
            if policy is None:
                policy = self._policy(agents, scope)
                policy.current = errand.request(body)
            raise self._failure(error, policy, own, errand, response, started)
        form = own.get("response_type", self.form)
        if form == "arraybuffer":
            response.data = content
        else:
            text = ""
            if content:
                kind = fields.get("content-type")
                text = decode_body(content, kind if type(kind) is str else response.headers.get("content-type"))
            response.data = text if form == "text" else json_or_text(text)
        response.duration = round((monotonic() - started) * 1000)
        if 200 <= response.status < 300:  # as validate_status has it, which is the only one here
            return response
        return settle(response, validate_status)  # type: ignore[no-any-return]

    def _policy(self, agents: Mapping[str, Any], scope: Scope) -> Policy:
        """That of an exchange."""
        policy = Policy(scope, agents, os.environ)
        policy.max_redirects = self.redirects
        policy.max_body_length = self.body_limit
        policy.sensitive = self.sensitive
        return policy

    def _failure(
        self,
        error: errors.WireError,
        policy: Policy,
        own: Dict[Any, Any],
        errand: UsualErrand,
        response: Optional[Response],
        started: float,
    ) -> AxiosError:
        """What to raise for an error of the basement. ``response``: what there was of one."""
        config = config_of(self.template, own, errand.head)
        made = failure(error, config, policy)
        if response is not None and is_misread(error):
            response.data, response.config = None, config
            response.duration = round((monotonic() - started) * 1000)
            made.response = response
        return made

    def _add_errand(
        self,
        method: str,
        text: str,
        agents: Mapping[str, Any],
        has_body: bool,
        more: Optional[Pairs],
        own: Dict[Any, Any],
    ) -> UsualErrand:
        """That of this method and URL; raises NotUsual, or what is wrong with them."""
        url = parse_url(combine_url(self.base_url, text, self.is_open))
        if url.username is not None or url.password is not None:
            raise NotUsual
        if more is None:
            heads = self.json if has_body else self.bare
            head = heads.get(method)
            if head is None:
                head = heads[method] = Head(self.template, method, has_body)
        else:
            head = Head(self.template, method, has_body, own.get("headers"))
            if "params" in own:
                from .forms import serialize_params  # as long as no request has any, its rooms are not loaded

                query = serialize_params(own["params"])
                url = url.with_more_query(query) if query else url
        made = UsualErrand(head, url, agents[url.scheme], has_body)
        # The first of all is not kept: so the second comes here, too.
        if prepare() and len(text) <= LONGEST_TEXT and (more is None or len(str(more)) <= LONGEST_MORE):
            if len(self.errands) >= MOST_ERRANDS:
                self.errands.clear()
            self.errands[method, text, has_body, more] = made
        return made


def _forms(transitional: Any) -> FrozenSet[str]:
    """The response types that ask for nothing special."""
    is_strict = transitional is not None and dict.get(transitional, "silent_json_parsing", True) is not True
    return _LOOSE if is_strict else _FORMS


def _agents_of(option: Callable[..., Any]) -> Mapping[str, Any]:
    """Agents by scheme, of the options that ``option`` gets."""
    http, https = option("http_agent"), option("https_agent")
    if http is None and https is None:
        return shared_agents()
    return {"http": http or shared_agent(), "https": https or shared_agent()}
