"""What the demo tells a person who tries it: where everything is, what has happened, what to try next."""

import json
import os
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.cli.common import console, print_table
from bot.demo.history import SignIn
from bot.demo.result import Decision
from bot.demo.story import ANNA
from ratings.texts import reason_text


@dataclass(frozen=True, slots=True)
class Places:
    """Where everything is: URLs without a slash at the end, the API key, the settings, seconds that a vote by link may wait, the pages' owner."""

    outside: str
    service: str
    key: str
    config: Path
    settle: int
    sign_in: SignIn


def explain(places: Places, decisions: Sequence[Decision]) -> None:
    """Print it."""
    rows = [
        [
            each.scene.ticket,
            each.scene.person.name,
            each.scene.account,
            each.scene.subject,
            each.scene.priority,
            "asked" if each.reason is None else f"not asked: {reason_text(each.reason, 'en')}",
        ]
        for each in decisions
    ]
    out = console(stderr=False)
    out.print("\nTapfive runs beside stand-ins of Telegram, VK, Viber and mail. Nothing leaves this machine.\n")
    for name, value in (
        ("Phones", f"{places.outside}/"),
        ("Mail", f"{places.outside}/mail/"),
        ("Service", f"{places.service}/"),
        ("Pages", f"{places.service}/login"),
        ("User", places.sign_in.name),
        ("Password", places.sign_in.password),
        ("API", f"{places.service}/api/docs"),
        ("API key", places.key),
    ):
        out.print(f"  {name:<9}{value}", soft_wrap=True)
    out.print()
    columns = ["ticket", "customer", "channel", "subject", "priority", "decision"]
    print_table("A helpdesk has just closed these tickets", columns, rows)
    out.print("\nTry next")
    for text, command in _next_steps(places, decisions):
        out.print(f"\n  {text}", soft_wrap=True)
        if command:
            out.print(f"    {command}", soft_wrap=True)
    out.print("\nCtrl-C ends all of it; the data are thrown away.\n")


def _next_steps(places: Places, decisions: Sequence[Decision]) -> list[tuple[str, str]]:
    tapfive = f"{shlex.quote(_python())} -m bot"
    config = f"--config {shlex.quote(str(places.config))}"
    api = f"{places.service}/api/v1"
    authorization = f"-H 'Authorization: Bearer {places.key}'"
    ticket = {
        "id": "T-201",
        "subject": "Где мой заказ",
        "customer": {"name": ANNA.name, "language": ANNA.language},
        "address": {"channel": ANNA.account, "id": ANNA.id},
    }
    body = json.dumps(ticket, ensure_ascii=False)[:-1] + ', "closed_at": "\'$(date -u +%Y-%m-%dT%H:%M:%SZ)\'"}'
    protected = {each.scene.person.name: each.invitation for each in decisions if each.scene.person.protected}
    return [
        ("Open the phones, tap an emoji, then write a few words.", ""),
        ("Open a mail there: follow a link and press the page's button, or write back, such as “5, спасибо!”.", ""),
        *_about_the_scanner(protected, places.settle, f"curl -s {authorization} {api}"),
        ("Look at it on the pages: beside the tickets above they show a year that never happened (`sample`).", ""),
        ("See what is stored:", f"{tapfive} ratings list {config}"),
        ("The same by the API:", f"curl -s {authorization} {api}/ratings"),
        (
            f"Close another ticket of {ANNA.name}'s (send it twice: the second is answered as the first):",
            f"curl -s {authorization} -H 'Content-Type: application/json' {api}/tickets/closed -d '{body}'",
        ),
        ("Stop asking (`survey on default` starts again):", f"{tapfive} survey off default {config}"),
    ]


def _about_the_scanner(protected: Mapping[str, int], settle: int, ask: str) -> list[tuple[str, str]]:
    if not protected:
        return []
    names, newest = " and ".join(protected), list(protected.values())[-1]
    text = (
        f"A scanner opens every link in the mails to {names}, and nothing of it counts; see what it did. "
        f"A rating of yours so soon after it waits {settle} seconds (in earnest 15 minutes), and counts then."
    )
    return [(text, f"{ask}/invitations/{newest}/votes")]


def _python() -> str:
    """Return how this Python is called from here, the short way where there is one."""
    relative = os.path.relpath(sys.executable)
    return sys.executable if relative.startswith("..") else relative
