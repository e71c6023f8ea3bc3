"""Hosts: names, IPv4 in all its spellings, IPv6, international names."""

from __future__ import annotations

import ipaddress
import os
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import miniaxios
from miniaxios.wire import hosts
from miniaxios.wire.errors import InvalidURL

NAMES = [
    ("example.com", "example.com"),
    ("EXAMPLE.Com", "example.com"),
    ("example.com.", "example.com."),
    ("my_service", "my_service"),
    ("-a-.com", "-a-.com"),
    ("xn--zca.de", "xn--zca.de"),
    ("XN--ZCA.DE", "xn--zca.de"),
    ("a" * 63 + ".b", "a" * 63 + ".b"),
    ("a.0xg", "a.0xg"),
    ("1a", "1a"),
    # IPv4 in the spellings of WHATWG
    ("127.0.0.1", "127.0.0.1"),
    ("127.0.0.1.", "127.0.0.1"),
    ("127.1", "127.0.0.1"),
    ("0x7f.1", "127.0.0.1"),
    ("0X7F.0.0.1", "127.0.0.1"),
    ("2130706433", "127.0.0.1"),
    ("0177.0.0.01", "127.0.0.1"),
    ("0x", "0.0.0.0"),
    ("0", "0.0.0.0"),
    ("256", "0.0.1.0"),
    ("1.65535", "1.0.255.255"),
    # International names, UTS 46 non-transitional, as Node gives them
    ("ß.de", "xn--zca.de"),
    ("faß.ς.gr", "xn--fa-hia.xn--3xa.gr"),
    ("ẞ.de", "ss.de"),
    ("BÜCHER.de.", "xn--bcher-kva.de."),
    ("i❤.ws", "xn--i-7iq.ws"),
    ("ａ.com", "a.com"),
    ("①②⑦.0.0.1", "127.0.0.1"),
    ("１.２", "1.0.0.2"),
    ("Ａ。Ｂ。", "a.b."),
    ("a\u00adb.com", "ab.com"),
    ("İ.com", "xn--i-9bb.com"),
    ("ﬁ.com", "fi.com"),
    ("\u03f2.gr", "xn--4xa.gr"),
    ("a\u0345.com", "xn--a-gmb.com"),
]


@pytest.mark.parametrize("given_, expected", NAMES)
def test_URL_4_URL_5_one_spelling(given_, expected):
    assert hosts.normal_host(given_) == expected
    assert hosts.normal_host(expected) == expected


def test_URL_4_digits_of_other_scripts_are_letters():
    host = hosts.normal_host("٨.٨.٨.٨")
    assert host == ".".join(["xn--hib"] * 4) and hosts.address_of(host) is None


BAD_NAMES = [
    "", ".", "..", "a..b", ".a", "a..", "a b", "a%2fb", "%31", "a/b", "a\\b", "a@b", "a:b", "a?b", "a#b",
    "a\0b", "a\nb", "a\x7fb", "a'b", "a;b", "a*b", "[", "]", "xn--", "a.xn--", "xn--a-", "a" * 64,
    ".".join(["a" * 60] * 5), "a" * 255, "1.2.3.4.5", "256.0.0.1", "1.256.1", "1.65536.1", "4294967296",
    "09.1",
    "a.1", "a.0x", "a.0xf", "1..2", "9" * 30, "0x" + "f" * 30, "a℀b", "a\u200db.com", "\u0301a.com",
    "\ud800.com", "a\u2028b", "\u3000", "⒈com", "ｈ％41", "ü" * 60, "ü" * 60000, "xn--ü", "\uffff", "\ue000",
]  # fmt: skip


@pytest.mark.parametrize("text", BAD_NAMES)
def test_URL_4_bad_hosts(text):
    with pytest.raises(InvalidURL):
        hosts.normal_host(text)


@given(st.text(max_size=40) | st.text("aA1.-_xn0ßé。①", max_size=20))
def test_normal_host_is_total_and_idempotent(text):
    try:
        host = hosts.normal_host(text)
    except InvalidURL:
        return
    assert host.isascii() and host == host.lower() and len(host) <= 254
    assert set(host) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.")
    assert hosts.normal_host(host) == host


@given(st.integers(0, 2**32 - 1))
def test_ipv4_agrees_with_ipaddress(value):
    text = str(ipaddress.IPv4Address(value))
    assert hosts.ipv4_text(value) == text
    for spelling in (text, str(value), hex(value), f"{value >> 24}.{value & 0xFFFFFF}"):
        assert hosts.ipv4_value(spelling) == value


