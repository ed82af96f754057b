"""HTTP: who may come in, from where, to which connection; health; never a secret in an answer or a log line."""

from gateway.http.application import application
from gateway.http.settings import Access, HttpSettings, StaticToken

__all__ = ["Access", "HttpSettings", "StaticToken", "application"]
