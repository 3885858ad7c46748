"""`/surveys/{id}`: a survey as sentences, and the pages that change it, a part at a time.

A form names the version that it was made from. Where somebody else saved another one meanwhile, both changes are shown as
sentences, and what was typed stands over theirs, to be saved or left.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from markupsafe import Markup
from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.api.survey_trials import DEFAULT_DAYS, Surroundings
from bot.web.pages.shell import Shell
from bot.web.pages.surveys import sentences as said
from bot.web.pages.surveys.condition_field import KINDS, may_nest
from bot.web.pages.surveys.differences import Difference, difference
from bot.web.pages.surveys.fields import Group, Typed
from bot.web.pages.surveys.found import find_survey, no_survey, save, standing, version_of, who
from bot.web.pages.surveys.previewing import Previewing
from bot.web.pages.surveys.problems import problem_said, warnings_said
from bot.web.pages.surveys.rehearsing import Rehearsing, reason_in
from bot.web.pages.surveys.rows import row, rows
from bot.web.pages.surveys.scale_field import label_languages
from bot.web.pages.surveys.sections import SECTIONS, acted, group_of, place_of, rebased, tidied
from bot.web.pages.surveys.text_titles import TEXT_GROUPS, TITLES
from bot.web.pages.surveys.words import (
    CLOSERS,
    FIELDS,
    OPERATORS,
    THENS,
    UNITS,
    WRITABLE,
    language_name,
    unit_name,
    weekday_names,
)
from bot.web.pages.visit import Form, Visit
from ratings.builtin_texts import BUILT_IN
from ratings.errors import FieldError, InvalidInput
from ratings.outcomes import default_levels
from ratings.reports.directory import list_directory
from ratings.rights import Right
from ratings.store.survey_overview import last_changes
from ratings.store.surveys import load_survey_version
from ratings.survey import Survey, parse_survey, survey_to_dict
from ratings.texts import LANGUAGES, PLACEHOLDERS, REACTION

PATH = "/surveys/{survey_id}"
MAX_KNOWN = 50
"""Forms and groups that are offered to be bound to."""

SAVE, PREVIEW, REHEARSE = "save", "preview", "rehearse"


@dataclass(frozen=True, slots=True)
class Conflict:
    """Two changes of one version: whose the other one is, what it did, and what was typed here."""

    by: str
    theirs: Difference
    mine: Difference


@dataclass(slots=True)
class Editing:
    """A page of the editor as it is shown: the survey that it changes, what stands in it, and what came of it."""

    section: str
    survey: Survey
    language: str
    group: Group
    typed: Typed
    problems: list[FieldError] = field(default_factory=list)
    conflict: Conflict | None = None
    draft: Survey | None = None
    """The survey as it would be, where what is typed can be read."""


class Editor:
    """The pages of one survey that show and change it."""

    def __init__(self, shell: Shell, around: Surroundings, previewing: Previewing, rehearsing: Rehearsing) -> None:
        self._shell = shell
        self._around = around
        self._previewing = previewing
        self._rehearsing = rehearsing

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        found: list[BaseRoute] = [page(PATH, self.overview, right=Right.SURVEYS)]
        for section in SECTIONS:
            handlers = _Section(self, section)
            found.append(page(f"{PATH}/{section}", handlers.show, handlers.change, right=Right.SURVEYS))
        found += [
            page(f"{PATH}/{section}/preview", post=_Section(self, section).preview, right=Right.SURVEYS)
            for section in (said.TEXTS, said.SCALE)
        ]
        found.append(page(f"{PATH}/rules/rehearsal", post=_Section(self, said.RULES).rehearse, right=Right.SURVEYS))
        return found

    async def overview(self, visit: Visit) -> Response:
        """Show a survey as sentences, what is open of it, and what cannot be said by it."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        warnings = await asyncio.to_thread(self._around.warnings, survey)
        changed = (await visit.shell.store.read(last_changes)).get(survey.id)
        told = said.sentences(survey, visit.speech)
        by_page = {section: [each for each in told if each.page == section] for section in SECTIONS}
        return visit.render(
            "surveys/overview.html",
            survey=survey,
            tab="",
            sections=SECTIONS,
            told=by_page,
            standing=await standing(visit, survey),
            warnings=warnings_said(visit.speech, warnings),
            changed=changed,
            who=lambda by: who(visit.say, by),
        )

    # --- one page of the editor ---

    async def edit(self, visit: Visit, section: str) -> Response:
        """Show a page of the editor."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        language = wanted_language(visit.query.get("language", ""), survey)
        group = group_of(section, survey, language)
        editing = Editing(section, survey, language, group, group.fill(survey_to_dict(survey)), draft=survey)
        return await self._show(visit, editing)

    async def change(self, visit: Visit, section: str) -> Response:
        """Do what a button of the form says."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        form = await visit.form()
        do = form.get("do", SAVE)
        editing = await self._editing(visit, section, survey, form)
        if do == PREVIEW:
            return await self._show(visit, editing)
        if do == REHEARSE:
            found = None if editing.draft is None else await self._rehearsing.soon(visit, editing.draft, form)
            return await self._show(visit, editing, 200, rehearsed=found)
        if do != SAVE:
            return await self._show(visit, replace(editing, typed=acted(do, editing.typed), problems=[]))
        if editing.problems:
            return await self._show(visit, editing, 422)
        return await self._save(visit, editing, version_of(form))

    async def preview(self, visit: Visit, section: str) -> Response:
        """Show what customers would see by what is typed, for the script of the page."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        editing = await self._editing(visit, section, survey, await visit.form())
        return visit.fragment("surveys/preview.html", survey=survey, **await self._previewed(visit, editing))

    async def rehearse(self, visit: Visit, section: str) -> Response:
        """Rehearse what is typed, telling how far it is: for the script of the page."""
        survey = await find_survey(visit)
        if survey is None:
            return no_survey(visit)
        form = await visit.form()
        editing = await self._editing(visit, section, survey, form)
        if editing.draft is None:
            return visit.fragment("surveys/rehearsal.html", survey=survey, rehearsed=None, problems=editing.problems)
        return self._rehearsing.stream(visit, editing.draft, form)

    async def _editing(self, visit: Visit, section: str, survey: Survey, form: Form) -> Editing:
        """Read a form over the version that it was made from; where there is none such, over the newest."""
        base = survey
        version = version_of(form)
        if 0 < version < survey.version:
            base = await visit.shell.store.read(load_survey_version, survey.id, version)
        language = wanted_language(form.get("language_of_texts", ""), base)
        group = group_of(section, base, language)
        typed = group.taken(form.multi_items())
        if form.get("do", SAVE) == SAVE:
            typed = tidied(typed)
        editing = Editing(section, base, language, group, typed)
        patch, editing.problems = group.change(survey_to_dict(base), typed)
        try:
            editing.draft = parse_survey(patch, base=base)
        except InvalidInput as error:
            known = {problem.pointer for problem in editing.problems}
            editing.problems += [problem for problem in error.errors if problem.pointer not in known]
        if editing.problems:
            editing.draft = None
        return editing

    async def _save(self, visit: Visit, editing: Editing, version: int) -> Response:
        base, draft = editing.survey, editing.draft
        assert draft is not None
        here = f"/surveys/{base.id}/{editing.section}"
        if editing.section == said.TEXTS:
            here += f"?language={editing.language}"
        if draft == base:
            return visit.redirect(here, visit.say("There was nothing to change."))
        saved = await save(visit, draft, version)
        if saved.conflict and saved.survey is not None:
            return await self._show(visit, await self._overtaken(visit, editing, saved.survey), 409)
        assert saved.survey is not None
        now = await standing(visit, saved.survey)
        notice = visit.say("Saved as version %(number)s.", number=saved.survey.version)
        if now.asked + now.scheduled:
            kept = visit.plural(
                "%(number)s open invitation gets new words, and keeps all else as it was decided.",
                "%(number)s open invitations get new words, and keep all else as it was decided.",
                now.asked + now.scheduled,
            )
            notice = f"{notice} {kept}"
        return visit.redirect(here, notice)

    async def _overtaken(self, visit: Visit, editing: Editing, newest: Survey) -> Editing:
        """Return the form over somebody else's newest version, with both changes told."""
        base, draft = editing.survey, editing.draft
        assert draft is not None
        changed = (await visit.shell.store.read(last_changes))[newest.id]
        conflict = Conflict(
            who(visit.say, changed.by),
            difference(base, newest, visit.speech),
            difference(base, draft, visit.speech),
        )
        group = group_of(editing.section, newest, editing.language)
        shown = group.fill(survey_to_dict(newest))
        typed = rebased(group, editing.group.fill(survey_to_dict(base)), editing.typed, shown)
        patch, _ = group.change(survey_to_dict(newest), typed)
        try:
            over = parse_survey(patch, base=newest)
        except InvalidInput:
            over = None
        return Editing(editing.section, newest, editing.language, group, typed, [], conflict, over)

    async def _known(self, visit: Visit) -> dict[str, list[tuple[str, str]]]:
        """Return what a survey can be bound to that was ever seen, by binding: ids and their names."""
        seen = await visit.shell.store.read(list_directory)
        known = {
            f"{kind}s": [(each.id, each.name or "") for each in seen[kind][:MAX_KNOWN]] for kind in ("form", "group")
        }
        return known | {"channels": [(account, "") for account in self._around.channels]}

    async def _previewed(self, visit: Visit, editing: Editing) -> dict[str, Any]:
        """Return what the preview shows; while something typed cannot be read, it says so."""
        wanted = await visit.form() if visit.request.method == "POST" else visit.query
        context = await self._previewing.context(
            editing.draft, editing.problems, editing.language, wanted.get("preview_channel", "")
        )
        warned = warnings_said(visit.speech, context["preview_warnings"])
        return {**context, "preview_warnings": warned, "mended": lambda detail: problem_said(visit.speech, detail)}

    async def _show(self, visit: Visit, editing: Editing, status: int = 200, **more: Any) -> Response:
        survey, speech = editing.survey, visit.speech
        beside: dict[str, list[str]] = {}
        for problem in editing.problems:
            beside.setdefault(place_of(problem.pointer, editing.group), []).append(problem_said(speech, problem.detail))
        context: dict[str, Any] = {
            "survey": survey,
            "tab": editing.section,
            "sections": SECTIONS,
            "typed": {"days": await _days(visit), **editing.typed},
            "beside": beside,
            "unsaved": editing.typed != editing.group.fill(survey_to_dict(survey)),
            "conflict": editing.conflict,
            "language": editing.language,
            "said": said,
            "sentence": filled,
            "rows": lambda name: rows(editing.typed, name),
            "row": lambda name: row(editing.typed, name),
            "units": [(unit, unit_name(speech, unit)) for unit, _ in UNITS],
            "weekdays": weekday_names(speech),
            "rehearsed": None,
            "problems": editing.problems,
            **more,
        }
        if editing.section in {said.TEXTS, said.SCALE}:
            context |= await self._previewed(visit, editing)
        context |= _own_context(editing, visit)
        if editing.section == said.GENERAL:
            context["known"] = await self._known(visit)
        return visit.render(f"surveys/{editing.section}.html", status, **context)


