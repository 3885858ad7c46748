"""The admin's part of the pages: channels and desks, keys, webhooks, the audit log, customers' data, failed jobs."""

from starlette.routing import BaseRoute

from bot.web.pages.admin.audit import AuditPage
from bot.web.pages.admin.channels import ChannelPages
from bot.web.pages.admin.data import DataPages
from bot.web.pages.admin.jobs import JobPages
from bot.web.pages.admin.keys import KeyPages
from bot.web.pages.admin.overview import Overview
from bot.web.pages.admin.tools import AdminTools
from bot.web.pages.admin.webhooks import WebhookPages
from bot.web.pages.shell import Shell
from bot.web.pages.speech import mark
from ratings.rights import Right

ADMIN_PLACES = (
    ("/settings", mark("Overview"), Right.SETUP),
    ("/settings/channels", mark("Channels and desks"), Right.SETUP),
    ("/settings/keys", mark("API keys"), Right.SETUP),
    ("/settings/webhooks", mark("Webhooks"), Right.SETUP),
    ("/settings/data", mark("Customers' data"), Right.ERASE),
    ("/settings/audit", mark("Audit log"), Right.PEOPLE),
)
"""The pages below /settings that are made here: path, title, what they want."""


def admin_routes(shell: Shell, tools: AdminTools) -> list[BaseRoute]:
    """Return the routes of all of them."""
    return [
        *Overview(shell, tools).routes(),
        *ChannelPages(shell, tools).routes(),
        *KeyPages(shell).routes(),
        *WebhookPages(shell, tools).routes(),
        *DataPages(shell).routes(),
        *AuditPage(shell).routes(),
        *JobPages(shell).routes(),
    ]


__all__ = ["ADMIN_PLACES", "AdminTools", "admin_routes"]
