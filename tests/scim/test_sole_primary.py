"""``emails[primary eq true]`` where the mapping has one address and nothing that says ``primary`` (RFC 7644 §3.5.2)."""

import tempfile
from pathlib import Path
from typing import Any

import pytest

from gateway.scim.dialects import DIALECTS, STRICT, Dialect
from gateway.scim.schemas import shape_of
from gateway.scim.shape import Shape
from tests.provisioning.site import compiled
from tests.scim.test_patch_dialects import op, patched

MAPPING = """
format = 1
target = "memory"
[user]
anchor = "id"
[user.map]
userName = {{ attr = "uid", required = true }}
'emails[type eq "work"].value' = "mail"
{more}
"""
PLACE = Path(tempfile.mkdtemp(prefix="dirbridge-primary-"))
HOME = '\'emails[type eq "home"].value\' = "home"'
PRIMARY = "emails[primary eq true].value"
WORK = {"userName": "ann", "emails": [{"type": "work", "value": "new"}]}
TOLERANT_ONES = [dialect for dialect in DIALECTS.values() if not dialect.strict]


def shape(more: str = "") -> Shape:
    return shape_of(compiled(PLACE, MAPPING.format(more=more)).resources["User"])


@pytest.mark.parametrize("dialect", TOLERANT_ONES, ids=lambda dialect: dialect.name)
@pytest.mark.parametrize("emails", [[{"type": "work", "value": "old"}], None], ids=["changed", "created"])
@pytest.mark.parametrize(
    "path", [PRIMARY, 'emails[primary eq "True"].value', 'emails[type eq "work" and Primary eq true].value']
)
def test_the_one_element_of_the_mapping_is_the_primary(dialect: Dialect, emails: Any, path: str) -> None:
    current = {"userName": "ann", **({"emails": emails} if emails else {})}
    assert patched(current, op("replace", path, "new"), dialect=dialect, shape=shape()) == WORK
    assert patched(WORK, op("remove", "emails[primary eq true]"), dialect=dialect, shape=shape()) == {"userName": "ann"}


@pytest.mark.parametrize(
    "path", ["emails[primary eq false].value", "emails[primary ne true].value", "emails[bogus eq true].value"]
)
def test_no_other_filter_is_guessed_at(path: str) -> None:
    assert patched(WORK, op("replace", path, "new"), shape=shape()) == "invalidFilter"


def test_among_several_elements_nobody_can_tell() -> None:
    assert patched(WORK, op("replace", PRIMARY, "new"), shape=shape(HOME)) == "invalidFilter"


def test_strict_knows_only_declared_sub_attributes() -> None:
    assert patched(WORK, op("replace", PRIMARY, "new"), dialect=STRICT, shape=shape()) == "invalidFilter"
