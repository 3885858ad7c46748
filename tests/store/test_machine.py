"""Weeks of a desk, its customers and its workers in any order, with repeats, lost answers and killed workers.

Hypothesis plays; after every step what must never happen has not happened (design: exactly one decision a closing, one
rating an invitation, no prompt twice or after a reopen, no reminder after an answer, no vote lost).
"""

import shutil
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, multiple, rule

from ratings.reports.filters import Filters
from ratings.reports.summary import summarise
from ratings.store.claims import Claimed
from ratings.store.inbound import Tapped
from ratings.store.results import Done, Failed
from ratings.store.roll_up_keeping import KeepRollUp
from ratings.store.schema import events, invitations, ratings, votes
from ratings.store.store import Store
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import parse_survey
from ratings.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import Clock
from tests.store.counted import ZONE, assert_counted, keep_roll_up
from tests.store.machines import new_database, new_folder
from tests.store.world import ACCOUNT, ANN, World

CUSTOMERS = (ANN, "2")
TICKETS = ("T-1", "T-2", "T-3")
REMINDING = {"timing": {"reminders_s": [86400, 2 * 86400], "lapse_after_s": 3 * 86400}}


class Machine(RuleBasedStateMachine):
    """One store, one desk with three tickets, two customers."""

    taps: Bundle[Tapped] = Bundle("taps")
    in_hand: Bundle[Claimed] = Bundle("in_hand")

    @initialize()
    def open(self) -> None:
        self.folder = new_folder()
        url = new_database(self.folder)
        self.clock = Clock()
        self.world = World(Store(url, self.clock).start(), self.clock)
        (survey,) = self.world.store.read_now(load_surveys)
        self.world.store.writer.do_now(SaveSurvey(parse_survey(REMINDING, base=survey), None, "test"))
        keep_roll_up(self.world.store)
        self.prompted: dict[int, int] = {}
        self.reminded: set[tuple[int, int]] = set()
        self.rated: dict[int, int] = {}
        self.cancelled: set[int] = set()
        self.decided: dict[tuple[str, str], tuple[int, str]] = {}

    def teardown(self) -> None:
        self.world.store.stop()
        shutil.rmtree(self.folder)

    # --- the desk

    @rule(
        ticket=st.sampled_from(TICKETS), closing=st.sampled_from(("a", "b", "c")), customer=st.sampled_from(CUSTOMERS)
    )
    def close(self, ticket: str, closing: str, customer: str) -> None:
        decided = self.world.close(ticket, closing_id=closing, address={"channel": ACCOUNT, "id": customer})
        before = self.decided.setdefault((ticket, closing), (decided.invitation_id, decided.decision))
        assert before == (decided.invitation_id, decided.decision), "a decision never changes"

    @rule(ticket=st.sampled_from(TICKETS))
    def reopen(self, ticket: str) -> None:
        self.world.reopen(ticket)
        rows = self.world.rows(invitations, ticket_id=ticket)
        self.cancelled |= {row["id"] for row in rows if row["state"] == "cancelled"}

    # --- the customers

    @rule(target=taps, data=st.data(), value=st.integers(0, 6))
    def tap(self, data: st.DataObject, value: int) -> Any:
        known = self.world.rows(invitations, decision="ask")
        if not known:
            return multiple()
        row = data.draw(st.sampled_from(known))
        tap = self.world.tapped(row["id"], value, sender=row["address"])
        self._receive(tap)
        return tap

    @rule(tap=taps)
    def tap_again(self, tap: Tapped) -> None:
        before = len(self.world.rows(votes))
        assert self.world.receive(tap).outcomes == ("duplicate",)
        assert len(self.world.rows(votes)) == before

    @rule(text=st.sampled_from(("5", "thanks", "where is it?", "")))
    def write(self, text: str) -> None:
        words = {row["id"]: row["comment"] or "" for row in self.world.rows(ratings)}
        outcome = self.world.receive(self.world.wrote(text)).outcomes[0]
        after = {row["id"]: row["comment"] or "" for row in self.world.rows(ratings)}
        assert all(after[number].startswith(old) for number, old in words.items()), "no word is lost"
        assert outcome in {"held", "commented", "not_ours", "ignored", "rated", "changed", "repeated", "stands"}

    def _receive(self, tap: Tapped) -> None:
        (row,) = self.world.rows(invitations, id=tap.invitation_id)
        had = self.world.rows(ratings, id=tap.invitation_id)  # perhaps by a typed value
        (outcome,) = self.world.receive(tap).outcomes
        assert tap.invitation_id is not None
        if 1 <= tap.value <= 5 and not had:
            assert (outcome == "rated") == (self.clock() < row["expires_at"]), "a first valid vote is never lost"
        if outcome in {"rated", "changed", "repeated"}:
            self.rated[tap.invitation_id] = tap.value

    # --- the workers

    @rule(target=in_hand, most=st.integers(1, 5))
    def claim(self, most: int) -> Any:
        claimed = self.world.claim(most, lease=MINUTE)
        states = {row["id"]: row["state"] for row in self.world.rows(invitations)}
        for job in claimed:
            number = job.invitation.id if job.invitation else 0
            if job.kind == "prompt":
                self.prompted[number] = self.prompted.get(number, 0) + 1
                assert self.prompted[number] == 1, "a prompt goes out once, whatever became of it"
                assert states[number] == "scheduled"
                assert number not in self.cancelled, "no prompt after a reopen"
            if job.kind == "reminder":
                assert states[number] == "asked", "no reminder after an answer, a reopen or a lapse"
                assert number not in self.rated
                assert (number, job.job_id) not in self.reminded
                self.reminded.add((number, job.job_id))
        return multiple(*claimed)

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

    @rule()
    def upkeep(self) -> None:
        self.world.lapse()
        self.world.number()
        self.world.store.writer.do_now(KeepRollUp(ZONE, portion=2))

    @rule(steps=st.sampled_from((0, 2, 4, 100, 100)))
    def count_anew(self, steps: int) -> None:
        """Counting may stop anywhere on its way; mostly it is over before anything else happens."""
        self.world.store.writer.do_now(KeepRollUp(ZONE, anew=True))
        for _ in range(steps):
            if not self.world.store.writer.do_now(KeepRollUp(ZONE, portion=2)):
                break

    @rule(wait=st.sampled_from((SECOND, 20 * SECOND, 2 * MINUTE, HOUR, DAY, 5 * DAY)))
    def time_passes(self, wait: int) -> None:
        self.clock.forward(wait)

    # --- what must always hold

    @invariant()
    def every_rating_is_the_last_valid_vote(self) -> None:
        if not hasattr(self, "world"):
            return
        stored = {row["id"]: row["value"] for row in self.world.rows(ratings)}
        typed = {row["invitation_id"] for row in self.world.rows(votes, source="typed")}
        for number, value in self.rated.items():
            assert number in stored
            assert stored[number] == value or number in typed
        assert set(stored) - set(self.rated) <= typed

    @invariant()
    def the_summary_adds_up(self) -> None:
        if not hasattr(self, "world"):
            return
        rows = self.world.rows(invitations)
        summary = self.world.store.read_now(summarise, Filters())
        closed = summary["closed"]
        assert closed["closed"] == len(rows) == closed["decided_to_ask"] + sum(closed["skipped"].values())
        assert sum(closed["states"].values()) == closed["decided_to_ask"]
        assert summary["ratings"] == len(self.world.rows(ratings)) == closed["answered"]
        assert summary["asked"]["answered"] <= summary["asked"]["asked"]

    @invariant()
    def the_days_are_counted(self) -> None:
        if hasattr(self, "world"):
            self.world.store.read_now(assert_counted)

    @invariant()
    def numbers_have_no_gap(self) -> None:
        if not hasattr(self, "world"):
            return
        numbers = sorted(row["number"] for row in self.world.rows(events) if row["number"] is not None)
        assert numbers == list(range(1, len(numbers) + 1))


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=25, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
