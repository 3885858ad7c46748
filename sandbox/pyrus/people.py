"""The people's side: who there is, and what agents and customers do. Each act tells the bots of the form, as Pyrus does."""

from typing import Any

from .commenting import add, apply
from .delivery import Delivery
from .rendering import task_json
from .state import Bot, Field, Form, Json, Person, Task, World, written


class PeopleSide:
    """Acts of admins, agents and customers. Unknown ids raise LookupError."""

    def __init__(self, world: World, delivery: Delivery) -> None:
        self.world = world
        self.delivery = delivery
        self._outside = self.add_person("Channel", "", kind="bot")  # who customers' messages come from

    # --- who and what there is ------------------------------------------------------------------------------------

    def add_person(self, first_name: str, last_name: str = "", *, email: str = "", kind: str = "user") -> Person:
        """A user, a bot or a role."""
        person = Person(self.world.next_id(), first_name, last_name, email, kind)
        self.world.people[person.id] = person
        return person

    def add_bot(
        self,
        login: str,
        security_key: str,
        forms: set[int],
        *,
        url: str = "",
        secret: str | None = None,
        **rights: bool,
    ) -> Bot:
        """A bot with access to forms; by default its secret is its key. `rights` are its switches."""
        person = self.add_person("Rating", "bot", email=login, kind="bot")
        bot = Bot(person, security_key, forms, url, security_key if secret is None else secret, **rights)
        self.world.bots[login] = bot
        return bot

    def add_form(self, form_id: int, name: str, fields: list[Field], *, native_survey: bool = False) -> Form:
        """A form."""
        form = Form(form_id, name, fields, native_survey)
        self.world.forms[form_id] = form
        return form

    def add_list(self, list_id: int) -> None:
        """A list that tasks can be put on."""
        self.world.lists.add(list_id)

    def task(self, task_id: int) -> Task:
        """A task as it stands."""
        return self.world.tasks[task_id]

    # --- what happens ---------------------------------------------------------------------------------------------

    def create_task(
        self,
        form_id: int | None,
        text: str,
        *,
        channel: Json | None = None,
        values: dict[int, Any] | None = None,
        responsible: Person | None = None,
        subject: str = "",
    ) -> Task:
        """A task. `channel` is the customer's, such as {"type": "email", "from": {"email": …, "name": …}}."""
        now = self.world.clock()
        task = Task(self.world.next_id(), form_id, text, now, now, subject, responsible=responsible)
        task.values.update(values or {})
        self.world.tasks[task.id] = task
        shown: Json = {"text": text, **({"channel": channel} if channel else {})}
        task.comments.append(
            {"id": self.world.next_id(), "create_date": written(now), "author": self._outside.json(), **shown}
        )
        self.tell(task, "task_created")
        self.world.changes.notify()
        return task

    def customer_writes(self, task: Task, text: str, channel: Json, *, tells: bool = True) -> Json:
        """A message of the customer; it opens a closed task, and with `tells` its comment says so."""
        comment = add(self.world, task, self._outside, {"text": text, "channel": channel}, tells=tells)
        self.tell(task)
        return comment

    def agent_writes(self, task: Task, agent: Person, text: str, channel: Json | None = None) -> Json:
        """An agent's message to the customer by a channel, or without one a remark among staff."""
        comment = add(self.world, task, agent, {"text": text, **({"channel": channel} if channel else {})}, opens=False)
        self.tell(task)
        return comment

    def close(self, task: Task, by: Person, text: str = "", channel: Json | None = None) -> Json:
        """An agent closes the task; Pyrus's own survey goes out where it is on."""
        shown: Json = {
            "action": "finished",
            **({"text": text} if text else {}),
            **({"channel": channel} if channel else {}),
        }
        comment = add(self.world, task, by, shown)
        self.tell(task)
        return comment

    def reopen(self, task: Task, by: Person, text: str = "") -> Json:
        """An agent opens the task again."""
        comment = add(self.world, task, by, {"action": "reopened", **({"text": text} if text else {})})
        self.tell(task)
        return comment

    def comment_as(self, bot: Bot, task: Task, content: Json) -> Json:
        """A bot's comment, as the API takes it. Raises RefusedError."""
        comment = apply(self.world, bot, task, content)
        self.tell(task)
        return comment

    def tell(self, task: Task, event: str = "comment") -> None:
        """Call every bot that the task's form has."""
        for bot in self.world.bots.values():
            if task.form_id in bot.forms:
                self.delivery.tell(bot, task_json(self.world, task, only_last=bot.only_last_comment), event)

    # --- tokens ---------------------------------------------------------------------------------------------------

    def expire_tokens(self, code: str = "expired_token") -> None:
        """From now on all tokens are refused with this code."""
        for token in self.world.tokens.values():
            token.died = token.died or code
