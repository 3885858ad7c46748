"""`/tickets/{id}`: the whole life in plain words, a correction by whoever may, and nothing for whoever may not see it."""

from zoneinfo import ZoneInfo

import pytest

from bot.web.pages.speech import Speech
from bot.web.pages.ticket_details import details_said
from bot.web.pages.ticket_words import ACTS, EVIDENCE, LINK_KINDS
from ratings.lifecycle import JobKind
from ratings.links import Evidence, LinkKind
from ratings.rights import Role
from ratings.store.cleaning import KEEP, Clean
from ratings.store.results import Failed
from ratings.store.users import Rights
from ratings.times import DAY, MINUTE
from tests.pages.office import Office

ODD = "T/1 & <b>?#"
AT = "/tickets/T%2F1%20%26%20%3Cb%3E%3F%23?desk=api"
WHY = "She meant the courier."


@pytest.fixture
def lived(office: Office) -> int:
    """A ticket of sales with an odd id: a try that failed, a prompt, a bad rating with words."""
    world = office.world
    invitation = world.close(ODD, form="sales", agent={"id": "7", "name": "Anna"}).invitation_id
    (job,) = world.claim()
    world.finish(job, Failed("unreachable", again=True, text="no connection"))
    office.clock.forward(10 * MINUTE)
    world.work()
    world.tap(invitation, 2)
    world.write("Слишком <b>долго")
    office.clock.forward(MINUTE)
    return invitation


@pytest.mark.usefixtures("lived")
async def test_a_life_is_told_in_plain_words(office: Office) -> None:
    page = await office.sales.get(AT)
    assert page.status_code == 200
    for said in (
        "Decided to ask at",
        "The customer was asked.",
        "The question: done (telegram.support)",
        "try 1, ",
        "no connection",
        "A vote, tapped in the messenger: it counts",
        "The customer wrote.",
        "Слишком &lt;b&gt;долго",
        "Anna",
    ):
        assert said in page.text, said
    listed = await office.sales.get("/ratings")
    assert f'href="{AT.replace("%2F", "/")}"' in listed.text or f'href="{AT}"' in listed.text
    # The job that asked is forgotten after some time; that they were asked is not.
    office.clock.forward(KEEP + DAY)
    assert office.parts.store.writer.do_now(Clean()) > 0
    later = await office.person("later", Rights(Role.MANAGER)).get(AT)
    assert ("The question: done" in later.text, "The customer was asked." in later.text) == (False, True)
    russian = await office.person("ru", Rights(Role.MANAGER)).get(f"{AT}&lang=ru")
    assert "нажатие в мессенджере: учитывается" in russian.text


async def test_why_nobody_was_asked_is_said(office: Office) -> None:
    office.world.close("T-2", closed_at="2026-01-01T00:00:00Z")
    page = await office.manager.get("/tickets/T-2")
    assert "It had been closed too long before it was reported." in page.text
    russian = (await office.manager.get("/tickets/T-2?lang=ru")).text
    for said in ("слишком поздно", "возраст закрытия: 263\u00a0дн.", "самое старое, о котором спрашивают: 3\u00a0дн."):
        assert said in russian, said
    assert "age_s" not in russian


def test_what_a_rule_saw_is_said_without_names_for_programs() -> None:
    speech = Speech("ru", ZoneInfo("Europe/Moscow"))
    for detail, said in (
        ({"addresses": 1, "channel": "vk.old", "channel_unknown": 1}, ["адресов клиента: 1", "канал: vk.old"]),
        ({"everywhere": True}, ["во всех каналах: да"]),
        (
            {"rule": "every_s", "wanted": 86_400, "saw": {"last_ask": "2026-09-20T09:00:00Z"}, "odd": None},
            [
                "правило: every_s",
                "что ему нужно: 1\u00a0дн.",
                "что оно увидело: последний вопрос: 20 сент. 2026 г., 12:00",
            ],
        ),
        (
            {"rule": "tags", "saw": ["a", "b"], "wanted": 0.5},
            ["правило: tags", "что оно увидело: a, b", "что ему нужно: 0,5000"],
        ),
    ):
        assert list(details_said(detail, speech)) == said


