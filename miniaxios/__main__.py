"""``python -m miniaxios URL`` writes a body to stdout; ``--selftest`` shows that everything works here."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

USAGE = """usage: python -m miniaxios URL         GET the URL and write the body to stdout
       python -m miniaxios --selftest  try every feature against a server of its own
       python -m miniaxios --version
"""


def main(arguments: List[str]) -> int:
    """Run the command; returns its exit code: 0, 1 when the request or a row failed, 2 for wrong usage."""
    if arguments == ["--selftest"]:
        from .selftest import run

        try:
            return run(sys.stdout)
        except BrokenPipeError:
            return _reader_gone()
    if arguments == ["--version"]:
        from .version import __version__

        sys.stdout.write(f"miniaxios {__version__}\n")
        return 0
    if arguments in (["-h"], ["--help"]):
        sys.stdout.write(USAGE)
        return 0
    if len(arguments) != 1 or arguments[0].startswith("-"):
        sys.stderr.write(USAGE)
        return 2
    return fetch(arguments[0])


def fetch(url: str) -> int:
    """GET ``url`` (``http://`` may be left out) and write the body to stdout."""
    from .client import Axios
    from .errors import AxiosError

    if "://" not in url and url[:5].lower() != "data:":
        url = f"http://{url}"
    try:
        with Axios().get(url, response_type="stream") as response:
            response.data.pipe(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        return _reader_gone()
    except AxiosError as error:
        if isinstance(error.cause, BrokenPipeError):
            return _reader_gone()
        sys.stderr.write(f"miniaxios: {error.message} ({error.code})\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _reader_gone() -> int:
    """Whoever read our output has seen enough. Python would complain while it flushes stdout at exit."""
    import os

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
