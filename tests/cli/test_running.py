"""The command as a process: it runs, stops when told to, and plays the demo from end to end."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.running import listen
from net.errors import DeliveryError
from net.http import HttpAnswer, HttpClient
from tests.cli.conftest import write_config

Start = Callable[..., Awaitable[Process]]
SECONDS = 250


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Start `python -m bot …`; what is left at the end is killed."""
    started: list[Process] = []

    async def one(*arguments: str) -> Process:
        command = [sys.executable, "-m", "bot", *arguments]
        root = Path(__file__).parents[2]
        environment = {"PATH": "", "PYTHONPATH": str(root), "TMPDIR": str(tmp_path), "PYTHONUTF8": "1"}
        process = await asyncio.create_subprocess_exec(
            *command, stdout=PIPE, stderr=PIPE, env=environment, cwd=tmp_path
        )
        started.append(process)
        return process

    yield one
    for process in started:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ended(process: Process) -> tuple[int, str, str]:
    async with asyncio.timeout(SECONDS):
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def log_line(process: Process, event: str) -> Mapping[str, Any]:
    """The first line of the log that tells of an event."""
    assert process.stderr is not None
    async with asyncio.timeout(SECONDS):
        while line := await process.stderr.readline():
            told: dict[str, Any] = json.loads(line)
            if told["event"] == event:
                return told
    raise AssertionError(f"the process ended before it told of {event!r}")


def folders(tmp_path: Path) -> list[Path]:
    """What demos left, or have."""
    return list(tmp_path.glob("tapfive-demo-*"))


def write_plain_config(folder: Path, url: str) -> str:
    """Settings without an account: what is tried here needs no messenger's library."""
    path = write_config(folder, url)
    path.write_text(path.read_text().split("[channels")[0])
    return str(path)


async def get(url: str) -> HttpAnswer:
    async with HttpClient() as client:
        return await client.request("GET", url)


async def signs_in(page: str, user: str, password: str) -> bool:
    """True when the page's form takes a name and a password."""
    async with httpx.AsyncClient(headers={"origin": page.removesuffix("/login")}) as client:
        answer = await client.post(page, data={"username": user, "password": password})
    return answer.status_code == 303


@pytest.mark.parametrize(
    ("how", "number"),
    [
        (["serve"], signal.SIGTERM),
        (["serve"], signal.SIGINT),
        (["serve", "--no-work"], signal.SIGTERM),
        (["work"], signal.SIGTERM),
    ],
    ids=str,
)
async def test_a_signal_ends_it_cleanly(
    start: Start, tmp_path: Path, sqlite_url: str, how: list[str], number: signal.Signals
) -> None:
    process = await start(*how, "--config", write_plain_config(tmp_path, sqlite_url))
    told = await log_line(process, "running")
    if how == ["work"]:
        assert told["url"] is None
    else:
        assert (await get(f"{told['url']}/readyz")).status == 200
    process.send_signal(number)
    code, out, err = await ended(process)
    # Where people can sign in and nobody may yet, a link for the first owner stands on standard output.
    assert (code, out.count("\n"), f"{told['url']}/setup/" in out) == (
        0,
        told["url"] is not None,
        told["url"] is not None,
    )
    assert "/setup/" not in err
    assert json.loads(err.splitlines()[-1])["event"] == "stopped"
    assert "Traceback" not in err
    if told["url"]:
        with pytest.raises(DeliveryError):
            await get(f"{told['url']}/healthz")


async def test_serve_makes_the_database_and_migrate_finds_nothing_to_do(start: Start, tmp_path: Path) -> None:
    config = write_plain_config(tmp_path, f"sqlite:///{tmp_path}/new.db")
    process = await start("serve", "--config", config)
    await log_line(process, "running")
    process.terminate()
    assert (await ended(process))[0] == 0
    code, out, _ = await ended(await start("migrate", "--config", config))
    assert code == 0
    assert "Nothing to do" in out


