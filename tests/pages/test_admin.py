"""The admin's pages: what they say, what their forms do, and what stands next to a wrong field."""

import json
import re
from typing import Any

import pytest

from bot.web.pages.admin.audit import MISSING, differences
from bot.web.pages.troubles import KINDS, TROUBLES
from net import errors
from ratings.lifecycle import JobKind
from ratings.reports.agents import comparison_rule
from ratings.store.endpoints import list_endpoints
from ratings.store.keys import find_key, list_keys
from ratings.store.people_tables import audit
from ratings.store.results import Failed
from ratings.store.retention import load_retention
from ratings.store.schema import accounts, invitations, jobs
from ratings.times import HOUR
from tests.pages.office import Office
from tests.store.world import ACCOUNT

REFUSED = Failed("rejected", again=False, text="chat not found", platform_code="400")
NOBODY_KNOWS = Failed("outcome_unknown", again=False, text="no answer in time")


def fail(office: Office, outcome: Failed = REFUSED, ticket_id: str = "T-1") -> int:
    """Let the prompt of a new ticket fail; return its job."""
    office.world.close(ticket_id, customer={"id": ticket_id, "name": "Ann"})
    (job,) = office.world.claim()
    office.world.finish(job, outcome)
    return job.job_id


def state(office: Office, job_id: int) -> Any:
    (row,) = office.world.rows(jobs, id=job_id)
    return row["state"]


def made(html: str) -> str:
    """What a page shows once."""
    found = re.search(r'<code id="made"[^>]*>([^<]+)<', html)
    assert found, html
    return found[1]


# --- channels and desks ------------------------------------------------------------------------------------------


async def test_an_account_is_held_after_a_question_and_released(office: Office) -> None:
    office.world.close()
    shown = await office.admin.get("/settings/channels")
    assert ("1 message" in shown.text, "works" in shown.text) == (True, True)
    asked = await office.admin.get(f"/settings/channels/hold?name={ACCOUNT}")
    assert "Nothing is sent by it any more" in asked.text
    assert not office.world.rows(accounts, account=ACCOUNT)[0]["held_at"] if office.world.rows(accounts) else True
    held = await office.admin.post("/settings/channels/hold", page="/settings/channels", name=ACCOUNT)
    told = await office.admin.follow(held)
    assert "is held: nothing is sent by it" in told.text
    assert "by user:admin" in told.text
    assert office.world.work() == []
    await office.admin.post("/settings/channels/release", page="/settings/channels", name=ACCOUNT)
    assert [job.kind for job in office.world.work()] == ["prompt"]
    assert (await office.admin.post("/settings/channels/hold", name="viber.none")).status_code == 404


async def test_a_channel_says_what_went_wrong_in_plain_words_and_what_to_do(local: Office) -> None:
    fail(local)
    shown = (await local.admin.get("/settings/channels")).text
    assert "It will not take this as it is" in shown
    assert "chat not found" in shown
    assert f"/jobs?account={ACCOUNT}" in shown
    checked = await local.admin.post("/settings/channels/check", page="/settings/channels", name="generic.shop")
    assert (checked.status_code, "What it says of itself" in checked.text) == (200, True)


def test_every_error_and_every_kind_of_job_has_its_words() -> None:
    family = [each for each in vars(errors).values() if isinstance(each, type) and hasattr(each, "code")]
    assert {each.code for each in family} <= TROUBLES.keys()
    assert set(KINDS) == set(JobKind)


# --- failed jobs -------------------------------------------------------------------------------------------------


async def test_what_failed_is_put_back_one_by_one_or_all(office: Office) -> None:
    assert "Nothing failed" in (await office.admin.get("/jobs")).text
    first = fail(office)
    office.clock.forward(HOUR)
    second = fail(office, ticket_id="T-2")
    shown = (await office.admin.get("/jobs")).text
    assert ("2 jobs" in shown, "T-2" in shown, "Read what it said" in shown) == (True, True, True)
    one = await office.admin.post("/jobs/replay", page="/jobs", id=str(first))
    assert "1 job is put back." in (await office.admin.follow(one)).text
    assert (state(office, first), state(office, second)) == ("due", "failed")
    await office.admin.post("/jobs/replay", page="/jobs")
    assert state(office, second) == "due"
    again = await office.admin.post("/jobs/replay", page="/settings", id=str(first))
    assert again.status_code == 404


