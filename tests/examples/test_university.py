"""One life at Alder University, over HTTP, with every entry compared as slapd keeps it."""

import json
from pathlib import Path
from typing import Any

from tests.backends.slapd import require_slapd
from tests.cli.running import dirbridge, serving
from tests.examples.sites import awaited, copied, entry, patch, university

CAMPUS = "urn:example:alder:params:scim:schemas:extension:campus:1.0:User"
ADA: dict[str, Any] = {
    "userName": "ada", "userType": "Student", "name": {"givenName": "Ada", "familyName": "Byron"},
    "emails": [{"type": "home", "value": "a@home.example"}, {"type": "work", "value": "ada@alder.example"}],
    "phoneNumbers": [
        {"type": "work", "value": "020 7946 0002"}, {"type": "work", "value": "020 7946 0001", "primary": True}
    ],
    CAMPUS: {
        "number": "s-1", "faculty": "Faculty of Arts", "affiliations": ["student", "employee"], "uidNumber": 7,
        "libraryCard": {"number": "L7", "validUntil": "2027-09-30T00:00:00Z"},
        "doorCards": [{"number": "D1"}, {"number": "D2"}], "supervisor": {"value": "HR-2"},
    },
}  # fmt: skip
GRACE: dict[str, Any] = {
    "userName": "grace", "externalId": "HR-2", "userType": "Staff", "name": {"familyName": "Hopper"},
    CAMPUS: {"uidNumber": 8},
}  # fmt: skip
STANDS = {
    "dn": ["uid=ada,ou=students,dc=alder,dc=example"],
    "objectClass": ["campusPerson", "inetOrgPerson", "organizationalPerson", "person", "posixAccount", "top"],
    "uid": ["ada"], "cn": ["Ada Byron"], "sn": ["Byron"], "givenName": ["Ada"], "employeeType": ["Student"],
    "mail": ["ada@alder.example"], "mailAlternateAddress": ["a@home.example"],
    "telephoneNumber": ["+442079460001"], "otherTelephone": ["+442079460002"],
    "campusNumber": ["S-1"], "campusFaculty": ["A"], "campusAffiliation": ["employee", "student"],
    "campusLibraryCard": ["L7"], "campusLibraryCardEnds": ["20270930000000Z"], "campusDoorCard": ["D1", "D2"],
    "uidNumber": ["7"], "gidNumber": ["200"], "homeDirectory": ["/home/ada"],
}  # fmt: skip


def test_from_student_to_staff_to_a_leaver_who_comes_back(tmp_path: Path) -> None:
    require_slapd()
    home = copied("university", tmp_path)
    with university(home):
        token = json.loads(dirbridge("token", "create", "iam", "--json", cwd=home).stdout)["secret"]
        with serving(cwd=home) as gateway:
            gateway.token = token
            status, ada = gateway.ask("POST", "/Users", ADA)
            assert status == 201
            assert entry(home, "ada") == STANDS
            status, read = gateway.ask("GET", f"/Users/{ada['id']}")
            assert read["phoneNumbers"] == [
                {"type": "work", "primary": True, "value": "+442079460001"},
                {"type": "work", "primary": False, "value": "+442079460002"},
            ]
            assert read[CAMPUS]["supervisor"]["value"] == "HR-2"
            # What was read is written back: nothing changes.
            assert gateway.ask("PUT", f"/Users/{ada['id']}", read)[0] == 200
            assert entry(home, "ada") == STANDS

            assert gateway.ask("POST", "/Users", GRACE)[0] == 201
            points = {**STANDS, "campusSupervisor": ["uid=grace,ou=staff,dc=alder,dc=example"]}
            assert awaited(home, "ada", "campusSupervisor") == points

            assert (
                gateway.ask("PATCH", f"/Users/{ada['id']}", patch(op="replace", path="userType", value="Staff"))[0]
                == 200
            )
            employed = {**points, "dn": ["uid=ada,ou=staff,dc=alder,dc=example"], "employeeType": ["Staff"]}
            employed |= {"gidNumber": ["100"]}
            assert entry(home, "ada") == employed

            assert (
                gateway.ask("PATCH", f"/Users/{ada['id']}", patch(op="replace", path="active", value=False))[0] == 200
            )
            left = entry(home, "ada")
            assert len(left.pop("campusLeft")) == 1
            gone = {"dn": ["uid=ada,ou=left,dc=alder,dc=example"], "pwdAccountLockedTime": ["000001010000Z"]}
            assert left == {**employed, **gone}

            assert gateway.ask("PATCH", f"/Users/{ada['id']}", patch(op="replace", path="active", value=True))[0] == 200
            assert entry(home, "ada") == employed
            assert gateway.ask("DELETE", f"/Users/{ada['id']}")[0] == 204
            assert entry(home, "ada")["dn"] == gone["dn"]

            held = gateway.ask("GET", '/Users?filter=userName%20eq%20"moriarty"')[1]["Resources"][0]
            before = entry(home, "moriarty")
            assert (
                gateway.ask("PATCH", f"/Users/{held['id']}", patch(op="replace", path="active", value=False))[0] == 403
            )
            assert entry(home, "moriarty") == before
            assert gateway.ask("GET", '/Users?filter=userName%20eq%20"backup"')[1]["totalResults"] == 0
