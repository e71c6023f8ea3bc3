from __future__ import annotations

import copy
import http
import pickle

import pytest

from miniaxios.status import HttpStatusCode


@pytest.mark.parametrize(
    "name, code",
    [
        ("Continue", 100),
        ("EarlyHints", 103),
        ("Ok", 200),
        ("ImUsed", 226),
        ("Unused", 306),
        ("PermanentRedirect", 308),
        ("NotFound", 404),
        ("PayloadTooLarge", 413),
        ("UriTooLong", 414),
        ("ImATeapot", 418),
        ("MisdirectedRequest", 421),
        ("UnprocessableEntity", 422),
        ("TooEarly", 425),
        ("TooManyRequests", 429),
        ("UnavailableForLegalReasons", 451),
        ("HttpVersionNotSupported", 505),
        ("NetworkAuthenticationRequired", 511),
        ("WebServerReturnsAnUnknownError", 520),
        ("WebServerIsDown", 521),
        ("ConnectionTimedOut", 522),
        ("OriginIsUnreachable", 523),
        ("TimeoutOccurred", 524),
        ("SslHandshakeFailed", 525),
        ("InvalidSslCertificate", 526),
    ],
)
def test_axios_names_are_the_names(name: str, code: int) -> None:
    assert HttpStatusCode[name] == code
    assert HttpStatusCode(code).name == name


@pytest.mark.parametrize("name", sorted(http.HTTPStatus.__members__))
def test_http_status_names_are_aliases(name: str) -> None:
    assert HttpStatusCode[name] is HttpStatusCode(int(http.HTTPStatus[name]))


@pytest.mark.parametrize(
    "name, code",
    [
        ("EARLY_HINTS", 103),
        ("IM_A_TEAPOT", 418),
        ("TOO_EARLY", 425),
        ("REQUEST_ENTITY_TOO_LARGE", 413),
        ("CONTENT_TOO_LARGE", 413),
        ("URI_TOO_LONG", 414),
        ("UNPROCESSABLE_CONTENT", 422),
    ],
)
def test_names_of_newer_and_older_pythons(name: str, code: int) -> None:
    assert HttpStatusCode[name] == code


@pytest.mark.parametrize(
    "first, second", [("PayloadTooLarge", "ContentTooLarge"), ("UnprocessableEntity", "UnprocessableContent")]
)
def test_two_axios_names_of_one_code(first: str, second: str) -> None:
    assert HttpStatusCode[first] is HttpStatusCode[second]
    assert HttpStatusCode[second].name == first


def test_every_member_has_a_name_in_words_and_one_in_capitals() -> None:
    for member in HttpStatusCode:
        names = [name for name, found in HttpStatusCode.__members__.items() if found is member]
        assert member.name == names[0] and not member.name.isupper()
        assert any(name.isupper() for name in names)


def test_it_is_a_number() -> None:
    assert HttpStatusCode.NotFound == 404 and {404: 1}[HttpStatusCode.NotFound] == 1
    assert (
        str(HttpStatusCode.NotFound)
        == f"{HttpStatusCode.NotFound}"
        == "%d" % HttpStatusCode.NotFound
        == "404"
    )
    assert f"{HttpStatusCode.NotFound:05d}" == "00404"
    assert "NotFound" in repr(HttpStatusCode.NotFound)


def test_unknown_code() -> None:
    with pytest.raises(ValueError):
        HttpStatusCode(299)


def test_pickle_and_copy_give_the_member() -> None:
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(HttpStatusCode.Gone, protocol)) is HttpStatusCode.GONE
    assert copy.deepcopy(HttpStatusCode.Gone) is HttpStatusCode.Gone
