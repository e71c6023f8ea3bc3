"""miniaxios beside the original: vectors made by running axios (golden/make_vectors.js), each replayed here.

`golden/*.json` hold the cases, one a line, with what came of each in axios under "want". Where we differ on
purpose the case stands in `golden/waived.json` with its reason, and has to go from there when we agree after
all.

A reason is one of: "difference" (one of those that the README lists), "contract" (what is
documented says otherwise), "safety" (it would be unsafe), "python" (the language has no such thing).
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from tests.golden.replay import replay
from tests.golden.stage import Stage
from tests.golden.values import same

FOLDER = Path(__file__).parent / "golden"
REASONS = ("difference", "contract", "safety", "python")


def _read(name):
    return json.loads((FOLDER / (name + ".json")).read_text(encoding="utf-8"))


THEMES = {path.stem: _read(path.stem) for path in sorted(FOLDER.glob("*.json")) if path.stem != "waived"}
CASES = {case["id"]: case for theme in THEMES.values() for case in theme["cases"]}
WAIVED = _read("waived")
EXCUSED = {name for row in WAIVED for name in row["cases"]}


def _batches():
    """The cases that must agree, by theme and by the first word after it."""
    batches = {}
    for name in CASES:
        if name not in EXCUSED:
            batches.setdefault(re.match(r"\w+\.\w+", name).group(), []).append(name)
    return batches


BATCHES = _batches()


@pytest.fixture(scope="module")
def stage():
    """The two servers that answer as those of the original were told to."""
    with Stage() as running:
        yield running


def _differences(names, stage):
    """(agreeing, differing) of these cases; the second as text, to be read."""
    agreeing, differing = [], []
    for name in names:
        want, got = replay(CASES[name], stage)
        if same(want, got):
            agreeing.append(name)
        else:
            asked = {key: value for key, value in CASES[name].items() if key not in ("id", "want")}
            parts = [json.dumps(part, ensure_ascii=False)[:2000] for part in (asked, want, got)]
            differing.append("%s\n  asked %s\n  axios %s\n  here  %s" % (name, *parts))
    return agreeing, differing


@pytest.mark.parametrize("batch", sorted(BATCHES))
def test_as_the_original(batch, stage):
    _, differing = _differences(BATCHES[batch], stage)
    assert not differing, "%d of %d differ:\n%s" % (len(differing), len(BATCHES[batch]), "\n".join(differing))


@pytest.mark.parametrize("row", WAIVED, ids=lambda row: re.sub(r"\W+", "_", row["says"])[:50])
def test_every_waiver_is_needed(row, stage):
    agreeing, _ = _differences(row["cases"], stage)
    assert not agreeing, "agree now, so take them out of golden/waived.json: %s" % agreeing


def test_the_vectors_are_all_there():
    assert len(CASES) == sum(len(theme["cases"]) for theme in THEMES.values()) >= 1000
    assert {theme["theme"] for theme in THEMES.values()} == set(THEMES)
    assert len({theme["from"] for theme in THEMES.values()}) == 1


def test_excuses_name_cases_and_reasons():
    named = [name for row in WAIVED for name in row["cases"]]
    assert len(named) == len(set(named)), "named twice"
    assert set(named) <= set(CASES), sorted(set(named) - set(CASES))
    assert all(row["reason"] in REASONS and row["says"] and row["why"] and row["cases"] for row in WAIVED)


def test_a_difference_is_seen(stage):
    """The comparison itself: for each theme, a vector with another "want" doesn't agree."""
    for name, theme in THEMES.items():
        case = next(case for case in theme["cases"] if case["id"] not in EXCUSED and "value" in case["want"])
        want, got = replay(case, stage)
        assert same(want, got) and not same({**want, "value": "something else"}, got), name
