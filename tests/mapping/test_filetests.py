"""``[[test]]``: what passes, and what a failing one says."""

from pathlib import Path

import pytest

from gateway.mapping.compiled import compile_mapping
from gateway.mapping.file.document import presets
from gateway.mapping.laws.filetests import TestResult, run_tests
from gateway.mapping.load import load

FILE = """
format = 1
target = "ldap"
[user]
class = "inetOrgPerson"
rdn = "uid"
anchor = "entryUUID"
parent = "ou=people,{base}"
[user.map]
userName = { attr = "uid", via = ["trim", "lower"], required = true }
title = "title"
active = { attr = "lock", via = ["not", { presence = "1" }] }
externalId = { store = "ledger" }
"enterprise:department" = { attr = "departmentNumber", also = ["department"] }
'roles[primary eq true].value' = { attr = "role.name" }
[user.set]
cn = { template = "{userName}" }
[user.lifecycle]
deactivate = "move"
move_to = "ou=left,{base}"
stamp = { on = "deactivate", attr = "left" }
[[test]]
name = "tried"
"""


def run(tmp_path: Path, test: str) -> TestResult:
    path = tmp_path / "site.toml"
    path.write_text(FILE + test, encoding="utf-8")
    file = load(path)
    (result,) = run_tests(compile_mapping(file), file)
    return result


@pytest.mark.parametrize("name", presets())
def test_presets_pass_their_own_tests(name: str) -> None:
    file = load(name)
    results = run_tests(compile_mapping(file), file)
    assert [(result.name, result.lines) for result in results if not result.ok] == []
    assert len(results) > 5


@pytest.mark.parametrize(
    "test",
    [
        'scim = \'{"userName": " ANN "}\'\ngives = { dn = "uid=ann,ou=people,{base}", uid = "ann", title = false }',
        'scim = \'{"USERNAME": "ann", "title": "x"}\'\ngives.title = "x"\nreads = { title = "x", active = true }',
        'scim = { userName = "ann", department = "HR" }\ngives.departmentNumber = "HR"',
        'scim = \'{"userName": "a,b"}\'\ngives.dn = "uid=a\\\\,b,ou=people,{base}"',
        'scim = \'{"userName": "ann", "externalId": "7"}\'\nreads.externalId = "7"',
        'scim = \'{"userName": "ann", "roles": [{"value": "x", "primary": true}]}\'\ngives.role.name = "x"',
        'scim = \'{"title": "x"}\'\nfails = { attr = "userName", scimType = "invalidValue", status = 400 }',
        'entry = { uid = "ann", title = "x" }\nreads = { title = "x", nickName = false }',
        'entry = { uid = "ann" }\nscim = \'{"userName": "ann", "active": false}\'\nlast = \'{"userName": "ann"}\'\n'
        'gives = { lock = "1", dn = "uid=ann,ou=left,{base}" }\nreads.active = false',
        'last = \'{"userName": "ann", "title": "x"}\'\nscim = \'{"userName": "ann"}\'\ngives.title = false',
    ],
)
def test_what_holds_passes(tmp_path: Path, test: str) -> None:
    assert run(tmp_path, test).lines == ()


@pytest.mark.parametrize(
    ("test", "lines"),
    [
        (
            'scim = \'{"userName": "ann", "title": "x"}\'\ngives = { title = "y", uidd = "ann" }\nreads.title = "z"',
            (
                "gives.title: expected 'y', got 'x'",
                "gives.uidd: expected 'ann', got nothing; did you mean 'uid'?",
                "reads.title: expected 'z', got 'x'",
            ),
        ),
        (
            'scim = \'{"userName": "ann"}\'\ngives = { dn = "cn=ann", uid = false }\nreads.active = false',
            (
                "gives.dn: expected 'cn=ann', got 'uid=ann,ou=people,{base}'",
                "gives.uid: expected False, got 'ann'",
                "reads.active: expected False, got True",
            ),
        ),
        ('scim = \'{"title": "x"}\'\ngives.title = "x"', ("refused: userName is required",)),
        (
            'scim = \'{"userName": "ann"}\'\nfails = { attr = "userName" }',
            ("a refusal was expected (attr userName), and nothing was refused",),
        ),
        (
            'scim = \'{"title": "x"}\'\nfails = { attr = "title", scimType = "uniqueness", status = 409 }',
            (
                "fails.scimType: expected 'uniqueness', got 'invalidValue' (userName is required)",
                "fails.status: expected 409, got 400 (userName is required)",
                "fails.attr: expected 'title' to be named, got 'userName is required'",
            ),
        ),
        (
            'scim = \'{"userName": "ann"}\'\ncalls = ["DELETE /x"]',
            ("calls: expected ['DELETE /x'], got []",),
        ),
    ],
)
def test_what_does_not_hold_is_said_with_expected_and_actual(tmp_path: Path, test: str, lines: tuple[str, ...]) -> None:
    result = run(tmp_path, test)
    assert not result.ok
    assert result.lines == lines
    assert str(result.message).startswith(f"{tmp_path}/site.toml:22: test[1]: test 'tried' fails: ")


def test_every_test_also_writes_back_what_was_read(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    rows = 'emails = { attr = "all", via = ["json"] }\n\'emails[type eq "work"].value\' = "mail"'
    test = 'entry = { uid = "ann", mail = "a@x" }\nreads.userName = "ann"'
    path.write_text(FILE.replace('title = "title"', rows) + test, encoding="utf-8")
    file = load(path)
    (result,) = run_tests(compile_mapping(file), file)
    assert result.lines == (
        "what was read is written back, and nothing may change: "
        """all changed from nothing to '[{"type":"work","value":"a@x"}]'""",
    )
