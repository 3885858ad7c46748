"""Settings: layers, secrets, and one line for each wrong key that shows no secret."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.settings import Settings, SettingsError, build_settings, describe_settings, load_settings
from channels import registry
from channels.base import Mode

SECRET = "0123456789abcdef0123456789abcdef"
ENVIRON = {"TAPFIVE_SECRET": SECRET}
BOT_TOKEN = "123456789:AAF-this_is_the_token_of_a_bot_0123"
GENERIC = """
[desks.generic.main]
token = "env:BOT"
"""
TELEGRAM = """
[channels.telegram.support]
token = "env:BOT"
"""


def load(folder: Path, text: str = "", environ: Mapping[str, str] | None = None) -> Settings:
    path = folder / "config.toml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path, environ=ENVIRON | dict(environ or {}))


def lines_of(folder: Path, text: str, environ: Mapping[str, str] | None = None) -> list[str]:
    """The lines of the refusal, without the file's folder."""
    with pytest.raises(SettingsError) as caught:
        load(folder, text, environ)
    assert str(caught.value) == "\n".join(caught.value.lines)
    return [line.replace(f"{folder}/", "") for line in caught.value.lines]


# --- layers ------------------------------------------------------------------------------------------------------


def test_an_empty_file_has_the_defaults(tmp_path: Path) -> None:
    settings = load(tmp_path)
    assert (settings.server.host, settings.server.port, settings.server.timezone) == ("127.0.0.1", 8000, "UTC")
    assert [secret.get_secret_value() for secret in settings.server.secret] == [SECRET]
    assert settings.store.url.get_secret_value() == "sqlite:///tapfive.db"
    assert settings.redis.url.get_secret_value() == ""
    assert (settings.votes.min_age, settings.votes.settle) == (10, 900)
    assert (settings.log.level, settings.log.format) == ("info", "auto")
    assert (settings.channels, settings.desks) == ({}, {})


def test_the_environment_is_laid_over_the_file(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        "[server]\nport = 1\nhost = '0.0.0.0'\n" + TELEGRAM,
        {
            "TAPFIVE_SERVER__PORT": "9000",
            "TAPFIVE_LOG__LEVEL": "DEBUG",
            "TAPFIVE_CHANNELS__TELEGRAM__SUPPORT__MODE": "polling",
            "TAPFIVE_CHANNELS__TELEGRAM__SALES__TOKEN": "env:BOT",
            "TAPFIVE_UNRELATED": "no override: it has no table",
            "BOT": BOT_TOKEN,
        },
    )
    assert (settings.server.port, settings.server.host, settings.log.level) == (9000, "0.0.0.0", "debug")  # noqa: S104 - read, not bound
    assert settings.channels["telegram.support"].mode is Mode.POLLING
    assert settings.channels["telegram.sales"].mode is Mode.WEBHOOK


def test_a_list_in_a_variable_is_json(tmp_path: Path) -> None:
    settings = load(tmp_path, "", {"TAPFIVE_SERVER__SECRET": '["env:NEW", "env:TAPFIVE_SECRET"]', "NEW": "n" * 32})
    assert [secret.get_secret_value() for secret in settings.server.secret] == ["n" * 32, SECRET]


def test_every_variable_of_the_description_overrides_its_key(tmp_path: Path) -> None:
    for row in describe_settings():
        if row.table in {"votes", "store"} and row.default.isdigit():
            settings = load(tmp_path, "", {row.variable: "77"})
            assert getattr(getattr(settings, row.table), row.key) == 77


