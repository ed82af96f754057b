"""St Luke's, over HTTP, with every row compared."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.cli.running import dirbridge, serving
from tests.examples.sites import copied, patch, rows

STAFF = "urn:example:stlukes:params:scim:schemas:extension:staff:1.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
JANA: dict[str, Any] = {
    "userName": " Müllerová ", "userType": "Doctor", "externalId": "00u7",
    "name": {"givenName": "Jana", "familyName": "Müllerová"},
    "emails": [{"value": "jana@home.example"}, {"value": "jana@stlukes.example", "primary": True}],
    "phoneNumbers": [{"type": "work", "value": "020 7946 0100"}, {"type": "pager", "value": "71"}],
    "addresses": [{"type": "home", "country": "CZ"}],
    ENTERPRISE: {"employeeNumber": "10004", "costCenter": "Surgery"},
    STAFF: {
        "prescriberNumber": "P-77",
        "badges": [{"number": "D-1", "type": "door", "validUntil": "2027-01-31T00:00:00Z"}, {"number": "K-9"}],
        "licence": {"number": "gmc 7", "board": "GMC", "validUntil": "2028-12-31T00:00:00Z"},
        "qualifications": [{"title": "FRCP", "year": 2019}],
    },
}  # fmt: skip
STANDS = {
    "row_version": 1, "login": "Müllerová", "home_share": "\\\\files\\home\\Müllerová", "lab_user": "mullerov",
    "kind": "doctor", "personnel_no": "10004", "first_name": "Jana", "last_name": "Müllerová",
    "shown_as": "Müllerová, Jana", "mail": "jana@stlukes.example", "mail_private": "jana@home.example",
    "phone": "+442079460100", "phone_night": None, "pager": "71", "nationality": 203, "cost_centre": 4110, "role": 0,
    "manager_id": None, "licence_no": "GMC 7", "licence_board": "GMC", "licence_until": "2028-12-31 00:00:00.000000",
    "prescriber_no": "P-77", "qualifications": '[{"title":"FRCP","year":2019}]', "status": "invited",
    "under_inquiry": 0, "left_at": None,
}  # fmt: skip
BADGES = [
    {"number": "D-1", "kind": "door", "valid_until": "2027-01-31 00:00:00.000000"},
    {"number": "K-9", "kind": None, "valid_until": None},
]


def badges(home: Path) -> list[dict[str, Any]]:
    return rows(home, "SELECT number, kind, valid_until FROM badges ORDER BY position")


def test_people_badges_departments_and_devices(tmp_path: Path) -> None:
    home = copied("hospital", tmp_path)
    with closing(sqlite3.connect(home / "app.db")) as connection:
        connection.executescript((home / "hospital.sql").read_text())
    token = json.loads(dirbridge("token", "create", "hr", "--json", cwd=home).stdout)["secret"]
    with serving(cwd=home) as gateway:
        gateway.token = token
        ask = gateway.ask
        surgery = ask("POST", "/Departments", {"name": "Surgery", "costCenter": "Surgery"})[1]["id"]
        JANA[STAFF]["department"] = {"value": surgery}
        status, jana = ask("POST", "/Users", JANA)
        assert status == 201
        (row,) = rows(home, "SELECT * FROM staff WHERE login = 'Müllerová'")
        stands = {"id": jana["id"], "department_id": surgery, **STANDS}
        assert row == stands
        assert badges(home) == BADGES

        read = ask("GET", f"/Users/{jana['id']}")[1]
        sent = {key: each for key, each in JANA[STAFF].items() if key != "licence"}
        assert {key: read[STAFF][key] for key in sent} == sent
        assert ask("PUT", f"/Users/{jana['id']}", read)[0] == 200
        assert rows(home, "SELECT * FROM staff WHERE login = 'Müllerová'") == [stands]
        wanted = quote(f'{STAFF}:badges[number eq "K-9"]')
        assert [each["id"] for each in ask("GET", f"/Users?filter={wanted}")[1]["Resources"]] == [jana["id"]]

        handed_in = patch(op="remove", path=f'{STAFF}:badges[number eq "D-1"]')
        assert ask("PATCH", f"/Users/{jana['id']}", handed_in)[0] == 200
        assert badges(home) == BADGES[1:]

        head = patch(op="add", path="head.value", value=jana["id"])
        assert ask("PATCH", f"/Departments/{surgery}", head)[0] == 200
        assert rows(home, "SELECT * FROM departments") == [
            {"id": surgery, "name": "Surgery", "cost_centre": 4110, "head_id": jana["id"]}
        ]
        device = {"serial": "X-1", "active": True, "location": {"room": "B"}, "holder": {"value": jana["id"]}}
        status, made = ask("POST", "/Devices", device)
        assert status == 201
        assert rows(home, "SELECT * FROM devices") == [
            {
                "id": made["id"],
                "serial": "X-1",
                "model": None,
                "room": "B",
                "bed": None,
                "holder_id": jana["id"],
                "in_use": 1,
            }
        ]
        assert ask("PATCH", f"/Devices/{made['id']}", patch(op="replace", path="serial", value="X-2"))[0] == 400

        everything = "SELECT * FROM staff WHERE id = 's-2'"
        before = rows(home, everything)
        assert ask("PATCH", "/Users/s-2", patch(op="replace", path="active", value=False))[0] == 403
        assert ask("GET", "/Users/s-1")[0] == 404
        assert rows(home, everything) == before

        assert ask("DELETE", f"/Users/{jana['id']}")[0] == 204
        (row,) = rows(home, "SELECT status, left_at IS NOT NULL AS noted FROM staff WHERE login = 'Müllerová'")
        assert row == {"status": "left", "noted": 1}
        assert ask("GET", f"/Users/{jana['id']}")[0] == 404