async def test_what_may_have_arrived_is_put_back_only_after_a_question(office: Office) -> None:
    job = fail(office, NOBODY_KNOWS)
    led = await office.admin.post("/jobs/replay", page="/jobs", id=str(job))
    question = await office.admin.follow(led)
    assert "It may come twice" in question.text
    assert state(office, job) == "unknown"
    await office.admin.post("/jobs/replay", page="/jobs", account=ACCOUNT, kind="prompt")
    assert state(office, job) == "unknown"
    await office.admin.post("/jobs/replay", page=f"/jobs/replay?id={job}", id=str(job), twice="yes")
    assert state(office, job) == "due"


@pytest.mark.parametrize("fields", [{"id": "x"}, {"id": "9" * 30}, {"kind": "letter"}])
async def test_a_form_that_is_none_of_ours_puts_nothing_back(local: Office, fields: dict[str, str]) -> None:
    fail(local)
    assert (await local.admin.post("/jobs/replay", page="/jobs", **fields)).status_code == 404


# --- keys --------------------------------------------------------------------------------------------------------


async def test_a_key_is_shown_once_works_and_is_revoked(office: Office) -> None:
    answered = await office.admin.post("/settings/keys", page="/settings/keys", name="crm", scope="read")
    key = made(answered.text)
    read = office.parts.store.read_now
    assert read(find_key, key) is not None
    assert key not in (await office.admin.get("/settings/keys")).text
    await office.admin.post("/settings/keys/revoke", page="/settings/keys/revoke?name=crm", name="crm")
    assert read(find_key, key) is None
    assert [(row["by"], row["what"]) for row in office.world.rows(audit, kind="key")] == [
        ("user:admin", "created"),
        ("user:admin", "revoked"),
    ]
    assert (await office.admin.post("/settings/keys/revoke", page="/settings/keys", name="crm")).status_code == 404


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"name": " ", "scope": "read"}, "1 to 100 characters"),
        ({"name": "crm", "scope": "king"}, "Choose what it may do"),
        ({"name": "taken", "scope": "read"}, "already"),
    ],
)
async def test_what_is_wrong_with_a_key_stands_at_its_field(
    local: Office, fields: dict[str, str], problem: str
) -> None:
    await local.admin.post("/settings/keys", page="/settings/keys", name="taken", scope="read")
    answered = await local.admin.post("/settings/keys", page="/settings/keys", **fields)
    assert (answered.status_code, problem in answered.text) == (422, True)
    assert len(local.parts.store.read_now(list_keys)) == 1


# --- webhooks ----------------------------------------------------------------------------------------------------


async def test_a_webhook_is_made_paused_set_back_and_deleted(office: Office) -> None:
    fields = {"url": "https://93.184.216.34/hook", "description": "CRM", "types": ["rating.received"]}
    secret = made((await office.admin.post("/settings/webhooks", page="/settings/webhooks", **fields)).text)
    (endpoint,) = office.parts.store.read_now(list_endpoints)
    assert (endpoint.types, endpoint.created_by) == (("rating.received",), "user:admin")
    at = f"/settings/webhooks/{endpoint.id}"
    await office.admin.post(f"{at}/state", page=at, state="paused")
    shown = await office.admin.get(at)
    assert ("paused" in shown.text, secret in shown.text) == (True, False)
    office.world.tap(office.world.asked(), 5)
    many = office.world.number()
    await office.admin.post(f"{at}/replay", page=at, since="1")
    (endpoint,) = office.parts.store.read_now(list_endpoints)
    assert (endpoint.standing.position, endpoint.last) == (0, many)
    beyond = await office.admin.post(f"{at}/replay", page=at, since=str(many + 2))
    assert (beyond.status_code, "newest event" in beyond.text) == (422, True)
    wrong = await office.admin.post(at, page=at, url="https://127.0.0.1/", description="kept")
    assert (wrong.status_code, 'value="kept"' in wrong.text) == (422, True)
    renewed = made((await office.admin.post(f"{at}/secret", page=f"{at}/secret")).text)
    assert renewed != secret
    await office.admin.post(f"{at}/delete", page=f"{at}/delete")
    assert office.parts.store.read_now(list_endpoints) == []
    assert (await office.admin.get(at)).status_code == 404
    assert secret not in str(office.world.rows(audit))


