"""The command line in this process, over a store and settings of the test's own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app
from ratings.store.store import Store
from ratings.times import Instant
from tests.store.world import World

TOKEN = "123456789:" + "A" * 35


@dataclass(frozen=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.out.splitlines()


Tapfive = Callable[..., Ended]


@pytest.fixture
def config(tmp_path: Path, sqlite_url: str) -> Path:
    """Settings with a migrated SQLite and a bot that only sends."""
    return write_config(tmp_path, sqlite_url)


def write_config(folder: Path, url: str, **server: object) -> Path:
    (folder / "secret").write_text("s" * 40)
    (folder / "token").write_text(TOKEN)
    (folder / "store").write_text(url)
    keys = {"secret": "file:secret", "port": 0, **server}
    lines = ["[server]", *(f"{key} = {_toml(value)}" for key, value in keys.items())]
    lines += ["[store]", 'url = "file:store"']
    lines += ["[channels.telegram.support]", 'token = "file:token"', 'mode = "send-only"']
    path = folder / "config.toml"
    path.write_text("\n".join(lines))
    return path


def _toml(value: object) -> str:
    return str(value) if isinstance(value, int) else f'"{value}"'


@pytest.fixture
def tapfive(config: Path, monkeypatch: pytest.MonkeyPatch) -> Tapfive:
    """Run a command with `config` as its settings."""
    monkeypatch.setenv("TAPFIVE_CONFIG", str(config))
    runner = CliRunner()

    def invoke(*arguments: str, stdin: str | bytes | None = None) -> Ended:
        result = runner.invoke(app, arguments, input=stdin, catch_exceptions=False)
        return Ended(result.exit_code, result.stdout, result.stderr)

    return invoke


@pytest.fixture
def world(make_store: Callable[[str], Store], sqlite_url: str, clock: Callable[[], Instant]) -> World:
    """The same store as another process sees it."""
    return World(make_store(sqlite_url), clock)


def one_line(ended: Ended, wanted: str | Sequence[str] = ()) -> None:
    """Bad input: exit code 2, one line on stderr that has these words, nothing on stdout."""
    lines = ended.err.splitlines()
    assert (ended.code, ended.out, len(lines)) == (2, "", 1), ended
    for word in [wanted] if isinstance(wanted, str) else wanted:
        assert word in lines[0]
    assert lines[0].startswith("tapfive: ")
    assert "Traceback" not in ended.err
