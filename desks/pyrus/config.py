"""The keys of `[desks.pyrus.<name>]`. Ids of fields and options differ from form to form, so none of them is a constant."""

from collections.abc import Mapping
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from desks.base import DeskConfig
from net.secrets import Secret

CLOUD = "https://accounts.pyrus.com/api/v4/"
"""Where Pyrus's cloud gives out tokens; its answer names the address of everything else."""


class AddressRule(BaseModel):
    """Where a task says how to reach its customer on one account of a channel."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)

    channel: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,31}\.[A-Za-z0-9][A-Za-z0-9_-]{0,63}$")
    field: int | None = Field(None, gt=0, description="the form's field that holds the address")
    source: Literal["channel"] | None = Field(
        None, alias="from", description="the e-mail address or phone number that the customer wrote from"
    )
    types: tuple[str, ...] = Field((), description="only for these channels of Pyrus, such as telegram; empty: all")

    @model_validator(mode="after")
    def _one_source(self) -> "AddressRule":
        if (self.field is None) == (self.source is None):
            raise ValueError('write either field = <id> or from = "channel"')
        return self


class FormSettings(BaseModel):
    """What the fields of a form mean. Everything may be left out: what is not named is neither read nor written."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    # read
    subject_field: int | None = Field(None, gt=0, description="the subject; without it the task's own")
    priority_field: int | None = Field(None, gt=0, description="the priority, a choice")
    priorities: Mapping[str, str] = Field({}, description="a choice's id or name, and the priority it means")
    agent_field: int | None = Field(None, gt=0, description="who answered, a person; without it the task's responsible")
    group_field: int | None = Field(None, gt=0, description="the group: a role, a catalog, a choice or a text")
    customer_id_field: int | None = Field(None, gt=0, description="the customer's id in your books")
    customer_name_field: int | None = Field(None, gt=0, description="the customer's name")
    customer_email_field: int | None = Field(None, gt=0, description="the customer's e-mail address")
    customer_phone_field: int | None = Field(None, gt=0, description="the customer's telephone number")
    customer_language_field: int | None = Field(None, gt=0, description="the customer's language, such as ru")
    addresses: tuple[AddressRule, ...] = Field((), description="how the customer is reached, the best first")
    # written
    score_field: int | None = Field(None, gt=0, description="the score: a number, a choice or a text")
    score_choices: Mapping[int, int] = Field({}, description="a score, and the id of the choice that stands for it")
    comment_field: int | None = Field(None, gt=0, description="the customer's comment, a text")
    rated_at_field: int | None = Field(None, gt=0, description="when it was rated: a date, a date with time or a text")
    tag_field: int | None = Field(None, gt=0, description="a choice whose options are the tags")
    tag_list_ids: Mapping[str, int] = Field({}, description="a tag, and the id of the list that stands for it")
    queue: int | None = Field(
        None, gt=0, description="who gets a reopened task that nobody shall keep: a person or role"
    )
    person_field: int | None = Field(None, gt=0, description="the person to take out of a reopened task")


class PyrusConfig(DeskConfig, FormSettings):
    """One organization at Pyrus, as one bot sees it. `forms.<id>` says for one form what differs from the rest."""

    # A result is a look and a comment, and a user has 5,000 requests in ten minutes.
    per_second: float = Field(4.0, gt=0, le=1000, description="results written a second at the most")
    login: str = Field(min_length=1, description="the bot's login")
    security_key: Secret = Field(description="the bot's API key; env:NAME or file:PATH")
    webhook_secret: Secret | None = Field(None, description="what signs the bot's webhook; by default security_key")
    person_id: int | None = Field(None, gt=0, description="the account to be, where one login has several")
    auth_url: str | None = Field(None, description=f"where tokens are given out; by default api_url, else {CLOUD}")
    api_url: str | None = Field(None, description="where the API is; by default what Pyrus says with the token")
    bot_id: int | None = Field(None, gt=0, description="the bot's person id; by default Pyrus is asked for it")
    form_ids: tuple[int, ...] = Field((), description="the forms whose tasks are tickets; webhook: empty means all")
    forms: Mapping[int, FormSettings] = Field({}, description="by the form's id: what differs in this form")
    mode: Literal["webhook", "polling"] = Field("webhook", description="webhook or polling")
    poll_seconds: float = Field(60.0, ge=5, le=3600, description="polling: seconds between two looks at the register")
    overlap: float = Field(300.0, ge=0, le=86_400, description="polling: seconds that every look reaches back")
    watch_hours: float = Field(
        72.0, ge=0, le=720, description="polling: how long a closed task is watched for a reopening"
    )
    task_url: str | None = Field("https://pyrus.com/t#id{id}", description="a task's page; {id} is its number")
    native_survey_off: bool = Field(
        default=False, description="you made sure that Pyrus's own extension for ratings asks nobody on these forms"
    )

    @field_validator("security_key", "webhook_secret")
    @classmethod
    def _not_empty(cls, secret: SecretStr | None) -> SecretStr | None:
        if secret is not None and not secret.get_secret_value().strip():
            raise ValueError("the secret is empty")
        return secret

    @field_validator("auth_url", "api_url")
    @classmethod
    def _is_a_base(cls, url: str | None) -> str | None:
        return None if url is None else base_of(url)

    @model_validator(mode="after")
    def _polls_something(self) -> "PyrusConfig":
        if self.mode == "polling" and not self.all_forms:
            raise ValueError("polling asks form by form: name them in form_ids")
        return self

    @property
    def all_forms(self) -> tuple[int, ...]:
        """The forms that are named, in order."""
        return tuple(dict.fromkeys((*self.form_ids, *self.forms)))

    @property
    def authority(self) -> str:
        """Where tokens are given out, with a slash at its end."""
        return self.auth_url or self.api_url or CLOUD

    def hears(self, form_id: int | None) -> bool:
        """True when tasks of this form are tickets."""
        return not self.all_forms or form_id in self.all_forms

    def of_form(self, form_id: int | None) -> FormSettings:
        """The meaning of one form's fields: its own, and for what it does not name that of all forms."""
        own = self.forms.get(form_id) if form_id is not None else None
        general = {name: getattr(self, name) for name in FormSettings.model_fields}
        if own is None:
            return FormSettings.model_construct(**general)
        return FormSettings.model_construct(**general | {name: getattr(own, name) for name in own.model_fields_set})


def base_of(url: str) -> str:
    """The URL with one slash at its end. Raises ValueError for what is no base of an API."""
    try:
        parts = urlsplit(url)
        fits = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.query and not parts.fragment
    except ValueError:
        fits = False
    if not fits:
        raise ValueError("write it as https://host/v4/")
    return url.rstrip("/") + "/"