async def _days(visit: Visit) -> str:
    """Return over how many days to rehearse, as it was typed."""
    given = (await visit.form()).get("days", "") if visit.request.method == "POST" else ""
    return given or str(DEFAULT_DAYS)


def tones_of(many: int) -> list[int]:
    """Return a tone of the stylesheet, 1 (worst) to 5 (best), for each of so many values."""
    return [1 + round(place * 4 / (many - 1)) for place in range(many)]


def _own_context(editing: Editing, visit: Visit) -> Mapping[str, Any]:
    """Return what only some of the pages want."""
    survey, speech = editing.survey, visit.speech
    if editing.section == said.TEXTS:
        return {
            "groups": TEXT_GROUPS,
            "titles": TITLES,
            "built_in": lambda key: built_in(survey, key, editing.language),
            "tongues": [
                (tag, language_name(speech, tag), tag in survey.texts) for tag in tongues(survey, editing.language)
            ],
            "language_title": language_name(speech, editing.language),
            "placeholders": PLACEHOLDERS,
            "reaction": REACTION,
        }
    if editing.section == said.SCALE:
        tags = label_languages(editing.typed)
        return {"labels": [(tag, language_name(speech, tag)) for tag in tags]}
    if editing.section == said.RULES:
        titles = [(name, speech.say(title)) for name, title in CLOSERS.items()]
        return {
            "fields": FIELDS,
            "operators": OPERATORS,
            "kinds": KINDS,
            "closer_titles": titles,
            "may_nest": may_nest,
            "reason": reason_in(visit),
        }
    if editing.section == said.OUTCOMES:
        titles = [(name, speech.say(title)) for name, title in WRITABLE.items()]
        defaults = default_levels(survey.scale)
        tones = dict(zip(survey.scale.values, tones_of(len(survey.scale.values)), strict=True))
        return {"thens": THENS, "defaults": defaults, "writable_titles": titles, "tones": tones}
    return {"zone": visit.shell.timezone}


