"""`/settings/data`: one customer's data, given out or erased; and for how long data is kept."""

import json
from collections.abc import Mapping

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot import customers
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from bot.web.pages.visit import HEADERS, Form, Visit
from ratings.errors import InvalidInput
from ratings.reports.customers import Identity, Person
from ratings.retention import BOUNDS, Retention, read_retention
from ratings.rights import Right
from ratings.store.retention import SetRetention, load_retention, would_erase

PERIODS = {
    "personal_data_days": (
        mark("Names, addresses, subjects and words of customers"),
        mark("Counted from the closing. Values, times, agents and forms stay, so that no report moves."),
    ),
    "comments_days": (
        mark("Comments"),
        mark("Counted from when they were written, where they are to go before the rest."),
    ),
    "inbound_days": (
        mark("What messengers told"),
        mark("By it a repeated event is recognised. Empty: 30 days."),
    ),
    "audit_days": (mark("The audit log"), mark("Who changed what.")),
}
WAYS = ("customer", "desk", "channel", "address", "email", "phone")
MAX_DIGITS = 6


class DataPages:
    """`/settings/data` and what it does."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/settings/data", self.show, right=Right.ERASE),
            page("/settings/data/find", post=self.find, right=Right.ERASE),
            page("/settings/data/export", post=self.export, right=Right.ERASE),
            page("/settings/data/erase", post=self.erase, right=Right.ERASE),
            page("/settings/data/periods", post=self.periods, right=Right.ERASE),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show the form that looks for a customer, and the periods."""
        return await self._show(visit)

    async def find(self, visit: Visit) -> Response:
        """Look for a customer. Who it is stands in the form's body: it is in no address, and so in no log."""
        told = _told(await visit.form())
        try:
            identity = customers.read_identity(told)
        except InvalidInput:
            return await self._show(visit, 422, told=told, problem=visit.say(_RULE))
        return await self._show(visit, told=told, person=await customers.find(self._shell.store, identity))

    async def export(self, visit: Visit) -> Response:
        """Give out everything that is known of a customer, as a file."""
        told = _told(await visit.form())
        try:
            identity = customers.read_identity(told)
        except InvalidInput:
            return await self._show(visit, 422, told=told, problem=visit.say(_RULE))
        known = await customers.export(self._shell.store, identity, visit.by)
        headers = {**HEADERS, "content-disposition": 'attachment; filename="customer.json"'}
        body = json.dumps(known, ensure_ascii=False, indent=2)
        return Response(body, 200, headers, "application/json")

    async def erase(self, visit: Visit) -> Response:
        """Erase a customer, once what they were looked for by is typed again."""
        form = await visit.form()
        told = _told(form)
        try:
            identity = customers.read_identity(told)
        except InvalidInput:
            return await self._show(visit, 422, told=told, problem=visit.say(_RULE))
        if form.get("again", "").strip() != _typed_again(identity):
            person = await customers.find(self._shell.store, identity)
            problem = visit.say("It is not the same. Nothing was erased.")
            return await self._show(visit, 422, told=told, person=person, again_problem=problem)
        erased = await customers.erase(self._shell.store, identity, visit.by)
        if erased.in_hand:
            person = await customers.find(self._shell.store, identity)
            problem = visit.say(
                "A message to them is on its way. They are asked no more; come again in a minute to erase them."
            )
            return await self._show(visit, 409, told=told, person=person, again_problem=problem)
        said = visit.plural("Erased: %(number)s ticket.", "Erased: %(number)s tickets.", erased.tickets)
        return visit.redirect("/settings/data", said)

    async def periods(self, visit: Visit) -> Response:
        """Say what other periods would erase, or set them: what they would erase has been shown before."""
        form = await visit.form()
        typed = {name: form.get(name, "").strip() for name in BOUNDS}
        try:
            periods = read_retention({name: _days(text) for name, text in typed.items()})
        except InvalidInput as error:
            wrong = {each.pointer.lstrip("/"): _between(visit, each.pointer.lstrip("/")) for each in error.errors}
            return await self._show(visit, 422, typed=typed, wrong=wrong)
        wants_set = form.get("do") == "set"
        if not wants_set or form.get("seen") != _in_a_word(periods):
            would = await self._shell.store.read(would_erase, periods, visit.now)
            if not wants_set or any(would.values()):
                seen = _in_a_word(periods)
                return await self._show(visit, typed=typed, would=would, seen=seen, unset=wants_set)
        await self._shell.store.writer.do(SetRetention(periods.to_dict(), visit.by))
        return visit.redirect(
            "/settings/data", visit.say("The periods are set. What is older is erased within the hour.")
        )

    async def _show(
        self,
        visit: Visit,
        status: int = 200,
        *,
        told: Mapping[str, str] | None = None,
        person: Person | None = None,
        problem: str = "",
        again_problem: str = "",
        typed: Mapping[str, str] | None = None,
        wrong: Mapping[str, str] | None = None,
        would: Mapping[str, int] | None = None,
        seen: str = "",
        unset: bool = False,
    ) -> Response:
        periods = await self._shell.store.read(load_retention)
        return visit.render(
            "admin/data.html",
            status,
            told=told or {},
            typed_in={name: (told or {}).get(name, "") for name in WAYS},
            person=person,
            problem=problem,
            again_problem=again_problem,
            again=None if person is None else _typed_again(person.identity),
            periods=PERIODS,
            typed=typed or _written(periods),
            wrong={name: (wrong or {}).get(name, "") for name in BOUNDS},
            would=would,
            seen=seen,
            unset=unset,
        )


_RULE = mark("Name them in one way: the desk's id, an address with its account, a mail address, or a telephone number.")


def _told(form: Form) -> dict[str, str]:
    """Return what a customer is looked for by; the desk's name alone says nothing."""
    told = {name: form[name].strip() for name in WAYS if form.get(name, "").strip()}
    if "customer" not in told:
        told.pop("desk", None)
    return told


def _typed_again(identity: Identity) -> str:
    """Return what has to be typed once more before somebody is erased."""
    if identity.customer is not None:
        return identity.customer[1]
    if identity.place is not None:
        return identity.place[1]
    return identity.email or identity.phone or ""


def _written(periods: Retention) -> dict[str, str]:
    return {name: "" if days is None else str(days) for name, days in periods.to_dict().items()}


def _in_a_word(periods: Retention) -> str:
    return "-".join("" if days is None else str(days) for days in periods.to_dict().values())


def _days(text: str) -> object:
    """Read a number of days; what is none is left for the reader of periods to refuse."""
    if not text:
        return None
    return int(text) if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else text


def _between(visit: Visit, name: str) -> str:
    least, most = BOUNDS[name]
    return visit.say("Whole days from %(least)s to %(most)s, or nothing.", least=least, most=most)
