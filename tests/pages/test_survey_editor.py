"""The pages that change one survey, as a browser without scripts sends their forms."""

import json
import re
from html import unescape
from typing import Any

import httpx
import pytest

from bot.survey_toml import survey_to_toml
from bot.web.pages.surveys import rehearsing, trying
from ratings.conditions import condition_to_dict
from ratings.store.results import Done, Failed
from ratings.store.schema import jobs
from ratings.store.survey_history import list_versions
from ratings.survey import Survey
from tests.pages.markup import problems_of
from tests.pages.office import Office
from tests.pages.test_survey_list import change, surveys
from tests.store.world import ACCOUNT

ONE = "/surveys/default"


def filled(response: httpx.Response) -> dict[str, str]:
    """What stands in the editor's form, as a browser would send it again."""
    assert response.status_code in {200, 409, 422}, (response.status_code, response.text[:500])
    assert problems_of(response.text) == []
    form = re.search(r'<form [^>]*id="editor".*?</form>', response.text, re.DOTALL)
    assert form, response.text[:500]
    found: dict[str, str] = {}
    for tag in re.findall(r"<input\b[^>]*>", form[0]):
        given = {name: unescape(value) for name, value in re.findall(r'([\w-]+)="([^"]*)"', tag)}
        ticked = given.get("type") not in {"checkbox", "radio"} or re.search(r"\schecked\b", tag)
        if ticked and "name" in given and "form" not in given:
            found[given["name"]] = given.get("value", "on")
    for name, text in re.findall(r'<textarea [^>]*name="([^"]*)"[^>]*>(.*?)</textarea>', form[0], re.DOTALL):
        found[name] = unescape(text)
    for name, options in re.findall(r'<select [^>]*name="([^"]*)"[^>]*>(.*?)</select>', form[0], re.DOTALL):
        chosen = re.search(r'<option value="([^"]*)" selected', options) or re.search(
            r'<option value="([^"]*)"', options
        )
        assert chosen
        found[name] = unescape(chosen[1])
    return found


async def opened(office: Office, section: str) -> dict[str, str]:
    return filled(await office.admin.get(f"{ONE}/{section}"))


async def send(office: Office, section: str, form: dict[str, str], do: str = "save") -> httpx.Response:
    return await office.admin.client.post(f"{ONE}/{section.partition('?')[0]}", data={**form, "do": do})


def default(office: Office) -> Survey:
    return surveys(office)["default"]


async def test_a_form_that_is_sent_as_it_came_changes_nothing(local: Office) -> None:
    condition = {"any": [{"field": "tags", "in": ["a", "b"]}, {"all": [{"field": "fields.paid", "is": True}]}]}
    change(
        local,
        ask_when=condition,
        texts={"ru": {"question": "Как?\nНу?", "reaction.1": ""}},
        timing={"hours": {"quiet": {"from": "22:00", "to": "09:00"}, "weekdays": [1, 2]}, "reminders_s": [60]},
        rules={"staff": ["*@example.org"], "share": 0.125, "opening": {"from": "09:00", "to": "18:00"}},
        outcomes={"levels": {"3": "leave"}, "write": ["score"]},
    )
    for section in ("general", "scale", "texts", "rules", "timing", "outcomes"):
        sent = await send(local, section, await opened(local, section))
        assert sent.status_code == 303, (section, sent.text)
        assert "There was nothing to change." in (await local.admin.follow(sent)).text
    assert default(local).version == 2


async def test_what_is_typed_is_saved_by_whoever_typed_it(office: Office) -> None:
    office.world.asked("T-1")
    form = await opened(office, "rules") | {
        "rules.every_s": "7",
        "rules.every_s.unit": "d",
        "rules.never_tags": "spam\n test* ",
        "rules.share": "12,5",
        "rules.closed_by.agent": "on",
    }
    saved = await office.admin.follow(await send(office, "rules", form))
    assert "Saved as version 2." in saved.text
    assert filled(saved)["rules.every_s"] == "7"
    rules = default(office).rules
    assert (rules.every, rules.never_tags, rules.share) == (7 * 86_400_000, ("spam", "test*"), 0.125)
    assert rules.closed_by == ("agent",)
    last = office.parts.store.read_now(list_versions, "default")[-1]
    assert (last.by, len(last.changed)) == ("user:admin", 4)
    form = await opened(office, "general") | {"company": "Shop"}
    told = await office.admin.follow(await send(office, "general", form))
    assert "1 open invitation gets new words, and keeps all else as it was decided." in told.text


