"""Where the polling of an account stands."""

from sqlalchemy import Connection, select

from ratings.store.schema import accounts


def load_position(connection: Connection, account: str) -> str | None:
    """Return the committed position of an account, or None where it was never polled."""
    return connection.execute(select(accounts.c.position).where(accounts.c.account == account)).scalar_one_or_none()
