"""Filters, lists of attributes, counts and cursors by people who mean no good."""

from typing import Any
from urllib.parse import quote

import pytest

from tests.hostile.ground import TOKEN, Ground
from tests.scim.wire import USER

SEARCH = "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
NO_FILTERS = [
    "*", "(", ")", "()", "(uid=*)", "(&(uid=*)(userPassword=*))", "userName", "userName eq", 'eq "x"', 'userName "x"',
    'userName eq "x', "userName eq x\"", 'userName eq "\x00"', 'userName eq "a\\"', 'userName eq "\\u00',
    "userName eq *",
    "userName eq (1)", 'userName xx "y"', 'userName eq "a" or', 'and userName eq "a"', "not", "not userName pr",
    'userName eq "a" userName eq "b"', "[", "emails[", 'emails[type eq "work"', 'emails[emails[type eq "a"]]',
    "a..b pr",
    ".a pr", "1 eq 1", "true", "null", "userName eq {}", "userName eq []", "'; drop table x", "userName eq 'x'",
    "username pr -- ", 'userName eq "a" and and userName eq "b"', 'active gt "x"', "active co true",
    'emails[nope eq "x"]',
    "userName gt", 'meta.created gt "yesterday"', "\x00", "\ufffd pr", "userName pr" + "\x00", "(" * 5_000,
    "not (" * 5_000,
    "(" * 5_000 + "userName pr" + ")" * 4_999, "not (" * 200 + "userName pr" + ")" * 200,
    "userName pr or " * 7_000 + "x pr",
    "a" * 100_000, 'userName eq "' + "x" * 100_000 + '"', 'emails[type eq "a" and ' * 50 + "value pr" + "]" * 50,
]  # fmt: skip
HARMLESS = [
    'userName eq "*)(uid=*"', 'userName eq "*"', 'userName co "*"', 'userName sw "%"', 'userName ew "_"',
    "userName eq null",
    'userName eq "\\u0041\\\\"', 'userName eq "\\"or 1=1"', 'userName eq "(&(a=b))"', 'displayName eq "\\u0001"',
    'id eq "*"',
    'id eq "uid=x,dc=example,dc=com"', 'id eq "\'"', 'externalId eq "\\\\2a"', 'userName eq ""', 'userName co ""',
    "(((userName eq \"nobody\")))", 'not (userName pr)', 'meta.created lt "0001-01-01T00:00:00Z"',
    'emails[value co "*" and type eq "work"]', 'emails.value eq "*"', 'userName gt "\U0010ffff"',
    'groups.value eq "cn=admins"', 'manager eq "*"', 'title eq "\\ud83d\\udca5"',
]  # fmt: skip


def listed(ground: Ground, filter: str, refused: bool) -> Any:
    """Ask by GET and by POST; both answer the same."""
    body = {"schemas": [SEARCH], "filter": filter}
    by_post = ground.refused("POST", "/Users/.search", body) if refused else ground.send("POST", "/Users/.search", body)
    if len(filter) < 20_000:
        by_get = ground.send("GET", f"/Users?filter={quote(filter, safe='')}")
        assert by_get.status_code == by_post.status_code
        assert by_get.json() == by_post.json()
    return by_post


@pytest.mark.parametrize("filter", NO_FILTERS, ids=range(len(NO_FILTERS)))
def test_what_is_no_filter_is_invalid_filter(ground: Ground, filter: str) -> None:
    with ground.serving_others():
        answer = listed(ground, filter, refused=True)
    assert (answer.status_code, answer.json()["scimType"]) == (400, "invalidFilter")


@pytest.mark.parametrize("filter", HARMLESS, ids=range(len(HARMLESS)))
def test_what_looks_like_more_is_a_value(ground: Ground, filter: str) -> None:
    ground.user()
    answer = listed(ground, filter, refused=False)
    assert answer.status_code == 200
    assert answer.json()["totalResults"] == (0 if filter != 'userName co ""' else answer.json()["totalResults"])


@pytest.mark.parametrize(
    "filter",
    ["(" * 2_000 + "userName pr" + ")" * 2_000, " or ".join(f'userName eq "{n}"' for n in range(500)),
     " and ".join(["userName pr"] * 700), "not (" * 15 + "userName pr" + ")" * 15, "(" * 31 + "userName pr" + ")" * 31],
    ids=range(5),
)  # fmt: skip
def test_long_filters_are_answered_or_refused(ground: Ground, filter: str) -> None:
    with ground.serving_others():
        answer = listed(ground, filter, refused=False)
    assert answer.status_code == 200 or answer.json()["scimType"] == "invalidFilter"


