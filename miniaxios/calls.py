"""Calls: the calls that make a request, told apart by what comes of one, a Response or a promise.

Rules of the room: arguments are named here and nothing else is done with them.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Optional, TypeVar
    from typing import Generic as Kind

    Given = Optional[Mapping[str, Any]]
    Outcome = TypeVar("Outcome")
else:
    Outcome = None

    class Kind:
        """``typing.Generic`` without loading ``typing``."""

        def __class_getitem__(cls, item):
            return cls


#: No body was given, where None is "no body".
ABSENT: Any = object()


class Calls(Kind[Outcome]):
    """The calls that make a request. What comes of one, a Response or a promise, its kind says.

    Every call takes options as a config mapping, as keyword arguments, or both (then the keyword counts), in
    snake_case or in axios's camelCase. Source: axios, ``lib/core/Axios``.
    """

    def _call(
        self,
        method: Optional[str],
        url: Any,
        config: Given,
        options: Dict[str, Any],
        data: Any = ABSENT,
        is_form: bool = False,
    ) -> Outcome:
        """Make the request. ``method`` is None for :meth:`request`, where ``url`` may be a config."""
        raise NotImplementedError

    def __call__(self, config_or_url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """``axios(config)`` or ``axios(url, config)``: as :meth:`request`."""
        return self.request(config_or_url, config, **options)

    def request(self, config_or_url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """Make a request from a config, or from a URL (str) and a config."""
        return self._call(None, config_or_url, config, options)

    def get(self, url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """GET ``url`` (str)."""
        return self._call("get", url, config, options)

    def delete(self, url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """DELETE ``url`` (str); a body is the option ``data``."""
        return self._call("delete", url, config, options)

    def head(self, url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """HEAD ``url`` (str)."""
        return self._call("head", url, config, options)

    def options(self, url: Any = None, config: Given = None, **options: Any) -> Outcome:
        """OPTIONS ``url`` (str)."""
        return self._call("options", url, config, options)

    def post(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """POST ``data`` (see "Body" in the README) to ``url`` (str)."""
        return self._call("post", url, config, options, data)

    def put(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """PUT ``data`` to ``url`` (str)."""
        return self._call("put", url, config, options, data)

    def patch(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """PATCH ``url`` (str) with ``data``."""
        return self._call("patch", url, config, options, data)

    def query(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """QUERY ``url`` (str) with ``data``."""
        return self._call("query", url, config, options, data)

    def post_form(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """POST ``data`` as a form: multipart, unless a ``Content-Type`` given in the call says otherwise."""
        return self._call("post", url, config, options, data, True)

    def put_form(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """PUT ``data`` as a form, as :meth:`post_form`."""
        return self._call("put", url, config, options, data, True)

    def patch_form(self, url: Any = None, data: Any = None, config: Given = None, **options: Any) -> Outcome:
        """PATCH with ``data`` as a form, as :meth:`post_form`."""
        return self._call("patch", url, config, options, data, True)
