"""What the stateful machines share: a database of its own for every example."""

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

from ratings.store.migrate import migrate


def new_folder() -> Path:
    """Return a folder for one example."""
    return Path(tempfile.mkdtemp(prefix="tapfive-machine-"))


def new_database(folder: Path) -> str:
    """Return the URL of a migrated SQLite database in a folder."""
    shutil.copy(_template(), folder / "tapfive.db")
    return f"sqlite:///{folder}/tapfive.db"


@cache
def _template() -> Path:
    """Migrate once: every example begins with a copy."""
    folder = new_folder()
    atexit.register(shutil.rmtree, folder)
    migrate(f"sqlite:///{folder}/tapfive.db")
    return folder / "tapfive.db"
