"""What `check` has to say about a desk at Pyrus: pure, over what Pyrus answered."""

from collections.abc import Mapping

from desks.pyrus import encoding
from desks.pyrus.config import FormSettings, PyrusConfig
from desks.pyrus.shapes import FieldOfForm, Form
from net.findings import Finding

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
    found = "pyrus.bot"
    if config.bot_id is None:
        hint = f"set bot_id = {person_id}: a process that has not asked Pyrus yet knows the bot by its login alone"
        return Finding(found, "warning", f"the bot is person {person_id}", hint)
    if config.bot_id != person_id:
        hint = f"set bot_id = {person_id}, or our own comments come back as somebody else's"
        return Finding(found, "error", f"bot_id is {config.bot_id}, and the login is person {person_id}", hint)
    return Finding(found, "ok", f"the bot is person {person_id}")


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
            text = f"form {form.id}: {name} = {field_id} {wrong}"
            found.append(Finding("pyrus.fields", "error", text, "see the ids in GET forms/<id>"))
    found += _choices(known, settings, form.id)
    return found or [Finding("pyrus.fields", "ok", f"form {form.id}: every field that is named is there and fits")]


def forms(config: PyrusConfig) -> list[Finding]:
    """Whether there is a form to look at."""
    if config.all_forms:
        return []
    hint = "name them in form_ids; until then tasks of every form that the bot sees are tickets"
    return [Finding("pyrus.form", "warning", "no forms are named: their fields were not looked at", hint)]


def clearing(config: PyrusConfig) -> list[Finding]:
    """Whether a reopened task can be taken from its assignee."""
    every = [config.of_form(form_id) for form_id in config.all_forms or (None,)]
    if all(one.queue or one.person_field for one in every):
        return []
    hint = "set queue or person_field if a survey reopens without the assignee"
    return [Finding("pyrus.clear_assignee", "ok", "a reopened task stays with its assignee", hint)]


def native_survey(config: PyrusConfig) -> Finding:
    """Whether the customer may be asked twice. Pyrus tells nobody over the API whether its extension is on."""
    found = "pyrus.native_survey"
    if config.native_survey_off:
        return Finding(found, "ok", "Pyrus's own rating extension is off, as native_survey_off says")
    text = "if Pyrus's own rating extension is on for these forms, customers are asked twice"
    return Finding(found, "warning", text, "switch it off in Extensions, then set native_survey_off = true")


def hook(config: PyrusConfig, url: str | None, *, heard: bool) -> Finding:
    """Whether closings come in."""
    found = "pyrus.webhook"
    if config.mode == "polling":
        return Finding(found, "ok", f"closings are looked for every {config.poll_seconds:g} s")
    if heard:
        return Finding(found, "ok", "the bot's webhook was heard")
    where = url or "the hook's address (set [server] public_url)"
    hint = f"in the bot's settings write {where} as its address, and put the bot on a step of the form"
    return Finding(found, "warning", "this process has not heard the bot's webhook yet", hint)


def _wrong(field: FieldOfForm | None, fitting: frozenset[str]) -> str:
    if field is None:
        return "is no field of the form"
    if field.type not in fitting:
        return f"is {field.type or 'of no type'}; it must be one of {', '.join(sorted(fitting))}"
    return ""


def _choices(known: Mapping[int, FieldOfForm], settings: FormSettings, form_id: int) -> list[Finding]:
    field = known.get(settings.score_field or 0)
    if field is None or field.type != encoding.CHOICE:
        return []
    options = {one.choice_id for one in encoding.living(field)}
    missing = sorted(value for value, choice in settings.score_choices.items() if choice not in options)
    if not missing:
        return []
    text = f"form {form_id}: score_choices names choices that field {field.id} does not have: {missing}"
    return [Finding("pyrus.fields", "error", text, "see info.options in GET forms/<id>")]
