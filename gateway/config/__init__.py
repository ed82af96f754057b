"""config.toml: what runs where, for whom, and under which policy."""

from gateway.config.load import load_config, parse_config
from gateway.config.secret import Secret, resolve_all
from gateway.config.settings import OPERATIONS, Config, Connection, Limits, Server, StaticToken, Target
from gateway.config.values import Address, Rate
from gateway.mapping.errors import ConfigError

__all__ = [
    "OPERATIONS",
    "Address",
    "Config",
    "ConfigError",
    "Connection",
    "Limits",
    "Rate",
    "Secret",
    "Server",
    "StaticToken",
    "Target",
    "load_config",
    "parse_config",
    "resolve_all",
]
