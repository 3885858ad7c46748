"""`/surveys`: every survey with its switch, and a new one."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.surveys.found import Standing, find_survey, no_survey, save, standing, version_of, who
from bot.web.pages.visit import Visit
from ratings.errors import InvalidInput
from ratings.reports.by_survey import Lately, asked_by_survey
from ratings.reports.figures import Days
from ratings.rights import Right
from ratings.store.survey_overview import last_changes
from ratings.store.surveys import SaveSurvey, load_surveys
from ratings.survey import Survey, parse_survey
from ratings.times import SECOND

LATELY_DAYS = 7
"""How far back the list counts, today among them."""

MAX_ID = 64
_NO_ID = re.compile(r"[^a-z0-9]+").sub
_LATIN = dict(
    zip(
        "абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґ",
        [
            "a",
            "b",
            "v",
            "g",
            "d",
            "e",
            "e",
            "zh",
            "z",
            "i",
            "y",
            "k",
            "l",
            "m",
            "n",
            "o",
            "p",
            "r",
            "s",
            "t",
            "u",
            "f",
            "kh",
            "ts",
            "ch",
            "sh",
            "shch",
            "",
            "y",
            "",
            "e",
            "yu",
            "ya",
            "i",
            "i",
            "e",
            "g",
        ],
        strict=True,
    )
)
"""How names in Cyrillic letters become ids."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form of a new survey as it was filled in."""

    name: str = ""
    id: str = ""
    copy: str = ""
    problem: str = ""


class SurveyList:
    """`/surveys`, the switch, and `/surveys/_new`."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            # No id begins with "_".
            page("/surveys", self.show, right=Right.SURVEYS),
            page("/surveys/_new", self.new, self.create, right=Right.SURVEYS),
            page("/surveys/{survey_id}/switch", post=self.switch, right=Right.SURVEYS),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show all surveys."""
        return await self._show(visit)

    async def switch(self, visit: Visit) -> Response:
        """Switch a survey on or off, if it still is as its page showed it."""
        form = await visit.form()
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        wanted = form.get("to") == "on"
        if survey.enabled != wanted:
            saved = await save(visit, replace(survey, enabled=wanted), version_of(form))
            if saved.conflict or saved.survey is None:
                return await self._show(visit, 409, await self._overtaken(visit, survey))
            survey = saved.survey
        there = f"/surveys/{survey.id}" if form.get("back") == "survey" else "/surveys"
        return visit.redirect(there, said_of_switch(visit, await standing(visit, survey)))

    async def new(self, visit: Visit) -> Response:
        """Show the form of a new survey."""
        return await self._show_new(visit, Wanted(copy=visit.query.get("copy", "")))

    async def create(self, visit: Visit) -> Response:
        """Make a new survey, or a copy of one. It is off, so that nobody is asked before it is ready."""
        form = await visit.form()
        wanted = Wanted(form.get("name", "").strip(), form.get("id", "").strip(), form.get("copy", ""))
        if not wanted.name:
            return await self._show_new(visit, replace(wanted, problem=mark("Give it a name.")), 422)
        surveys = {each.id: each for each in await visit.shell.store.read(load_surveys)}
        made = wanted.id or free_id(wanted.name, set(surveys))
        try:
            read = parse_survey({"id": made, "name": wanted.name, "enabled": False})
        except InvalidInput as error:
            about_id = any(each.pointer == "/id" for each in error.errors)
            problem = ID_RULE if about_id else mark("A name has at most 200 characters.")
            return await self._show_new(visit, replace(wanted, problem=problem), 422)
        if (source := surveys.get(wanted.copy)) is not None:
            read = replace(source, id=made, name=wanted.name, enabled=False)
        saved = await visit.shell.store.writer.do(SaveSurvey(read, 0, visit.by))
        if saved.conflict:
            problem = mark("There is a survey with this id already: choose another one.")
            return await self._show_new(visit, replace(wanted, problem=problem), 422)
        notice = visit.say("It is made, and off: look it through, then switch it on.")
        return visit.redirect(f"/surveys/{made}", notice)

    async def _overtaken(self, visit: Visit, survey: Survey) -> str:
        changed = (await visit.shell.store.read(last_changes))[survey.id]
        return visit.say(
            "“%(name)s” was changed meanwhile by %(who)s, so the switch was left as it is. Look at it, then switch it.",
            name=survey.name,
            who=who(visit.say, changed.by),
        )

    async def _show(self, visit: Visit, status: int = 200, problem: str = "") -> Response:
        store, days = visit.shell.store, last_days(visit, LATELY_DAYS)
        surveys = await store.read(load_surveys)
        lately = await store.read(asked_by_survey, days, visit.shell.zone)
        return visit.render(
            "surveys/list.html",
            status,
            surveys=sorted(surveys, key=lambda each: (not each.enabled, each.name.casefold(), each.id)),
            changes=await store.read(last_changes),
            lately=lately,
            nobody=Lately(0, 0),
            since=days.first.isoformat(),
            days=LATELY_DAYS,
            who=lambda by: who(visit.say, by),
            problem=problem,
        )

    async def _show_new(self, visit: Visit, wanted: Wanted, status: int = 200) -> Response:
        surveys = await visit.shell.store.read(load_surveys)
        return visit.render("surveys/new.html", status, wanted=wanted, surveys=surveys)


ID_RULE = mark("An id has 1 to 64 small Latin letters, digits, hyphens and underscores.")


def said_of_switch(visit: Visit, now: Standing) -> str:
    """Say what a switch did, and what it does to those who are waited for."""
    survey = now.survey
    if survey.enabled:
        said = [visit.say("“%(name)s” is on: whatever is closed from now on is asked about.", name=survey.name)]
        if now.scheduled:
            said.append(
                visit.plural(
                    "%(number)s prompt that waited goes out.", "%(number)s prompts that waited go out.", now.scheduled
                )
            )
        return " ".join(said)
    said = [visit.say("“%(name)s” is off: nobody is asked from now on.", name=survey.name)]
    if survey.when_paused == "cancel":
        said.append(visit.say("What was scheduled is cancelled."))
    elif now.scheduled:
        said.append(
            visit.plural(
                "%(number)s scheduled prompt waits until it is on again.",
                "%(number)s scheduled prompts wait until it is on again.",
                now.scheduled,
            )
        )
    if now.asked:
        said.append(
            visit.plural(
                "%(number)s customer who was asked may still answer.",
                "%(number)s customers who were asked may still answer.",
                now.asked,
            )
        )
    return " ".join(said)


def last_days(visit: Visit, days: int) -> Days:
    """Return so many days, today being the last."""
    today = datetime.fromtimestamp(visit.now / SECOND, visit.shell.zone).date()
    return Days(today - timedelta(days=days - 1), today)


def free_id(name: str, taken: set[str]) -> str:
    """Return an id made of a name, such as nobody has yet."""
    letters = "".join(_LATIN.get(letter, letter) for letter in name.casefold())
    begin = _NO_ID("-", letters).strip("-")[: MAX_ID - 4] or "survey"
    number = 1
    found = begin
    while found in taken:
        number += 1
        found = f"{begin}-{number}"
    return found
