"""What each identity provider is known to send beyond the RFC, as data.

Every field is one tolerance with a name; ``normalise``, ``filters`` and ``patching`` ask for it by that name. A shape
that no field tolerates is refused under every dialect.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Dialect:
    """The tolerances of one identity provider; all on by default.

    :param booleans: "True" and "False" in any case, and ``[true]``, where a boolean is due.
    :param empty_is_unset: ``""`` means the attribute has no value.
    :param one_for_many: one object where an array is due. :param many_for_one: an array of one where an object is due.
    :param text_for_complex: ``"x"`` for ``{"value": "x"}`` where the attribute is complex (manager).
    :param unknown: attributes and schema URNs that nobody declared are ignored.
    :param aliases: ``also`` names, ``email``, and extension attributes at top level.
    :param keys_as_paths: ``name.givenName`` and ``urn:…:User:department`` as keys of a value; attributes of the core
        schema in an object under its URN, as those of an extension stand.
    :param read_only_in_values: ``id``, ``groups``, ``meta`` in the value of a PATCH without a path are ignored.
    :param remove_values: a remove that carries a value removes what the value names.
    :param create_elements: a valuePath that matches nothing creates its element.
    :param sole_is_primary: ``emails[primary eq true]`` is the one address that the mapping has, if it has no more.
    :param bare_literals: filter literals without quotes. :param empty_filter: ``?filter=`` is no filter.
    :param selections_in_attributes: ``attributes=emails[type eq "work"]`` asks for ``emails``.
    :param endpoints: other names of endpoints → the RFC's.
    :param ignored_paths: PATCH paths that are read-only and yet sent; they change nothing.
    """

    name: str
    booleans: bool = True
    empty_is_unset: bool = True
    one_for_many: bool = True
    many_for_one: bool = True
    text_for_complex: bool = True
    unknown: bool = True
    aliases: bool = True
    keys_as_paths: bool = True
    read_only_in_values: bool = True
    remove_values: bool = True
    create_elements: bool = True
    sole_is_primary: bool = True
    bare_literals: bool = True
    empty_filter: bool = True
    selections_in_attributes: bool = True
    endpoints: Mapping[str, str] = field(default_factory=lambda: {"serviceConfiguration": "ServiceProviderConfig"})
    ignored_paths: frozenset[str] = frozenset()

    @property
    def strict(self) -> bool:
        """Whether nothing beyond the RFC is tolerated."""
        return self.name == STRICT.name


TOLERANT = Dialect("tolerant")
STRICT = Dialect(
    "strict",
    booleans=False,
    empty_is_unset=False,
    one_for_many=False,
    many_for_one=False,
    text_for_complex=False,
    unknown=False,
    aliases=False,
    keys_as_paths=False,
    read_only_in_values=False,
    remove_values=False,
    create_elements=False,
    sole_is_primary=False,
    bare_literals=False,
    empty_filter=False,
    selections_in_attributes=False,
    endpoints={},
)

DIALECTS: dict[str, Dialect] = {
    dialect.name: dialect
    for dialect in (
        TOLERANT,
        STRICT,
        # Okta's catalogue applications PATCH the groups of a user, which are read-only (acceptance.md, O9).
        Dialect("okta", ignored_paths=frozenset({"groups"})),
        Dialect("entra"),
        Dialect("onelogin"),
    )
}


def dialect_named(name: str, *, unknown_attributes: str = "ignore") -> Dialect:
    """Return a dialect; ``unknown_attributes = "refuse"`` takes that one tolerance away. :raises KeyError:"""
    dialect = DIALECTS[name]
    return replace(dialect, unknown=False) if unknown_attributes == "refuse" else dialect
