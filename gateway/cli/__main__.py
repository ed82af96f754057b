"""``python -m gateway.cli`` is ``dirbridge``."""

from gateway.cli import main

main()
