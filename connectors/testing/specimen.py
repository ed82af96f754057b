"""What a connector tells the kit about itself, and the ground that every test stands on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count

import pytest

from connectors.contract import Collection, CollectionSpec, Connector, Query
from connectors.entry import MEMBERS, Attributes, Change, Entry, Kind, Ref, Value
from connectors.filters import Filter


@dataclass(frozen=True)
class Specimen:
    """The kinds of attribute a backend offers to the tests; None = it has none of that kind.

    :param specs: as ``Connector.collections`` takes them.
    :param fill: the least that person number ``n`` needs to exist, ``name`` included, each ``n`` different.
    :param fill_group: the same for a group.
    :param name: a text attribute that can be renamed (an RDN, where there is such a thing).
    :param text: an optional text attribute of one value, not unique, that ``fill`` does not write.
    :param loose: a coarser folding under which the backend also takes texts for equal (LDAP squeezes spaces).
    :param unique: a text attribute whose value must be unique, case-folded; ``fill`` may write it.
    :param boolean, number, moment: optional attributes of those types. :param many: a text attribute of several values.
    :param child: an attribute of complex values with the sub-attributes ``value`` and ``type``.
    :param reference: an attribute that refers to another person. :param secret: an attribute that is never read.
    :param crowd: how many people a large group of the tests has; fewer where creating one takes long.
    :param bad: an attribute and values for it (perhaps none) that the backend's schema refuses.
    """

    specs: Mapping[str, CollectionSpec]
    fill: Callable[[int], Attributes]
    name: str
    text: str
    fill_group: Callable[[int], Attributes] | None = None
    people: str = "User"
    groups: str = "Group"
    loose: Callable[[str], str] | None = None
    unique: str | None = None
    boolean: str | None = None
    number: str | None = None
    moment: str | None = None
    many: str | None = None
    child: str | None = None
    reference: str | None = None
    secret: str | None = None
    bad: tuple[str, tuple[Value, ...]] | None = None
    crowd: int = 150


class Ground:
    """One connector, its collections opened, and short ways to put something there."""

    def __init__(
        self,
        specimen: Specimen,
        connector: Connector,
        unreachable: Connector | None = None,
        operations: Callable[[], int] | None = None,
    ) -> None:
        self.specimen = specimen
        self.connector = connector
        self.unreachable = unreachable
        self.operations = operations
        self.collections = connector.collections(specimen.specs)
        self._numbers = count(1)

    @property
    def people(self) -> Collection:
        return self.collections[self.specimen.people]

    @property
    def groups(self) -> Collection:
        """The collection of groups; skips where the backend has none."""
        if self.specimen.fill_group is None:
            pytest.skip("this backend has no groups")
        return self.collections[self.specimen.groups]

    async def person(self, **attributes: tuple[Value, ...] | Value) -> Entry:
        """Create one more person; a bare value stands for a tuple of one."""
        given = {key: value if isinstance(value, tuple) else (value,) for key, value in attributes.items()}
        return await self.people.create({**self.specimen.fill(next(self._numbers)), **given})

    async def persons(self, number: int) -> list[Entry]:
        return [await self.person() for _ in range(number)]

    async def group(self, *members: Entry) -> Entry:
        """Create one more group with these members."""
        groups = self.groups
        fill = self.specimen.fill_group
        assert fill is not None
        refs = tuple(Ref(member.id) for member in members)
        return await groups.create({**fill(next(self._numbers)), **({MEMBERS: refs} if refs else {})})

    async def join(self, group: Entry, *members: Entry) -> None:
        await self.groups.update(group.id, [Change(Kind.ADD, MEMBERS, tuple(Ref(member.id) for member in members))])

    async def members(self, group: Entry) -> set[str]:
        """The ids of a group's members, as a read says."""
        entry = await self.groups.read(group.id, frozenset({MEMBERS}))
        return ids_of(entry, MEMBERS)

    async def found(self, filter: Filter | None = None) -> set[str]:
        """The ids of all people that match."""
        return {entry.id for entry in (await self.people.search(Query(filter))).entries}

    def kind(self, name: str) -> str:
        """The attribute of one kind (``boolean``, ``many`` …); skips where the backend has none."""
        attribute = getattr(self.specimen, name)
        if attribute is None:
            pytest.skip(f"this backend has no attribute of the kind '{name}'")
        return str(attribute)


def ids_of(entry: Entry, attribute: str) -> set[str]:
    """The ids that a reference attribute of an entry names."""
    values = entry.attributes.get(attribute, ())
    assert all(isinstance(value, Ref) for value in values), f"{attribute} holds what is no Ref"
    return {value.id for value in values if isinstance(value, Ref)}