async def test_migrate_says_from_where_to_where(start: Start, tmp_path: Path) -> None:
    config = write_plain_config(tmp_path, f"sqlite:///{tmp_path}/new.db")
    code, out, err = await ended(await start("migrate", "--config", config))
    assert (code, err) == (0, "")
    assert out.startswith("Migrated the database from empty to 0")


async def test_the_demo_stores_what_was_tapped(start: Start, store_url: str, tmp_path: Path) -> None:
    mode = "webhook" if store_url.startswith("sqlite") else "polling"
    code, out, err = await ended(await start("demo", "--once", "--mode", mode, "--store", store_url))
    assert (code, err) == (0, "")
    told = json.loads(out.splitlines()[-1])
    assert (told["asked"], told["skipped"]) == (10, 2)
    assert [tuple(rating.values()) for rating in told["ratings"]] == [
        ("T-101", "telegram.support", 5, None, "confirmed"),
        ("T-102", "telegram.support", 2, "Ждал ответа три дня", "confirmed"),
        ("T-103", "telegram.support", 4, None, "confirmed"),
        ("T-104", "telegram.support", 3, "Okay, but slow", "confirmed"),
        ("T-107", "vk.support", 4, "Быстро помогли", "confirmed"),
        ("T-108", "vk.support", 5, None, "confirmed"),
        ("T-109", "viber.support", 2, "Відповіли аж за тиждень", "confirmed"),
        ("T-110", "email.support", 4, None, "confirmed"),
        ("T-111", "email.support", 5, "спасибо!", "confirmed"),
    ]
    assert list(told["ratings"][0]) == ["ticket", "channel", "value", "comment", "state"]
    # Two protected mails: five links and the hidden one in each, opened in order, three times by HEAD, and by a sampler.
    assert "The scanner opened 12 links in 2 mails by 52 requests; none of them counted." in out
    assert not folders(tmp_path)


async def test_the_demo_waits_for_a_person_and_ends_with_ctrl_c(start: Start, tmp_path: Path) -> None:
    process = await start("demo", "--port", "0")
    assert process.stdout is not None
    shown = ""
    async with asyncio.timeout(SECONDS):
        while "Ctrl-C" not in shown:
            line = await process.stdout.readline()
            assert line, (shown, await ended(process))
            shown += line.decode()
    named = ("Phones", "Mail", "Service", "Pages", "User", "Password")
    places = dict(line.split() for line in shown.splitlines() if line.startswith(tuple(f"  {name} " for name in named)))
    assert tuple(places) == named
    assert b"phones.js" in (await get(places["Phones"])).body
    for kind in ("", "/vk", "/viber", "/mail"):
        phones = json.loads((await get(f"{places['Phones'].rstrip('/')}{kind}/customers")).body)
        assert phones["customers"], kind
    assert b"paul@customers.example" in (await get(places["Mail"])).body
    assert (await get(places["Service"] + "readyz")).status == 200
    config = folders(tmp_path)[0] / "config.toml"
    code, out, err = await ended(await start("ratings", "list", "--json", "--config", str(config)))
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert found["next"], "a year that never happened has more than a page of ratings"
    assert {item["ticket"]["desk"] for item in found["items"]} == {"sample"}
    assert await signs_in(places["Pages"], places["User"], places["Password"])
    process.send_signal(signal.SIGINT)
    code, _, err = await ended(process)
    assert (code, err) == (0, "")
    assert not folders(tmp_path)


async def test_the_demo_refuses_a_taken_port_and_a_store_that_is_none(start: Start) -> None:
    with listen("127.0.0.1", 0) as taken:
        wrong = (["--port", str(taken.getsockname()[1])], ["--store", "mysql://ann:hunter2@x/y"])
        for options, word in zip(wrong, ("taken", "--store"), strict=True):
            code, out, err = await ended(await start("demo", "--once", *options))
            assert (code, out, len(err.splitlines())) == (2, "", 1)
            assert word in err
            assert "hunter2" not in err
