"""Hostile answers in every mode: whole, streamed, promised; direct, by proxies, through TLS; on the first
request, the next one on the same connection, and the one that a redirect asked for.

What the answers are: hardening/probes.py. How they are tried and judged: hardening/world.py.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from .hardening.probes import PROBES
from .hardening.world import World


@pytest.fixture(scope="module")
def world():
    with World() as one:
        yield one


def probes_of(*ids):
    """A row for each probe of these ids."""
    rows = [probe for probe in PROBES if probe.id in ids]
    assert {probe.id for probe in rows} == set(ids)
    return pytest.mark.parametrize("probe", rows, ids=str)


@probes_of("FRAME_2")
def test_FRAME_2_lengths_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_3")
def test_FRAME_3_transfer_codings_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_4")
def test_FRAME_4_chunks_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_5")
def test_FRAME_5_header_lines_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_6")
def test_FRAME_6_status_lines_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_7")
def test_FRAME_7_bodies_of_the_bodiless_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_8")
def test_FRAME_8_interim_answers_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("FRAME_9")
def test_FRAME_9_cuts_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("QUEUE_1", "QUEUE_2", "QUEUE_3")
def test_QUEUE_1_QUEUE_2_QUEUE_3_spoiled_connections_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("LIMIT_1")
def test_LIMIT_1_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("LIMIT_3", "FLOOD_1", "FLOOD_2", "FLOOD_3")
def test_LIMIT_3_FLOOD_1_FLOOD_2_FLOOD_3_without_options_in_every_mode(world, no_leaks, probe):
    assert not probe.options
    assert world.problems(probe) == []


@probes_of("DECOMP_1", "DECOMP_2", "DECOMP_3", "DECOMP_4")
def test_DECOMP_1_DECOMP_2_DECOMP_3_DECOMP_4_codings_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("REDIR_3", "REDIR_4")
def test_REDIR_3_REDIR_4_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@probes_of("CPU_3")
def test_CPU_3_numbers_without_end_in_every_mode(world, no_leaks, probe):
    assert world.problems(probe) == []


@pytest.mark.parametrize("probe", PROBES, ids=str)
def test_PROXY_2_any_answer_to_connect(world, no_leaks, probe):
    assert world.problems_of_a_proxy(probe) == []


def test_CPU_4_optimised():
    command = [sys.executable, "-O", "-W", "error", "-X", "dev", "-m", "tests.hardening"]
    done = subprocess.run(
        command,
        cwd=str(Path(__file__).resolve().parent.parent),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=60,
    )
    assert (done.returncode, done.stdout.decode().strip().endswith("probes")) == (0, True), done.stdout.decode()
