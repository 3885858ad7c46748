"""What is stored in the end, against what the customers did; and what became of the scanner's clicks."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import typer

from bot.cli.common import print_table
from bot.demo.browser import AGENT
from bot.demo.story import Scene
from ratings.reports.filters import Filters
from ratings.reports.lists import list_invitations, list_ratings
from ratings.reports.votes import list_votes
from ratings.store.store import Store
from ratings.votes import VoteState

Item = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Decision:
    """What the service answered to a ticket that was closed."""

    scene: Scene
    invitation: int
    decision: str
    reason: str | None


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds about the tickets: their confirmed ratings, and how many were asked about or skipped."""

    ratings: Sequence[Item]
    asked: int
    skipped: int


@dataclass(frozen=True, slots=True)
class Scanned:
    """What programs did in one mail: how many links they opened, by how many requests, and how many of their votes count."""

    links: int
    requests: int
    counted: int


async def read_stored(store: Store, decisions: Sequence[Decision]) -> Stored:
    """Read it as the API shows it."""
    ids = {decision.invitation for decision in decisions}
    rated = await store.read(list_ratings, Filters(), limit=100)
    listed = await store.read(list_invitations, Filters(), limit=100)
    invitations = [item for item in listed.items if item["id"] in ids]
    return Stored(
        ratings=sorted((item for item in rated.items if item["id"] in ids), key=lambda item: int(item["id"])),
        asked=sum(item["asked_at"] is not None for item in invitations),
        skipped=sum(item["decision"] == "skip" for item in invitations),
    )


def is_as_played(stored: Stored, decisions: Sequence[Decision]) -> bool:
    """True when what is stored is what was tapped, pressed and written, and nothing else."""
    scenes = [(decision.invitation, decision.scene) for decision in decisions]
    expected = {number: (scene.taps[-1], scene.comment) for number, scene in scenes if scene.taps}
    asked = sum(scene.asked for _, scene in scenes)
    found = {item["id"]: (item["value"], item["comment"]) for item in stored.ratings}
    return found == expected and (stored.asked, stored.skipped) == (asked, len(scenes) - asked)


async def read_scanned(store: Store, decisions: Sequence[Decision]) -> Sequence[Scanned]:
    """Read the hits on the links of protected mailboxes, and the votes with their evidence: an item for each mail."""
    found = []
    for decision in decisions:
        if decision.scene.person.protected:
            shown = await store.read(list_votes, decision.invitation)
            hits, votes = (_of_programs(shown["hits"]), _of_programs(shown["votes"])) if shown else ([], [])
            counted = sum(vote["state"] == VoteState.CONFIRMED.value for vote in votes)
            found.append(Scanned(len({hit["value"] for hit in hits}), len(hits), counted))
    return found


def is_refuted(scanned: Sequence[Scanned]) -> bool:
    """True when a scanner was at every protected mail, and nothing that it did counts."""
    return bool(scanned) and all(each.requests and not each.counted for each in scanned)


def _of_programs(items: Sequence[Item]) -> list[Item]:
    """What did not come from a person's browser."""
    return [item for item in items if item["agent"] != AGENT]


def print_stored(stored: Stored, decisions: Sequence[Decision]) -> None:
    """Print a table of all tickets."""
    by_id = {item["id"]: item for item in stored.ratings}
    rows = []
    for each in decisions:
        item: Mapping[str, Any] = by_id.get(each.invitation, {})
        state = item.get("state") or each.reason or "no rating"
        scene = each.scene
        rows.append([scene.ticket, scene.subject, scene.account, item.get("value"), item.get("comment"), state])
    print_table("Stored", ["ticket", "subject", "channel", "value", "comment", "state"], rows)


def print_scanned(scanned: Sequence[Scanned]) -> None:
    """Print what the scanner did, and what it achieved."""
    links, requests = sum(each.links for each in scanned), sum(each.requests for each in scanned)
    counted = sum(each.counted for each in scanned) or "none"
    typer.echo(
        f"The scanner opened {links} links in {len(scanned)} mails by {requests} requests; {counted} of them counted. "
        "Only what a person does on the page, or writes back, is a rating.\n"
    )


def print_line(stored: Stored) -> None:
    """Print one line of JSON for programs."""
    told = [
        {"ticket": item["ticket"]["id"], **{key: item[key] for key in ("channel", "value", "comment", "state")}}
        for item in stored.ratings
    ]
    line = {"asked": stored.asked, "skipped": stored.skipped, "ratings": told}
    typer.echo(json.dumps(line, ensure_ascii=False))
