"""``python -m workroom``: serve on loopback. WORKROOM_DB, WORKROOM_TOKEN and WORKROOM_PORT say where and for whom."""

import os

import uvicorn

from workroom.api import application

uvicorn.run(
    application(os.environ.get("WORKROOM_DB", "sqlite:///workroom.db"), os.environ["WORKROOM_TOKEN"]),
    host="127.0.0.1",
    port=int(os.environ.get("WORKROOM_PORT", "8090")),
    log_level="warning",
)
