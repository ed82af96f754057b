"""Applications that write what they are sent in a way of their own: what stands is recognised, answered and kept."""

import json
from collections.abc import Callable
from urllib.parse import unquote

import pytest

from connectors.contract import CollectionSpec, Query
from connectors.entry import Change, Kind
from connectors.errors import InvalidValue, Unavailable
from connectors.filters import AnyOf, Compare, Operator
from connectors.rest.collection import RestCollection
from tests.connectors.test_rest_calls import Open, opened
from tests.connectors.test_rest_hostile import Reply, Wicked, wicked

__all__ = ["opened", "wicked"]
pytestmark = pytest.mark.anyio


class Speller:
    """Keeps people under their names as ``spelled`` writes them; reads them by that, or by every spelling.

    :param tells: what the answer to a creation tells: ``id``, ``location`` or ``nothing``.
    """

    def __init__(self, spelled: Callable[[str], str], tells: str = "nothing", lenient: bool = False) -> None:
        self.spelled, self.tells, self.lenient = spelled, tells, lenient
        self.people: dict[str, str] = {}

    def __call__(self, path: str, content: bytes) -> Reply:
        place, _, query = path.partition("?")
        if content:
            sent = json.loads(content)
            name = self.spelled(sent["name"])
            self.people[name] = sent.get("mail", "")
            told = {"name": name} if self.tells == "id" else {}
            headers = {"Location": f"/people/{name.replace(' ', '%20')}"} if self.tells == "location" else {}
            return 201, headers, json.dumps(told).encode()
        if place == "/people":
            wanted = unquote(query.removeprefix("mail="))
            shown = [{"name": n, "mail": m} for n, m in self.people.items() if not query or m == wanted]
            return 200, {}, json.dumps({"rows": shown}).encode()
        name = unquote(place.removeprefix("/people/"))
        name = self.spelled(name) if self.lenient else name
        known = {"name": name, "mail": self.people.get(name)}
        return (200, {}, json.dumps(known).encode()) if name in self.people else (404, {}, b"{}")


def people(opened: Open, wicked: Wicked, speller: Speller, find: bool = False) -> RestCollection:
    wicked.answers = speller
    http = {"list": {"get": "/people", "items": "rows"}, "read": {"get": "/people/{id}"}}
    http |= {"create": {"post": "/people"}, "update": {"patch": "/people/{id}"}}
    http |= {"find": {"get": "/people?mail={mail}", "items": "rows"}} if find else {}
    spec = CollectionSpec("User", "name", attributes=frozenset({"name", "mail"}), options={"http": http})
    return opened({"base": wicked.url}, spec)


@pytest.mark.parametrize(
    ("sent", "spelled", "tells", "lenient"),
    [
        ("Ann@X.org", str.lower, "nothing", True),
        ("Ann@X.org", str.lower, "nothing", False),
        ("Ann@X.org", str.lower, "id", False),
        (" Ann ", str.strip, "nothing", False),
        (" Ann ", lambda name: name.strip().lower(), "nothing", False),
        ("Ann  Lee", lambda name: " ".join(name.upper().split()), "location", False),
        ("A\u0308nn", lambda name: name.replace("A\u0308", "Ä"), "nothing", False),
    ],
)
async def test_a_spelling_of_the_applications_own_is_recognised(
    wicked: Wicked, opened: Open, sent: str, spelled: Callable[[str], str], tells: str, lenient: bool
) -> None:
    held = people(opened, wicked, Speller(spelled, tells, lenient))
    entry = await held.create({"name": (sent,), "mail": ("a@x",)})
    assert (entry.id, entry.attributes["mail"]) == (spelled(sent), ("a@x",))
    assert (await held.read(entry.id)).id == entry.id
    same = await held.update(entry.id, [Change(Kind.REPLACE, "name", (sent,))])
    assert same is not None
    assert same.id == entry.id
    assert not [each for each in wicked.asked if each.startswith("PATCH")]


async def test_who_is_called_otherwise_is_found_by_another_value(wicked: Wicked, opened: Open) -> None:
    held = people(opened, wicked, Speller(lambda name: f"u-{len(name)}"), find=True)
    assert (await held.create({"name": ("Ann Lee",), "mail": ("a@x",)})).id == "u-7"


async def test_who_is_not_found_again_may_have_been_made(wicked: Wicked, opened: Open) -> None:
    held = people(opened, wicked, Speller(lambda name: f"u-{len(name)}"))
    with pytest.raises(Unavailable, match="is not found again") as failure:
        await held.create({"name": ("Ann Lee",), "mail": ("a@x",)})
    assert failure.value.uncertain


async def test_an_id_does_not_change(wicked: Wicked, opened: Open) -> None:
    held = people(opened, wicked, Speller(str.lower))
    entry = await held.create({"name": ("ann",)})
    with pytest.raises(InvalidValue) as refused:
        await held.update(entry.id, [Change(Kind.REPLACE, "name", ("bob",))])
    assert refused.value.attribute == "name"
    assert not [each for each in wicked.asked if each.startswith("PATCH")]


async def test_an_id_that_is_a_name_is_looked_for_in_any_capitals(wicked: Wicked, opened: Open) -> None:
    speller = Speller(str)
    held = people(opened, wicked, speller)
    speller.people |= {"Ann": "a@x", "ann": "b@x", "bob": "c@x"}
    for exact, found in ((False, {"Ann", "ann"}), (True, {"ann"})):
        for term in (Compare("name", Operator.EQ, "ann", exact), AnyOf("name", ("ann", "zoe"), exact)):
            page = await held.search(Query(term))
            assert {entry.id for entry in page.entries} == found
