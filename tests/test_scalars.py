from __future__ import annotations

import datetime
import decimal
import enum
import fractions
import io
import pathlib
import sys
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from miniaxios.errors import AxiosError
from miniaxios.scalars import date_text, is_date, is_enum, number_text, text_of

UTC = datetime.timezone.utc


class Colour(str, enum.Enum):
    RED = "red"


class Level(enum.IntEnum):
    HIGH = 3


class Shouting(str):
    def __str__(self) -> str:
        return "SHOUT"


class Measure(float):
    def __repr__(self) -> str:
        return "Measure(...)"


class Named:
    def __str__(self) -> str:
        return "named"


class Broken:
    def __str__(self) -> str:
        raise RuntimeError("no text today")


class Nameless:
    pass


@pytest.mark.parametrize(
    "value, text",
    [
        (1.0, "1"),
        (-0.0, "0"),
        (0.1, "0.1"),
        (-2.5, "-2.5"),
        (1e16, "10000000000000000"),
        (123456789012345680000.0, "123456789012345680000"),
        (1e21, "1e+21"),
        (-1.5e300, "-1.5e+300"),
        (1e-6, "0.000001"),
        (1.25e-6, "0.00000125"),
        (1e-7, "1e-7"),
        (5e-324, "5e-324"),
        (float("nan"), "NaN"),
        (float("inf"), "Infinity"),
        (float("-inf"), "-Infinity"),
        (9007199254740993.0, "9007199254740992"),
    ],
)
def test_numbers_print_as_in_javascript(value: float, text: str) -> None:
    assert number_text(value) == text


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_reads_back_to_itself(value: float) -> None:
    assert float(number_text(value)) == value


@given(st.floats(min_value=1e-6, max_value=1e20) | st.floats(min_value=-1e20, max_value=-1e-6))
def test_numbers_of_everyday_size_have_no_exponent(value: float) -> None:
    text = number_text(value)
    assert "e" not in text and not text.endswith((".", ".0"))


@pytest.mark.parametrize(
    "value, text",
    [
        ("", ""),
        (0, "0"),
        (-7, "-7"),
        (10**25, "1" + "0" * 25),
        (True, "true"),
        (False, "false"),
        (None, "null"),
        (b"caf\xc3\xa9", "caf\u00e9"),
        (b"\xff!", "\ufffd!"),
        (bytearray(b"ab"), "ab"),
        (memoryview(b"ab"), "ab"),
        (Colour.RED, "red"),
        (Level.HIGH, "3"),
        (Shouting("quiet"), "quiet"),
        (Measure(2.0), "2"),
        (Named(), "named"),
        (decimal.Decimal("1.10"), "1.10"),
        (fractions.Fraction(1, 3), "1/3"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (pathlib.PurePosixPath("a/b"), "a/b"),
        (datetime.date(2020, 1, 2), "2020-01-02"),
        (datetime.time(1, 2, 3), "01:02:03"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5, 6), "2020-01-02T03:04:05.000006"),
        (datetime.datetime(2020, 1, 2, 3, 4, 5, 987654, UTC), "2020-01-02T03:04:05.987Z"),
    ],
)
def test_text_of_values(value: object, text: str) -> None:
    assert text_of(value) == text
    assert type(text_of(value)) is str


@pytest.mark.parametrize(
    "value", [Nameless(), print, (c for c in ""), io.BytesIO(), [1], {"a": 1}, ValueError]
)
def test_what_has_no_text_of_its_own_is_an_error_that_names_the_field(value: object) -> None:
    with pytest.raises(AxiosError) as caught:
        text_of(value, "a[b]")
    assert caught.value.code == "ERR_BAD_REQUEST"
    assert "a[b]" in caught.value.message or type(value).__str__ is object.__str__
    assert type(value).__name__ in caught.value.message
    assert " at 0x" not in caught.value.message


def test_a_failing_str_keeps_its_cause() -> None:
    with pytest.raises(AxiosError) as caught:
        text_of(Broken())
    assert isinstance(caught.value.cause, RuntimeError)


@pytest.mark.skipif(not hasattr(sys, "get_int_max_str_digits"), reason="ints print at any length")
def test_CPU_3_an_int_too_long_to_print() -> None:
    with pytest.raises(AxiosError) as caught:
        text_of(10**5000)
    assert caught.value.code == "ERR_BAD_REQUEST"


@given(st.datetimes(timezones=st.just(UTC)))
def test_aware_datetimes_have_milliseconds_and_z(moment: datetime.datetime) -> None:
    text = date_text(moment)
    assert len(text) == 24 and text.endswith("Z")
    read = datetime.datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    assert datetime.timedelta(0) <= moment - read < datetime.timedelta(milliseconds=1)


@given(
    st.datetimes(datetime.datetime(2, 1, 1), datetime.datetime(9998, 1, 1)),
    st.integers(-14 * 60, 14 * 60),
)
def test_every_zone_ends_in_utc(naive: datetime.datetime, minutes: int) -> None:
    zone = datetime.timezone(datetime.timedelta(minutes=minutes))
    moment = naive.replace(tzinfo=zone)
    assert date_text(moment) == date_text(moment.astimezone(UTC))


@given(st.datetimes())
def test_naive_datetimes_stay_as_they_are(moment: datetime.datetime) -> None:
    assert date_text(moment) == moment.isoformat()


def test_a_moment_outside_of_the_calendar() -> None:
    early = datetime.datetime(1, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=5)))
    with pytest.raises(OverflowError):
        date_text(early)
    with pytest.raises(AxiosError) as caught:
        text_of(early)
    assert caught.value.code == "ERR_BAD_REQUEST"


def test_kinds() -> None:
    assert is_date(datetime.date(2020, 1, 1)) and is_date(datetime.datetime(2020, 1, 1))
    assert not is_date("2020-01-01")
    assert is_enum(Colour.RED) and not is_enum(Colour) and not is_enum("red")
