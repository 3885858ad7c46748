"""Carries a result out: looks at the task, writes what is not so yet in one comment, and without what Pyrus refuses.

Looking first is what makes writing twice harmless: whoever does not know whether a comment arrived writes again.
"""

import time
from collections.abc import Callable

from desks.base import Refusal, Result, Written
from desks.pyrus.client import Client
from desks.pyrus.config import PyrusConfig
from desks.pyrus.failures import TASK_CODES
from desks.pyrus.history import Us
from desks.pyrus.shapes import FINISHED, REOPENED, Form
from desks.pyrus.writing import IN_FIELDS, Part, blame, compose, plan
from net.errors import Rejected

FORM_LIFE = 600.0  # seconds that a form's template is believed


class Forms:
    """Templates of forms, kept for a while: they change when somebody edits the form."""

    def __init__(self, client: Client, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[int, tuple[float, Form]] = {}

    async def get(self, form_id: int) -> Form:
        """A form's template."""
        known = self._known.get(form_id)
        if known is None or self._clock() - known[0] > FORM_LIFE:
            known = (self._clock(), await self._client.form(form_id))
            self._known[form_id] = known
        return known[1]

    def forget(self) -> None:
        """Ask again next time: something did not fit."""
        self._known.clear()


async def write(result: Result, client: Client, forms: Forms, config: PyrusConfig, us: Us) -> Written:
    """Make the task so. Raises a DeliveryError when nothing, or not everything, could be tried."""
    if not result.ticket_id.isascii() or not result.ticket_id.isdigit():
        raise Rejected("the ticket's id is no number of a task")
    task_id = int(result.ticket_id)
    task = await client.task(task_id)
    wanted = bool(result.verbs & IN_FIELDS) and task.form_id is not None
    form = await forms.get(task.form_id) if wanted and task.form_id is not None else None
    made = plan(result, task, form, config.of_form(task.form_id), us)
    sending = _Sending(client, task_id, closed=made.closed)
    await sending.send(list(made.parts))
    refused = [*made.refused, *sending.refused]
    if any(one.verb in IN_FIELDS for one in refused):
        forms.forget()
    return Written(tuple({(one.verb, one.code): one for one in refused}.values()))


class _Sending:
    """Sends parts to one task, in as few comments as Pyrus lets it."""

    def __init__(self, client: Client, task_id: int, *, closed: bool) -> None:
        self.refused: list[Refusal] = []
        self._client = client
        self._task_id = task_id
        self._closed = closed

    async def send(self, parts: list[Part]) -> None:
        """All in one comment; and where that is refused, what is innocent in one, and each suspect by itself."""
        if not parts:
            return
        content = compose(parts, closed=self._closed)
        try:
            await self._client.comment(self._task_id, content)
        except Rejected as error:
            if error.platform_code in TASK_CODES:
                raise
            refusal = error
        else:
            self._closed = {FINISHED: True, REOPENED: False}.get(content.get("action", ""), self._closed)
            return
        suspects = blame(refusal.platform_code, parts)
        innocent = [part for part in parts if part not in suspects]
        if len(suspects) == 1:
            verb = suspects[0].verb
            self.refused.append(Refusal(verb, refusal.platform_code, refusal.text))
            if suspects[0].sort == "action":  # a task that stays closed keeps its assignee
                innocent = [part for part in innocent if part.sort != "assignee"]
            suspects = []
        await self.send(innocent)
        for suspect in suspects:
            await self.send([suspect])
