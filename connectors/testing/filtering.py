"""Filters: every operator over ordinary and hostile text, compared with the oracle."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pytest

from connectors.contract import Query
from connectors.entry import GROUPS, ID, MEMBERS, Attributes, Entry, Ref
from connectors.errors import InvalidValue
from connectors.filters import And, AnyOf, Compare, Filter, Leaf, Not, Operator, Or, Present, Verdict
from connectors.testing.oracle import NO, YES, Oracle
from connectors.testing.specimen import Ground

HELD = (
    *("Ann", "ann lee", "ANNE", "a*n", "a(n)", "a\\n", "100%", "100", "1000", "a_b", "axb", "a/b", "a/%b"),
    *("O'Neil", '"quoted"', "'; DROP TABLE users; --", "Örn", "örn ÖRN", "Straße", "STRASSE", "日本", "😀 smile"),
    *("a,ou=admins", "#hash", "NULL", "true", "0", "-1", "Ümit*", "z" * 120, "b", "B", "c", "*", "%", "_", "\\", "/"),
    *(" lead", "trail ", "two  spaces"),
)
ASKED = (
    *HELD,
    *(
        "n",
        "N",
        "AN",
        "a%",
        "a_",
        "%%",
        "__",
        "(",
        ")",
        "*)",
        "*)(cn=*",
        "\\2a",
        "\\\\",
        "'",
        "''",
        '"',
        "ö",
        "Ö",
        "ÖR",
    ),
    *("ß", "ss", "😀", "本", " ", "  ", "\0", "a\0", "\ud800", "", "\n", "' OR '1'='1", "x" * 9000, "%s", ":p0", "$1"),
)
SOME = ("Ann", "a*n", "100%", "a_b", "örn", "O'Neil", "\\", "", "nobody", "\0", " lead")


class Populated:
    """People with attributes known to the oracle."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        specimen = ground.specimen
        self.oracle = Oracle([specimen.moment] if specimen.moment else [], specimen.loose)
        self.held: dict[str, Attributes] = {}

    async def add(self, **attributes: Any) -> None:
        """Create one person; what the backend refuses is left out."""
        given = {key: value if isinstance(value, tuple) else (value,) for key, value in attributes.items()}
        try:
            entry: Entry = await self.ground.person(**given)
        except InvalidValue:
            return
        self.held[entry.id] = {**given, ID: (entry.id,)}

    async def wrong(self, filters: Iterable[Filter]) -> list[str]:
        """Ask every filter that the backend takes, and say where the answer is not the oracle's."""
        said = []
        for each in filters:
            verdict = _verdict(self.ground, each)
            if verdict is Verdict.UNSUPPORTED:
                continue
            found = await self.ground.found(each)
            truths = {id: self.oracle.decide(each, held) for id, held in self.held.items()}
            lacking = [id for id, truth in truths.items() if truth == YES and id not in found]
            beyond = [id for id, truth in truths.items() if truth == NO and id in found]
            if lacking:
                said.append(f"{_short(each)} lacks {self._named(lacking)}")
            if beyond and verdict is Verdict.EXACT:
                said.append(f"{_short(each)} also gave {self._named(beyond)}")
        return said

    def _named(self, ids: Sequence[str]) -> str:
        text = self.ground.specimen.text
        return ", ".join(repr(self.held[id].get(text, ("(absent)",))[0])[:60] for id in ids[:4])


def _verdict(ground: Ground, term: Filter) -> Verdict:
    """The verdict of a whole filter, as the layers above combine it (semantics, rule 3)."""
    match term:
        case And(terms) | Or(terms):
            verdicts = {_verdict(ground, each) for each in terms}
            order = (Verdict.UNSUPPORTED, Verdict.SUPERSET, Verdict.EXACT)
            return next((each for each in order if each in verdicts), Verdict.EXACT)
        case Not(inner):
            return Verdict.EXACT if _verdict(ground, inner) is Verdict.EXACT else Verdict.UNSUPPORTED
    return ground.people.judge(term)


