"""The demo: service, stand-ins of four channels and their customers in one process, over loopback, with a store that is thrown away.

Everything goes the way it goes in earnest: tickets over the HTTP API, prompts and answers over the platforms' APIs, SMTP
and IMAP, a config.toml that the other commands can be pointed at. Only the messengers and the mail are stand-ins.
"""

from bot.demo.running import Options, Unusable, demonstrate

__all__ = ["Options", "Unusable", "demonstrate"]
