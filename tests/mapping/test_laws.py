"""The three laws: what is shipped keeps them, and a gallery of wrong steps does not get past."""

from pathlib import Path

import pytest

from gateway.mapping.check import check
from gateway.mapping.file.document import presets
from gateway.mapping.laws.samples import scim_values, shrunk, target_values
from gateway.mapping.load import load

FILE = """
format = 1
target = "memory"
[user]
anchor = "id"
[user.map]
userName = {{ attr = "login", required = true }}
{row}
[user.lifecycle]
delete = "delete"
"""

GALLERY = "plugin:tests.mapping.gallery."


def broken(tmp_path: Path, row: str) -> list[str]:
    path = tmp_path / "law.toml"
    path.write_text(FILE.format(row=row), encoding="utf-8")
    return [str(message).removeprefix(f"{path}:") for message in check(load(path))]


@pytest.mark.parametrize("name", presets())
def test_presets_have_nothing_wrong_and_keep_the_laws(name: str) -> None:
    assert check(load(name)) == []


@pytest.mark.parametrize(
    ("row", "law"),
    [
        (f'title = {{ attr = "t", via = ["{GALLERY}NaiveLower"] }}', 1),
        (f'active = {{ attr = "uac", via = ["not", "{GALLERY}NaiveBit"] }}', 1),
        (f'active = {{ attr = "uac", via = ["not", "{GALLERY}Toggle"] }}', 1),
        (f'userType = {{ attr = "role", via = ["{GALLERY}LossyTable"] }}', 2),
        (f'title = {{ attr = "t", via = ["{GALLERY}TwoWayTruncate"] }}', 1),
        (f'title = {{ attr = "t", via = ["{GALLERY}TwoWayTruncate", "lower"] }}', 1),
        (f'active = {{ attr = "lock", via = ["not", "{GALLERY}OverwritingPresence"] }}', 1),
        (f'active = {{ attr = "status", via = ["not", "{GALLERY}FirstState"] }}', 1),
        (f'title = {{ attr = "t", via = ["{GALLERY}Counting"] }}', 1),
        (f'title = {{ attr = "t", via = ["{GALLERY}NaivePrefix"] }}', 1),
        (f'title = {{ attr = "t", via = ["{GALLERY}Swapping"] }}', 1),
    ],
    ids=lambda value: str(value).rpartition(".")[2][:20],
)
def test_wrong_steps_are_caught(tmp_path: Path, row: str, law: int) -> None:
    messages = broken(tmp_path, row)
    assert messages, "no law was broken"
    assert f"law {law}, " in messages[0]


