"""config.toml: what runs where, for whom, and under which policy."""

from gateway.config.anchored import anchored_mapping, anchored_url
from gateway.config.embedded import embedded_config
from gateway.config.load import UnusableConfig, load_config, parse_config
from gateway.config.secret import Secret, SecretMissing, references, resolve_all
from gateway.config.settings import EVERY_OPERATION, Config, Connection, Limits, Server, StaticToken, Target
from gateway.config.values import Address, Rate
from gateway.mapping.errors import ConfigError

__all__ = [
    "EVERY_OPERATION",
    "Address",
    "Config",
    "ConfigError",
    "Connection",
    "Limits",
    "Rate",
    "Secret",
    "SecretMissing",
    "Server",
    "StaticToken",
    "Target",
    "UnusableConfig",
    "anchored_mapping",
    "anchored_url",
    "embedded_config",
    "load_config",
    "parse_config",
    "references",
    "resolve_all",
]
