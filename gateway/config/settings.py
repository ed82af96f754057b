"""config.toml as models. Each field is one key; docs/reference/configuration.md describes them in the same order."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, field_validator

from gateway.config.secret import Secret
from gateway.config.values import Address, Duration, Limit, Listen, Network, Size
from gateway.mapping.model import Place

Operation = Literal["create", "update", "deactivate", "delete", "groups"]
EVERY_OPERATION: tuple[Operation, ...] = ("create", "update", "deactivate", "delete", "groups")
Dialect = Literal["okta", "entra", "onelogin", "strict", "tolerant"]


class Table(BaseModel):
    """A table of config.toml: no key but its own, and nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=False, arbitrary_types_allowed=True)


class Tls(Table):
    """``server.tls``: the files that uvicorn serves HTTPS with."""

    cert: Secret
    key: Secret

    @field_validator("cert", "key")
    @classmethod
    def _is_file(cls, value: Secret) -> Secret:
        if not value.reference.startswith("file:"):
            raise ValueError('must be a file: "file:/etc/dirbridge/…"')
        return value


class Server(Table):
    """``[server]``."""

    listen: Listen = Address("127.0.0.1", 8080)
    base_url: Annotated[str, Field(pattern=r"^https?://[^\s?#]+$")] | None = None
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    ledger: str = "sqlite:///ledger.db"
    tls: Tls | None = None
    trusted_proxies: tuple[Network, ...] = ()
    max_body: Size = 1_048_576
    max_depth: Annotated[int, Field(ge=4, le=200)] = 32
    cursor_key: Secret | None = None
    require_targets: bool = False
    log_level: Literal["warning", "info"] = "warning"


class Retry(Table):
    """``target.X.retry``: how long a request waits for a target that is down."""

    attempts: Annotated[int, Field(ge=1, le=20)] = 5
    deadline: Duration = 20.0


class Target(Table):
    """``[target.X]``: ``kind``, the gateway's own keys, and the connector's, which only the connector knows."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    retry: Retry = Retry()
    settle: Duration = 300.0

    @property
    def options(self) -> dict[str, Any]:
        """The connector's keys, secrets still as references."""
        return dict(self.model_extra or {})


class Limits(Table):
    """``connection.X.limit``."""

    reads: Limit | None = None
    writes: Limit | None = None


class StaticToken(Table):
    """One of ``connection.X.tokens``: the hash of a token that was made elsewhere."""

    name: Annotated[str, Field(min_length=1)]
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")]
    read_only: bool = False


class Connection(Table):
    """``[connection.X]``: one SCIM endpoint for one identity provider."""

    path: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~-]+)+/?$")]
    dialect: Dialect = "tolerant"
    target: str
    mapping: str
    mode: Literal["live", "read-only"] = "live"
    allow: tuple[Operation, ...] = EVERY_OPERATION
    limit: Limits = Limits()
    sources: Annotated[tuple[Network, ...], Field(alias="from")] = ()
    token_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{0,40}$")] = "dbr-scim-"  # noqa: S105 (a prefix, no secret)
    tokens: tuple[StaticToken, ...] = ()
    patch_response: Literal["auto", "body", "none"] = "auto"
    put_creates: bool = False
    bulk: bool = True
    sort: bool = True
    etag: bool = True
    unknown_attributes: Literal["ignore", "refuse"] = "ignore"
    bulk_operations: Annotated[int, Field(ge=1, le=10_000)] = 1000
    bulk_body: Size = 1_048_576
    cursor_timeout: Duration = 3600.0
    page: Annotated[int, Field(ge=1, le=10_000)] = 100
    max_page: Annotated[int, Field(ge=1, le=10_000)] = 1000
    max_scan: Annotated[int, Field(ge=1)] = 100_000

    @property
    def mount(self) -> str:
        """The path without its trailing slash."""
        return self.path.rstrip("/")


class Config(Table):
    """A whole config.toml."""

    server: Server = Server()
    target: dict[str, Target]
    connection: dict[str, Connection]
    _root: Path = PrivateAttr(default=Path())
    _places: dict[tuple[str | int, ...], Place] = PrivateAttr(default_factory=dict)

    @property
    def root(self) -> Path:
        """The directory of the file; relative paths start here."""
        return self._root

    def place(self, *path: str | int) -> Place | None:
        """Return where a key stands, or the nearest table above it."""
        for length in range(len(path), 0, -1):
            if path[:length] in self._places:
                return self._places[path[:length]]
        return None

    def located(self, root: Path, places: dict[tuple[str | int, ...], Place]) -> "Config":
        """Remember where the file is and what stands where in it. Returns itself."""
        self._root, self._places = root, places
        return self
