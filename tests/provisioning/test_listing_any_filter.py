"""Any filter over any backend finds exactly those whose read satisfies it (rules 1 and 3)."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from gateway.mapping.filters.conditions import compile_condition
from gateway.mapping.schema.paths import parse_filter
from tests.provisioning.library import ENTERPRISE, library
from tests.provisioning.test_listing import KINDS, furnish

pytestmark = pytest.mark.anyio

ATTRIBUTES = ["userName", "displayName", "title", "externalId", "nickName", "emails.value", "id", "groups.value"]
ATTRIBUTES += ["groups.display", f"{ENTERPRISE}:manager.value", f"{ENTERPRISE}:department", "groups", "emails"]
WORDS = [
    "ann",
    "Ann",
    "bob",
    "0000bob",
    "clerk",
    "Clerk",
    "E1",
    "eve",
    "eve-2",
    "staff",
    "later",
    "teams",
    "a@x",
    "n",
    "",
]
leaf = some.one_of(
    some.builds("{} {} {!r}".format, some.sampled_from(ATTRIBUTES), some.sampled_from(["eq", "ne", "co", "sw", "ew"]),
                some.sampled_from(WORDS)).map(lambda text: text.replace("'", '"')),
    some.builds("{} pr".format, some.sampled_from(ATTRIBUTES)),
    some.builds('active eq {}'.format, some.sampled_from(["true", "false"])),
    some.builds('userName {} "{}"'.format, some.sampled_from(["gt", "ge", "lt", "le"]), some.sampled_from(WORDS)),
)  # fmt: skip
filters = some.recursive(
    leaf,
    lambda inner: some.one_of(
        some.builds("({} and {})".format, inner, inner),
        some.builds("({} or {})".format, inner, inner),
        some.builds("not ({})".format, inner),
    ),
    max_leaves=4,
)


@pytest.mark.parametrize("kind", list(KINDS))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(texts=some.lists(filters, min_size=1, max_size=8), sort_by=some.sampled_from([None, "displayName", "nickName"]))
async def test_rule_03_any_filter_finds_what_a_read_satisfies(
    tmp_path: Path, kind: str, texts: list[str], sort_by: str | None
) -> None:
    async with library(tmp_path, **KINDS[kind]) as here:
        await furnish(here)
        everyone = [await here.get(id) for id in await here.ids()]
        index = here.mapping.resources["User"].attributes
        for text in texts:
            satisfies = compile_condition(parse_filter(text), index)
            wanted = {one["id"] for one in everyone if satisfies(one)}
            found = await here.ids(text, sort_by=sort_by)
            assert set(found) == wanted, text
            assert len(found) == len(wanted), text
            assert await here.walk(text, count=2, sort_by=sort_by) == found, text
