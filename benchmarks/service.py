"""The service under test: the real one, by the real command."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.processes import end, free_port, wait_for_200

ACCOUNT = "telegram.support"
HOOK_PATH = "/hooks/channels/telegram/support"
TOKEN = "123456:ABC-def_benchmarks"  # noqa: S105 - of a bot that lives in the stand-in
SECRET = "benchmarks sign their tokens with this"  # noqa: S105 - of databases that live for minutes
HOOK_SECRET = "benchmarks"  # noqa: S105 - likewise


@dataclass(frozen=True, slots=True)
class Service:
    """A running service."""

    port: int
    pid: int
    seconds: float  # from its start to its first 200


def write_config(folder: Path, url: str, port: int, api_url: str | None, *, unpaced: bool) -> Path:
    """Write a config.toml with one relay account on `api_url` (None: no account); `unpaced` sends as fast as it can."""
    for name, secret in (("secret", SECRET), ("token", TOKEN), ("hook_secret", HOOK_SECRET)):
        (folder / name).write_text(secret)
    lines = [
        "[server]",
        f"port = {port}",
        'secret = "file:secret"',
        "[store]",
        f'url = "{url}"',
        "[log]",
        'level = "warning"',
        'format = "json"',
    ]
    if api_url is not None:
        lines += [
            f"[channels.{ACCOUNT}]",
            'token = "file:token"',
            'hook_secret = "file:hook_secret"',
            'mode = "relay"',
            f'api_url = "{api_url}"',
        ]
        if unpaced:
            lines.append("pace = { per_second = 1000000.0, per_recipient = 1000.0 }")
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def service(folder: Path, url: str, api_url: str | None, *, work: bool, unpaced: bool = False) -> Iterator[Service]:
    """Run `python -m bot serve`; without `work` it is the web alone."""
    port = free_port()
    config = write_config(folder, url, port, api_url, unpaced=unpaced)
    command = [sys.executable, "-m", "bot", "serve", "--config", str(config), *([] if work else ["--no-work"])]
    with (folder / "service.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)  # noqa: S603 - our own command
        try:
            try:
                seconds = wait_for_200(port, "/healthz", process)
            except RuntimeError as error:
                raise RuntimeError(f"{error}:\n{(folder / 'service.log').read_text()[-3000:]}") from error
            yield Service(port, process.pid, seconds)
        finally:
            end(process)
