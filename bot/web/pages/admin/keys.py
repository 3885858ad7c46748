"""`/settings/keys`: keys for the API. A key is shown once, when it is made."""

from starlette.responses import Response
from starlette.routing import BaseRoute

from bot.web.pages.admin.tools import ask_first
from bot.web.pages.shell import Shell, refuse
from bot.web.pages.speech import mark
from bot.web.pages.visit import Visit
from ratings.rights import Right
from ratings.store.keys import CreateKey, NameTaken, RevokeKey, Scope, list_keys, new_key

MAX_NAME = 100
SCOPES = {
    Scope.READ: mark("reads ratings and reports"),
    Scope.WRITE: mark("also reports closings"),
    Scope.ADMIN: mark("everything: surveys, webhooks, customers' data"),
}


class KeyPages:
    """`/settings/keys` and what it does."""

    def __init__(self, shell: Shell) -> None:
        self._shell = shell

    def routes(self) -> list[BaseRoute]:
        """Return the routes."""
        page = self._shell.page
        return [
            page("/settings/keys", self.show, self.make, right=Right.SETUP),
            page("/settings/keys/revoke", self.ask, self.revoke, right=Right.SETUP),
        ]

    async def show(self, visit: Visit) -> Response:
        """Show all keys, and the form that makes one."""
        return await self._show(visit)

    async def make(self, visit: Visit) -> Response:
        """Make a key."""
        form = await visit.form()
        name, scope = form.get("name", "").strip(), form.get("scope", "")
        if not name or len(name) > MAX_NAME or not name.isprintable():
            problem = visit.say("A name is 1 to 100 characters on one line.")
            return await self._show(visit, 422, name, scope, problem)
        if scope not in list(Scope):
            return await self._show(visit, 422, name, scope, scope_problem=visit.say("Choose what it may do."))
        key_id, key, key_hash = new_key()
        try:
            await self._shell.store.writer.do(CreateKey(key_id, name, Scope(scope), key_hash, visit.by))
        except NameTaken:
            problem = visit.say("There is a key of this name already; a revoked one keeps its name, too.")
            return await self._show(visit, 422, name, scope, problem)
        return visit.render(
            "admin/shown_once.html",
            title=visit.say("The key %(name)s is made", name=name),
            secret=key,
            back="/settings/keys",
        )

    async def ask(self, visit: Visit) -> Response:
        """Ask before a key is revoked."""
        name = visit.query.get("name", "")
        return ask_first(
            visit,
            title=visit.say("Revoke the key %(name)s?", name=name),
            texts=[
                visit.say(
                    "Whoever uses it is refused at once, in every process. It cannot be taken back; its name stays in the records."
                )
            ],
            action="/settings/keys/revoke",
            label=visit.say("Revoke it"),
            back="/settings/keys",
            fields={"name": name},
        )

    async def revoke(self, visit: Visit) -> Response:
        """Revoke a key."""
        name = (await visit.form()).get("name", "")
        if not await self._shell.store.writer.do(RevokeKey(name, visit.by)):
            return refuse(
                visit, 404, mark("There is no such key"), mark("Perhaps somebody else has revoked it just now.")
            )
        return visit.redirect("/settings/keys", visit.say("The key %(name)s is revoked.", name=name))

    async def _show(
        self,
        visit: Visit,
        status: int = 200,
        name: str = "",
        scope: str = "",
        problem: str = "",
        scope_problem: str = "",
    ) -> Response:
        keys = await self._shell.store.read(list_keys)
        return visit.render(
            "admin/keys.html",
            status,
            keys=sorted(keys, key=lambda key: key.revoked_at is not None),
            scopes=SCOPES,
            name=name,
            scope=scope or Scope.WRITE.value,
            problem=problem,
            scope_problem=scope_problem,
            now=visit.now,
        )
