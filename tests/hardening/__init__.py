"""Hostile answers, as a table, and the house in which each of them is tried in every mode.

probes.py: the table. world.py: the servers, the routes, the ways to ask, and the verdict.
Which hardening id asks for what: ../hardening.rst. `python -O -W error -m tests.hardening` tries a handful
without pytest, for nothing here may depend on `assert`.
"""
