"""Letting one channel or one desk look at itself: for `tapfive check`, and for the page of channels."""

import asyncio
from dataclasses import dataclass
from typing import Literal

from bot.web.desk_hooks import desk_hook_path
from bot.web.hooks import hook_path
from channels.base import Channel
from desks.base import Desk
from net.findings import Phrase

Level = Literal["ok", "warning", "error"]
ACCOUNT_TIMEOUT = 60.0


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding. `about` is the account or desk that it concerns, "" for the installation; `code` is an error's."""

    id: str
    level: Level
    text: str
    hint: str = ""
    about: str = ""
    code: str = ""

    def line(self) -> str:
        """Return `id text → hint`, without the level."""
        about = f"{self.about}: " if self.about else ""
        hint = f" → {self.hint}" if self.hint else ""
        return f"{self.id} {about}{self.text}{hint}"

    def to_dict(self) -> dict[str, str | None]:
        """Return it for programs."""
        return {
            "id": self.id,
            "level": self.level,
            "account": self.about or None,
            "text": self.text,
            "hint": self.hint or None,
        }


async def check_channel(
    public_url: str, account: str, channel: Channel, seconds: float = ACCOUNT_TIMEOUT
) -> list[Finding]:
    """Let an account look at itself, and close it."""
    url = public_url + hook_path(account) if public_url else None
    findings = await _looked(channel, "channels.failed", account, url, seconds)
    if channel.capabilities.choices == "links" and not public_url:
        text = Phrase("its links would lead nowhere: there is no public address")
        hint = Phrase("set [server] public_url")
        findings.append(Finding("public_url.links", "error", text, hint, account))
    return findings


async def check_desk(public_url: str, name: str, desk: Desk, seconds: float = ACCOUNT_TIMEOUT) -> list[Finding]:
    """Let a desk look at itself, and close it."""
    url = public_url + desk_hook_path(name) if public_url else None
    return await _looked(desk, "desks.failed", name, url, seconds)


async def _looked(one: Channel | Desk, failed: str, name: str, url: str | None, seconds: float) -> list[Finding]:
    """Let a channel or a desk look at itself. `failed` is the id of what is said when it cannot."""
    try:
        async with asyncio.timeout(seconds):
            found = await one.check(url)
    except TimeoutError:
        return [Finding(failed, "error", Phrase("it did not answer in time"), Phrase("see api_url"), name)]
    except Exception as error:  # noqa: BLE001 - a kind that breaks its promise must not hide what the others say
        text = Phrase("the check itself failed (%(kind)s)", kind=type(error).__name__)
        return [Finding(failed, "error", text, about=name)]
    finally:
        await one.close()
    return [Finding(each.id, each.level, each.text, each.hint, name, each.code) for each in found]
