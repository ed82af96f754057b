"""Play Okta's published SCIM 2.0 tests (files of a Runscope export) against a running gateway.

    python -m tests.suites.okta_files http://127.0.0.1:8080/scim/v2 TOKEN Okta-SCIM-20-SPEC-Test.json …

The files are Okta's and stay where they are (okta/okta-developer-docs). The CRUD file steers an Okta organisation and
looks at the SCIM server in between; here a stand-in sends the SCIM requests that such an organisation sends.
Exit code 1 where an assertion fails.
"""

import json
import random
import re
import string
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
ORGANISATION = "okta:"
"""where ``{{oktaOrgUrl}}`` leads"""


class Organisation:
    """An Okta organisation with one application and one user: what its own API is asked becomes SCIM."""

    def __init__(self, scim: httpx2.Client) -> None:
        self.scim = scim
        self.profile: dict[str, str] = {}
        self.id = ""

    def ask(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        """Answer a request to Okta's own API, after the SCIM requests that follow from it."""
        if method == "POST" and path.endswith("users?activate=true"):
            self.profile = dict(body["profile"])
            return 200, {"id": "00u1"}
        if method == "POST" and re.search(r"/apps/[^/]+/users$", path):
            self._assign()
        elif method == "PUT":
            self.profile |= body["profile"]
            self._send("PUT", f"/Users/{self.id}", {**self._user(), "id": self.id})
        elif method == "DELETE" or path.endswith("/lifecycle/deactivate"):
            operations = [{"op": "replace", "value": {"active": False}}]
            self._send("PATCH", f"/Users/{self.id}", {"schemas": [PATCH], "Operations": operations})
        return (204 if method == "DELETE" else 200), {"id": "00u1"}

    def _assign(self) -> None:
        params = {"filter": f'userName eq "{self.profile["email"]}"', "startIndex": "1", "count": "100"}
        found = self.scim.get("Users", params=params).json()["Resources"]
        if found:
            self.id = found[0]["id"]
            self._send("PUT", f"/Users/{self.id}", {**self._user(), "id": self.id})
        else:
            self.id = self._send("POST", "/Users", self._user())["id"]

    def _user(self) -> dict[str, Any]:
        first, last, email = (self.profile[name] for name in ("firstName", "lastName", "email"))
        return {
            "schemas": [USER],
            "userName": email,
            "name": {"givenName": first, "familyName": last},
            "emails": [{"primary": True, "value": email, "type": "work"}],
            "displayName": f"{first} {last}",
            "locale": "en-US",
            "externalId": f"00u1{last}",
            "groups": [],
            "password": "1mz050nq",
            "active": True,
        }

    def _send(self, method: str, path: str, body: Any) -> Any:
        response = self.scim.request(method, path.lstrip("/"), json=body)
        response.raise_for_status()
        return response.json() if response.content else {}


def variables(base: str, token: str) -> dict[str, str]:
    """What the scripts beside the files set, and what a tester is told to fill in."""
    last = random.choice(string.ascii_uppercase) + "".join(random.choices(string.ascii_lowercase, k=8))
    first = f"Runscope{random.randint(100, 999)}"
    email = f"{first}{last}@atko.com"
    return {
        **dict.fromkeys(("SCIMBaseURL", "SCIMUrl"), base),
        **dict.fromkeys(("SCIMAuth", "auth"), f"Bearer {token}"),
        "oktaOrgUrl": ORGANISATION,
        "oktaAppId": "app",
        "oktaToken": "none",
        "InvalidUserEmail": "abcdefgh@atko.com",
        "UserIdThatDoesNotExist": "010101001010101011001010101011",
        "randomGivenName": first,
        "randomFamilyName": last,
        "randomEmail": email,
        "randomUsername": email,
        "randomUsernameCaps": email.upper(),
        "okta_user_email": email,
        "okta_user_title": "Engineer",
        "okta_user_firstname": first,
        "okta_user_lastname": last,
        "okta_user_fullname": f"{first} {last}",
        "okta_user_firstname_update": f"{first}update",
        "okta_user_fullname_update": f"{first}update {last}",
        "okta_user_primaryphone": "415.123.4567",
    }


def filled(text: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\{\{([^}]+)\}\}", lambda found: str(known.get(found[1].strip(), f"MISSING {found[1]}")), text)


def at(document: Any, path: str | None) -> Any:
    """``Resources[0].id`` of a document; None where there is no such thing."""
    for part in re.findall(r"[^.\[\]]+", path or ""):
        try:
            document = document[int(part) if isinstance(document, list) else part]
        except (KeyError, IndexError, ValueError, TypeError):
            return None
    return document


def holds(comparison: str, value: Any, expected: str) -> bool:
    """One assertion of the files."""
    text = str(value).lower() if isinstance(value, bool) else str(value)
    known = {
        "equal": lambda: text == expected,
        "equal_number": lambda: value is not None and float(value) == float(expected),
        "is_less_than": lambda: float(value) < float(expected),
        "not_empty": lambda: value not in (None, "", [], {}),
        "has_value": lambda: isinstance(value, list) and expected in value,
        "contains": lambda: expected in text,
        "is_a_number": lambda: isinstance(value, int),
    }
    return bool(known[comparison]())


def play(file: Path, base: str, token: str) -> tuple[int, list[str]]:
    """Play one file. :return: how many assertions there were, and those that failed."""
    known, failed, number = variables(base, token), [], 0
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
    with httpx2.Client(base_url=f"{base}/", headers=headers) as own, httpx2.Client(timeout=60) as plain:
        organisation = Organisation(own)
        for step in json.loads(file.read_text())["steps"]:
            if step["step_type"] != "request":
                continue
            url, body = filled(step["url"], known), filled(step.get("body") or "", known)
            elapsed = 0.0
            if url.startswith(ORGANISATION):
                status, document = organisation.ask(step["method"], url, json.loads(body) if body else None)
            else:
                given = step["headers"].items()
                sent = {name: filled(value if isinstance(value, str) else value[0], known) for name, value in given}
                response = plain.request(step["method"], url, headers=sent, content=body.encode() or None)
                status, elapsed = response.status_code, response.elapsed.total_seconds() * 1000
                document = response.json() if response.content else None
            seen = {"response_status": status, "response_time": elapsed}
            for each in step["assertions"]:
                value = seen.get(each["source"], at(document, each.get("property")))
                number += 1
                if not holds(each["comparison"], value, filled(str(each["value"]), known)):
                    failed.append(f"{step['note']}: {each['property']} {each['comparison']} {each['value']}: {value!r}")
            known |= {each["name"]: str(at(document, each["property"])) for each in step["variables"] if each["name"]}
    return number, failed


def main(base: str, token: str, *files: str) -> int:
    wrong = 0
    for file in map(Path, files):
        number, failed = play(file, base.rstrip("/"), token)
        print(f"{file.name}: {number - len(failed)} of {number} assertions hold", *failed, sep="\n  ")
        wrong += len(failed)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