class _Section:
    """The handlers of one page of the editor."""

    def __init__(self, editor: Editor, section: str) -> None:
        self._editor = editor
        self._section = section

    async def show(self, visit: Visit) -> Response:
        return await self._editor.edit(visit, self._section)

    async def change(self, visit: Visit) -> Response:
        return await self._editor.change(visit, self._section)

    async def preview(self, visit: Visit) -> Response:
        return await self._editor.preview(visit, self._section)

    async def rehearse(self, visit: Visit) -> Response:
        return await self._editor.rehearse(visit, self._section)


def filled(text: str, **fields: object) -> Markup:
    """Put fields into a sentence that was translated: what a template made stands as it is, everything else as text."""
    return Markup.escape(text) % fields  # a template's parts are Markup, and are not escaped again


def wanted_language(given: str, survey: Survey) -> str:
    """Return the language whose texts are edited: the one asked for, where it is a language's tag, else the survey's."""
    tag = given.strip().lower()
    parts = tag.split("-")
    fits = tag.isascii() and all(part.isalnum() and 2 <= len(part) <= 8 for part in parts)  # noqa: PLR2004 - RFC 5646
    return tag if fits and parts[0].isalpha() and len(parts[0]) <= 3 and len(parts) <= 4 else survey.language  # noqa: PLR2004 - as above


def tongues(survey: Survey, shown: str) -> list[str]:
    """Return the languages whose texts can be edited: the survey's own first, then its others, the built-in ones, the one shown."""
    return list(dict.fromkeys([survey.language, *survey.texts, *LANGUAGES, shown]))


def built_in(survey: Survey, key: str, language: str) -> tuple[str, str]:
    """Return what is said while nothing is typed, and the language of it, where it is another one."""
    if key in {"reminder_2", "reminder_3"}:
        own = survey.texts.get(language, {}).get("reminder")
        if own is not None:
            return own, ""
        key = "reminder"
    if key.startswith(REACTION):
        return survey.text("thanks", language), ""
    for tongue in (language, survey.language, "en"):
        if tongue != language and key in survey.texts.get(tongue, {}):
            return survey.texts[tongue][key], tongue
        if key in BUILT_IN.get(tongue, {}):
            return BUILT_IN[tongue][key], "" if tongue == language else tongue
    return "", ""  # pragma: no cover - English has them all
