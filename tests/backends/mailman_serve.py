"""Run inside Mailman's environment: set it up in a folder, or serve its REST API from there on a loopback port.

python mailman_serve.py setup FOLDER | python mailman_serve.py serve FOLDER PORT
"""

import sys

CONFIGURATION = """
[mailman]
layout: tests
[paths.tests]
var_dir: {folder}/var
[database]
url: sqlite:///{folder}/mailman.db
[webservice]
hostname: 127.0.0.1
port: {port}
admin_user: restadmin
admin_pass: correct-horse-battery
[mta]
incoming: mailman.mta.null.NullMTA
[passwords]
configuration: {folder}/passwords.cfg
"""
PASSWORDS = "[passlib]\nschemes = roundup_plaintext\n"


def configure(folder: str, port: str) -> None:
    """Write the configuration, and bring Mailman up in this process; the tables are made when missing."""
    for name, text in (("mailman.cfg", CONFIGURATION.format(folder=folder, port=port)), ("passwords.cfg", PASSWORDS)):
        with open(f"{folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)
    from mailman.core.initialize import initialize
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    event.listen(Engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF"))
    initialize(f"{folder}/mailman.cfg")


def setup(folder: str) -> None:
    """Make the tables, and the domain of the lists."""
    configure(folder, "0")
    from mailman.config import config
    from mailman.interfaces.domain import IDomainManager
    from zope.component import getUtility

    getUtility(IDomainManager).add("example.com")
    config.db.commit()


def serve(folder: str, port: str) -> None:
    """Serve until killed; one request at a time, since SQLite has one writer."""
    configure(folder, port)
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from mailman.rest.wsgiapp import make_application

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nothing."""

    make_server("127.0.0.1", int(port), make_application(), handler_class=Quiet).serve_forever()


if __name__ == "__main__":
    {"setup": setup, "serve": serve}[sys.argv[1]](*sys.argv[2:])
