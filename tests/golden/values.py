"""Values of the vectors as Python objects, and Python objects as values of the vectors.

What JSON lacks is an object with one key that begins with "$"; make_vectors.js has the same list.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from datetime import datetime, timezone

import miniaxios

PLACE = re.compile(r"\{(\w+(?:\.\w+)?)\}")
UNDEFINED = {"$undefined": True}


# --- functions that cases name: the same ones as in make_vectors.js ----------------------------------


def _boom(*_arguments):
    raise RuntimeError("boom")


def _set_header(data, headers):
    headers.set("X-Set", "yes")
    return data


def _drop_type(data, headers):
    headers.delete("Content-Type")
    return data


def _with_status(data, headers, status):
    return {"data": data, "status": status, "kind": headers.get("content-type")}


def _add_hop(options, _response, _request):
    options["headers"]["X-Hop"] = "yes"


def _skip_secret(value, key, path, helpers):
    return False if key == "secret" else helpers.default_visitor(value, key, path)


def _visit_upper(value, key, path, helpers):
    if isinstance(value, str):
        helpers.append(key, value.upper())
        return False
    return helpers.default_visitor(value, key, path)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


FUNCTIONS = {
    "always_true": lambda *_: True,
    "always_false": lambda *_: False,
    "below_500": lambda status: status < 500,
    "only_404": lambda status: status == 404,
    "constant": lambda params: "const=1",
    "nothing": lambda *_: "",
    "keys": lambda params: "-".join(sorted(params)),
    "shout": lambda value: value.upper(),
    "angles": lambda value: "<" + value + ">",
    "inner": lambda value, encode: encode(value),
    "append_x": lambda data: data + "x",
    "to_text": lambda data: json.dumps(data, separators=(",", ":")),
    "set_header": _set_header,
    "drop_type": _drop_type,
    "wrap": lambda data: {"wrapped": data},
    "with_status": _with_status,
    "raise": _boom,
    "add_hop": _add_hop,
    "double": lambda key, value: value * 2 if _is_number(value) else value,
    "skip_secret": _skip_secret,
    "visit_upper": _visit_upper,
    "is_x": lambda value, *_: value == "x",
    "name_is_a": lambda value, name: name.lower() == "a",
    "length": lambda value, *_: len(value),
}


# --- in ----------------------------------------------------------------------------------------------


def _form(fields):
    form = miniaxios.FormData()
    for name, value, *file in fields:
        if file:
            form.append(name, value.encode(), *file)
        else:
            form.append(name, value)
    return form


def _date(text):
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def _aborted():
    controller = miniaxios.AbortController()
    controller.abort()
    return controller.signal


class Decoder:
    """Values for one run; `places` maps "A", "A.host" and the like to what stands for {A}, {A.host}."""

    def __init__(self, places=()):
        self._places = dict(places)
        self._tags = {
            "$undefined": lambda _: None,
            "$number": lambda text: float(text.replace("Infinity", "inf")),
            "$bytes": base64.b64decode,
            "$date": _date,
            "$search": lambda pairs: miniaxios.URLSearchParams([tuple(pair) for pair in pairs]),
            "$form": _form,
            "$headers": lambda init: miniaxios.Headers(self.value(init)),
            "$regex": lambda source: re.compile(source, re.IGNORECASE),
            "$function": FUNCTIONS.get,
            "$stream": lambda pieces: (piece.encode() for piece in pieces),
            "$token": lambda text: miniaxios.CancelToken(lambda cancel: cancel(self.value(text))),
            "$signal": lambda _: _aborted(),
        }

    def text(self, text):
        """`text` with its places filled in."""
        return PLACE.sub(lambda found: self._places.get(found.group(1), found.group()), text)

    def value(self, value):
        """The Python object; a key whose value is undefined is left out."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, list):
            return [self.value(item) for item in value]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((key, inner),) = value.items()
            if key in self._tags:
                return self._tags[key](inner)
        return {self.text(key): self.value(item) for key, item in value.items() if item != UNDEFINED}


# --- out ---------------------------------------------------------------------------------------------


def encode(value):
    """What make_vectors.js writes for the like of it."""
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return (
            value
            if math.isfinite(value)
            else {"$number": str(value).replace("nan", "NaN").replace("inf", "Infinity")}
        )
    if isinstance(value, (bytes, bytearray)):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, datetime):
        return {"$date": value.strftime("%Y-%m-%dT%H:%M:%S.") + "%03dZ" % (value.microsecond // 1000)}
    if isinstance(value, miniaxios.URLSearchParams):
        return {"$text": str(value)}
    if isinstance(value, miniaxios.Headers):
        return value.to_json()
    if isinstance(value, re.Match):
        return [value.group(), *value.groups()]
    if isinstance(value, Mapping):
        return {str(key): encode(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [encode(item) for item in value]
    return {"$callable": True} if callable(value) else {"$object": type(value).__name__}


def same(want, got):
    """Whether two values of vectors are the same; undefined and null are one, and so are 1 and 1.0."""
    if want == UNDEFINED or got == UNDEFINED:
        return all(each is None or each == UNDEFINED for each in (want, got))
    if isinstance(want, dict) and isinstance(got, dict):
        # Absent and undefined are one; None is a value, though undefined may stand for it.
        return all(same(want.get(key, UNDEFINED), got.get(key, UNDEFINED)) for key in {*want, *got}) and all(
            UNDEFINED in (want.get(key), got.get(key)) for key in {*want} ^ {*got}
        )
    if isinstance(want, list) and isinstance(got, list):
        return len(want) == len(got) and all(map(same, want, got))
    if _is_number(want) and _is_number(got):
        return float(want) == float(got)
    return type(want) is type(got) and want == got
