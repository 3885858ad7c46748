"""The tables as ORM classes, for the usual stack."""

from typing import Any

from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from ratings.store import schema
from ratings.store.report_tables import roll_up_changes


class Base(DeclarativeBase):
    metadata = schema.metadata


class InvitationModel(Base):
    __table__ = schema.invitations


class RatingModel(Base):
    __table__ = schema.ratings


class VoteModel(Base):
    __table__ = schema.votes


class InboundEventModel(Base):
    __table__ = schema.inbound_events


class JobModel(Base):
    __table__ = schema.jobs


class AttemptModel(Base):
    __table__ = schema.attempts


class EventModel(Base):
    __table__ = schema.events


class ChangeModel(Base):
    __table__ = roll_up_changes


MODELS: tuple[type[Base], ...] = (InboundEventModel, RatingModel, VoteModel, JobModel, EventModel)
"""In the order of benchmarks.rows.TABLES."""


def engine_for(url: str) -> AsyncEngine:
    """Return the engine of a careful user: durable, and on SQLite one connection, since two would only wait for a lock."""
    if not url.startswith("sqlite"):
        return create_async_engine(url, pool_size=20, max_overflow=0)
    engine = create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"), pool_size=1, max_overflow=0)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine
