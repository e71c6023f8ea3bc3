"""Whether the environment asks for a proxy."""

from __future__ import annotations

import os

import pytest

from miniaxios.wire.environment import names_no_proxy

NAMES = ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in NAMES:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("value", ["", "http://proxy.test"])
def test_any_of_the_variables_counts_even_without_a_value(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert names_no_proxy(os.environ) and names_no_proxy({}) and names_no_proxy({"no_proxy": "*"})
    assert not names_no_proxy({name: value})
    monkeypatch.setenv(name, value)
    assert not names_no_proxy(os.environ)
    monkeypatch.delenv(name)
    assert names_no_proxy(os.environ)