async def test_a_ticket_of_another_form_or_of_nobody_is_not_there(office: Office, lived: int) -> None:
    other = office.person("other", Rights(Role.MANAGER, ("help",), may_edit=True))
    for person, where in (
        (other, AT),
        (other, AT.partition("?")[0]),
        (office.manager, "/tickets/T-9"),
        (office.manager, "/tickets/T-9?desk=%00"),
        (office.manager, f"{AT}2"),
    ):
        assert (await person.get(where)).status_code == 404, where
    refused = await other.post(f"/ratings/{lived}/correct", value="5", why=WHY)
    assert refused.status_code == 404
    assert office.world.tap(lived, 2) == "repeated"
    await other.client.aclose()


async def test_whoever_may_corrects_a_rating_and_says_why(office: Office, lived: int) -> None:
    editor = office.person("editor", Rights(Role.MANAGER, ("sales",), may_edit=True))
    assert "Correct the rating" in (await editor.get(AT)).text
    assert "Correct the rating" not in (await office.sales.get(AT)).text
    for fields in ({"value": "5"}, {"value": "5", "why": " "}, {"value": "x", "why": WHY}, {"value": "9", "why": WHY}):
        assert (await editor.post(f"/ratings/{lived}/correct", **fields)).status_code == 422, fields
    done = await editor.post(f"/ratings/{lived}/correct", value="4", why=WHY)
    page = await editor.follow(done)
    for said in (
        "The rating changed from 🙁\u00a02 to 🙂\u00a04.",
        "by editor",
        WHY,
        "The rating is corrected.",
        "set by the staff",
    ):
        assert said in page.text, said
    assert (await office.sales.post(f"/ratings/{lived}/correct", value="5", why=WHY)).status_code == 403
    await editor.client.aclose()


async def test_what_was_erased_is_not_offered_to_be_corrected(office: Office) -> None:
    rated = office.world.close("T-7", customer={"id": "c-7", "name": "Ann"}).invitation_id
    office.world.work()
    office.world.tap(rated, 2)
    assert "Correct the rating" in (await office.owner.get("/tickets/T-7")).text
    office.world.work()
    done = await office.owner.post("/settings/data/erase", customer="c-7", again="c-7")
    assert done.status_code == 303
    page = (await office.owner.get("/tickets/T-7")).text
    assert "What was personal in this was erased." in page
    assert "Correct the rating" not in page


async def test_what_failed_for_good_is_put_back_by_whoever_sets_up(office: Office) -> None:
    world = office.world
    invitation = world.close("T-5").invitation_id
    (job,) = world.claim()
    world.finish(job, Failed("rejected", again=False, text="no such chat"))
    page = await office.admin.get("/tickets/T-5")
    assert "The question: failed for good" in page.text
    assert "no such chat" in page.text
    assert "Try it anew" in page.text
    assert "Try it anew" not in (await office.manager.get("/tickets/T-5")).text
    other = world.close("T-6").invitation_id
    for number, told in ((other, str(job.job_id)), (invitation, "0"), (invitation, "x")):
        assert (await office.admin.post(f"/ratings/{number}/replay", job=told)).status_code == 404
    done = await office.admin.post(f"/ratings/{invitation}/replay", job=str(job.job_id))
    assert "It is put back and tried anew." in (await office.admin.follow(done)).text
    assert job.job_id in {claimed.job_id for claimed in world.claim()}


async def test_of_several_desks_one_is_chosen(office: Office) -> None:
    office.world.close("T-3", desk="one")
    office.world.close("T-3", desk="two")
    page = await office.manager.get("/tickets/T-3")
    assert [f'/tickets/T-3?desk={desk}"' in page.text for desk in ("one", "two")] == [True, True]
    assert "two" in (await office.manager.get("/tickets/T-3?desk=two")).text


def test_every_code_has_its_words() -> None:
    assert set(ACTS) == {kind.value for kind in JobKind}
    assert set(EVIDENCE) == {each.value for each in Evidence}
    assert set(LINK_KINDS) == {each.value for each in LinkKind}
