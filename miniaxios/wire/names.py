"""Names of headers: what one is, and those met so far.

Rules of the room: what strangers choose is kept bounded in number and size.
"""

from __future__ import annotations

#: A token, RFC 9110 section 5.6.2.
TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"

_TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
# Not by the name: a subclass of str may have methods of its own.
_without = str.strip


def is_token(name: str) -> bool:
    """Whether ``name`` is a token; TypeError for what is no str. By strip(): a pattern takes 200 us to be compiled."""
    return not _without(name, _TOKEN_CHARACTERS) and bool(_without(name))


class _Names(dict):  # type: ignore[type-arg]
    """Header names in lower case, by the spellings met so far: to look one up takes a third of ``lower()``.

    What it contains is a token. Bounded in number and size, since strangers choose them.
    """

    MOST, LONGEST = 500, 64

    def __missing__(self, name: str) -> str:
        lower = name.lower()
        if type(name) is str and len(name) <= self.LONGEST and is_token(name):
            if len(self) >= self.MOST:
                self.clear()
            self[name] = lower
        return lower


class _PeerNames(_Names):
    """The same for what others send: KeyError for what is no token."""

    def __missing__(self, name: str) -> str:
        if not is_token(name):
            raise KeyError(name)
        return super().__missing__(name)


#: Those of requests and those of answers: a server can't crowd out the caller's.
OWN_NAMES, PEER_NAMES = _Names(), _PeerNames()