@pytest.mark.parametrize(
    "row",
    [
        'title = { attr = "t", via = ["trim"] }',
        'title = { attr = "t", via = ["lower"] }',
        'title = { attr = "t", via = ["upper"] }',
        'title = { attr = "t", via = ["collapse_spaces"] }',
        'title = { attr = "t", via = ["ascii"] }',
        'title = { attr = "t", via = ["trim", "collapse_spaces", "lower", "ascii"] }',
        'active = { attr = "uac", via = ["not", { bit = 2, base = 512 }] }',
        'active = { attr = "uac", via = [{ bit = 16 }] }',
        'active = { attr = "lock", via = ["not", { presence = "000001010000Z" }] }',
        'active = { attr = "lock", via = ["not"] }',
        'active = { attr = "on", via = ["bool"] }',
        'active = { attr = "on", via = ["not", { bool = ["N", "Y"] }] }',
        'active = { attr = "s", via = [{ states = { true = ["active", "invited"], false = ["off", "locked"] } }] }',
        'userType = { attr = "s", via = [{ states = { A = ["a", "aa"], B = ["b"] } }] }',
        'userType = { attr = "s", via = [{ table = "role" }] }\n[table.role]\nreader = 1\nadmin = 9',
        'userType = { attr = "s", via = ["lower", { table = "role" }] }\n[table.role]\nreader = 1\nadmin = 9',
        '"enterprise:employeeNumber" = { attr = "no", via = ["int"] }',
        'externalId = { attr = "guid", via = ["guid"] }',
        'externalId = { attr = "guid", via = [{ guid = "rfc4122" }] }',
        '\'photos[type eq "photo"].value\' = { attr = "jpegPhoto", via = ["base64"] }',
        'profileUrl = { attr = "home", via = [{ prefix = "https://a.example/" }] }',
        'nickName = { attr = "home", via = [{ suffix = "!" }] }',
        'nickName = { attr = "account", via = [{ domain = "corp.example" }] }',
        'nickName = { attr = "account", via = ["lower", { domain = "corp.example" }] }',
        '"entitlements.value" = { attr = "e", via = [{ split = ";" }] }',
        '\'addresses[type eq "work"].country\' = { attr = "co", via = ["country"] }',
        '\'addresses[type eq "work"].country\' = { attr = "co", via = [{ country = "alpha-3" }] }',
        '\'addresses[type eq "work"].country\' = { attr = "co", via = [{ country = "numeric" }] }',
        '\'phoneNumbers[type eq "work"].value\' = { attr = "tel", via = [{ e164 = "49" }] }',
        '\'phoneNumbers[type eq "work"].value\' = { attr = "tel", via = ["e164"] }',
        'addresses = { attr = "a", via = ["json"] }',
        'name = { attr = "n", via = ["json"] }',
        '"emails.value" = { attr = "m", element = { type = "other" } }',
        '"emails.value" = { attr = "m", others = "remove" }',
        '"emails.value" = { attr = "m", via = ["trim", "caseless"], others = "remove" }',
        '\'emails[type eq "work" and primary eq true].value\' = "m"\n'
        '\'emails[type eq "work" and primary eq false].value\' = "n"',
        'externalId = { store = "ledger" }',
        'title = { attr = "t", immutable = "recreate" }',
        '"enterprise:manager.value" = { attr = "boss", ref = "user" }',
        'born = { attr = "b", via = ["ldap_time"] }\n[schema.User.born]\ntype = "dateTime"',
        'born = { attr = "b", via = ["ad_time"] }\n[schema.User.born]\ntype = "dateTime"',
        'born = { attr = "b", via = ["iso_time"] }\n[schema.User.born]\ntype = "dateTime"',
        'size = { attr = "b" }\n[schema.User.size]\ntype = "integer"',
        'size = { attr = "b" }\n[schema.User.size]\ntype = "decimal"',
        'key = { attr = "b" }\n[schema.User.key]\ntype = "binary"',
        'tags = { attr = "b" }\n[schema.User.tags]\nmulti_valued = true',
        'tags = { attr = "b", via = [{ split = ";" }] }\n[schema.User.tags]\nmulti_valued = true',
        'emails = { attr = "emails", others = "remove" }\n[user.child.emails]\ntable = "e"\nkey = "k"\n'
        'map = { value = "v", type = "t", primary = "p" }',
    ],
)
def test_every_two_way_step_keeps_the_laws(tmp_path: Path, row: str) -> None:
    assert broken(tmp_path, row) == []


def test_steps_in_an_order_that_no_value_survives_are_caught(tmp_path: Path) -> None:
    row = '\'addresses[type eq "work"].country\' = { attr = "c", via = ["int", { country = "numeric" }] }'
    assert broken(tmp_path, row) == [
        '8: user.map."addresses[type eq \\"work\\"].country": via: every value that was tried is refused by the steps; '
        "is their order right?"
    ]


def test_rows_that_are_lawful_alone_and_not_together_are_caught(tmp_path: Path) -> None:
    rows = 'emails = { attr = "all", via = ["json"] }\n\'emails[type eq "work"].value\' = "mail"'
    (message,) = broken(tmp_path, rows)
    assert message.startswith("4: user: law 2, the IdP reads back what it wrote: ")
    assert '"emails"' in message


def test_a_counter_example_is_small(tmp_path: Path) -> None:
    (message,) = broken(tmp_path, f'title = {{ attr = "t", via = ["{GALLERY}NaiveLower"] }}')
    assert message == (
        "8: user.map.title: law 1, an unchanged user causes no write: "
        "step 'naive_lower' reads 'A' as 'A', and writes 'a' back"
    )


def test_shrinking_ends_at_the_smallest_text_number_and_document() -> None:
    assert shrunk("xxABCyy", lambda text: "B" in text) == "B"
    assert shrunk(66050, lambda number: number > 511) == 512
    assert shrunk({"a": "long", "b": ["x", "yB"]}, lambda found: "B" in str(found)) == {"b": ["B"]}


def test_samples_are_the_same_every_time_and_not_few() -> None:
    assert scim_values("string", "a") == scim_values("string", "a")
    assert len(set(scim_values("string", "a"))) > 150
    assert len(target_values("a")) > 150