groups_of_six = st.lists(st.sampled_from([0, 0, 0, 1, 0xFFFF, 0x20]), min_size=8, max_size=8)


@given(groups_of_six)
def test_ipv6_agrees_with_ipaddress(groups):
    value = 0
    for group in groups:
        value = value << 16 | group
    text = hosts.ipv6_text(value)
    assert hosts.ipv6_value(text) == value
    assert int(ipaddress.IPv6Address(text)) == value
    assert hosts.ipv6_value(ipaddress.IPv6Address(value).exploded) == value
    if "." not in str(ipaddress.IPv6Address(value)):
        assert text == str(ipaddress.IPv6Address(value))


@pytest.mark.parametrize(
    "text, expected",
    [
        ("::", "::"),
        ("::1", "::1"),
        ("::FFFF:1.2.3.4", "::ffff:102:304"),
        ("1:0:0:2:0:0:0:3", "1:0:0:2::3"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"),
        ("0:0:1::", "0:0:1::"),
        ("2001:0DB8::0001", "2001:db8::1"),
    ],
)
def test_ipv6_shortest_form(text, expected):
    assert hosts.ipv6_text(hosts.ipv6_value(text)) == expected


@pytest.mark.parametrize(
    "text",
    ["", ":", ":::", "1::2::3", "1:2", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7:8::", "::1.2.3.04", "::1.2.3",
     "::1.2.3.256",
     "1.2.3.4::", "1.2.3.4", "12345::", "::g", "::+1", "::1_0", "::٣", ":1::", "::1:", "v1.x", "::%1",
     "1" * 9999,
     "1:2:3:4:5:6:7:1.2.3.4"],
)  # fmt: skip
def test_URL_4_bad_ipv6(text):
    assert hosts.ipv6_value(text) is None


@given(st.text("0123456789abcdef:.%x", max_size=45))
def test_ipv6_accepts_no_more_than_ipaddress(text):
    value = hosts.ipv6_value(text)
    if value is not None:
        assert int(ipaddress.IPv6Address(text)) == value


@pytest.mark.parametrize(
    "text, expected",
    [
        ("10.0.0.1", (32, 0x0A000001)),
        ("0xa.1", (32, 0x0A000001)),
        ("::ffff:10.0.0.1", (32, 0x0A000001)),
        ("::ffff:a00:1", (32, 0x0A000001)),
        ("::1", (128, 1)),
        ("localhost", None),
        ("10.a", None),
        ("", None),
        (":", None),
    ],
)
def test_address_of(text, expected):
    assert hosts.address_of(text) == expected


WITHOUT_CODECS = """
import sys
class Gone:
    def find_spec(self, name, path=None, target=None):
        if name in ("unicodedata", "encodings.idna", "encodings.punycode", "stringprep"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Gone())
from miniaxios.wire import hosts
from miniaxios.wire.errors import InvalidURL
print(hosts.normal_host("LocalHost"), hosts.normal_host("xn--zca.de"), hosts.normal_host("127.1"))
try:
    print(hosts.normal_host("b\\u00fccher.de"))
except InvalidURL as error:
    print(error)
"""


def test_ascii_hosts_need_no_codec():
    """Cut-down interpreters have neither unicodedata nor the codecs that build on it."""
    root = os.path.dirname(os.path.dirname(miniaxios.__file__))
    command = [sys.executable, "-c", WITHOUT_CODECS]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, cwd=root)
    first, second = done.stdout.decode().splitlines()
    assert first == "localhost xn--zca.de 127.0.0.1"
    assert "can not encode international host names" in second


@settings(max_examples=50)
@given(st.sampled_from(["ü", "a.", "1.", "xn--", "。", "\u0301", "0x", "١"]), st.integers(1000, 200000))
def test_CPU_1_oversize_is_refused_before_any_codec(piece, count):
    with pytest.raises(InvalidURL):
        hosts.normal_host(piece * count)


@given(st.from_regex(r"[0-9]{1,3}(\.[0-9]{1,3}){2,4}", fullmatch=True) | st.text("0123456789.x ", max_size=16))
def test_is_quad_agrees_with_the_standard_library(text):
    try:
        expected = str(ipaddress.IPv4Address(text)) == text
    except ValueError:
        expected = False
    assert hosts.is_quad(text) == expected
