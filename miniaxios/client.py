"""Axios: an instance with its defaults and interceptors.

Rules of the room: each call gets a config of its own, and nothing of the caller's is altered; options are
checked behind the interceptors, in ``dispatch``, unless there are none and they were found to be sound.
"""

from __future__ import annotations

from .call_options import own_of
from .calls import ABSENT, Calls
from .config import check_config, config_from, is_sound, library_defaults, merge_config
from .interception import InterceptorManager, run_chain
from .late import general_way
from .loading import is_failed_load, not_loaded, unforked
from .public import Statics
from .template import Starter
from .transforms import default_transform_request, default_transform_response

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Mapping, NoReturn, Optional, Tuple

    from .concurrent import Promises
    from .config import Config
    from .promise import Promise
    from .response import Response
    from .template import Template
    from .usual import UsualWay

    Given = Optional[Mapping[str, Any]]


class Interceptors:
    """``request`` and ``response``: the two chains of an instance."""

    __slots__ = ("request", "response")

    def __init__(self) -> None:
        self.request = InterceptorManager()
        self.response = InterceptorManager()

    def copy(self) -> Interceptors:
        """The same interceptors, as they are now."""
        made = Interceptors()
        made.request.handlers = list(self.request.handlers)
        made.response.handlers = list(self.response.handlers)
        return made


class Axios(Calls["Response"], Statics):
    """A client: call it, or one of its methods, to make a request and get its :class:`Response`.

    ``Axios(config=None)``: the library's defaults merged with the config. ``defaults`` is the
    instance's :class:`Config`, to read and to alter; ``interceptors.request`` and ``.response`` are its
    chains; ``promises`` has the same calls returning promises. The package's public classes and
    functions are attributes too (``axios.CancelToken``, ``axios.is_cancel``).

    Every call raises :class:`AxiosError` when the request fails or ``validate_status`` refuses the
    status, and what the caller's own callbacks raise. Thread-safe. Source: axios, ``lib/core/Axios``.
    """

    _starter: Optional[Starter] = None
    _has_own_request = False

    def __init_subclass__(cls, **given: Any) -> None:
        """A subclass's own :meth:`request` makes all its calls. Source: ``Axios.prototype.get`` and the others."""
        super().__init_subclass__(**given)
        if cls.request is not Axios.request and cls._call is Axios._call:
            cls._has_own_request = True
            cls._call = _call_by_request  # type: ignore[assignment]

    def __init__(self, config: Given = None) -> None:
        base = library_defaults(default_transform_request, default_transform_response)
        #: What every request of this instance starts from.
        self.defaults: Config = merge_config(base, config)
        self.interceptors: Interceptors = Interceptors()

    def _call(
        self,
        method: Optional[str],
        url: Any,
        config: Given,
        options: Dict[str, Any],
        data: Any = ABSENT,
        is_form: bool = False,
    ) -> Response:
        own = own_of(method, url, config, options, data, is_form)
        starter = self._starter or self._first_starter()
        defaults, chains = self.defaults, self.interceptors
        template = starter.current(defaults)
        if template is not None and not chains.request.handlers and not chains.response.handlers:
            usual = template.usual
            if usual is None:
                usual = _usual_way(template)
            response: Optional[Response] = usual.perform(own) if usual else None
            if response is not None:
                return response
        merged, is_checked = starter.begin(defaults, own, template)
        return self._perform(merged, is_checked, chains)

    def _begin(self, own: Dict[Any, Any]) -> Tuple[Optional[UsualWay], Any, bool]:
        """What a request of these options begins with, for a thread that takes it further.

        The shorter way, if there is one as things are now, and ``own``; else the config, as its first interceptor
        gets it; and whether its options were checked.
        """
        starter = self._starter or self._first_starter()
        defaults, chains = self.defaults, self.interceptors
        template = starter.current(defaults)
        if template is not None and not chains.request.handlers and not chains.response.handlers:
            usual = template.usual
            if usual is None:
                usual = _usual_way(template)
            if usual and usual.may_take(own):
                return usual, own, False
        merged, is_checked = starter.begin(defaults, own, template)
        return None, merged, is_checked

    def _go_on(
        self, usual: Optional[UsualWay], config: Any, is_checked: bool, interceptors: Interceptors
    ) -> Response:
        """Perform what :meth:`_begin` began."""
        if usual is not None:
            response = usual.perform(config)
            if response is not None:
                return response
            config, is_checked = usual.template.begin(config), is_sound(config)
        return self._perform(config, is_checked, interceptors)

    def _first_starter(self) -> Starter:
        # Not in the initialiser: a subclass may have one of its own that knows nothing of it.
        self._starter = starter = Starter()
        return starter

    def _perform(self, config: Config, is_checked: bool, interceptors: Interceptors) -> Response:
        """Take a merged config through the interceptors, and to the network between them."""
        dispatch, dispatch_checked = general_way(config)
        unaltered = dispatch_checked if is_checked else dispatch
        if not interceptors.request.handlers and not interceptors.response.handlers:
            return unaltered(config)  # type: ignore[no-any-return]
        switches = config["transitional"]
        is_legacy = not isinstance(switches, dict) or dict.get(
            switches, "legacy_interceptor_req_res_ordering", True
        )
        return run_chain(  # type: ignore[no-any-return]
            config, interceptors.request, interceptors.response, dispatch, is_legacy, unaltered
        )

    def __reduce__(self) -> NoReturn:
        raise TypeError("an Axios may hold credentials and callables and can't be pickled")

    def get_uri(self, config: Given = None, **options: Any) -> str:
        """The URL (str) that a request with this config would use, ``""`` for none. Nothing is sent."""
        from .urls import build_url

        url, given = (config, None) if isinstance(config, str) else (None, config)
        merged = merge_config(self.defaults, config_from(url, given, options))
        check_config(merged)
        return build_url(merged)

    def create(self, config: Given = None, **options: Any) -> Axios:
        """A new instance, whose defaults are this one's, as they are now, merged with the config.

        Interceptors are not taken over. Source: ``axios.create``.
        """
        made = Axios.__new__(type(self))
        made.defaults = merge_config(self.defaults, config_from(None, config, options))
        made.interceptors = Interceptors()
        return made

    @property
    def promises(self) -> Promises:
        """The same calls, each under way on a thread at once and returning a :class:`Promise`."""
        try:
            from .concurrent import Promises
        except (ImportError, OSError) as error:
            if not is_failed_load(error):
                raise
            raise not_loaded(error, self.defaults) from error

        return Promises(self)

    def all(self, iterable: Iterable[Any]) -> Promise:
        """A :class:`Promise` of a list, in order. Takes promises, futures and plain values."""
        from .promise import all_

        return all_(iterable)

    def spread(self, callback: Callable[..., Any]) -> Callable[[List[Any]], Any]:
        """A function of one list that calls ``callback(*list)``."""
        from .promise import spread

        return spread(callback)


def _call_by_request(self: Axios, method: Optional[str], *given: Any) -> Response:
    """:meth:`Axios._call` of a class with a ``request`` of its own, which is given one config."""
    return Axios._call(self, None, *given) if method is None else self.request(own_of(method, *given))


def _usual_way(template: Template) -> Any:
    """That of the template, False where there is none. Its room is loaded with the first request."""
    try:
        make = unforked(_import_usual_way)
    except (ImportError, OSError) as error:
        if not is_failed_load(error):
            raise
        return False  # the general way tells what it is that can't be loaded
    template.usual = make(template) or False
    return template.usual


def _import_usual_way() -> Callable[[Template], Any]:
    from .usual import usual_way

    return usual_way
