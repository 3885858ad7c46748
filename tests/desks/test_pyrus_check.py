"""What `check` finds, and which settings are refused."""

from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from desks.pyrus.config import CLOUD, PyrusConfig
from tests.desks.pyrus_kit import FORM, KEY, LOGIN, PRIORITY, SCORE_CHOICE, SETTINGS, scene, signed
from tests.desks.row import NOW

HOOK = "https://rate.example.com/hooks/desks/pyrus/main"


def config(**keys: Any) -> PyrusConfig:
    return PyrusConfig.model_validate({"login": LOGIN, "security_key": SecretStr(KEY), **keys})


async def found(**keys: Any) -> dict[str, tuple[str, str]]:
    async with scene(**keys) as made:
        return {one.id: (one.level, one.text + one.hint) for one in await made.desk.check(HOOK)}


async def test_a_desk_that_is_set_up_has_nothing_but_what_pyrus_does_not_tell() -> None:
    levels = {key: level for key, (level, _) in (await found()).items()}
    assert levels == {
        "pyrus.credentials": "ok",
        "pyrus.bot": "warning",  # bot_id is not set
        "pyrus.form": "ok",
        "pyrus.fields": "ok",
        "pyrus.clear_assignee": "ok",
        "pyrus.native_survey": "warning",
        "pyrus.webhook": "warning",
    }


async def test_the_bots_id_is_told_and_a_wrong_one_is_an_error() -> None:
    async with scene() as made:
        (hint,) = [one.hint for one in await made.desk.check(HOOK) if one.id == "pyrus.bot"]
        assert f"bot_id = {made.bot.person.id}" in hint
        desk = made.another(bot_id=made.bot.person.id)
        assert [one.level for one in await desk.check(HOOK) if one.id == "pyrus.bot"] == ["ok"]
    assert (await found(bot_id=1))["pyrus.bot"][0] == "error"


@pytest.mark.parametrize(
    ("keys", "part"),
    [
        ({"score_field": 999}, "score_field = 999 is no field"),
        ({"comment_field": PRIORITY}, "comment_field = 12 is multiple_choice"),
        ({"addresses": [{"channel": "telegram.support", "field": 998}]}, "addresses = 998"),
        ({"score_field": SCORE_CHOICE, "score_choices": {"1": 51, "2": 52}}, "[2]"),
    ],
)
async def test_a_field_that_does_not_fit_is_an_error(keys: dict[str, Any], part: str) -> None:
    level, text = (await found(**keys))["pyrus.fields"]
    assert level == "error"
    assert part in text


async def test_a_form_that_the_bot_does_not_see_is_an_error() -> None:
    assert (await found(form_ids=[FORM + 1]))["pyrus.form"][0] == "error"
    assert (await found(form_ids=[]))["pyrus.form"][0] == "warning"


async def test_warnings_go_when_their_cause_does() -> None:
    async with scene(native_survey_off=True) as made:
        made.desk.verify(signed(b"{}"), NOW)
        levels = {one.id: one.level for one in await made.desk.check(HOOK)}
        assert (levels["pyrus.native_survey"], levels["pyrus.webhook"]) == ("ok", "ok")
    assert (await found(mode="polling"))["pyrus.webhook"][0] == "ok"


@pytest.mark.parametrize(
    "keys",
    [
        {"mode": "polling"},  # and no form
        {"mode": "relay"},
        {"security_key": SecretStr(" ")},
        {"security_key": "in-the-open"},
        {"login": ""},
        {"api_url": "api.pyrus.com"},
        {"auth_url": "https://x.org/?a=1"},
        {"addresses": [{"channel": "telegram.support"}]},
        {"addresses": [{"channel": "telegram.support", "field": 1, "from": "channel"}]},
        {"addresses": [{"channel": "telegram", "field": 1}]},
        {"forms": {"345": {"score": 1}}},
        {"score_field": 0},
    ],
)
def test_settings_that_cannot_work_are_refused(keys: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        config(**keys)


def test_on_premise_the_login_is_where_the_api_is() -> None:
    assert config().authority == CLOUD
    assert config(api_url="https://pyrus.example.com/api/v4").authority == "https://pyrus.example.com/api/v4/"
    assert (
        config(api_url="https://a.example.com", auth_url="https://b.example.com").authority == "https://b.example.com/"
    )


def test_every_setting_can_be_read_from_a_table() -> None:
    assert config(**SETTINGS).of_form(FORM).score_field == 21
    assert config(**SETTINGS).hears(FORM)
    assert not config(**SETTINGS).hears(FORM + 1)
    assert config().hears(FORM + 1)
