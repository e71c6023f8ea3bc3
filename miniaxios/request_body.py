"""What the transforms left in ``config.data``, as the basement sends it."""

from __future__ import annotations


from .errors import AxiosError
from .loading import is_of
from .wire.upload import Upload, upload_from

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Optional, Union

    from .config import Config

    Body = Union[None, bytes, Upload]

_NOT_BYTES = (dict, list, tuple, set, frozenset, range)


def body_for(config: Config) -> Body:
    """The body of the request, None without one; completes ``Content-Type`` for a form.

    Raises AxiosError ``ERR_BAD_REQUEST`` for what is neither text, bytes, a file, an iterable of
    bytes nor a form. Source: axios, ``lib/adapters/http``.
    """
    data = dict.get(config, "data")
    if data is None or isinstance(data, bytes):
        return data or None
    if isinstance(data, str):
        return _text(data, config) or None
    if isinstance(data, (bytearray, memoryview)):
        return bytes(data) or None  # a copy: the caller may go on writing in it
    form = _form_of(data)
    if form is not None:
        return _form(form, config)
    if hasattr(data, "read") or (hasattr(data, "__iter__") and not isinstance(data, _NOT_BYTES)):
        return upload_from(data)
    raise AxiosError(
        "Data after transformation must be a string, bytes, a file, an iterable of bytes or a FormData, not "
        + type(data).__name__,
        AxiosError.ERR_BAD_REQUEST,
        config,
    )


def _text(data: str, config: Config) -> bytes:
    try:
        return data.encode("utf-8")
    except UnicodeEncodeError as error:
        raise AxiosError("option data holds a lone surrogate", AxiosError.ERR_BAD_REQUEST, config) from error


def _form_of(data: Any) -> Optional[Any]:
    return data if is_of(data, f"{__package__}.form_data", "FormData") else None


def _form(form: Any, config: Config) -> Upload:
    headers = config["headers"]
    given = headers.get("content-type") or ""
    boundary = None
    if "boundary=" in given.lower():
        boundary = headers.parse_parameters(given.partition(";")[2]).get("boundary")
    multipart = form.encode(boundary)
    headers.set("Content-Type", multipart.content_type)
    # Where all lengths are known all files can seek, and iterating begins anew by itself.
    rewind = multipart.rewind if multipart.length is not None else None
    return Upload(lambda: multipart, multipart.length, rewind)
