"""Run inside Keystone's environment: set it up in a folder, or serve it from there on a loopback port.

python keystone_serve.py setup FOLDER | python keystone_serve.py serve FOLDER PORT
"""

import os
import sys

CONFIGURATION = """
[DEFAULT]
log_file = {folder}/keystone.log
use_stderr = false
[database]
connection = sqlite:///{folder}/keystone.db
sqlite_synchronous = false
[identity]
password_hash_rounds = 4
[fernet_tokens]
key_repository = {folder}/fernet
[credential]
key_repository = {folder}/credential
[oslo_policy]
policy_file = {folder}/policy.yaml
[cache]
enabled = true
backend = dogpile.cache.memory
[token]
expiration = {expiration}
allow_expired_window = 0
"""


def configure(folder: str, expiration: str) -> str:
    """Write the configuration and return its path."""
    for name in ("fernet", "credential"):
        os.makedirs(f"{folder}/{name}", mode=0o700, exist_ok=True)
    with open(f"{folder}/policy.yaml", "w", encoding="utf-8") as file:
        file.write("{}\n")
    path = f"{folder}/keystone.conf"
    with open(path, "w", encoding="utf-8") as file:
        file.write(CONFIGURATION.format(folder=folder, expiration=expiration))
    return path


def setup(folder: str) -> None:
    """Make the tables, the keys and the first administrator."""
    path = configure(folder, "3600")
    manage = os.path.join(os.path.dirname(sys.executable), "keystone-manage")
    user = [f"--keystone-{kind}={os.getuid() if kind == 'user' else os.getgid()}" for kind in ("user", "group")]
    for command in (["db_sync"], ["fernet_setup", *user], ["bootstrap", "--bootstrap-password", "secret"]):
        whole = [sys.executable, "-W", "ignore", manage, "--config-file", path, *command]
        status = os.spawnv(os.P_WAIT, sys.executable, whole)
        if status:
            sys.exit(status)


def serve(folder: str, port: str, expiration: str) -> None:
    """Serve until killed; one request at a time, since SQLite has one writer."""
    os.environ["OS_KEYSTONE_CONFIG_FILES"] = configure(folder, expiration)
    sys.argv = sys.argv[:1]
    from keystone.wsgi.api import application
    from waitress import serve as run

    run(application, host="127.0.0.1", port=int(port), threads=1)


if __name__ == "__main__":
    {"setup": setup, "serve": serve}[sys.argv[1]](*sys.argv[2:])
