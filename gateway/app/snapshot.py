"""What several worker processes run: the configuration and the mappings as they were read and found good.

A worker that is started later, when somebody is editing the files, serves what its brothers do. This module imports
next to nothing: a worker tells its supervisor that it lives before it loads the rest.
"""

import pickle
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gateway.app.asgi import Application
    from gateway.app.parts import Parts


@dataclass(frozen=True, slots=True)
class Snapshot:
    """:param kept: configuration and mapping files, pickled."""

    kept: bytes

    def __call__(self) -> "Application":
        """Return the application. The tests inside the mappings were run by whoever took the snapshot."""
        from gateway.app.asgi import Application
        from gateway.app.parts import assemble

        config, files = pickle.loads(self.kept)  # noqa: S301 - from the process that started this one
        return Application(assemble(config, test_mappings=False, files=files))


def snapshot(parts: "Parts") -> Snapshot:
    """Return what worker processes run."""
    return Snapshot(pickle.dumps((parts.config, parts.files)))