# --- customers' data ---------------------------------------------------------------------------------------------


async def test_an_erased_ticket_can_still_be_looked_at(office: Office) -> None:
    number = office.world.asked("T-1", customer={"id": "c-7", "name": "Ann Able"}, subject="Printer of Ann")
    office.world.tap(number, 2)
    office.world.write("Ann waited", reply_to=f"message-{office.world.sent[0].job_id}")
    pages = ("/ratings?show=all", "/tickets/T-1?desk=api")
    for page in pages:
        assert "Ann" in (await office.manager.get(page)).text
    await office.admin.post("/settings/data/erase", page="/settings/data", customer="c-7", again="c-7")
    for page in pages:
        shown = await office.manager.get(page)
        assert (shown.status_code, "Ann" in shown.text, "T-1" in shown.text) == (200, False, True), page
    csv = await office.manager.get("/ratings/export?show=all&format=csv")
    assert (csv.status_code, "T-1" in csv.text, "Ann" in csv.text) == (200, True, False)


async def test_a_customer_is_found_saved_and_erased_once_the_id_is_typed_again(office: Office) -> None:
    office.world.close("T-1", customer={"id": "c-7", "name": "Ann Able"})
    found = await office.admin.post("/settings/data/find", page="/settings/data", customer="c-7", desk="")
    assert ("Found: 1 ticket" in found.text, "Ann Able" in found.text) == (True, True)
    saved = await office.admin.post("/settings/data/export", page="/settings/data", customer="c-7")
    assert saved.headers["content-disposition"].startswith("attachment")
    assert json.loads(saved.text)["names"] == ["Ann Able"]
    wrong = await office.admin.post("/settings/data/erase", page="/settings/data", customer="c-7", again="c-8")
    assert (wrong.status_code, "Nothing was erased" in wrong.text) == (422, True)
    assert office.world.rows(invitations)[0]["customer_name"] == "Ann Able"
    done = await office.admin.post("/settings/data/erase", page="/settings/data", customer="c-7", again="c-7")
    assert "Erased: 1 ticket." in (await office.admin.follow(done)).text
    assert office.world.rows(invitations)[0]["customer_name"] is None
    gone = await office.admin.post("/settings/data/find", page="/settings/data", customer="c-7")
    assert "Nobody was found" in gone.text
    both = await office.admin.post("/settings/data/find", page="/settings/data", customer="1", email="a@b.example")
    assert (both.status_code, "Name them in one way" in both.text) == (422, True)


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://crm.example/x", "Адрес должен начинаться с https://."),
        ("https://crm.example/a b", "В адресе есть пробелы или обратные косые черты: запишите их как %20 и %5C."),
        ("https://me:pass@crm.example/", "В адресе указан пользователь или пароль."),
        ("https://127.0.0.1/", "Это адрес частной сети, а нужен общедоступный."),
        ("https://", "Такой адрес прочитать нельзя."),
        ("https://[x", "Такой адрес прочитать нельзя."),
    ],
)
async def test_why_a_webhook_cannot_go_there_is_said_in_the_readers_language(
    local: Office, url: str, said: str
) -> None:
    answered = await local.admin.post("/settings/webhooks?lang=ru", page="/settings/webhooks", url=url)
    assert (answered.status_code, said in answered.text) == (422, True), answered.text