async def test_what_was_seen_so_far_is_offered_to_be_bound_to(office: Office) -> None:
    office.world.close("T-1", form={"id": "f-1", "name": "Sales"}, group="g-1")
    page = (await office.admin.get(f"{ONE}/general")).text
    assert '<span class="code">f-1</span> Sales</li>' in page
    assert '<span class="code">g-1</span></li>' in page
    assert f'<span class="code">{ACCOUNT}</span></li>' in page


async def test_what_is_wrong_is_said_beside_its_field_and_nothing_typed_is_lost(local: Office) -> None:
    form = await opened(local, "outcomes") | {
        "outcomes.tag_below": "1",
        "alerts.to": "somebody\nemail.support:a@example.org",
        "alerts.value_max": "x",
        "alerts.hours.quiet.from": "25:00",
        "outcomes.note": "on",
    }
    refused = await send(local, "outcomes", form)
    assert refused.status_code == 422
    again = filled(refused)
    assert {name: again[name] for name in form if name != "csrf"} == {n: v for n, v in form.items() if n != "csrf"}
    for name in ("outcomes.tag_below", "alerts.to", "alerts.value_max", "alerts.hours.quiet.from"):
        assert f'id="{name}-problem"' in refused.text, name
        assert f'href="#{name}"' in refused.text, name
    assert default(local).version == 1
    wrong = await send(local, "general", await opened(local, "general") | {"name": "", "timezone": "Mars/Phobos"})
    assert all(f'id="{name}-problem"' in wrong.text for name in ("name", "timezone"))
    texts = await opened(local, "texts?language=de")
    refused = await send(local, "texts", texts | {"texts.de.question": "{customer.phone}?"})
    assert (refused.status_code, 'id="texts.de.question-problem"' in refused.text) == (422, True)


async def test_rows_are_added_and_taken_away_without_a_script(local: Office) -> None:
    form = await opened(local, "rules") | {"rules.min_talk_s": "30", "rules.min_talk_s.unit": "s"}
    assert 'data-unsaved="no"' in (await local.admin.get(f"{ONE}/rules")).text
    added = await send(local, "rules", form, "test:ask_when")
    assert 'data-unsaved="yes"' in added.text
    form = filled(added)
    form = filled(await send(local, "rules", form | {"ask_when.0.value": "high"}, "group:ask_when"))
    form = filled(await send(local, "rules", form, "test:ask_when.1"))
    form |= {"ask_when.1.0.field": "fields.", "ask_when.1.0.own": "plan", "ask_when.1.0.op": "in"}
    form |= {"ask_when.1.0.value": "gold\nsilver", "ask_when.1.1.field": "kind", "ask_when.1.1.value": "chat"}
    form = filled(await send(local, "rules", form, "test:skip_when"))
    form |= {"skip_when.0.field": "talk_s", "skip_when.0.op": "le", "skip_when.0.value": "много"}
    refused = await send(local, "rules", form)
    assert (refused.status_code, 'id="skip_when.0.value-problem"' in refused.text) == (422, True)
    form = filled(await send(local, "rules", filled(refused), "remove:skip_when.0"))
    assert (await send(local, "rules", form)).status_code == 303
    made = default(local)
    assert made.skip_when is None
    assert made.rules.min_talk == 30_000
    assert made.ask_when is not None
    assert condition_to_dict(made.ask_when) == {
        "all": [
            {"field": "priority", "is": "high"},
            {"any": [{"field": "fields.plan", "in": ["gold", "silver"]}, {"field": "kind", "is": "chat"}]},
        ]
    }
    scale = filled(await send(local, "scale", await opened(local, "scale"), "remove:scale.choices.1"))
    scale = filled(await send(local, "scale", scale | {"scale.new_language": "de"}, "language"))
    scale = filled(await send(local, "scale", scale | {"scale.choices.0.labels.de": "Schlecht"}, "choice"))
    assert (await send(local, "scale", scale | {"scale.name": "4"})).status_code == 303
    choices = default(local).scale.choices
    assert [choice.value for choice in choices] == [1, 3, 4, 5]
    assert choices[0].labels["de"] == "Schlecht"


