"""Two weeks of a survey with everything on: nights, frequency, reminders, lapses, recovery, pauses, and a desk that takes results.

Hypothesis plays desk, customers, admin and workers in any order, with repeats, lost answers, killed workers, restarts and a
clock that is set back; on both engines.
"""

import os
import shutil
from collections.abc import Iterator
from functools import partial
from typing import Any, ClassVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import create_engine, make_url, text

from ratings.hours import Hours, may_go, zone_named
from ratings.reports.filters import Filters
from ratings.reports.summary import summarise
from ratings.store.claims import Claimed
from ratings.store.closings import DeskReport, Installation
from ratings.store.desk_results import FinishDesk, TicketWritten
from ratings.store.desk_writes import ClaimDesk, DeskWrite
from ratings.store.earlier import Decided
from ratings.store.pauses import RunPauses
from ratings.store.results import Done, Failed
from ratings.store.roll_up_keeping import KeepRollUp
from ratings.store.schema import desk_results, invitations, ratings
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.ticket import parse_ticket
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.counted import ZONE as COUNTED_IN
from tests.store.counted import assert_counted, keep_roll_up
from tests.store.machines import new_database, new_folder
from tests.store.world import ACCOUNT, World

DESK = "generic.main"
TICKETS = ("T-1", "T-2", "T-3")
CUSTOMERS = ("anna", "boris")
EVERY = 3 * DAY
NIGHT = Hours(22 * 60, 9 * 60)
ZONE = zone_named("Europe/Warsaw")
SURVEY = {
    "rules": {"every_s": EVERY // SECOND, "again_after_s": 5 * 86400},
    "timing": {
        "delay_s": 600,
        "reminders_s": [86400, 86400],
        "lapse_after_s": 86400,
        "hours": {"quiet": {"from": "22:00", "to": "09:00"}},
    },
    "outcomes": {"close_lapsed": True, "tag_below": 3, "write": ["score"]},
}


class Weeks(RuleBasedStateMachine):
    """One store, one desk with three tickets of two customers."""

    in_hand: Bundle[Claimed] = Bundle("in_hand")
    writes: Bundle[DeskWrite] = Bundle("writes")
    server: ClassVar[str | None] = None
    databases: ClassVar[Iterator[int]] = iter(range(1, 1_000_000))

    @initialize()
    def open(self) -> None:
        self.folder = new_folder()
        self.url = self._database()
        self.clock = Clock()
        self.world = World(Store(self.url, self.clock).start(), self.clock)
        self._survey(**SURVEY)
        keep_roll_up(self.world.store)
        self.asked_at: dict[str, int] = {}
        self.reminded: dict[int, set[int]] = {}
        self.outcomes: dict[int, list[str]] = {}
        self.closings = 0
        self.set_back = 0

    def _database(self) -> str:
        if self.server is None:
            return new_database(self.folder)
        name = f"weeks_{os.getpid()}_{next(self.databases)}"
        _administer(self.server, f'CREATE DATABASE "{name}" TEMPLATE tapfive_template')
        return make_url(self.server).set(database=name).render_as_string(hide_password=False)

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        self.world.store.stop()
        shutil.rmtree(self.folder)
        if self.server is not None:
            name = make_url(self.url).database
            _administer(self.server, f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def _survey(self, **changes: Any) -> None:
        (survey,) = self.world.store.read_now(load_surveys)
        self.world.store.writer.do_now(SaveSurvey(parse_survey(changes, base=survey), None, "test"))

    # --- desk and admin

    @rule(ticket=st.sampled_from(TICKETS), again=st.booleans())
    def close(self, ticket: str, again: bool) -> None:
        customer = CUSTOMERS[TICKETS.index(ticket) % 2]
        self.closings += not again
        data = self.world.ticket(
            ticket,
            desk=DESK,
            closing_id=str(max(self.closings, 1)),
            customer={"id": customer},
            address={"channel": ACCOUNT, "id": customer},
        )
        report = DeskReport(
            parse_ticket(data, now=self.clock.now),
            self.world.accounts,
            timezone="Europe/Warsaw",
            installation=Installation(writing=frozenset({DESK})),
        )
        decided = self.world.store.writer.do_now(report)
        assert isinstance(decided, Decided)
        repeated = self.world.store.writer.do_now(report)
        assert isinstance(repeated, Decided)
        assert (repeated.invitation_id, repeated.decision, repeated.new) == (
            decided.invitation_id,
            decided.decision,
            False,
        )

    @rule(ticket=st.sampled_from(TICKETS))
    def reopen(self, ticket: str) -> None:
        self.world.reopen_of(DESK, ticket)

    @rule(enabled=st.sampled_from([True, True, True, False]), when_paused=st.sampled_from(["hold", "cancel"]))
    def switch(self, enabled: bool, when_paused: str) -> None:
        self._survey(enabled=enabled, when_paused=when_paused)

    @rule()
    def edit(self) -> None:
        self._survey(texts={"ru": {"question": f"Как мы справились? {self.clock.now}"}})

    # --- customers

    @rule(data=st.data(), value=st.integers(1, 5))
    def tap(self, data: st.DataObject, value: int) -> None:
        known = self.world.rows(invitations, decision="ask")
        if known:
            row = data.draw(st.sampled_from(known))
            self.world.receive(self.world.tapped(row["id"], value, sender=row["address"]))

    # --- workers

    @rule(target=in_hand)
    def claim(self) -> Any:
        return multiple(*self._claimed())

    @rule(hours=st.sampled_from((1, 3, 8, 24, 30)))
    def work(self, hours: int) -> None:
        """Hours in which every worker does what is due, and nothing goes wrong."""
        for _ in range(hours):
            self.clock.forward(HOUR)
            for job in self._claimed():
                self.world.finish(job, Done(external_id=f"m{job.job_id}"))
            self.world.lapse()

    def _claimed(self) -> list[Claimed]:
        claimed = self.world.claim(5, lease=MINUTE)
        rows = {row["id"]: row for row in self.world.rows(invitations)}
        for job in claimed:
            if job.kind not in {"prompt", "reminder"}:
                continue
            assert job.invitation is not None
            row = rows[job.invitation.id]
            assert ZONE is not None
            assert may_go(self.clock.now, NIGHT, ZONE), "nobody is written to at night"
            if job.kind == "reminder":
                done = self.reminded.setdefault(row["id"], set())
                assert job.revision not in done, "a reminder goes out once"
                assert row["state"] == "asked"
                done.add(job.revision)
                continue
            last = self.asked_at.get(row["customer"])
            if row["recovery_of"] is None and last is not None:
                assert self.clock.now - last >= EVERY - self.set_back, "not before its time"
            self.asked_at[row["customer"]] = max(self.clock.now, last or 0)
        return claimed

    @rule(job=consumes(in_hand), fate=st.sampled_from(("done", "done", "unknown", "gone", "killed")))
    def finish(self, job: Claimed, fate: str) -> None:
        match fate:
            case "done":
                self.world.finish(job, Done(external_id=f"m{job.job_id}"))
            case "unknown":
                self.world.finish(job, Failed("outcome_unknown", again=False, text=""))
            case "gone":
                self.world.finish(job, Failed("rejected", again=False, text=""))
            case _:
                pass  # kill -9: nobody ever hears of it, and its lease runs out

    @rule(target=writes)
    def claim_for_desk(self) -> Any:
        claims = self.world.store.writer.do_now(ClaimDesk(DESK, 5, 1000, MINUTE, MINUTE))
        return multiple(*claims.jobs)

    @rule(write=consumes(writes), fate=st.sampled_from(("done", "done", "away", "refused", "killed")))
    def finish_for_desk(self, write: DeskWrite, fate: str) -> None:
        if fate == "killed":
            return
        outcomes: dict[str, Any] = {
            "done": TicketWritten(),
            "away": Failed("unreachable", again=True, text=""),
            "refused": Failed("rejected", again=False, text="access_denied"),
        }
        self.world.store.writer.do_now(FinishDesk(write.job_id, write.attempt_id, write.wanted, outcomes[fate]))
        if fate == "done":
            told = self.outcomes.setdefault(write.invitation_id, [])
            told += sorted(write.wanted.verbs & {"reopen_keep", "reopen_clear", "close", "close_unrated"})

    @rule()
    def upkeep(self) -> None:
        self.world.lapse()
        self.world.number()
        self.world.store.writer.do_now(RunPauses())
        self.world.store.writer.do_now(KeepRollUp(COUNTED_IN, portion=2))

    @rule(steps=st.sampled_from((0, 2, 4, 100, 100)))
    def count_anew(self, steps: int) -> None:
        """Counting may stop anywhere on its way; mostly it is over before anything else happens."""
        self.world.store.writer.do_now(KeepRollUp(COUNTED_IN, anew=True))
        for _ in range(steps):
            if not self.world.store.writer.do_now(KeepRollUp(COUNTED_IN, portion=2)):
                break

    @rule(wait=st.sampled_from((SECOND, 2 * MINUTE, HOUR, 7 * HOUR, DAY, DAY, 3 * DAY)))
    def time_passes(self, wait: int) -> None:
        self.clock.forward(wait)

    @rule(target=in_hand)
    def a_night_falls(self) -> Any:
        """It is half past eleven in Warsaw, and a worker that was away comes back."""
        self.clock.now += (DAY + 21 * HOUR + 30 * MINUTE - self.clock.now % DAY) % DAY
        return multiple(*self._claimed())

    @rule()
    def the_clock_is_set_back(self) -> None:
        self.clock.now -= HOUR
        self.set_back += HOUR

    @rule()
    def restart(self) -> None:
        self.world.store.stop()
        self.world.store = Store(self.url, self.clock).start()

    # --- what must always hold

    @invariant()
    def closings_are_asks_and_skips_by_reason(self) -> None:
        if not hasattr(self, "world"):
            return
        rows = self.world.rows(invitations)
        closed = self.world.store.read_now(summarise, Filters())["closed"]
        assert closed["closed"] == len(rows) == closed["decided_to_ask"] + sum(closed["skipped"].values())
        assert sum(closed["states"].values()) == closed["decided_to_ask"]
        assert all(row["reason"] for row in rows if row["decision"] == "skip")

    @invariant()
    def the_days_are_counted(self) -> None:
        if hasattr(self, "world"):
            self.world.store.read_now(assert_counted)

    @invariant()
    def the_desk_is_moved_once(self) -> None:
        if not hasattr(self, "world"):
            return
        for number, told in self.outcomes.items():
            rated = [verb for verb in told if verb != "close_unrated"]
            assert len(rated) <= 1, "reopened or closed once, whatever is tapped later"
            assert told.count("close_unrated") <= 1
            assert not rated or self.world.rows(ratings, id=number)
        for row in self.world.rows(desk_results):
            assert row["outcome"] in {None, "reopen", "close", "close_unrated", "leave"}

    @invariant()
    def a_ticket_is_recovered_once(self) -> None:
        if not hasattr(self, "world"):
            return
        again = [row for row in self.world.rows(invitations) if row["recovery_of"] and row["asked_at"]]
        assert len({row["ticket_id"] for row in again}) == len(again)


def _administer(url: str, statement: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


QUICK = partial(settings, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize(("engine", "examples"), [("sqlite", 20), ("postgresql", 6)])
def test_two_weeks(request: pytest.FixtureRequest, engine: str, examples: int) -> None:
    server = None if engine == "sqlite" else request.getfixturevalue("postgres_server")
    machine = type("OnOneEngine", (Weeks,), {"server": server})
    run_state_machine_as_test(machine, settings=QUICK(max_examples=examples))
