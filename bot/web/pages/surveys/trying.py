"""`/surveys/{id}/try`: the question sent to oneself, by the account, the pace and the errors of every real one."""

import asyncio

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.previews import SAMPLE_TICKET, test_detail
from bot.web.api.survey_trials import TEST_SECONDS, Surroundings
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.surveys.editor import tongues
from bot.web.pages.surveys.found import find_survey, no_survey
from bot.web.pages.surveys.sections import SECTIONS
from bot.web.pages.surveys.words import language_name
from bot.web.pages.troubles import trouble
from bot.web.pages.visit import Visit
from ratings.rights import Right
from ratings.store.trials import QueueTest, Trial, find_trial
from ratings.survey import Survey
from ratings.texts import pick_language
from ratings.ticket import MAX_ADDRESS

LOOK_EVERY = 0.1
MAX_JOB_DIGITS = 18


class Trying:
    """A test message of one survey."""

    def __init__(self, shell: Shell, around: Surroundings) -> None:
        self._shell = shell
        self._around = around

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        return [self._shell.page("/surveys/{survey_id}/try", self.show, self.send, right=Right.SURVEYS)]

    async def show(self, visit: Visit) -> Response:
        """Show the form, and how far a message is that was sent by it."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        typed = {name: visit.query.get(name, "") for name in ("channel", "language")}
        return self._show(visit, survey, typed, await self._trial(visit.query.get("test", "")))

    async def send(self, visit: Visit) -> Response:
        """Send it, and wait a moment for what comes of it."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        form = await visit.form()
        typed = {name: form.get(name, "").strip() for name in ("channel", "address", "language")}
        if typed["channel"] not in self._around.channels:
            return self._show(visit, survey, typed, None, mark("Choose a channel."))
        if not 0 < len(typed["address"]) <= MAX_ADDRESS:
            return self._show(visit, survey, typed, None, mark("Say to which address it goes."))
        language = pick_language(typed["language"], survey.languages, survey.language)
        detail = test_detail(survey, language, SAMPLE_TICKET)
        job = await visit.shell.store.writer.do(QueueTest(typed["channel"], typed["address"], detail))
        await self._tried(str(job))
        here = f"/surveys/{survey.id}/try?test={job}&channel={typed['channel']}&language={language}"
        return visit.redirect(here)

    async def _trial(self, job: str) -> Trial | None:
        if not (job.isascii() and job.isdigit() and len(job) <= MAX_JOB_DIGITS):
            return None
        return await self._shell.store.read(find_trial, int(job))

    async def _tried(self, job: str) -> None:
        """Wait for the first try, no longer than somebody likes to."""
        loop = asyncio.get_running_loop()
        until = loop.time() + TEST_SECONDS
        while loop.time() < until:
            found = await self._trial(job)
            if found is None or found.tried:
                return
            await asyncio.sleep(LOOK_EVERY)

    def _show(
        self, visit: Visit, survey: Survey, typed: dict[str, str], trial: Trial | None, problem: str = ""
    ) -> Response:
        return visit.render(
            "surveys/try.html",
            422 if problem else 200,
            survey=survey,
            tab="try",
            sections=SECTIONS,
            typed={"channel": "", "address": "", "language": "", **typed},
            accounts=tuple(self._around.channels),
            tongues=[(tag, language_name(visit.speech, tag)) for tag in tongues(survey, survey.language)],
            trial=trial,
            trouble=trouble(trial.code) if trial is not None and trial.code else None,
            problem=problem,
        )
