"""OptionGroup: a ``dict`` whose keys answer to snake_case and to axios's camelCase.

Rules of the room: it holds snake_case only, so that reading a set option by its own name costs what it
costs in a ``dict``; spellings come from tables, never from a guess; a key of the caller's never reaches
Python's own attributes.
"""

from __future__ import annotations

from itertools import count

from .errors import AxiosError, refuse_secrets
from .option_checks import GROUP_NAMES, TRANSITIONAL
from .plain_data import copied

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict, Mapping, Tuple, Type, TypeVar

    Self = TypeVar("Self", bound="OptionGroup")
    Base = Dict[Any, Any]
else:
    Base = dict

#: No value at all, where None is one.
UNSET: Any = object()

_numbers = count(1)


class Edits:
    """``last``: another number after each alteration of any group, and so the same while none was altered."""

    last = 0


def _note() -> None:
    """Said before and after each: whoever looks between the two, or is interrupted there, looks again."""
    Edits.last = next(_numbers)


class OptionGroup(Base):
    """A ``dict`` of options that answers to both spellings, as items and as attributes.

    It holds snake_case names; keys that the table does not know are kept as they are. The value of
    ``transitional``, ``auth``, ``proxy`` and the two serializers is one, and :class:`Config` is one.
    """

    __slots__ = ()

    _names: Mapping[Any, str] = GROUP_NAMES

    def __init__(self, init: Any = None, /, **options: Any) -> None:
        super().__init__()
        self.update(init, **options)

    # ---- hooks of the kinds

    def _kept(self, name: Any, value: Any) -> Any:
        """The form in which a value is stored under its name."""
        return value

    def _default(self, name: Any) -> Any:
        """What an option that is not set reads as, or ``UNSET`` when the table does not say."""
        return TRANSITIONAL.get(name, UNSET)

    def _duplicate(self, name: Any, value: Any) -> Any:
        """A copy of a value as deep as its plain containers go."""
        return copied(str(name), value)

    # ---- reading

    def __missing__(self, key: Any) -> Any:
        # Only camelCase and unset names come here: reading a set one by its own name costs what it
        # costs in a dict.
        name = self._names.get(key, key)
        found = dict.get(self, name, UNSET)
        if found is UNSET:
            found = self._default(name)
        if found is UNSET:
            raise KeyError(key)
        return found

    def __contains__(self, key: object) -> bool:
        return dict.__contains__(self, self._names.get(key, key))

    def get(self, key: Any, default: Any = UNSET) -> Any:
        """The value; of an option that is not set ``default`` if given, else the option's own default."""
        name = self._names.get(key, key)
        found = dict.get(self, name, default)
        if found is UNSET:
            found = self._default(name)
        return None if found is UNSET else found

    def __getattr__(self, name: str) -> Any:
        # Nothing that is a key may act as one of Python's protocols (``__reduce__``, ``__deepcopy__``).
        if not name.startswith("__"):
            try:
                return self[name]
            except KeyError:
                pass
        raise AttributeError(f"{type(self).__name__} has no option {name!r}")

    # ---- writing

    def __setitem__(self, key: Any, value: Any) -> None:
        name = self._names.get(key, key)
        value = self._kept(name, value)
        _note()
        dict.__setitem__(self, name, value)
        _note()

    def __setattr__(self, name: str, value: Any) -> None:
        if name.startswith("__") or hasattr(type(self), name):
            raise AttributeError(f"{name!r} can't be an option's attribute; set it as an item")
        self[name] = value

    def __delitem__(self, key: Any) -> None:
        name = self._names.get(key, key)
        _note()
        dict.__delitem__(self, name)
        _note()

    def __delattr__(self, name: str) -> None:
        try:
            del self[name]
        except KeyError:
            raise AttributeError(f"option {name!r} is not set") from None

    def pop(self, key: Any, default: Any = UNSET) -> Any:
        """Remove and return what is set; else ``default``, or KeyError without one."""
        name = self._names.get(key, key)
        _note()
        found = dict.pop(self, name) if default is UNSET else dict.pop(self, name, default)
        _note()
        return found

    def popitem(self) -> Tuple[Any, Any]:
        """As ``dict.popitem``."""
        _note()
        found = dict.popitem(self)
        _note()
        return found

    def clear(self) -> None:
        """As ``dict.clear``."""
        _note()
        dict.clear(self)
        _note()

    def setdefault(self, key: Any, default: Any = None) -> Any:
        """What is set; where nothing is, set ``default`` first."""
        if key not in self:
            self[key] = default
        return self[key]

    def update(self, init: Any = None, /, **options: Any) -> None:
        """Set many, as ``dict.update``; of two spellings of one option the later one wins."""
        for key, value in dict(() if init is None else init, **options).items():
            self[key] = value

    def __ior__(self: Self, other: Any) -> Self:
        self.update(other)
        return self

    def __or__(self: Self, other: Any) -> Self:
        if not isinstance(other, dict):
            return NotImplemented
        made = self.copy()
        made.update(other)
        return made

    def __ror__(self: Self, other: Any) -> Self:
        if not isinstance(other, dict):
            return NotImplemented
        made = type(self)(other)
        made.update(self)
        return made

    # ---- copies and looks

    def copy(self: Self) -> Self:
        """A new one with the same values (not copies of them)."""
        return filled(type(self), self)

    __copy__ = copy

    def __deepcopy__(self: Self, memo: Dict[int, Any]) -> Self:
        """Plain containers anew; agents, tokens, jars and other objects stay the same objects."""
        made = filled(type(self), {name: self._duplicate(name, value) for name, value in self.items()})
        memo[id(self)] = made
        return made

    def __reduce__(self) -> Tuple[Any, ...]:
        refuse_secrets(self, self)
        return filled, (type(self), dict(self))

    def __repr__(self) -> str:
        # to_json() knows what may be shown: no credentials, and nothing that ``redact`` names.
        shown = AxiosError(config=self).to_json()["config"]
        return f"{type(self).__name__}({shown!r})"


def filled(kind: Type[Self], values: Mapping[Any, Any]) -> Self:
    """An instance of ``kind`` around values that are already named and formed as it wants them."""
    made: Self = dict.__new__(kind)
    dict.update(made, values)
    return made
