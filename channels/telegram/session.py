"""aiogram's HTTP session, closed without its pause."""

from aiogram.client.session.aiohttp import AiohttpSession


class Session(AiohttpSession):
    """aiogram sleeps a quarter of a second after closing; aiohttp has waited for its connections itself since 3.12."""

    async def close(self) -> None:
        """Close the connections, and wait until they are."""
        if self._session is not None and not self._session.closed:
            await self._session.close()
