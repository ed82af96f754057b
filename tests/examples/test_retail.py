"""Corner & Sons, over HTTP, with every row compared."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from tests.cli.running import dirbridge, serving
from tests.examples.sites import copied, patch, rows

TILL = "urn:example:corner:params:scim:schemas:extension:till:1.0:User"
SAM: dict[str, Any] = {
    "userName": "sam.weller@corner.example", "externalId": "00u-weller", "nickName": "Sam", "password": "4711-0815",
    "name": {"givenName": "Sam", "familyName": "Weller"},
    "emails": [{"type": "work", "value": "sam.weller@corner.example"}, {"type": "home", "value": "sam@home.example"}],
    TILL: {
        "discount": "lots", "permits": ["refund", "alcohol"],
        "contracts": [
            {"number": "C1", "type": "part", "hours": 19.5},
            {"number": "C2", "type": "season", "validUntil": "2026-12-31T00:00:00Z"},
        ],
    },
}  # fmt: skip
STANDS = {
    "row_version": 1, "email": "sam.weller@corner.example", "private_mail": "sam@home.example", "idp_id": "00u-weller",
    "first_name": "Sam", "last_name": "Weller", "full_name": "Sam Weller", "receipt_name": "Sam",
    "till_login": "SAM.WELLER", "status": "active", "role_id": 1, "discount": "0", "permits": "alcohol;refund",
    "created_by": "scim", "deleted_at": None,
}  # fmt: skip
STORE: dict[str, Any] = {
    "code": " ldn-7 ", "address": {"street": "1 High Street", "town": "London", "country": "GB"},
    "openingHours": [{"day": "Mon", "from": "08:00", "to": "20:00"}], "manager": {"value": "00u-bardell"},
}  # fmt: skip


def test_shops_cashiers_and_a_team_that_decides_on_the_role(tmp_path: Path) -> None:
    home = copied("retail", tmp_path)
    with closing(sqlite3.connect(home / "app.db")) as connection:
        connection.executescript((home / "tills.sql").read_text())
    token = json.loads(dirbridge("token", "create", "okta", "--json", cwd=home).stdout)["secret"]
    with serving(cwd=home) as gateway:
        gateway.token = token
        ask = gateway.ask
        status, store = ask("POST", "/Stores", STORE)
        assert status == 201
        assert store["manager"]["value"] == "00u-bardell"
        shop = {
            "number": store["id"], "code": "LDN-7", "name": None, "street": "1 High Street", "town": "London",
            "country": "GBR", "hours": '[{"day":"Mon","from":"08:00","to":"20:00"}]', "manager_id": None,
            "deputy_id": None,
        }  # fmt: skip
        assert rows(home, "SELECT * FROM stores") == [shop]

        SAM[TILL]["store"] = {"value": store["id"]}
        status, sam = ask("POST", "/Users", SAM)
        assert status == 201
        (row,) = rows(home, "SELECT * FROM users WHERE id = ?", sam["id"])
        assert row.pop("pin_hash").startswith("$scrypt$")
        assert row == {"id": sam["id"], "store": store["id"], **STANDS}
        assert rows(home, "SELECT * FROM contracts ORDER BY position") == [
            {"user_id": sam["id"], "position": 0, "number": "C1", "kind": "part", "hours": 19.5, "valid_until": None},
            {"user_id": sam["id"], "position": 1, "number": "C2", "kind": "season", "hours": None,
             "valid_until": "2026-12-31 00:00:00.000000"},
        ]  # fmt: skip
        read = ask("GET", f"/Users/{sam['id']}")[1]
        assert read[TILL] == {**SAM[TILL], "discount": "none", "permits": ["alcohol", "refund"]}
        assert "password" not in read

        martha = ask("POST", "/Users", {"userName": "martha@corner.example", "externalId": "00u-bardell"})[1]["id"]
        assert ask("GET", f"/Stores/{store['id']}")[1]["manager"]["value"] == martha
        roles = "SELECT role_id FROM users WHERE id = ?"
        join = patch(op="add", path="members", value=[{"value": martha}])
        assert ask("PATCH", "/Groups/t-2", join)[0] == 204
        assert rows(home, roles, martha) == [{"role_id": 2}]
        assert ask("PATCH", "/Groups/t-2", patch(op="remove", path=f'members[value eq "{martha}"]'))[0] == 204
        assert rows(home, roles, martha) == [{"role_id": 1}]
        assert rows(home, "SELECT * FROM memberships") == []

        before = rows(home, "SELECT * FROM users WHERE id = 'u-1'")
        assert ask("PATCH", "/Users/u-1", patch(op="replace", path="active", value=False))[0] == 403
        assert rows(home, "SELECT * FROM users WHERE id = 'u-1'") == before
        assert ask("DELETE", "/Groups/t-1")[0] == 403
        assert len(rows(home, "SELECT * FROM teams")) == 2

        assert ask("PATCH", f"/Users/{sam['id']}", patch(op="replace", path="active", value=False))[0] == 200
        assert rows(home, "SELECT status FROM users WHERE id = ?", sam["id"]) == [{"status": "disabled"}]
        assert ask("DELETE", f"/Users/{sam['id']}")[0] == 204
        assert rows(home, "SELECT * FROM users WHERE id = ?", sam["id"]) == []
        assert rows(home, "SELECT * FROM contracts") == []
