"""Make one of Microsoft's Postman collections fit for newman and a running gateway.

    python -m tests.suites.postman http://127.0.0.1:8080/scim/v2 TOKEN PostmanCollection.json > ready.json
    npx newman run ready.json

The collections are Microsoft's and stay where they are (AzureAD/SCIMReferenceCode). They fetch a token of their own
reference server and leave the server's address open; this leaves out the one and fills in the other.
"""

import json
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit


def ready(collection: dict[str, Any], base: str, token: str) -> dict[str, Any]:
    """Return the collection with the gateway's address and token in place."""
    parts = urlsplit(base)
    whole = json.dumps(collection).replace("https://{{endpoint}}/scim", base).replace("${__UUID}", "{{$guid}}")
    made: dict[str, Any] = json.loads(whole)
    made["item"] = [item for item in made["item"] if item["name"] != "Get Token"]
    made["auth"] = {"type": "bearer", "bearer": [{"key": "token", "value": token, "type": "string"}]}
    address = {
        "Protocol": parts.scheme,
        "Server": parts.hostname,
        "Port": f":{parts.port}",
        "Api": parts.path.strip("/"),
    }
    kept = [each for each in made.get("variable", []) if each["key"] not in address]
    made["variable"] = kept + [{"key": key, "value": value} for key, value in address.items()]
    _plain(made["item"], base)
    return made


def _plain(items: list[dict[str, Any]], base: str) -> None:
    """Every request takes the collection's token, and an address that was filled in is read as it stands."""
    for item in items:
        _plain(item.get("item", []), base)
        request = item.get("request")
        if request is not None:
            request.pop("auth", None)
            url = request["url"]
            raw = url if isinstance(url, str) else url["raw"]
            request["url"] = raw if raw.startswith(base) else url


def main(base: str, token: str, file: str) -> None:
    print(json.dumps(ready(json.loads(Path(file).read_text()), base.rstrip("/"), token)))


if __name__ == "__main__":
    main(*sys.argv[1:])
