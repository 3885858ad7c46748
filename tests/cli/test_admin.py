"""Holding accounts, putting back what failed, and one customer's data, from the command line."""

import json
from typing import Any

from bot.clock import now as real_now
from ratings.reports.audit import list_audit
from ratings.store.results import Failed
from ratings.store.schema import invitations
from ratings.times import DAY
from tests.cli.conftest import Tapfive, one_line
from tests.conftest import Clock
from tests.store.world import ACCOUNT, World


def test_an_account_is_held_and_released(tapfive: Tapfive, world: World) -> None:
    world.close()
    assert tapfive("channel", "hold", ACCOUNT).out == f"{ACCOUNT} is held.\n"
    assert "held before" in tapfive("channel", "hold", ACCOUNT).out
    (shown,) = json.loads(tapfive("channel", "list", "--json").out)
    assert (shown["name"], shown["held_by"], shown["waiting"]) == (ACCOUNT, "cli", 1)
    assert world.work() == []
    assert tapfive("channel", "release", ACCOUNT).code == 0
    assert len(world.work()) == 1
    one_line(tapfive("channel", "hold", "telegram.suport"), ACCOUNT)


def test_what_failed_is_listed_and_put_back(tapfive: Tapfive, world: World) -> None:
    world.close()
    (job,) = world.claim()
    world.finish(job, Failed("outcome_unknown", again=False, text="no answer in time"))
    (shown,) = json.loads(tapfive("job", "list", "--json").out)
    assert (shown["id"], shown["state"], shown["text"]) == (job.job_id, "unknown", "no answer in time")
    assert "outcome_unknown" in tapfive("job", "list").out
    one_line(tapfive("job", "replay", str(job.job_id)), "--twice")
    assert "Left, since they may have been carried out: 1" in tapfive("job", "replay", "--account", ACCOUNT).out
    assert tapfive("job", "replay", str(job.job_id), "--twice").out == "Put back: 1.\n"
    one_line(tapfive("job", "replay", str(job.job_id)), "no such job")


def test_a_customer_is_given_out_and_erased(tapfive: Tapfive, world: World) -> None:
    world.close(customer={"id": "7", "name": "Ann", "email": "ann@x.example"})
    who = ("--email", "ann@x.example")
    assert json.loads(tapfive("customer", "find", *who).out)["tickets"] == 1
    told = json.loads(tapfive("customer", "export", "--customer", "7").out)
    assert told["tickets"][0]["invitation"]["customer_name"] == "Ann"
    assert tapfive("customer", "erase", *who, "--yes").out == "Erased: 1 ticket, of which 1 still open.\n"
    (row,) = world.rows(invitations)
    assert (row["customer_name"], row["state"]) == (None, "cancelled")
    one_line(tapfive("customer", "erase", "--address", "7"), "channel")
    one_line(tapfive("customer", "find", *who, "--yes"), "only erase asks")
    assert tapfive("customer", "forget", *who).code == 2


def test_periods_of_keeping_are_shown_and_set(tapfive: Tapfive, world: World, clock: Clock) -> None:
    clock.now = real_now() - 200 * DAY
    world.close()

    def shown() -> Any:
        return json.loads(tapfive("retention", "show", "--json").out)

    assert set(shown().values()) == {None}
    refused = tapfive("retention", "set", "--personal-data", "90")  # nobody is there to say yes
    assert ("1 tickets" in refused.out, refused.code, shown()["personal_data_days"]) == (True, 1, None)
    assert tapfive("retention", "set", "--personal-data", "90", "--comments", "30", "--yes").code == 0
    assert tapfive("retention", "set", "--comments", "never", "--yes").code == 0
    assert (shown()["personal_data_days"], shown()["comments_days"]) == (90, None)
    assert "personal-data" in tapfive("retention", "show").out
    one_line(tapfive("retention", "set", "--personal-data", "29"), "--personal-data: 29; expected whole days")
    one_line(tapfive("retention", "set", "--audit", "soon"), "--audit: found 'soon'; allowed: whole days, or never")
    one_line(tapfive("retention", "set"), "--inbound")
    changes = world.store.read_now(list_audit, kinds=["setting"]).items
    assert [(each["by"], each["after"]["comments_days"]) for each in changes] == [("cli", None), ("cli", 30)]
