"""URLs: parsing, rendering, joining."""

from __future__ import annotations

import pickle
import time
from urllib.parse import urljoin

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.wire import url as url_module
from miniaxios.wire.errors import InvalidURL, UnsupportedScheme
from miniaxios.wire.url import URL, join_url, parse_authority, parse_url, percent_decoded, same_origin


def parts(url):
    return tuple(getattr(url, name) for name in URL.__slots__)


def test_all_parts():
    url = parse_url("HTTPS://us%40er:p%3Aw@Example.COM:8443/a/b?x=1#frag")
    assert parts(url) == ("https", "example.com", None, 8443, "/a/b", "x=1", "frag", "us@er", "p:w")
    assert url.target == "/a/b?x=1"
    assert url.host_header == "example.com:8443"
    assert url.origin == ("https", "example.com", 8443)
    assert url.connect_host == url.name == "example.com"
    assert str(url) == "https://example.com:8443/a/b?x=1#frag"


RENDERED = [
    ("http://h", "http://h/"),
    ("http://h?x", "http://h/?x"),
    ("http://h#f", "http://h/#f"),
    ("http://h:/", "http://h/"),
    ("http://h:80/", "http://h/"),
    ("https://h:443/", "https://h/"),
    ("https://h:80/", "https://h:80/"),
    ("http://h:00080/", "http://h/"),
    ("http://h:0/", "http://h:0/"),
    ("  http://h/a  ", "http://h/a"),
    ("http://h/a b?c d#e f", "http://h/a%20b?c%20d#e%20f"),
    ("http://h/é?é#é", "http://h/%C3%A9?%C3%A9#%C3%A9"),
    ("http://h/\U0001f600", "http://h/%F0%9F%98%80"),
    ("http://h/%zz%?%zz%", "http://h/%zz%?%zz%"),
    ("http://h/%c3%A9", "http://h/%c3%A9"),
    ("http://h/x^|[]{}`'\"<>", "http://h/x^|[]%7B%7D%60'%22%3C%3E"),
    ("http://h/?x^|[]{}`'\"<>", "http://h/?x^|[]{}`%27%22%3C%3E"),
    ("http://h/#x^|[]{}`'\"<>\\", "http://h/#x^|[]{}%60'%22%3C%3E\\"),
    ("http://h/?a\\b", "http://h/?a%5Cb"),
    ("http://h/%0d%0a", "http://h/%0d%0a"),
    ("http://h/\u0085\u2028", "http://h/%C2%85%E2%80%A8"),
    ("http://h/a/./b/../c", "http://h/a/c"),
    ("http://h/a/%2e/b/%2E%2e/c", "http://h/a/c"),
    ("http://h/a/.%2e", "http://h/"),
    ("http://h/..", "http://h/"),
    ("http://h/../../a", "http://h/a"),
    ("http://h/a/.", "http://h/a/"),
    ("http://h//..//a", "http://h//a"),
    ("http://h//a//", "http://h//a//"),
    ("http://h/...", "http://h/..."),
    ("http://h/.well-known/x", "http://h/.well-known/x"),
    ("http://h/?/../x", "http://h/?/../x"),
    ("http://h/p?", "http://h/p?"),
    ("http://h/a@b:c", "http://h/a@b:c"),
    ("http://0x7f.1/", "http://127.0.0.1/"),
    ("http://[::FFFF:1.2.3.4]:8080/", "http://[::ffff:102:304]:8080/"),
    ("http://[fe80::1%25eth0]/", "http://[fe80::1%25eth0]/"),
    ("http://[fe80::1%eth0]/", "http://[fe80::1%25eth0]/"),
    ("http://h./", "http://h./"),
    ("http://ß.de/", "http://xn--zca.de/"),
    ("hTTp://u:p@h/", "http://h/"),
]


@pytest.mark.parametrize("text, expected", RENDERED)
def test_whatwg_normalisation(text, expected):
    assert str(parse_url(text)) == expected
    assert str(parse_url(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "http:\\\\evil", "http://good\\@evil/", "http://good\\evil/", "http://h/a\\b", "http://h/\\",
        "http://ev\til.com", "http://a\0b", "http://h/a\nb", "http://h/\r\nX: 1", "http://h/?\x7f",
        "http://h/#\x01",
        "\thttp://h/", "http://h/\n", "http://a b/", "http://u @h/", "http://h :80/",
        "http://h/\ud800", "http://h/?\udfff", "http://\ud800@h/",
        "http:h", "http:/h", "http:", "http:///p", "http://", "http://:80/", "http://@/", "http://?x",
        "http://#",
        "//h/p", "/p", "h/p", "", " ", "?", "http", "1http://h/", "://h", "http ://h/",
    ],
)  # fmt: skip
def test_URL_1_INJ_1_refused(text):
    with pytest.raises(InvalidURL) as caught:
        parse_url(text)
    assert not isinstance(caught.value, UnsupportedScheme)


