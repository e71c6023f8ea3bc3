"""The one command of the tests: python3 -m tests [arguments of pytest]

Runs pytest with this interpreter if it has pytest and hypothesis. If not, it makes a virtual environment for
this version of Python in .venv-test/, installs them there with pip, and uses it again the next time.
The exit code is pytest's.
"""

from __future__ import annotations

import configparser
import importlib.util
import os
import subprocess
import sys
import tempfile

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import List

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PROBE = "import pytest, hypothesis"

#: Processes among which the tests are dealt out.
PARTS = 6


def requirements() -> List[str]:
    """What the tests need, from the `test` extra in setup.cfg."""
    config = configparser.ConfigParser()
    config.read(os.path.join(ROOT, "setup.cfg"), encoding="utf-8")
    return config["options.extras_require"]["test"].strip().splitlines()


def works(python: str) -> bool:
    """Whether that interpreter is there and has what the tests need."""
    try:
        return subprocess.call([python, "-c", PROBE], stderr=subprocess.DEVNULL) == 0
    except OSError:
        return False


def environment() -> str:
    """The interpreter of the virtual environment, which is made where it is missing or broken."""
    folder = os.path.join(ROOT, ".venv-test", "%d.%d" % sys.version_info[:2])
    python = os.path.join(folder, *(["Scripts", "python.exe"] if os.name == "nt" else ["bin", "python"]))
    if not works(python):
        print("installing %s into %s" % (", ".join(requirements()), folder), flush=True)
        subprocess.check_call([sys.executable, "-m", "venv", "--clear", folder])
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.check_call(pip + requirements())
    return python


def main(arguments: List[str]) -> int:
    """Runs pytest; its exit code."""
    if all(importlib.util.find_spec(name) for name in ("pytest", "hypothesis")):
        python = sys.executable
    else:
        try:
            python = environment()
        except (OSError, subprocess.CalledProcessError) as error:
            print("the tests need pytest and hypothesis, which could not be installed: %s" % error)
            return 1
    if arguments:
        return subprocess.call([python, "-m", "pytest"] + arguments, cwd=ROOT)
    return side_by_side(python)


def side_by_side(python: str) -> int:
    """All tests, in processes of their own: most of their time is waiting for deadlines. The worst exit code."""
    command = [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--part"]
    running = []
    for part in range(1, PARTS + 1):
        # Files and not pipes: a part whose output nobody reads yet must not wait for that.
        output = tempfile.TemporaryFile()
        arguments = command + ["%d/%d" % (part, PARTS)]
        running.append((subprocess.Popen(arguments, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT), output))
    codes = []
    for process, output in running:
        codes.append(process.wait())
        output.seek(0)
        print(output.read().decode(errors="replace"), flush=True)
        output.close()
    return max(code if code >= 0 else 1 for code in codes)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
