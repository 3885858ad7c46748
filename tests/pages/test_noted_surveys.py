"""What the audit log says of surveys: every setting has its words, and what it is is said as the editor says it."""

import json
import re
from dataclasses import replace
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from bot.web.pages.admin.audit import MISSING, differences, said_lines
from bot.web.pages.speech import Speech
from bot.web.pages.surveys.noted import UNTOLD, WHOLE, NotedSurvey
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import DEFAULT_SURVEY, parse_survey, survey_to_dict
from ratings.times import DAY
from tests.pages.office import Office

EN, RU = (Speech(language, ZoneInfo("UTC")) for language in ("en", "ru"))
FULL = parse_survey(
    {
        "texts": {"en": {"question": "How was it?", "reaction.1": "Sorry!"}},
        "outcomes": {"levels": {"1": "reopen", "5": "close"}},
    },
    base=DEFAULT_SURVEY,
)


def test_every_setting_has_its_words() -> None:
    found = differences({"before": {}, "after": survey_to_dict(FULL)}, WHOLE)
    titles = {name: NotedSurvey(RU).title(name) for name in found if name not in UNTOLD}
    assert {name: title for name, title in titles.items() if not re.search("[а-я]", title or "")} == {}
    assert len(set(titles.values())) == len(titles)
    assert all(was is MISSING for was, _ in found.values())


@pytest.mark.parametrize(
    ("name", "value", "english", "russian"),
    [
        ("rules.every_s", 604_800, "7 days", "7 дней"),
        ("rules.every_s", 0, "—", "—"),
        ("timing.reminders_s", [3600, 86_400], "1 h and 1 day", "1 ч и 1 день"),
        ("rules.share", 0.125, "12.5%", "12,5 %"),
        ("fallback", True, "yes", "да"),
        ("forms", ["a", "b"], "“a” and “b”", "«a» и «b»"),
        ("rules.closed_by", ["agent"], "an agent", "сотрудник"),
        ("ask_when", {"field": "priority", "is": "high"}, "the priority is “high”", "приоритет — это «high»"),
        ("timing.hours", {"quiet": {"from": "22:00", "to": "09:00"}}, "from 09:00 to 22:00", "с 09:00 до 22:00"),
        (
            "rules.opening",
            {"from": "09:00", "to": "18:00", "weekdays": [1, 2, 3]},
            "from 09:00 to 18:00, Mon–Wed",
            "с 09:00 до 18:00, пн–ср",
        ),
        ("scale", DEFAULT_SURVEY.scale.to_dict(), "5 Excellent. Satisfied is: 4, 5", "5 Отлично. Довольны: 4, 5"),
        ("outcomes.levels.1", "reopen", "reopens the ticket", "открывает обращение снова"),
        (
            "opt_out",
            "everywhere",
            "A customer's “never” is for every channel",
            "«Больше не спрашивать» от клиента — для всех каналов",
        ),
        ("company", "yes", "yes", "yes"),  # what was typed stays as it is
        ("rules.every_s", "soon", "soon", "soon"),
        ("ask_when", {"no": 1}, '{"no": 1}', '{"no": 1}'),
    ],
)
def test_what_a_setting_is_is_said_in_words(name: str, value: Any, english: str, russian: str) -> None:
    spaced = [NotedSurvey(speech).value(name, value).replace("\u00a0", " ") for speech in (EN, RU)]
    assert spaced[0].endswith(english)
    assert spaced[1].endswith(russian)


def test_a_reaction_is_called_by_its_value_though_its_key_has_a_dot() -> None:
    assert NotedSurvey(EN).title("texts.en.reaction.1") == "After a rating of 1 (en)"
    assert NotedSurvey(RU).title("texts.pt-br.reaction.10") == "После оценки 10 (pt-br)"


def test_the_place_of_a_value_is_left_out_of_the_end_of_a_title() -> None:
    said = [NotedSurvey(RU).title(name) for name in ("forms", "outcomes.levels.1", "rules.every_s")]
    often = "Одного клиента спрашиваем не чаще чем раз в …, каким бы опросом и каналом ни было"
    assert said == ["Он для форм, очередей или линий", "Оценка 1", often]


def test_what_words_do_not_tell_apart_is_shown_as_it_is_written() -> None:
    was = DEFAULT_SURVEY.scale.to_dict()
    now = json.loads(json.dumps(was, ensure_ascii=False).replace("Excellent", "Superb"))
    (line,) = said_lines({"kind": "survey", "before": {"scale": was}, "after": {"scale": now}}, RU)
    assert ("Excellent" in (line.before or ""), "Superb" in (line.after or "")) == (True, True)


def test_a_long_text_is_shown_from_shortly_before_its_difference() -> None:
    sides = {side: {"company": f"{'x' * 500}{side}{'y' * 500}"} for side in ("before", "after")}
    (line,) = said_lines({"kind": "survey", **sides}, EN)
    assert line.before == f"…{'x' * 40}before{'y' * 354}…"
    assert line.after == f"…{'x' * 40}after{'y' * 355}…"


def test_a_setting_that_nobody_knows_any_more_is_named_as_it_was_noted() -> None:
    item = {"kind": "survey", "before": {"old": 1}, "after": {"old": 2}}
    assert [(line.name, line.before, line.after) for line in said_lines(item, EN)] == [("old", "1", "2")]


async def test_the_audit_log_says_what_was_changed_of_a_survey(local: Office) -> None:
    (survey,) = local.parts.store.read_now(load_surveys)
    changed = replace(survey, rules=replace(survey.rules, every=7 * DAY), fallback=True)
    local.parts.store.writer.do_now(SaveSurvey(changed, None, "user:admin"))
    page = (await local.owner.get("/settings/audit?lang=ru&kind=survey")).text
    said = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))
    assert "— → 7 дней" in said, said
    assert "rules.every_s" not in said
    assert re.search(r": нет → да", said)