def _short(term: Filter) -> str:
    text = repr(term)
    return text if len(text) < 200 else f"{text[:200]}…"


def _tell(said: list[str]) -> None:
    assert not said, f"{len(said)} filters went wrong:\n" + "\n".join(said[:12])


class FilterTests:
    """Filters."""

    async def test_text_compares_as_the_oracle_says(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        leaves = [Compare(text, op, value, exact) for value in ASKED for op in Operator for exact in (False, True)]
        _tell(await people.wrong(leaves))

    async def test_not_holds_where_the_attribute_is_absent(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        leaves: list[Leaf] = [Compare(text, op, value, True) for value in SOME for op in Operator]
        leaves += [Compare(text, op, value) for value in SOME for op in Operator]
        leaves += [Present(text), AnyOf(text, SOME), AnyOf(text, ())]
        _tell(await people.wrong([Not(each) for each in leaves]))
        _tell(await people.wrong([Not(Not(each)) for each in leaves]))

    async def test_and_or_and_not_in_one_another(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        leaves = [Compare(text, Operator.CO, value) for value in ("a", "n", "%", "ö")] + [Present(text)]
        filters: list[Filter] = []
        for left in leaves:
            for right in leaves:
                filters += [And((left, right)), Or((left, right)), And((left, Not(right))), Or((Not(left), right))]
                filters += [Not(And((left, right))), Not(Or((left, Not(right)))), And((Or((left, right)), Not(left)))]
        _tell(await people.wrong([*filters, And(()), Or(()), Not(And(())), Not(Or(()))]))

    async def test_a_long_filter_is_answered(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        terms: tuple[Filter, ...] = tuple(Compare(text, Operator.EQ, f"nobody {n}") for n in range(600))
        _tell(await people.wrong([Or((*terms, Compare(text, Operator.EQ, "Ann"))), And(tuple(map(Not, terms)))]))

    async def test_any_of_a_list(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        lists = [SOME, ("ANN", "ÖRN", "a*N"), ("ann",), (), ("nobody",), ("*",), ("%", "_")]
        lists.append((*(f"nobody {n}" for n in range(3000)), "Ann", "örn"))
        _tell(await people.wrong([AnyOf(text, values, exact) for values in lists for exact in (False, True)]))
        ids = list(people.held)
        many = tuple(ids[:7]) + tuple(f"no-such-id-{n}" for n in range(3000)) + ("*", "", "' OR 1=1", "a\0")
        assert ground.people.judge(AnyOf(ID, many)) is Verdict.EXACT, "the layers above find entries by @id"
        assert await ground.found(AnyOf(ID, many)) == set(ids[:7])

    async def test_present(self, ground: Ground) -> None:
        people, text = await _texts(ground), ground.specimen.text
        _tell(await people.wrong([Present(text), And((Present(text), Compare(text, Operator.EQ, "b")))]))

    async def test_booleans_numbers_and_dates_compare_as_such(self, ground: Ground) -> None:
        specimen, people = ground.specimen, Populated(ground)
        samples: Mapping[str | None, tuple[Any, ...]] = {
            specimen.boolean: (True, False),
            specimen.number: (0, 9, 10, 100, -5, 2**31 - 1),
            specimen.moment: ("2024-01-01T00:00:00Z", "2024-01-01T12:00:00Z", "1999-12-31T23:59:59Z"),
        }
        asked = {**samples, specimen.number: (*samples[specimen.number], 9.5, 2**70, "9", "x")}
        asked = {**asked, specimen.moment: (*samples[specimen.moment], "2024-01-01T01:00:00+01:00")}
        for attribute, values in samples.items():
            for value in values if attribute else ():
                await people.add(**{str(attribute): value})
        await people.add()
        leaves = [
            Compare(attribute, operator, value)
            for attribute, values in asked.items()
            if attribute
            for value in values
            for operator in Operator
        ]
        _tell(await people.wrong([*leaves, *map(Not, leaves), *(Present(each) for each in samples if each)]))

    async def test_one_of_several_values_is_enough(self, ground: Ground) -> None:
        many, people = ground.kind("many"), Populated(ground)
        for values in (("one", "Two"), ("two", "three"), ("100%",), ("a*",)):
            await people.add(**{many: values})
        await people.add()
        leaves: list[Leaf] = [Compare(many, op, value) for value in ("two", "o", "*", "%") for op in Operator]
        leaves += [Present(many), AnyOf(many, ("one", "100%"))]
        _tell(await people.wrong([*leaves, *map(Not, leaves)]))

    async def test_one_element_of_a_child_table_is_enough(self, ground: Ground) -> None:
        child, people = ground.kind("child"), Populated(ground)
        await people.add(**{child: ({"value": "Ann@x", "type": "work"}, {"value": "ann_h@x", "type": "home"})})
        await people.add(**{child: ({"value": "a%@x", "type": "work"},)})
        await people.add(**{child: ({"value": "b@x"},)})
        await people.add()
        value, kind = f"{child}.value", f"{child}.type"
        leaves: list[Leaf] = [Compare(value, op, each) for each in ("ANN@X", "@x", "%", "_") for op in Operator]
        leaves += [Compare(kind, Operator.EQ, "Work"), Present(kind), Present(child), AnyOf(value, ("b@x", "A%@x"))]
        _tell(await people.wrong([*leaves, *map(Not, leaves), And((leaves[0], Compare(kind, Operator.EQ, "home")))]))

    async def test_ids_and_references_compare_exactly(self, ground: Ground) -> None:
        people, reference = Populated(ground), ground.specimen.reference
        boss = await ground.person()
        people.held[boss.id] = {ID: (boss.id,)}
        await people.add(**({reference: Ref(boss.id)} if reference else {}))
        await people.add()
        ids = [*people.held, "no-such-id", "*", "", "' OR '1'='1", "%"]
        leaves: list[Leaf] = [Compare(ID, Operator.EQ, id) for id in ids]
        if reference:
            leaves += [Compare(reference, Operator.EQ, Ref(id)) for id in ids]
            leaves += [Present(reference), AnyOf(reference, tuple(Ref(id) for id in ids))]
        assert ground.people.judge(leaves[0]) is Verdict.EXACT, "the layers above find entries by @id"
        _tell(await people.wrong([*leaves, *map(Not, leaves)]))

    async def test_groups_and_members_are_found_by_each_other(self, ground: Ground) -> None:
        one, two, three = await ground.persons(3)
        group, other = await ground.group(one, two), await ground.group(two)
        for wanted, expected in ((group, {one.id, two.id}), (other, {two.id})):
            leaf = Compare(GROUPS, Operator.EQ, Ref(wanted.id))
            if ground.people.judge(leaf) is Verdict.EXACT:
                assert await ground.found(leaf) == expected
                assert await ground.found(Not(leaf)) == {one.id, two.id, three.id} - expected
        for person, groups in ((one, {group.id}), (two, {group.id, other.id}), (three, set())):
            leaf = Compare(MEMBERS, Operator.EQ, Ref(person.id))
            if ground.groups.judge(leaf) is Verdict.EXACT:
                assert {each.id for each in (await ground.groups.search(Query(leaf))).entries} == groups

    async def test_what_the_mapping_does_not_know_is_unsupported(self, ground: Ground) -> None:
        for leaf in (Compare("no_such_attribute", Operator.EQ, "x"), Present("no_such_attribute")):
            assert ground.people.judge(leaf) is Verdict.UNSUPPORTED
        if ground.specimen.secret:
            leaf = Compare(ground.specimen.secret, Operator.SW, "a")
            assert ground.people.judge(leaf) is Verdict.UNSUPPORTED, "a secret could be guessed letter by letter"


async def _texts(ground: Ground) -> Populated:
    people = Populated(ground)
    for value in HELD:
        await people.add(**{ground.specimen.text: value})
    await people.add()
    await people.add()
    if len(people.held) < len(HELD) // 2:
        pytest.fail("the backend refused most of the texts, which are ordinary ones")
    return people
