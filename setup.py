"""Everything is in setup.cfg; here is only what lets an old pip build a wheel."""

import sys
from importlib.util import find_spec

from setuptools import setup

# Before pip 23.1, `pip wheel` runs this file as it is, in an environment where the command may be missing;
# setuptools has had it of its own since 70.1.
MISSING = not (find_spec("wheel") or find_spec("setuptools.command.bdist_wheel"))

setup(setup_requires=["wheel"] if MISSING and "bdist_wheel" in sys.argv else [])
