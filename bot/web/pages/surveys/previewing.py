"""What customers would see by a draft, channel by channel, as bubbles with buttons; and what would not fit."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from bot.previews import SAMPLE_TICKET, previews
from bot.web.api.survey_trials import Surroundings
from channels import registry
from channels.base import Channel
from ratings.errors import FieldError
from ratings.survey import Survey


class Previewing:
    """Makes previews for the pages; one channel at a time, so that they follow typing."""

    def __init__(self, around: Surroundings) -> None:
        self._around = around

    @property
    def channels(self) -> tuple[str, ...]:
        """What can be looked at: the accounts, or every kind where there is none."""
        return tuple(self._around.channels or registry.kinds())

    async def context(
        self, draft: Survey | None, problems: Sequence[FieldError], language: str, channel: str
    ) -> Mapping[str, Any]:
        """Return what the template of a preview wants."""
        chosen = channel if channel in self.channels else self.channels[0]
        shown: Mapping[str, Any] | None = None
        warnings: list[dict[str, object]] = []
        if draft is not None:
            shown, warnings = await asyncio.to_thread(self._made, draft, language, chosen)
        return {
            "preview_channels": self.channels,
            "preview_channel": chosen,
            "preview_language": language,
            "preview": shown,
            "preview_warnings": warnings,
            "preview_problems": problems,
        }

    def _made(self, draft: Survey, language: str, chosen: str) -> tuple[Mapping[str, Any], list[dict[str, object]]]:
        accounts: Mapping[str, Channel | None] = {chosen: self._around.channels.get(chosen)}
        (shown,) = previews(draft, accounts, language, SAMPLE_TICKET, self._around.public_url)
        warnings = [
            each for each in self._around.warnings(draft) if str(each["pointer"]).startswith(("/texts", "/scale"))
        ]
        return shown, warnings