def test_missing_slashes_are_named():
    with pytest.raises(InvalidURL, match='missing "//" after protocol'):
        parse_url("http:example.com/?token=secret")


USERINFO = [
    ("http://u:p@ss@h/", "h", "u", "p@ss"),
    ("http://a:80@b/", "b", "a", "80"),
    ("http://u@h/", "h", "u", None),
    ("http://u:@h/", "h", "u", ""),
    ("http://:p@h/", "h", "", "p"),
    ("http://@h/", "h", None, None),
    ("http://:@h/", "h", None, None),
    ("http://[::1]@h/", "h", "[", ":1]"),
    ("http://u%ZZ:%E9@h/", "h", "u%ZZ", "%E9"),
    ("http://%C3%A9:é@h/", "h", "é", "é"),
    ("http://a#@b", "a", None, None),
    ("http://a?@b", "a", None, None),
    ("http://a/@b", "a", None, None),
    ("http://u:a:b@h", "h", "u", "a:b"),
]


@pytest.mark.parametrize("text, host, username, password", USERINFO)
def test_URL_2_userinfo(text, host, username, password):
    url = parse_url(text)
    assert (url.host, url.username, url.password) == (host, username, password)
    if username:
        assert "u:" not in str(url) and "@" not in url.host_header


@pytest.mark.parametrize(
    "authority",
    [
        "a%2fb", "%31%32", "[::1]x", "[v1.x]", "[::1", "::1", "[]", "[::1]]", "a..b", "a℀b", "xn--", "a" * 64,
        "a:+80", "a:8_0", "a:٨٠", "a: 80", "a:-1", "a:65536", "a:99999", "a:100000", "a:000080", "a:80:90",
        "a:x",
        "a:" + "9" * 5000, "[::1]:x", "[::1]80", "[::1%eth0]", "[2001:db8::1%25eth0]", "[fe80::1%]",
        "[fe80::1%25]",
        "[fe80::1%25a/b]", "[fe80::1%25a%41]", "[fe80::1%25" + "a" * 65 + "]", "[fe80::1%25é]",
        "1.2.3.4.5", "256.1.1.1", "[1.2.3.4]",
    ],
)  # fmt: skip
def test_URL_4_host_and_port_forms_refused(authority):
    with pytest.raises(InvalidURL):
        parse_url(f"http://{authority}/")


def test_URL_4_zone_stays_off_the_wire():
    url = parse_url("http://[FE80::1%25eth0]:81/x")
    assert url.zone == "eth0" and url.connect_host == "fe80::1%eth0" and url.host_header == "[fe80::1]:81"
    assert url.origin == ("http", "fe80::1%eth0", 81)


def test_trailing_dot_goes_to_dns_and_host_but_not_to_comparisons():
    url = parse_url("https://Example.com./")
    assert url.connect_host == url.host_header == "example.com."
    assert url.name == "example.com"
    assert same_origin(url, parse_url("https://example.com:443/"))


@pytest.mark.parametrize(
    "host, expected",
    [("127.0.0.1", True), ("127.1", True), ("[::1]", True), ("a.com", False), ("a1", False), ("1a.", False)],
)
def test_is_address(host, expected):
    assert parse_url(f"http://{host}/").is_address is expected


@pytest.mark.parametrize("first, second", [
    ("http://a/", "https://a/"), ("http://a/", "http://a:81/"), ("http://a/", "http://b/"),
    ("http://a/", "http://a.a/"), ("http://[fe80::1%251]/", "http://[fe80::1%252]/"),
])  # fmt: skip
def test_other_origins(first, second):
    assert not same_origin(parse_url(first), parse_url(second))


@pytest.mark.parametrize("text, name", [
    ("ftp://h/", "ftp"), ("file:///etc/passwd", "file"), ("local_file:/etc/passwd", "local_file"),
    ("unix:/run/x", "unix"),
    ("data:text/plain,x", "data"), ("JavaScript:alert(1)", "javascript"), ("localhost:8080/x", "localhost"),
    ("ws://u:p@h/", "ws"), ("httpx://h", "httpx"),
])  # fmt: skip
def test_SCHEME_1_names_the_protocol(text, name):
    with pytest.raises(UnsupportedScheme) as caught:
        parse_url(text)
    assert str(caught.value) == f"Unsupported protocol {name}:"


