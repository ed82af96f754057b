"""One resource type as one connection sees it: what reading needs to hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connectors.contract import Collection
from connectors.entry import GROUPS, MEMBERS
from gateway.ledger import Ledger, Scope
from gateway.mapping.compiled import ResourceMapping
from gateway.provisioning.model import Wanted

AT_NAMES = frozenset({GROUPS, MEMBERS})
"""what an entry has only when it is asked for by name"""


@dataclass(frozen=True, slots=True)
class View:
    """One resource type of one connection.

    :param others: the views of all types of the connection, by name, this one included.
    """

    scope: Scope
    mapping: ResourceMapping
    collection: Collection
    ledger: Ledger
    others: Mapping[str, "View"] = field(default_factory=dict, repr=False)

    @property
    def type(self) -> str:
        return self.scope.resource_type

    @property
    def is_group(self) -> bool:
        return self.mapping.members is not None

    def attributes(self, wanted: Wanted) -> frozenset[str]:
        """The target's attributes from which to render what is wanted, with scope and version."""
        found = self.mapping.attributes_for(wanted.attributes) | self.mapping.guard_attributes
        if self.hashed:
            found |= self.mapping.attributes_for(None) - AT_NAMES
        if "groups" in wanted.excluded:
            found -= {GROUPS}
        if "members" in wanted.excluded:
            found -= {MEMBERS}
        return found

    @property
    def hashed(self) -> bool:
        """The version is a hash of the mapped attributes, because the target has none (rule 6; never for groups)."""
        return not self.collection.capabilities.versions and not self.is_group

    def groups(self) -> tuple["View", ...]:
        """The types whose members this one may be among."""
        return tuple(
            view
            for view in self.others.values()
            if view.mapping.members is not None and self.type in view.mapping.members.ref
        )
