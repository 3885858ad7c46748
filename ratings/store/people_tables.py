"""The tables of the pages: who may sign in and where they are, what they changed and set, and what agents were shown.

The migrations create them, as they do those of `schema`.
"""

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Index, Integer, Table, Text, UniqueConstraint

from ratings.store.schema import Id, metadata

users = Table(
    "users",
    metadata,
    Column("id", Id, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("role", Text, nullable=False),
    Column("forms", Text),  # JSON list of the forms that they may see; none: all
    Column("agents", Text),  # JSON list of the ids under which desks know them
    Column("may_edit", Boolean, nullable=False),
    Column("password_hash", Text),
    Column("oidc_subject", Text, unique=True),
    Column("language", Text),
    Column("preferences", Text, nullable=False),  # JSON: columns, dismissed hints
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    Column("disabled_at", BigInteger),
)

sessions = Table(
    "sessions",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger, nullable=False),
    Column("expires_at", BigInteger, nullable=False),
    Column("agent", Text, nullable=False),
    Index(None, "user_id"),
)
"""Who is signed in where. The hash is of the cookie's secret, which nobody else holds."""

setup_links = Table(
    "setup_links",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("created_at", BigInteger, nullable=False),
)
"""The one-time links that make the first owner; gone once there is one."""

login_failures = Table(
    "login_failures",
    metadata,
    Column("who", Text, primary_key=True),
    Column("many", Integer, nullable=False),
    Column("last_at", BigInteger, nullable=False),
)
"""Wrong passwords in a row, by a hash of the name that was tried."""

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),  # the database's own
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("what", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("before", Text),  # JSON
    Column("after", Text),  # JSON
    Index(None, "kind", "object"),
)
"""Every change that a person or a key made to what is set, written in the change's own transaction. Never a secret."""

saved_views = Table(
    "saved_views",
    metadata,
    Column("id", Id, primary_key=True),
    Column("user_id", Id, ForeignKey("users.id"), nullable=False),
    Column("page", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("query", Text, nullable=False),
    Column("shared", Boolean, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    UniqueConstraint("user_id", "page", "name"),
)
"""Filters under a name: a URL's query. Shared ones are seen by everybody, each with their own rights."""

settings = Table(
    "settings",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("changed_at", BigInteger, nullable=False),
    Column("changed_by", Text, nullable=False),
)
"""What is set for the whole installation by its pages."""

releases = Table(
    "releases",
    metadata,
    Column("rating_id", Id, primary_key=True, autoincrement=False),
    Column("agent_id", Text, nullable=False),
    Column("day", BigInteger, nullable=False),
    Index(None, "agent_id", "day"),
)
"""Ratings that were let out to the agents they are of, and the day (its beginning) on which they were: for good."""
