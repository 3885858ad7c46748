"""The rating page `/r/{token}[/{value}]` and the one-click opt-out `/u/{token}`: for every channel whose prompt holds links."""

from bot.web.rate.routes import rate_routes

__all__ = ["rate_routes"]