async def test_periods_are_tried_before_they_are_set(office: Office) -> None:
    office.world.close("T-1", customer={"id": "1"})
    office.clock.forward(100 * 24 * HOUR)
    office.admin.client.cookies.set("tapfive", office.session("admin", "months later"))
    tried = await office.admin.post("/settings/data/periods", page="/settings/data", personal_data_days="90", do="look")
    assert "1 ticket with somebody&#39;s data" in tried.text
    assert office.parts.store.read_now(load_retention).personal_data_days is None
    wrong = await office.admin.post("/settings/data/periods", page="/settings/data", personal_data_days="3", do="set")
    assert (wrong.status_code, "Whole days from 30 to 3650" in wrong.text) == (422, True)
    # What would go is seen first, without scripts, too, and for these very periods.
    fields: dict[str, Any] = {"page": "/settings/data", "personal_data_days": "90", "do": "set"}
    shown = tried
    for seen in ("", "365---"):
        shown = await office.admin.post("/settings/data/periods", seen=seen, **fields)
        assert (shown.status_code, "Nothing is set yet." in shown.text) == (200, True)
        assert office.parts.store.read_now(load_retention).personal_data_days is None
    assert 'name="seen" value="90---"' in shown.text
    assert (await office.admin.post("/settings/data/periods", seen="90---", **fields)).status_code == 303
    assert office.parts.store.read_now(load_retention).personal_data_days == 90
    # What erases nothing is set at once.
    longer = {**fields, "personal_data_days": "3000"}
    assert (await office.admin.post("/settings/data/periods", **longer)).status_code == 303


# --- the rest ----------------------------------------------------------------------------------------------------


async def test_the_overview_warns_and_sets_how_agents_are_compared(office: Office) -> None:
    fail(office)
    await office.admin.post("/settings/channels/hold", name=ACCOUNT)
    shown = (await office.admin.get("/settings")).text
    assert ("1 job failed" in shown, f"nothing is sent by it: {ACCOUNT}" in shown) == (True, True)
    await office.admin.post("/settings/comparison", page="/settings", rule="callibri")
    assert office.parts.store.read_now(comparison_rule) == "callibri"
    await office.admin.post("/settings/comparison", page="/settings", rule="coin")
    assert office.parts.store.read_now(comparison_rule) == "callibri"


async def test_the_audit_log_says_fields_in_words_and_leaves_what_was_typed(local: Office) -> None:
    path = f"/settings/users/{local.ids['sales']}"
    assert (
        await local.owner.post(path, page=path, role="manager", forms="events\n100 %", may_edit="on")
    ).status_code == 303
    assert (await local.owner.post(path, page=path, role="admin")).status_code == 303
    page = (await local.owner.get("/settings/audit?lang=ru&kind=user&object=sales")).text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    for words in (
        "роль: Руководитель → Администратор",
        "формы: events, 100 % → все",
        "может исправлять оценки: нет → да",
    ):
        assert words in said, said  # "events" is a form's id here, and has a translation elsewhere


async def test_the_audit_log_shows_what_was_and_what_is(office: Office) -> None:
    await office.admin.post("/settings/comparison", page="/settings", rule="callibri")
    await office.admin.post("/settings/comparison", page="/settings", rule="honest")
    shown = (await office.admin.get("/settings/audit?by=user:admin&kind=setting")).text
    assert re.search(r"<del>As Callibri does</del>\s*→\s*<ins>Honest</ins>", shown)
    assert "user:owner" not in shown.partition("<tbody>")[2]
    assert (await office.admin.get("/settings/audit?cursor=x")).status_code == 422


def test_a_difference_names_what_is_nested_and_leaves_out_what_is_nothing() -> None:
    changed = {"before": {"a": {"b": 1, "c": 2}}, "after": {"a": {"b": 1, "c": 3}, "d": None}}
    assert differences(changed) == {"a.c": (2, 3), "d": (MISSING, None)}
    assert differences({"before": None, "after": {"a": [], "b": False, "c": "x"}}) == {"c": (MISSING, "x")}
    assert differences({"before": None, "after": None}) == {}