async def test_of_two_who_save_at_once_the_second_sees_both_changes(office: Office) -> None:
    mine = await opened(office, "timing") | {"timing.delay_s": "2", "timing.delay_s.unit": "h"}
    change(office, timing={"lapse_after_s": 86_400}, company="Shop")
    overtaken = await send(office, "timing", mine)
    assert overtaken.status_code == 409
    theirs, ours = overtaken.text.partition("What you changed")[::2]
    assert "the key “crm” saved another version while you were here." in theirs
    assert "The company is called “Shop”." in theirs
    assert "Without an answer it lapses 1\u00a0day after it was asked last." in theirs
    assert "The question comes 2\u00a0h after the closing" in ours.partition("<form")[0]
    form = filled(overtaken)
    assert (form["version"], form["timing.lapse_after_s"], form["timing.delay_s"]) == ("2", "1", "2")
    assert default(office).version == 2
    assert (await send(office, "timing", form)).status_code == 303
    timing = default(office).timing
    assert (timing.delay, timing.lapse_after) == (7_200_000, 86_400_000)


async def test_the_preview_shows_what_is_typed_and_says_when_it_cannot(local: Office) -> None:
    form = await opened(local, "texts") | {
        "texts.ru.question": "Ну как, {customer.name}?",
        "texts.ru.reaction.5": "Ура!",
    }
    shown = await send(local, "texts", form, "preview")
    assert "Ну как, Maria?" in shown.text
    assert filled(shown)["texts.ru.question"] == "Ну как, {customer.name}?"
    fragment = await local.admin.client.post(f"{ONE}/texts/preview", data=form)
    assert "<html" not in fragment.text
    assert '<p class="bubble">Ну как, Maria?</p>' in fragment.text
    assert "Ура!" in fragment.text
    assert '<span class="key">😡</span>' in fragment.text
    long = await local.admin.client.post(f"{ONE}/texts/preview", data=form | {"texts.ru.question": "x" * 1001})
    assert "What is typed cannot be said yet" in long.text
    assert "1001 characters" in long.text
    choices = form_of_many_choices(await opened(local, "scale"))
    warned = await local.admin.client.post(f"{ONE}/scale/preview", data=choices)
    assert "🤖" in warned.text
    assert default(local).version == 1


def form_of_many_choices(form: dict[str, str]) -> dict[str, str]:
    return form | {"scale.choices.4.symbol": "🤖"}


async def test_a_rehearsal_tells_whom_a_draft_would_have_asked(office: Office) -> None:
    for number in range(3):
        office.world.close(f"T-{number}", talk_s=number * 30)
    form = await opened(office, "rules") | {"rules.min_talk_s": "45", "rules.min_talk_s.unit": "s", "days": "7"}
    office.clock.forward(1000)
    shown = await send(office, "rules", form, "rehearse")
    assert "It would have asked 1 instead of 3." in shown.text
    assert filled(shown)["rules.min_talk_s"] == "45"
    streamed = await office.admin.client.post(f"{ONE}/rules/rehearsal", data=form)
    assert streamed.headers["content-type"].startswith("application/x-ndjson")
    told = json.loads(streamed.text.splitlines()[-1])["html"]
    assert "It would have asked 1 instead of 3." in told
    assert "the call was too short" in told
    wrong = await office.admin.client.post(f"{ONE}/rules/rehearsal", data=form | {"days": "900"})
    assert "Take 1 to 366 days." in json.loads(wrong.text.splitlines()[-1])["html"]
    unread = await office.admin.client.post(f"{ONE}/rules/rehearsal", data=form | {"rules.share": "x"})
    assert "cannot be read yet" in unread.text
    assert default(office).version == 1


async def test_a_rehearsal_that_takes_too_long_for_a_page_says_so(
    local: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rehearsing, "PATIENCE_SECONDS", 0.0)
    form = await opened(local, "rules")
    assert "longer than a page can wait" in (await send(local, "rules", form, "rehearse")).text


async def test_versions_are_compared_in_words_and_brought_back(office: Office) -> None:
    change(office, company="Shop", timing={"delay_s": 60})
    change(office, enabled=False, company="Store")
    page = await office.admin.get(f"{ONE}/versions")
    assert "<del>It is on.</del>" in page.text
    assert "<ins>The company is called “Store”.</ins>" in page.text
    older = await office.admin.get(f"{ONE}/versions?before=2&after=1")
    assert "<ins>The question comes 1\u00a0min after the closing" in older.text
    assert "the key “crm”" in older.text
    restored = await office.admin.post(f"{ONE}/versions/1/restore", version="3")
    told = await office.admin.follow(restored)
    assert "Version 1 is restored, as version 4. The switch is left as it is." in told.text
    now = default(office)
    assert (now.company, now.timing.delay, now.enabled, now.version) == ("", 0, False, 4)
    late = await office.admin.post(f"{ONE}/versions/2/restore", version="3")
    assert (late.status_code, default(office).version) == (409, 4)
    assert (await office.admin.post(f"{ONE}/versions/9/restore", version="4")).status_code == 404
    same = await office.admin.post(f"{ONE}/versions/4/restore", version="4")
    assert "It says the same already." in (await office.admin.follow(same)).text