@pytest.mark.parametrize("text", [
    "ghp0secret:x-oauth@h/", "http://secret:secret@h b/?secret#secret",
    "http://secret:secret@h:99999/?q=secret",
    "http://u:secret@[::/", "http:secret:secret@h?secret", "//u:secret@h", "http://secret@a..b/?secret",
    "http://h/\x01?secret", "http://u:secret@\ud800/",
])  # fmt: skip
def test_URL_2_messages_show_no_secret(text):
    with pytest.raises(InvalidURL) as caught:
        parse_url(text)
    assert "secret" not in str(caught.value) and len(str(caught.value)) < 80
    assert caught.value.__cause__ is None


def test_only_text_is_parsed():
    class Liar(str):
        def strip(self, *_):
            return "http://evil/"

        def startswith(self, *_):
            return True

    assert parse_url(Liar("http://h/")).host == "h"
    for value in (None, b"http://h/", 5):
        with pytest.raises(InvalidURL, match="a str is expected"):
            parse_url(value)


def test_size_is_bounded():
    room = url_module.MAX_URL - len("http://h/?")
    assert len(parse_url("http://h/?" + "x" * room).query) == room
    for padding in ("x" * (room + 1), "é" * room):
        with pytest.raises(InvalidURL, match="longer than"):
            parse_url("http://h/?" + padding)


def test_target_has_no_bare_question_mark_and_no_fragment():
    assert parse_url("http://h/p?#f").target == "/p"
    assert parse_url("http://h?a?b#f").target == "/?a?b"


def test_equality_and_pickle_and_repr():
    url = parse_url("http://u:secret@h/?a#b")
    assert url == parse_url("http://u:secret@H:80/?a#b") and url != parse_url("http://h/?a#b") and url != "x"
    assert pickle.loads(pickle.dumps(url)) == url
    assert "secret" not in repr(url)


ODD_CHARACTERS = st.sampled_from("ab/.:@?#%[]\\ 0128exX+-_~'\"<>{}|^`éß①。\t\n\r\0\x7f\ud800&=;,!$()*")
ODD = st.text(ODD_CHARACTERS | st.characters(), max_size=30)
STARTS = st.sampled_from(["http://", "https://", "http://h/", "HTTP://u:p@h:80/a?"])
TEXTS = ODD | st.builds("{}{}".format, STARTS, ODD)
TARGET_CHARACTERS = {chr(code) for code in range(0x21, 0x7F)} - set("\"<>\\#")


@given(TEXTS)
def test_parse_is_total_clean_and_idempotent(text):
    try:
        url = parse_url(text)
    except InvalidURL:
        return
    assert set(url.target) <= TARGET_CHARACTERS and url.target[0] == "/"
    assert set(url.host_header) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.:[]")
    assert 0 <= url.port <= 65535
    assert str(url).isascii()
    again = parse_url(str(url))
    assert parts(again)[:7] == parts(url)[:7] and again.username is again.password is None


@given(TEXTS)
def test_the_short_way_agrees_with_the_long_one(text):
    def outcome(parse):
        try:
            found = parse(text)
        except InvalidURL as error:
            return type(error), str(error)
        return found and parts(found)

    short = outcome(url_module._parse_plain)
    if short is not None:
        assert short == outcome(lambda text: url_module._parse_absolute(url_module.clean_text(text)))


PLAIN = "http://127.0.0.1:8080/path?x=1"


def test_the_short_way_is_taken():
    assert url_module._parse_plain(PLAIN) == parse_url(PLAIN)
    assert url_module._parse_plain("https://api.example.com/v1/users?page=2&q=a%20b") is not None


# Joining

BASE = "http://u:p@a/b/c/d;p?q#base"

