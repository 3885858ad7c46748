"""What `check` has to say about a desk at Pyrus: pure, over what Pyrus answered."""

from collections.abc import Mapping

from desks.pyrus import encoding
from desks.pyrus.config import FormSettings, PyrusConfig
from desks.pyrus.shapes import FieldOfForm, Form
from net.findings import Finding, Phrase

_ANY_TEXT = frozenset({"text", "number", "email", "phone", "catalog", "multiple_choice"})
FITTING: Mapping[str, frozenset[str]] = {
    "subject_field": frozenset({"text"}),
    "priority_field": frozenset({"multiple_choice", "catalog", "text"}),
    "agent_field": encoding.PERSON_TYPES,
    "group_field": frozenset({"person", "catalog", "multiple_choice", "text"}),
    "customer_id_field": _ANY_TEXT | {"form_link"},
    "customer_name_field": frozenset({"text", "catalog"}),
    "customer_email_field": frozenset({"email", "text"}),
    "customer_phone_field": frozenset({"phone", "text"}),
    "customer_language_field": frozenset({"text", "multiple_choice", "catalog"}),
    "score_field": encoding.SCORE_TYPES,
    "comment_field": encoding.COMMENT_TYPES,
    "rated_at_field": encoding.RATED_AT_TYPES,
    "tag_field": encoding.TAG_TYPES,
    "person_field": encoding.PERSON_TYPES,
}
"""The types of field that a setting can name."""


def bot(person_id: int, config: PyrusConfig) -> Finding:
    """Whether our own comments are recognized in every process."""
    found, known = "pyrus.bot", Phrase("the bot is person %(person)s", person=person_id)
    if config.bot_id is None:
        hint = Phrase(
            "set bot_id = %(person)s: a process that has not asked Pyrus yet knows the bot by its login alone",
            person=person_id,
        )
        return Finding(found, "warning", known, hint)
    if config.bot_id != person_id:
        text = Phrase("bot_id is %(set)s, and the login is person %(person)s", set=config.bot_id, person=person_id)
        hint = Phrase("set bot_id = %(person)s, or our own comments come back as somebody else's", person=person_id)
        return Finding(found, "error", text, hint)
    return Finding(found, "ok", known)


def named(form_id: int, name: str | None) -> Finding:
    """That the bot sees a form."""
    known = Phrase("form %(form)s is %(name)s", form=form_id, name=name)
    return Finding("pyrus.form", "ok", known if name else Phrase("form %(form)s is known", form=form_id))


def fields(form: Form, settings: FormSettings) -> list[Finding]:
    """Whether every field that is named is there and of a type that fits."""
    known, found = form.all_fields(), []
    named = [(name, getattr(settings, name)) for name in FITTING]
    named += [("addresses", rule.field) for rule in settings.addresses]
    for name, field_id in named:
        if field_id is None:
            continue
        wrong = _wrong(known.get(field_id), FITTING.get(name, _ANY_TEXT))
        if wrong:
            text = Phrase(
                "form %(form)s: %(key)s = %(field)s %(wrong)s", form=form.id, key=name, field=field_id, wrong=wrong
            )
            found.append(Finding("pyrus.fields", "error", text, Phrase("see the ids in GET forms/<id>")))
    found += _choices(known, settings, form.id)
    fits = Phrase("form %(form)s: every field that is named is there and fits", form=form.id)
    return found or [Finding("pyrus.fields", "ok", fits)]


def forms(config: PyrusConfig) -> list[Finding]:
    """Whether there is a form to look at."""
    if config.all_forms:
        return []
    text = Phrase("no forms are named: their fields were not looked at")
    hint = Phrase("name them in form_ids; until then tasks of every form that the bot sees are tickets")
    return [Finding("pyrus.form", "warning", text, hint)]


def clearing(config: PyrusConfig) -> list[Finding]:
    """Whether a reopened task can be taken from its assignee."""
    every = [config.of_form(form_id) for form_id in config.all_forms or (None,)]
    if all(one.queue or one.person_field for one in every):
        return []
    hint = Phrase("set queue or person_field if a survey reopens without the assignee")
    return [Finding("pyrus.clear_assignee", "ok", Phrase("a reopened task stays with its assignee"), hint)]


def native_survey(config: PyrusConfig) -> Finding:
    """Whether the customer may be asked twice. Pyrus tells nobody over the API whether its extension is on."""
    found = "pyrus.native_survey"
    if config.native_survey_off:
        return Finding(found, "ok", Phrase("Pyrus's own rating extension is off, as native_survey_off says"))
    text = Phrase("if Pyrus's own rating extension is on for these forms, customers are asked twice")
    hint = Phrase("switch it off in Extensions, then set native_survey_off = true")
    return Finding(found, "warning", text, hint)


def hook(config: PyrusConfig, url: str | None, *, heard: bool) -> Finding:
    """Whether closings come in."""
    found = "pyrus.webhook"
    if config.mode == "polling":
        every = f"{config.poll_seconds:g}"
        return Finding(found, "ok", Phrase("closings are looked for every %(seconds)s s", seconds=every))
    if heard:
        return Finding(found, "ok", Phrase("the bot's webhook was heard"))
    where = url or Phrase("the hook's address (set [server] public_url)")
    hint = Phrase(
        "in the bot's settings write %(where)s as its address, and put the bot on a step of the form", where=where
    )
    return Finding(found, "warning", Phrase("this process has not heard the bot's webhook yet"), hint)


def _wrong(field: FieldOfForm | None, fitting: frozenset[str]) -> Phrase | None:
    if field is None:
        return Phrase("is no field of the form")
    if field.type not in fitting:
        kind, allowed = field.type or Phrase("of no type"), ", ".join(sorted(fitting))
        return Phrase("is %(type)s; it must be one of %(allowed)s", type=kind, allowed=allowed)
    return None


def _choices(known: Mapping[int, FieldOfForm], settings: FormSettings, form_id: int) -> list[Finding]:
    field = known.get(settings.score_field or 0)
    if field is None or field.type != encoding.CHOICE:
        return []
    options = {one.choice_id for one in encoding.living(field)}
    missing = sorted(value for value, choice in settings.score_choices.items() if choice not in options)
    if not missing:
        return []
    text = Phrase(
        "form %(form)s: score_choices names choices that field %(field)s does not have: %(missing)s",
        form=form_id,
        field=field.id,
        missing=missing,
    )
    return [Finding("pyrus.fields", "error", text, Phrase("see info.options in GET forms/<id>"))]