def test_without_a_path_the_variable_names_the_file_else_it_lies_in_the_working_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "named.toml").write_text("[server]\nport = 1", encoding="utf-8")
    (tmp_path / "config.toml").write_text("[server]\nport = 2", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_settings(None, environ=ENVIRON | {"TAPFIVE_CONFIG": str(tmp_path / "named.toml")}).server.port == 1
    assert load_settings(None, environ=ENVIRON).server.port == 2


def test_settings_can_be_built_without_a_file() -> None:
    settings = build_settings({"server": {"port": 0}}, environ=ENVIRON)
    assert settings.server.port == 0
    with pytest.raises(SettingsError, match=r"^settings: server\.port: "):
        build_settings({"server": {"port": -1}}, environ=ENVIRON)


# --- secrets -----------------------------------------------------------------------------------------------------


def test_a_secret_comes_from_a_file_beside_the_configuration_without_its_line_end(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(SECRET.encode()[::-1] + b"\r\n")
    settings = load(tmp_path, '[server]\nsecret = "file:secret"')
    assert [secret.get_secret_value() for secret in settings.server.secret] == [SECRET[::-1]]


def test_secrets_are_not_shown_by_the_settings(tmp_path: Path) -> None:
    settings = load(
        tmp_path,
        TELEGRAM + '[store]\nurl = "env:STORE"',
        {"BOT": BOT_TOKEN, "STORE": "postgresql+psycopg://u:pass-w0rd@h/d"},
    )
    assert settings.store.url.get_secret_value().endswith("@h/d")
    for hidden in (SECRET, BOT_TOKEN, "pass-w0rd"):
        assert hidden not in repr(settings)


@pytest.mark.parametrize(
    ("value", "found", "allowed"),
    [
        (f'"{SECRET}"', "a plain string", "env:NAME or file:PATH"),
        ("5", "a number", "env:NAME or file:PATH"),
        ('"env:MISSING"', "env:MISSING, and MISSING is not set", "a variable that is set"),
        ('"env:EMPTY"', "env:EMPTY, and EMPTY is empty", "a variable that is set"),
        (f'"env:{BOT_TOKEN}"', "env: without a variable's name", "env:NAME"),
        ('"env:SHORT"', "a secret of 5 bytes", "at least 32 bytes"),
        ('"file:none"', "file:none, and no such file", "a readable file"),
        ('"file:."', "file:., and it cannot be read", "a readable file"),
        ('"file:empty"', "file:empty, and it is empty", "a readable file"),
        ('"file:large"', "file:large, and it is too large", "a readable file"),
        ('"file:binary"', "file:binary, and it is not UTF-8 text", "a readable file"),
        ('["env:TAPFIVE_SECRET", "plain-text-secret"]', "a plain string", "env:NAME or file:PATH"),
        ("[]", "an empty list", "one reference or more"),
    ],
)
def test_a_secret_that_cannot_be_had_is_named_and_not_shown(
    tmp_path: Path, value: str, found: str, allowed: str
) -> None:
    (tmp_path / "empty").write_bytes(b"\n")
    (tmp_path / "large").write_bytes(b"x" * 100_000)
    (tmp_path / "binary").write_bytes(b"\xff\xfe" * 32)
    (line,) = lines_of(tmp_path, f"[server]\nsecret = {value}", {"SHORT": "5byte", "EMPTY": ""})
    assert re.match(r"config\.toml: server\.secret(\[\d\])?: found ", line)
    assert f"found {found}" in line
    assert f"; allowed: {allowed}" in line
    assert not re.search(f"{SECRET}|{BOT_TOKEN}|plain-text|5byte", line)


def test_without_any_file_key_the_default_reference_must_be_set(tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.touch()
    with pytest.raises(SettingsError) as caught:
        load_settings(path, environ={})
    (line,) = caught.value.lines
    assert "server.secret[0]: found env:TAPFIVE_SECRET, and TAPFIVE_SECRET is not set" in line


def test_the_tokens_of_channels_are_not_shown(tmp_path: Path) -> None:
    text = f'[channels.telegram.a]\ntoken = "{BOT_TOKEN}"\n[channels.telegram.b]\ntokn = "{BOT_TOKEN}"\ntoken = "env:BOT"\n[channels.telegram.c]\ntoken = "env:SECRET"\n[channels.telegram.d]'
    lines = lines_of(tmp_path, text, {"BOT": BOT_TOKEN, "SECRET": "not-a-token-but-secret"})
    assert (
        lines[0]
        == "config.toml: channels.telegram.a.token: found a plain string; allowed: env:NAME or file:PATH, never the secret itself"
    )
    assert lines[1].startswith("config.toml: channels.telegram.b.tokn: found an unknown key; allowed: mode, ")
    assert lines[1].endswith("; did you mean token?")
    assert lines[2].startswith("config.toml: channels.telegram.c.token: found something else in env:SECRET; allowed: ")
    assert lines[3].startswith("config.toml: channels.telegram.d.token: found nothing; allowed: env:NAME or file:PATH")
    assert len(lines) == 4
    assert not re.search(f"{BOT_TOKEN}|not-a-token", "".join(lines))


# --- wrong keys --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[server]\nprot = 1", "server.prot: found an unknown key; allowed: host, port, public_url, secret, timezone, max_body, allow_private_hooks; did you mean port?"),
        ("[sever]\nport = 1", "sever: found an unknown key; allowed: server, store, redis, votes, oidc, log, channels, desks; did you mean server?"),
        ("port = 1", "port: found an unknown key; allowed: server, store, redis, votes, oidc, log, channels, desks"),
        ("server = 5", "server: found no table; allowed: a table [server]"),
        ("[server]\nport = 70000", "server.port: found 70000; allowed: less than or equal to 65535"),
        ("[server]\nport = true", "server.port: found true; allowed: a whole number"),
        ("[server]\nport = 'http'", 'server.port: found "http"; allowed: a valid integer, unable to parse string as an integer'),
        ("[server]\nport = 1.5", "server.port: found 1.5; allowed: a valid integer, got a number with a fractional part"),
        ("[server]\nport = {a = 1}", "server.port: found a table; allowed: a valid integer"),
        ("[server]\nhost = 5", "server.host: found 5; allowed: a valid string"),
        ("[server]\nhost = 2026-01-01", "server.host: found a date or time; allowed: a valid string"),
        ("[server]\ntimezone = 'Europe/Warsav'", 'server.timezone: found "Europe/Warsav"; allowed: an IANA zone such as UTC or Europe/Warsaw; did you mean Europe/Warsaw?'),
        ("[server]\ntimezone = '../../etc/passwd'", 'server.timezone: found "../../etc/passwd"; allowed: an IANA zone such as UTC or Europe/Warsaw'),
        ("[server]\ntimezone = ''", 'server.timezone: found ""; allowed: an IANA zone such as UTC or Europe/Warsaw'),
        ("[server]\npublic_url = 'rate.example.com'", 'server.public_url: found "rate.example.com"; allowed: empty, or http(s)://host[:port][/path] without user, query or fragment'),
        ("[votes]\nsettle = -1", "votes.settle: found -1; allowed: greater than or equal to 0"),
        ("[log]\nlevel = 'loud'", "log.level: found \"loud\"; allowed: 'debug', 'info', 'warning' or 'error'"),
        ("[store]\nurl = 'postgres://u:pass-w0rd@h/d'", "store.url: found a URL of another form; allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"),
        ("[store]\nurl = 'tapfive.db'", "store.url: found no URL; allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"),
        ("[store]\nurl = 'sqlite:///:memory:'", "store.url: found a URL of another form; allowed: sqlite:///FILE or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"),
        ("[store]\nurl = 'env:NONE'", "store.url: found env:NONE, and NONE is not set; allowed: a variable that is set"),
        ("[redis]\nurl = 'http://u:pass-w0rd@h'", "redis.url: found another text; allowed: empty, or a URL with redis://, rediss:// or unix://"),
        ("[channels.telegramm.a]\nx = 1", f"channels.telegramm: found an unknown kind; allowed: {', '.join(registry.kinds())}; did you mean telegram?"),
        ("[channels]\ntelegram = 5", "channels.telegram: found no table; allowed: a table for each account: [channels.telegram.<account>]"),
        ("channels = 5", "channels: found no table; allowed: tables [channels.<kind>.<account>]"),
        ("[channels.telegram]\ntoken = 'env:BOT'", "channels.telegram.token: found a key outside an account; allowed: keys below [channels.telegram.<account>]"),
        ("[channels.telegram.Support]\ntoken = 'env:BOT'", "channels.telegram.Support: found an account's name of another form; allowed: 1 to 32 of a-z, 0-9, _ and -"),
        (TELEGRAM + "mode = 'poling'", "channels.telegram.support.mode: found \"poling\"; allowed: 'webhook', 'polling', 'relay' or 'send-only'"),
        (TELEGRAM + "pace = {per_second = 0, per_recipient = 1}", "channels.telegram.support.pace.per_second: found 0; allowed: greater than 0"),
        (TELEGRAM + "pace = {per_secnd = 1, per_second = 1, per_recipient = 1}", "channels.telegram.support.pace.per_secnd: found an unknown key; allowed: per_second, per_recipient; did you mean per_second?"),
        ("[desks.zendesk.main]\nurl = 'x'", "desks.zendesk: found an unknown kind; allowed: generic, pyrus"),
        ("[desks.generic.main]\nper_second = 1", "desks.generic.main: found a table; allowed: secret, verify or token: without one of them anybody could close tickets"),
        (GENERIC + "mapping = {id = 'id', priorty = 'x'}", "desks.generic.main.mapping: found a table; allowed: the ticket's fields, reopened_at and event_id and when and reopened_when and own_when; priorty is none; did you mean priority?"),
        (GENERIC + "verify = {secret = 'plain', header = 'X'}", "desks.generic.main.verify.secret[0]: found a plain string; allowed: env:NAME or file:PATH, never the secret itself"),
        (GENERIC + "verify = {secret = 'env:BOT', header = 'X', hedder = 1}", "desks.generic.main.verify.hedder: found an unknown key; allowed: secret, header, prefix, algorithm, encoding, template, timestamp_header, id_header, url, tolerance; did you mean header?"),
    ],
)  # fmt: skip
def test_a_wrong_key_is_one_line_with_what_was_found_and_what_is_allowed(tmp_path: Path, text: str, line: str) -> None:
    assert lines_of(tmp_path, text, {"BOT": BOT_TOKEN}) == [f"config.toml: {line}"]


def test_every_wrong_key_has_its_line(tmp_path: Path) -> None:
    lines = lines_of(tmp_path, "[server]\nport = -1\nhst = ''\n[votes]\nsettle = 'x'\n[other]\n[channels.x.y]")
    assert [line.split(": ")[1] for line in lines] == [
        "other",
        "server.port",
        "server.hst",
        "votes.settle",
        "channels.x",
    ]


def test_a_variable_with_a_wrong_value_is_named_instead_of_the_file(tmp_path: Path) -> None:
    environ = {
        "TAPFIVE_SERVER__PORT": "high",
        "TAPFIVE_SERVER__PROT": "1",
        "TAPFIVE_SERVR__PORT": "1",
        "TAPFIVE_SERVER__SECRET": SECRET,
        "TAPFIVE_VOTES__SETTLE__X": "1",
        "TAPFIVE_REDIS__URL": "[broken json",
    }
    lines = lines_of(tmp_path, "[log]\nlevel = 'loud'", environ)
    assert [line.split(": found")[0] for line in lines] == [
        "TAPFIVE_SERVR__PORT: servr",
        "TAPFIVE_SERVER__PORT: server.port",
        "TAPFIVE_SERVER__SECRET: server.secret[0]",
        "TAPFIVE_SERVER__PROT: server.prot",
        "TAPFIVE_REDIS__URL: redis.url",
        "TAPFIVE_VOTES__SETTLE__X: votes.settle",
        "config.toml: log.level",
    ]
    assert SECRET not in "".join(lines)


@pytest.mark.parametrize(
    "url", ["ftp://a.b", "https://", "https://u:pass-w0rd@a.b", "https://a.b?x=1", "https://a.b#x", "https://a.b:99999", "https://["]
)  # fmt: skip
def test_a_public_url_is_an_address_and_no_more(tmp_path: Path, url: str) -> None:
    (line,) = lines_of(tmp_path, f"[server]\npublic_url = '{url}'")
    assert "server.public_url" in line
    assert "pass-w0rd" not in line


def test_a_public_url_has_no_slash_at_its_end(tmp_path: Path) -> None:
    assert (
        load(tmp_path, "[server]\npublic_url = 'https://a.b:8443/rate/'").server.public_url == "https://a.b:8443/rate"
    )


# --- files that are none -----------------------------------------------------------------------------------------


def test_broken_toml_is_one_line_with_its_place(tmp_path: Path) -> None:
    (line,) = lines_of(tmp_path, f"[server]\nsecret = {SECRET}\n")
    assert re.fullmatch(r"config\.toml: found no valid TOML: .*\(at line 2, column \d+\)", line)
    assert SECRET not in line


def test_a_file_that_is_not_there_is_one_line_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(tmp_path / "none.toml", environ=ENVIRON)
    (line,) = caught.value.lines
    assert "none.toml: found no such file; " in line
    assert "TAPFIVE_CONFIG" in line


def test_a_folder_and_a_binary_file_are_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="found no plain file; allowed: a TOML file"):
        load_settings(tmp_path, environ=ENVIRON)
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    with pytest.raises(SettingsError, match="found a byte that is not UTF-8"):
        load_settings(tmp_path / "binary", environ=ENVIRON)