JOINED = [
    # RFC 3986 §5.4.1 and §5.4.2
    ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"), ("/g", "http://a/g"),
    ("//g", "http://g/"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
    (";x", "http://a/b/c/;x"),
    (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"), ("../g", "http://a/b/g"),
    ("../..", "http://a/"), ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("g.", "http://a/b/c/g."),
    ("g;x=1/../y", "http://a/b/c/y"), ("g?y/../x", "http://a/b/c/g?y/../x"),
    # REDIR-3
    ("http://o/x", "http://o/x"), ("HTTPS://O", "https://o/"), ("http://u:p@o/", "http://o/"),
    ("//u:p@o/x", "http://o/x"),
    ("/caf\xe9", "http://a/caf%C3%A9"), ("/a b", "http://a/a%20b"), ("  /x ", "http://a/x"),
    ("..//o", "http://a/b//o"),
    ("12:30", "http://a/b/c/12:30"), ("../http://x", "http://a/b/http://x"), ("%2e%2E/g", "http://a/b/g"),
    ("?", "http://a/b/c/d;p?"), ("g@h:1", "http://a/b/c/g@h:1"), ("http://[::1]:80/", "http://[::1]/"),
]  # fmt: skip


@pytest.mark.parametrize("reference, expected", JOINED)
def test_REDIR_3_join(reference, expected):
    joined = join_url(parse_url(BASE), reference)
    assert str(joined) == expected + "#base"
    assert joined.username is joined.password is None


def test_join_keeps_a_fragment_of_the_reference():
    base = parse_url(BASE)
    assert str(join_url(base, "#new")) == "http://a/b/c/d;p?q#new"
    assert str(join_url(base, "http://o/#")) == "http://o/#"
    assert join_url(parse_url("http://a/"), "/x").fragment is None


@pytest.mark.parametrize(
    "reference",
    ["", "  ", "http:b", "http:/b", "https:b", "http:\\\\b", "\\\\b", "/\\b", "a\\b", "//", "///b", "http:///b",
     "//a b/",
     "/\r\tX", "/\r\nSet-Cookie: a=b", "/\0", "/\x7f", "/\ud800", "http://h:99999/", "//h:x/"],
)  # fmt: skip
def test_REDIR_3_bad_references(reference):
    with pytest.raises(InvalidURL) as caught:
        join_url(parse_url(BASE), reference)
    assert not isinstance(caught.value, UnsupportedScheme)


OTHER_SCHEMES = ["file:///etc/passwd", "data:,x", "ftp://h/", "javascript:alert(1)", "g:h"]


@pytest.mark.parametrize("reference", OTHER_SCHEMES)
def test_REDIR_3_other_schemes(reference):
    with pytest.raises(UnsupportedScheme):
        join_url(parse_url(BASE), reference)


SEGMENT = st.text("abc", min_size=1, max_size=3) | st.sampled_from([".", ".."])
PATHS = st.lists(SEGMENT, min_size=1, max_size=6).map("/".join)
REFERENCES = st.builds(
    lambda root, path, query: root + path + query,
    st.sampled_from(["", "/", "//host/"]), PATHS, st.sampled_from(["", "?x=1"]),
)  # fmt: skip


@given(PATHS, REFERENCES)
def test_join_agrees_with_the_standard_library(path, reference):
    base = parse_url("http://h/" + path)
    expected = str(parse_url(urljoin(str(base), reference)))
    assert str(join_url(base, reference)) == expected


@given(TEXTS)
def test_join_is_total_and_agrees_with_parse(reference):
    base = parse_url(BASE)
    try:
        joined = join_url(base, reference)
    except InvalidURL:
        return
    assert joined.username is joined.password is None
    assert parts(parse_url(str(joined))) == parts(joined)


# Pieces


@pytest.mark.parametrize("text, expected", [
    ("", ""), ("a", "a"), ("a%20b", "a b"), ("%C3%A9", "é"), ("%e2%82%ac%", "%e2%82%ac%"), ("%", "%"),
    ("%4", "%4"),
    ("%zz", "%zz"), ("%+1", "%+1"), ("% 1", "% 1"), ("%FF", "%FF"), ("%00", "\0"), ("é%41", "éA"),
])  # fmt: skip
def test_percent_decoded(text, expected):
    assert percent_decoded(text) == expected


def test_parse_authority():
    assert parse_authority("u:p@[::1]:8080", 80) == ("::1", None, 8080, "u", "p")
    assert parse_authority("h", 1080) == ("h", None, 1080, None, None)


PIECES = ["@", " ", "\xa0", "%", "../", "/..", "/%2e", ":", "[", "?", "#", "\\", "é", "a.", "//"]


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize("prefix", ["http://h/", "http://", "http://h/?", "http://h/#", ""])
def test_CPU_1_linear(prefix, piece):
    text = prefix + piece * (200_000 // len(piece))
    start = time.perf_counter()
    for parse in (parse_url, lambda text: join_url(parse_url("http://h/"), text)):
        try:
            parse(text)
        except InvalidURL:
            pass
    # Some tens of milliseconds where it is linear, minutes where it is not.
    assert time.perf_counter() - start < 10


# What is kept


@given(TEXTS)
def test_a_url_is_the_same_when_it_is_parsed_again(text):
    try:
        first = parse_url(text)
    except InvalidURL:
        with pytest.raises(InvalidURL):
            parse_url(text)
        return
    url_module._parsed.clear()
    assert parts(parse_url(text)) == parts(parse_url(text)) == parts(first)


def test_FLOOD_5_what_is_kept_is_bounded_and_holds_no_secret():
    for number in range(1000):
        parse_url("http://h/%d" % number)
    for text in ("http://user:secret@h/", "http://h/?" + "x" * 1000):
        parse_url(text)
        assert text not in url_module._parsed
    assert 0 < len(url_module._parsed) <= 256


def test_a_subclass_of_str_is_not_looked_up():
    class Text(str):
        def __hash__(self):
            return hash("http://known/")

        def __eq__(self, other):
            return True

    parse_url("http://known/")
    assert parse_url(Text("http://other/")).host == "other"
