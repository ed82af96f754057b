"""Translations by a table: ``table`` (of the file) and ``country`` (ISO 3166-1)."""

from collections.abc import Mapping
from typing import Any

from gateway.mapping.errors import suggest
from gateway.mapping.steps.countries import COUNTRIES
from gateway.mapping.steps.step import OptionError, Outcomes, Step, StepError, Surroundings, spelled

_FORMS = {"alpha-3": 1, "numeric": 2, "name": 3}


class Table(Step):
    """The value is looked up in a ``[table.…]`` of the file, which is one-to-one. A value that is not in it is refused
    with the known ones, or takes the row's ``default`` under ``unknown = "default"``; a value of the target that is not
    in it is not shown."""

    name = "table"
    example = '\'roles[primary eq true].value\' = { attr = "role_id", via = [{ table = "role" }] }'

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        if not isinstance(argument, str):
            raise OptionError("takes the name of a [table.NAME] of this file; the pairs stand there, one-to-one")
        if argument not in around.tables:
            raise OptionError(f"there is no [table.{argument}]{suggest(argument, around.tables)}")
        table = around.tables[argument]
        integer = around.scim_type == "integer"
        boolean = around.scim_type == "boolean"
        self.to_target: dict[Any, Any] = {}
        self.to_scim: dict[str, Any] = {}
        for key, value in table.items():
            scim: Any = int(key) if integer and key.lstrip("-").isdigit() else key
            scim = {"true": True, "false": False}.get(key, scim) if boolean else scim
            self.to_target[scim] = value
            before = self.to_scim.setdefault(spelled(value), scim)
            if before != scim:
                raise OptionError(f"'{before}' and '{key}' both give {value}, so {value} cannot be read back")
        kinds = {type(value) for value in table.values()}
        self.gives = {int: "integer", bool: "boolean", float: "decimal"}.get(kinds.pop()) if len(kinds) == 1 else None
        self.gives = self.gives or "string"

    def forward(self, value: Any) -> Any:
        if value in self.to_target:
            return self.to_target[value]
        if self.around.unknown == "default" and self.around.fallback in self.to_target:
            return self.to_target[self.around.fallback]
        raise StepError(f"'{spelled(value)}' is not known; known: {', '.join(map(spelled, self.to_target))}")

    def backward(self, value: Any) -> Any:
        return self.to_scim.get(spelled(value))

    def outcomes(self) -> Outcomes:
        return tuple((scim, (value,)) for scim, value in self.to_target.items())


class Country(Step):
    """The two letters of ISO 3166-1 in SCIM; in the target its English name, or ``alpha-3`` or ``numeric`` by the
    argument. Capitals do not count."""

    name = "country"
    spellings = True
    example = '\'addresses[type eq "work"].country\' = { attr = "co", via = ["country"] }'
    gives = "string"
    _known = frozenset(row[0] for row in COUNTRIES)

    def __init__(self, argument: Any, options: Mapping[str, Any], around: Surroundings) -> None:
        super().__init__(argument, options, around)
        form = "name" if argument is None else argument
        if form not in _FORMS:
            raise OptionError(f"step 'country' knows the forms {', '.join(map(repr, _FORMS))}")
        self.to_target = {row[0]: row[_FORMS[form]] for row in COUNTRIES}
        self.to_scim = {spelt.lower(): code for code, spelt in self.to_target.items()}
        self.numeric = form == "numeric"

    def forward(self, value: Any) -> str:
        code = spelled(value).strip().upper()
        if code not in self._known:
            raise StepError(f"'{spelled(value)}' is not a country code of two letters (ISO 3166-1)")
        return self.to_target[code]

    def backward(self, value: Any) -> str | None:
        written = spelled(value).strip().lower()
        return self.to_scim.get(written.zfill(3) if self.numeric else written)


STEPS = (Table, Country)
