"""``emails[primary eq true]`` where the mapping has one address and nothing that says ``primary`` (RFC 7644 §3.5.2)."""

import tempfile
from pathlib import Path
from typing import Any

import pytest
from scim2_models import InvalidFilterException

from gateway.scim.dialects import DIALECTS, STRICT, Dialect
from gateway.scim.filters import canonical, parse
from gateway.scim.schemas import shape_of
from gateway.scim.shape import Shape
from tests.provisioning.site import compiled
from tests.scim.test_patch_dialects import op, patched
from tests.scim.wire import fails, wire

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


FILTERS = ["emails[primary eq true]", "emails.primary eq true", 'Emails.Primary eq "True"']


@pytest.mark.parametrize("text", FILTERS)
def test_a_search_for_the_primary_finds_the_one_that_there_is(text: str) -> None:
    for dialect in TOLERANT_ONES:
        assert str(canonical(parse(text, dialect), [shape()], dialect)) == 'emails[type eq "work"]'


@pytest.mark.parametrize("text", [*FILTERS, "emails.primary eq false", "emails.primary pr", "emails[primary ne true]"])
def test_a_search_that_nobody_can_answer_is_told_why(text: str) -> None:
    more, dialect = (HOME, TOLERANT_ONES[0]) if text in FILTERS else ("", TOLERANT_ONES[0])
    with pytest.raises(InvalidFilterException) as refused:
        canonical(parse(text, dialect), [shape(more)], dialect)
    assert "primary is not a sub-attribute of emails, which has value, type" in str(refused.value.detail).lower()


def test_strict_searches_only_by_declared_sub_attributes() -> None:
    for text in FILTERS[:2]:
        with pytest.raises(InvalidFilterException, match="is not a sub-attribute of emails"):
            canonical(parse(text, STRICT), [shape()], STRICT)


@pytest.mark.anyio
@pytest.mark.parametrize("text", FILTERS)
async def test_over_the_wire(text: str, tmp_path: Path) -> None:
    mapping = tmp_path / "one.toml"
    mapping.write_text(MAPPING.format(more=""))
    async with wire(tmp_path, str(mapping)) as client:
        ann = await client.user("ann", emails=[{"type": "work", "value": "ann@example.com"}])
        await client.user("bob")
        found = (await client.get("/Users", params={"filter": text})).json()
        assert [each["id"] for each in found["Resources"]] == [ann["id"]]
        fails(await client.get("/Users", params={"filter": "emails.primary pr"}), 400, "invalidFilter")
