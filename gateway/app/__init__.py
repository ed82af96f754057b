"""The one place where the parts are put together."""

from gateway.app.asgi import Application, create_app, from_environment
from gateway.app.gateway import Gateway, build
from gateway.app.online import check_online
from gateway.app.parts import Part, Parts, assemble, check_mapping

__all__ = [
    "Application",
    "Gateway",
    "Part",
    "Parts",
    "assemble",
    "build",
    "check_mapping",
    "check_online",
    "create_app",
    "from_environment",
]