async def test_a_test_message_goes_to_oneself_and_its_end_is_told(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "TEST_SECONDS", 0.0)
    page = f"{ONE}/try"
    assert (await office.admin.post(page, channel="none", address="1")).status_code == 422
    assert (await office.admin.post(page, channel=ACCOUNT, address=" ")).status_code == 422
    sent = await office.admin.post(page, channel=ACCOUNT, address="555", language="en")
    there = sent.headers["location"]
    assert "It is queued." in (await office.admin.follow(sent)).text
    (job,) = office.world.rows(jobs, kind="test")
    assert (job["account"], job["address"], json.loads(job["detail"])["language"]) == (ACCOUNT, "555", "en")
    (claimed,) = office.world.claim()
    office.world.finish(claimed, Failed("recipient_gone", again=False, text="the chat does not exist"))
    told = (await office.admin.get(there)).text
    assert "the chat does not exist" in told
    assert "The address takes no messages" in told
    await office.admin.post(page, channel=ACCOUNT, address="556", language="en")
    (claimed,) = office.world.claim()
    office.world.finish(claimed, Done("42"))
    assert "Look at your phone." in (await office.admin.get(f"{page}?test={claimed.job_id}&channel={ACCOUNT}")).text
    # Only a test's own id is told about.
    prompt = office.world.close("T-9")
    (other,) = office.world.rows(jobs, invitation_id=prompt.invitation_id)
    for job_id in (other["id"], "0", "x", "9" * 40):
        assert "What became of it" not in (await office.admin.get(f"{page}?test={job_id}")).text


async def test_the_whole_survey_is_text_there_and_back(local: Office) -> None:
    change(local, company="Shop", texts={"de": {"question": "Wie war es?"}})
    page = f"{ONE}/all"
    text = unescape((await local.admin.get(page)).text.partition('rows="30">')[2].partition("</textarea>")[0])
    assert text == survey_to_toml(default(local))
    file = await local.admin.get(f"{page}/file")
    assert (file.text, file.headers["content-disposition"]) == (text, 'attachment; filename="default.toml"')
    saved = await local.admin.post(page, version="2", whole=text.replace("Shop", "Store"))
    assert saved.headers["location"] == ONE
    assert default(local).company == "Store"
    bare = await local.admin.post(page, version="3", whole='{"name": "Plain"}')
    assert bare.status_code == 303
    assert default(local) == Survey("default", "Plain", version=4)
    wrong: list[tuple[str, str, Any]] = [
        ("4", "company = ", "neither TOML nor JSON"),
        ("4", '{"scale": 5}', "/scale"),
        ("4", 'id = "other"', "another survey"),
        ("2", 'company = "Late"', "another version meanwhile"),
    ]
    for version, whole, said in wrong:
        refused = await local.admin.post(page, version=version, whole=whole)
        assert refused.status_code in {409, 422}, whole
        assert said in unescape(refused.text), whole
        assert unescape(refused.text).count(whole) >= 1
    assert default(local).version == 4


async def test_a_survey_that_is_not_there_is_not_found(local: Office) -> None:
    for path in ("", "/general", "/versions", "/try", "/all", "/all/file"):
        assert (await local.admin.get(f"/surveys/none{path}")).status_code == 404, path
    for path in ("/texts/preview", "/rules/rehearsal", "/versions/1/restore", "/try", "/all", "/rules"):
        assert (await local.admin.post(f"/surveys/none{path}")).status_code == 404, path


async def test_the_overview_reads_as_sentences_in_the_readers_language(local: Office) -> None:
    change(local, alerts={"to": ["viber.gone:boss"]}, rules={"every_s": 604_800})
    english = (await local.admin.get(ONE)).text
    assert "No customer is asked more often than once in 7\u00a0days" in english
    assert "nobody is told there: the account viber.gone is not configured" in english
    russian = (await local.admin.get(f"{ONE}?lang=ru")).text
    assert "не чаще чем раз в 7\u00a0дней" in russian