@pytest.mark.parametrize("kind", ["attributes", "excludedAttributes"])
@pytest.mark.parametrize(
    "names",
    [[f"a{n}" for n in range(10_000)], ["userName"] * 10_000, ["x" * 100_000], ["emails[" * 1_000], ["\x00"], ["*"],
     ["urn:" * 1_000], ["name." * 100], [",,,"], ["../.."], ["password"], ["%00"], ["(a)"]],
    ids=range(13),
)  # fmt: skip
def test_lists_of_names(ground: Ground, kind: str, names: list[str]) -> None:
    ground.user(password="pa55-never-shown")
    with ground.serving_others():
        answer = ground.send("POST", "/Users/.search", {"schemas": [SEARCH], kind: names, "count": 5})
    assert answer.status_code in (200, 400)
    assert "pa55-never-shown" not in answer.text
    text = ",".join(names)
    by_get = ground.send("GET", f"/Users?count=5&{kind}={quote(text[:20_000], safe='')}")
    assert by_get.status_code in (200, 400, 414)


@pytest.mark.parametrize("value", [10**18, -(10**18), 2**31, 2**63, 2**64, 0, -1])
@pytest.mark.parametrize("name", ["count", "startIndex"])
def test_huge_numbers(ground: Ground, name: str, value: int) -> None:
    ground.user()
    answer = ground.send("GET", f"/Users?{name}={value}")
    by_post = ground.send("POST", "/Users/.search", {"schemas": [SEARCH], name: value})
    assert answer.status_code == by_post.status_code
    assert answer.json() == by_post.json()
    if answer.status_code == 200:
        page = answer.json()
        assert page["itemsPerPage"] == len(page["Resources"]) <= 1000
    else:
        assert answer.json()["scimType"] == "invalidValue"


@pytest.mark.parametrize(
    "value", ["", "x", "1.5", "1e3", "0x10", "٣", "1;2", " 1", "+1", "NaN", "null", "true", "9" * 5_000]
)
@pytest.mark.parametrize("name", ["count", "startIndex"])
def test_numbers_that_are_none(ground: Ground, name: str, value: str) -> None:
    assert ground.send("GET", f"/Users?{name}={quote(value)}").status_code in (200, 400)


def test_cursors_are_nobody_else_s(ground: Ground) -> None:
    for _ in range(4):
        ground.user()
    good = ground.send("GET", "/Users?count=2&cursor").json()["nextCursor"]
    assert ground.send("GET", f"/Users?count=2&cursor={quote(good)}").status_code == 200
    parts = good.split(".")
    forged = [
        good[:-1], good + "A", good[::-1], good.upper(), "x", "a.b.c", "*", "\x00", "é", "x" * 10_000, "..", "{}",
        "null",
        ".".join(part[::-1] for part in parts), good[: len(good) // 2], good * 100,
        good.replace(good[5], "-" if good[5] == "_" else "_"),
    ]  # fmt: skip
    for cursor in forged:
        answer = ground.refused("GET", f"/Users?count=2&cursor={quote(cursor, safe='')}")
        assert answer.json()["scimType"] in ("invalidCursor", "expiredCursor"), cursor[:40]
    # It belongs to its query.
    for other in ("/Groups?count=2", "/Users?count=2&filter=active eq true", "/Users?count=2&sortBy=userName"):
        assert ground.refused("GET", f"{other}&cursor={quote(good)}").status_code == 400


@pytest.mark.parametrize(
    "query",
    [b"filter=%ff%fe", b"filter=%c0%af", b"filter=\xff", b"%ff=1", b"attributes=%80", b"cursor=%ff", b"sortBy=%fe"],
)
def test_a_query_that_is_no_utf_8(ground: Ground, query: bytes) -> None:
    raw = b"GET /%s/Users?%s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n"
    answer = ground.raw(raw % (ground.name.encode(), query, TOKEN.encode()))
    assert answer.split(b" ", 2)[1] == b"400"
    ground.tight(answer.decode("utf-8", "replace"))


@pytest.mark.parametrize(
    "query",
    ["%", "%%%", "%2", "%zz=%zz", "&&&&", "=", "==x", "filter", "a=b&" * 5_000, "filter=%25", "%00=%00", "?" * 100],
)
def test_percent_signs_everywhere(ground: Ground, query: str) -> None:
    answer = ground.raw(
        f"GET /{ground.name}/Users?{query} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n".encode()
    )
    assert int(answer.split(b" ", 2)[1]) in (200, 400, 414)
    ground.tight(answer.decode("utf-8", "replace"))


def test_a_filter_on_a_password_finds_nothing_out(ground: Ground) -> None:
    user = ground.user(password="guess-me-if-you-can")
    for filter in ('password eq "guess-me-if-you-can"', "password pr", 'password sw "g"', 'not (password eq "x")'):
        body = {"schemas": [SEARCH], "filter": f'userName eq "{user["userName"]}" and {filter}'}
        answer = ground.send("POST", "/Users/.search", body)
        other = ground.send(
            "POST", "/Users/.search", {"schemas": [SEARCH], "filter": body["filter"].replace("guess-me", "no")}
        )
        assert answer.status_code == other.status_code
        if answer.status_code == 200:
            assert answer.json()["totalResults"] == other.json()["totalResults"]
    assert ground.send("GET", "/Users?sortBy=password").status_code in (200, 400)
    assert USER in user["schemas"]
