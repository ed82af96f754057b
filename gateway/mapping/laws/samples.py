"""Values to try the laws with, and smaller ones that still break them: the same file, the same values."""

import base64
import random
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

T = TypeVar("T")

COUNT = 200
"""How many values a row is tried with."""

_TEXTS = (
    "a", "A", "aB", "Ann", "ann.lee@corp.example", "Ann.Lee@Corp.Example", " a", "a ", "a  b", " A  b ",
    "\ta\n", "0", "00", "1", "-1", "true", "TRUE", "False", "null", "None", "*", "a*b", "(x)", "a\\b", "\\2a",
    "a,b", "ou=admins,dc=x", "evil,ou=admins", "#1", "+1", "+12015550123", "+1 (201) 555-0123",
    "tel:+12015550123", "a=b", "a;b", "a|b", "a/b", "a:b", "a'b", 'a"b', "''", '"', "%", "%s", "100%", "_",
    "{a}", "{", "$a", "<b>", "&amp;", "ß", "ẞ", "Straße", "é", "e\u0301", "Ünïcödé", "İ", "ı", "ſ", "ǅ", "K",
    "日本語", "𝔞", "👩‍👩‍👧", "a\u00a0b", "a\u200bb", "a\u2028b", "a" * 64, "a" * 65, "é" * 255, "DE", "de", "US",
    "GB", "DEU", "Germany", "http://a.example/~a?b=c#d", "urn:a:b", "2026-01-02T03:04:05Z",
    "2026-01-02T03:04:05.678+02:00", "20260102030405Z", "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "YWI=", "YWI",
    "{}", "[]", '{"a":1}', "a@b", "@", "a@", "@b", "a@b@c", "first last",
    "active", "invited", "disabled", "locked", "enabled", "inactive", "suspended", "Y", "N",
)  # fmt: skip
_INTEGERS = (0, 1, -1, 2, 3, 7, 8, 9, 16, 255, 256, 512, 514, 544, 546, 66048, 66050, 66080, 2**31 - 1, 2**31, -(2**31))
_TIMES = (
    "2026-01-02T03:04:05Z", "2026-01-02T03:04:05.678Z", "2026-01-02T03:04:05.123456Z",
    "2026-12-31T23:59:59+02:00", "1970-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2000-02-29T12:00:00-11:30",
    "1601-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
)  # fmt: skip
_ALPHABET = "abcXYZ019 .,-_@+*()\\/'\"=ßéÉ日"


def scim_values(scim_type: str, seed: str) -> list[Any]:
    """Return values of a SCIM type (RFC 7643 §2.3) as JSON has them, simple ones first."""
    match scim_type:
        case "boolean":
            return [True, False]
        case "integer":
            return _filled(_INTEGERS, lambda chance: chance.randint(-(2**31), 2**32), seed)
        case "decimal":
            return _filled((0.5, -0.25, 1.0, 1e-9, 1e15, *_INTEGERS), lambda chance: chance.uniform(-1e6, 1e6), seed)
        case "dateTime":
            return _filled(_TIMES, _time, seed)
        case "binary":
            return _filled(("", "YQ==", "YWI=", "YWJj", "//79", "AAAA"), _binary, seed)
    return _filled(_TEXTS, _text, seed)


def target_values(seed: str) -> list[Any]:
    """Return values that a target may hold: anything that others may have written there."""
    return [*_TEXTS, *_INTEGERS, *map(str, _INTEGERS), *_TIMES, *(_text(chance) for chance in _chances(seed, 40))]


def _filled(picked: Iterable[T], make: Callable[[random.Random], T], seed: str) -> list[T]:
    values = list(picked)
    return values + [make(chance) for chance in _chances(seed, COUNT - len(values))]


def _chances(seed: str, count: int) -> Iterator[random.Random]:
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose, nothing is kept secret by it
    for _ in range(count):
        yield chance


def _text(chance: random.Random) -> str:
    return "".join(chance.choices(_ALPHABET, k=chance.randint(1, 12)))


def _time(chance: random.Random) -> str:
    day, hour, second = chance.randint(1, 28), chance.randint(0, 23), chance.randint(0, 59)
    part = chance.choice(("", ".5", ".25", ".123456"))
    zone = chance.choice(("Z", "+00:00", "-05:00", "+05:30"))
    year, month = chance.randint(1971, 2099), chance.randint(1, 12)
    return f"{year}-{month:02}-{day:02}T{hour:02}:30:{second:02}{part}{zone}"


def _binary(chance: random.Random) -> str:
    return base64.b64encode(chance.randbytes(chance.randint(1, 24))).decode()


def shrunk(
    value: T, breaks: Callable[[T], bool], simpler_than: Callable[[T], Iterable[T]] | None = None, tries: int = 400
) -> T:
    """Return a small value that still ``breaks``, found by trying simpler ones greedily.

    :param simpler_than: yields simpler values, the simplest first; without it, what suits text, numbers and JSON.
    """
    again = True
    while again and tries > 0:
        again = False
        for simpler in (simpler_than or _simpler)(value):
            tries -= 1
            if breaks(simpler):
                value, again = simpler, True
                break
            if tries <= 0:
                break
    return value


def _simpler(value: Any) -> Iterator[Any]:
    """Yield values that a person would call simpler, the simplest first."""
    if isinstance(value, bool):
        return
    if isinstance(value, str):
        yield from _simpler_texts(value)
    elif isinstance(value, int) and value:
        yield from dict.fromkeys((0, value // 2 if value > 0 else -value, value - 1 if value > 0 else value + 1))
    elif isinstance(value, dict):
        yield from ({other: value[other] for other in value if other != key} for key in value)
        yield from ({**value, key: simpler} for key in value for simpler in _simpler(value[key]))
    elif isinstance(value, list | tuple):
        make = type(value)
        yield from (make([*value[:index], *value[index + 1 :]]) for index in range(len(value)))
        yield from (
            make([*value[:index], simpler, *value[index + 1 :]])
            for index in range(len(value))
            for simpler in _simpler(value[index])
        )


def _simpler_texts(value: str) -> Iterator[str]:
    half = len(value) // 2
    if half:
        yield from (value[:half], value[half:])
        yield from (value[:index] + value[index + 1 :] for index in range(len(value)))
    for plain in ("a", "A"):
        for index, letter in enumerate(value):
            if letter not in "aA" and letter != plain:
                yield value[:index] + plain + value[index + 1 :]
