"""What channels and desks say of themselves, on the page: every phrase in the reader's language, what others told as they told it."""

import ast
import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.account_checks import Finding
from bot.web.pages.admin.findings import LEVELS, said_finding
from bot.web.pages.speech import Speech
from channels.base import Mode
from channels.telegram.findings import WebhookState, webhook_findings
from desks.pyrus.config import FormSettings
from desks.pyrus.findings import fields
from desks.pyrus.shapes import FieldOfForm, Form
from net.errors import Misconfigured
from net.findings import NOTHING, Phrase, failure
from tests.pages.office import Office

ROOT = Path(__file__).parents[2]
EN, RU = Speech("en", ZoneInfo("UTC")), Speech("ru", ZoneInfo("UTC"))


def test_every_phrase_is_written_out_where_it_is_made() -> None:
    """Else nobody finds it to translate it. That each has its Russian is looked at with all texts of the pages."""
    found = [
        (path.name, call.lineno, call.args[0])
        for folder in ("bot", "channels", "desks")
        for path in (ROOT / folder).rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "Phrase"
    ]
    assert found
    assert [(name, line) for name, line, pattern in found if not isinstance(pattern, ast.Constant)] == []


def test_a_phrase_is_a_text_that_remembers_what_it_was_made_of() -> None:
    phrase = Phrase("the bot is %(name)s", name="100 %")
    assert (phrase, phrase.pattern, phrase.values) == ("the bot is 100 %", "the bot is %(name)s", {"name": "100 %"})


def test_a_finding_is_said_in_the_readers_language_with_what_to_do() -> None:
    state = WebhookState("https://desk.example/hook", ("message",), 200, None, "")
    _, allowed, pending = webhook_findings(state, Mode.RELAY, "https://ours.example/hook", 0)
    found = [Finding(each.id, each.level, each.text, each.hint) for each in (allowed, pending)]
    english, _ = (said_finding(each, EN.say) for each in found)
    assert (english.look, english.level, english.id) == ("bad", "wrong", "telegram.allowed_updates")
    assert english.text == str(allowed.text)
    assert english.do == str(allowed.hint)
    russian, waits = (said_finding(each, RU.say) for each in found)
    assert russian.text == f"Telegram не присылает: {allowed.text.values['updates']}"
    assert russian.do.endswith("в своём setWebhook")
    assert (waits.level, waits.text) == ("обратите внимание", "ждут получения обновлений: 200")


def test_phrases_within_phrases_are_said_too() -> None:
    form = Form(5, "Calls", [FieldOfForm(7, "file", "F")])
    settings = FormSettings.model_validate({"score_field": 7, "subject_field": 8})
    found = [
        said_finding(Finding(each.id, each.level, each.text, each.hint), RU.say) for each in fields(form, settings)
    ]
    assert found[0].text == "форма 5, subject_field = 8: такого поля в форме нет"
    assert found[1].text.startswith("форма 5, score_field = 7: тип поля — file, а подходят: ")


def test_what_an_error_told_stays_as_it_is_and_its_code_says_what_it_means() -> None:
    found = failure("vk.permissions", Misconfigured("no <right> 100 %"))
    shown = said_finding(Finding(found.id, found.level, found.text, found.hint, "vk.acme", found.code), RU.say)
    assert shown.text == (
        'Не может работать с такими настройками: токен отозван или не хватает прав. <q lang="en">no &lt;right&gt; 100 %</q>'
    )
    assert shown.do.startswith("Проверьте аккаунт")
    closer = Finding("vk.token", "error", found.text, Phrase("see api_url"), code=found.code)
    assert said_finding(closer, RU.say).do == "проверьте api_url"


def test_nothing_is_html_but_what_is_ours() -> None:
    named = Phrase("the bot is %(name)s", name="<b>Ann</b>")
    shown = said_finding(Finding("viber.token", "ok", named), RU.say)
    assert (shown.text, shown.do) == ("бот: &lt;b&gt;Ann&lt;/b&gt;", "")
    foreign = said_finding(Finding("x.y", "ok", "a <plain> text", NOTHING), RU.say)
    assert foreign.text == '<span lang="en">a &lt;plain&gt; text</span>'


@pytest.mark.parametrize("level", LEVELS)
def test_every_level_has_its_words(level: str) -> None:
    assert re.search("[а-я]", RU.say(LEVELS[level][1]))


async def test_a_desk_says_how_it_does_in_the_readers_language(local: Office) -> None:
    path = "/settings/channels"
    local.admin.client.headers["accept-language"] = "ru"
    shown = (await local.admin.post(f"{path}/check", page=path, name="generic.shop")).text
    (said,) = re.findall(r'<div role="status" class="stack">(.*?)</div>', shown, re.DOTALL)
    assert "оценки передаются без шифрования" in said
    assert "→ укажите callback_url с https" in said
    assert "generic.callback" in said
    assert 'lang="en"' not in said
