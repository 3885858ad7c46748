"""Bad input is a line and exit code 2, whatever the command."""

import socket
import sqlite3
from pathlib import Path

import pytest

from bot.cli import COMMANDS, main
from bot.running import listen
from tests.cli.conftest import TOKEN, Tapfive, one_line, write_config

WITH_SETTINGS = [
    ["serve"],
    ["work"],
    ["migrate"],
    ["survey", "list"],
    ["survey", "on", "default"],
    ["ratings", "list"],
    ["ratings", "summary"],
    ["ratings", "export"],
    ["apikey", "list"],
    ["apikey", "create", "x", "--scope", "read"],
    ["close", "-"],
    ["user", "list"],
    ["channel", "list"],
    ["job", "list"],
    ["job", "replay"],
    ["customer", "find", "--customer", "1"],
    ["retention", "show"],
    ["recount"],
    ["sample", "--rows", "1"],
]


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=" ".join)
def test_settings_that_are_not_there_are_a_line(tapfive: Tapfive, command: list[str], tmp_path: Path) -> None:
    one_line(tapfive(*command, "--config", str(tmp_path / "none.toml"), stdin="{}"), "no such file")


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=" ".join)
def test_a_wrong_key_is_a_line_that_names_it(tapfive: Tapfive, command: list[str], config: Path) -> None:
    config.write_text(config.read_text().replace("port = 0", 'port = "many"'))
    one_line(tapfive(*command, stdin="{}"), "server.port")


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=" ".join)
def test_a_store_out_of_reach_is_a_line_without_the_password(
    tapfive: Tapfive, command: list[str], tmp_path: Path
) -> None:
    with socket.socket() as taken:  # bound and not listening: nobody answers there
        taken.bind(("127.0.0.1", 0))
        write_config(tmp_path, f"postgresql+psycopg://ann:hunter2@127.0.0.1:{taken.getsockname()[1]}/x")
        ended = tapfive(*command, stdin="{}")
    one_line(ended, "the store cannot be used")
    assert "hunter2" not in ended.err


def test_a_folder_that_is_not_there_is_a_line(tapfive: Tapfive, tmp_path: Path) -> None:
    write_config(tmp_path, f"sqlite:///{tmp_path}/none/tapfive.db")
    one_line(tapfive("ratings", "list"), "the store cannot be used")


@pytest.mark.parametrize("command", [*WITH_SETTINGS, ["check"]], ids=" ".join)
def test_a_file_that_is_no_database_is_a_line(tapfive: Tapfive, command: list[str], tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("Not a database, but something that somebody wants to keep. " * 100)
    write_config(tmp_path, f"sqlite:///{tmp_path}/notes.db")
    ended = tapfive(*command, stdin="{}")
    if command == ["check"]:
        assert ended.code == 1
        assert "store.unreachable file is not a database" in ended.out
    else:
        one_line(ended, ["the store cannot be used", "file is not a database"])


@pytest.mark.parametrize("command", WITH_SETTINGS, ids=" ".join)
def test_a_database_of_a_newer_program_is_refused_in_a_line(
    tapfive: Tapfive, command: list[str], sqlite_url: str
) -> None:
    with sqlite3.connect(sqlite_url.removeprefix("sqlite:///")) as database:
        database.execute("UPDATE alembic_version SET version_num = '9999'")
    database.close()
    one_line(tapfive(*command, stdin="{}"), ["9999", "install the newer Tapfive"])


def test_a_server_that_is_not_migrated_is_a_line(tapfive: Tapfive, tmp_path: Path, postgres_server: str) -> None:
    write_config(tmp_path, postgres_server)
    one_line(tapfive("serve"), "tapfive migrate")


def test_a_taken_port_is_a_line(tapfive: Tapfive, tmp_path: Path, sqlite_url: str) -> None:
    with listen("127.0.0.1", 0) as taken:
        port = taken.getsockname()[1]
        write_config(tmp_path, sqlite_url, port=port)
        one_line(tapfive("serve"), ["taken", str(port)])


def test_a_host_that_is_none_is_a_line(tapfive: Tapfive, tmp_path: Path, sqlite_url: str) -> None:
    write_config(tmp_path, sqlite_url, host="no such host")
    one_line(tapfive("serve"), "[server] host")


def test_an_account_that_could_not_verify_hooks_is_a_line(tapfive: Tapfive, config: Path) -> None:
    (config.parent / "hook").write_text("not a hook secret")
    config.write_text(config.read_text() + '\nhook_secret = "file:hook"')
    ended = tapfive("serve")
    one_line(ended, "hook")
    assert TOKEN not in ended.err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    assert ended.value.code == 0
    assert f"Usage: tapfive {name}" in capsys.readouterr().out


def test_an_unknown_command_and_an_unknown_option_end_with_2(tapfive: Tapfive) -> None:
    assert tapfive("dance").code == 2
    assert tapfive("serve", "--dance").code == 2


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["job", "replay", "9" * 30], "ID"),
        (["job", "replay", "0"], "ID"),
        (["ratings", "summary", "--form", "\udcff"], "UTF-8"),
        (["apikey", "revoke", "\udcff"], "UTF-8"),
        (["channel", "hold", "telegram.none"], "telegram.none"),
        (["user", "passwd", "nobody", "--password-stdin"], "nobody"),
        (["retention", "set", "--comments", "0"], "--comments"),
    ],
    ids=str,
)
def test_arguments_that_nobody_can_mean_end_with_2(
    tapfive: Tapfive, config: Path, command: list[str], words: str
) -> None:
    assert config.exists()
    ended = tapfive(*command, stdin="a-password-of-mine\n")
    assert (ended.code, words in ended.err) == (2, True)
    assert "Traceback" not in ended.err
