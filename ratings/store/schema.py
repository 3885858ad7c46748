"""The tables, as SQLAlchemy Core sees them. The migrations create them; a test holds the two together.

Instants are BIGINT milliseconds since the epoch, UTC; JSON is TEXT: neither costs a conversion on the path of a tap.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    false,
    text,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Id = BigInteger().with_variant(Integer(), "sqlite")
"""On SQLite an INTEGER key is the row's own number and costs no index of its own."""

SAID = {"ratings": "changed_at > 0", "invitations": "revision >= 0"}
"""What holds for each row. On SQLite, which takes every index for one that leads to ten rows, those by survey and by channel are
found by queries that say so, and by no others: they would read all that one survey ever asked, instead of what is due."""

# --- what was closed, and what was decided -----------------------------------------------------------------------

tickets = Table(
    "tickets",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("received_at", BigInteger, nullable=False),
    Column("snapshot", Text, nullable=False),
)
"""One row a closing: the ticket as it stood, as JSON, never changed. The id is its invitation's."""

ticket_tags = Table(
    "ticket_tags",
    metadata,
    Column("tag", Text, primary_key=True),
    Column("invitation_id", Id, ForeignKey("tickets.id"), primary_key=True),
    sqlite_with_rowid=False,
)

invitations = Table(
    "invitations",
    metadata,
    Column("id", Id, ForeignKey("tickets.id"), primary_key=True, autoincrement=False),
    Column("desk", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("closing", Text, nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    # the decision: written once
    Column("decision", Text, nullable=False),
    Column("reason", Text),
    Column("detail", Text),
    Column("decided_at", BigInteger, nullable=False),
    Column("due_at", BigInteger),
    Column("survey_id", Text),
    Column("survey_version", Integer),
    Column("language", Text),
    Column("account", Text),
    Column("address", Text),
    Column("customer", Text),
    # copied at closing, for lists and reports
    Column("form", Text),
    Column("group_id", Text),
    Column("agent_id", Text),
    Column("agent_name", Text),
    Column("priority", Text),
    Column("kind", Text, nullable=False),
    Column("ticket_url", Text),
    Column("subject", Text),
    # its life
    Column("state", Text, nullable=False),
    Column("state_reason", Text),
    Column("asked_at", BigInteger),
    Column("delivery", Text),
    Column("external_id", Text),
    Column("expires_at", BigInteger, nullable=False),
    Column("comment", Text),
    Column("comment_until", BigInteger),
    Column("changing", Boolean, nullable=False),
    Column("revision", Integer, nullable=False),
    # when the newest message with choices was accepted: what a link scanner is told by
    Column("accepted_at", BigInteger),
    # the ticket's further addresses, where the survey may use them: JSON [[account, address], …]
    Column("further", Text),
    # made by a closing notice that was rendered; true until the desk reports the closing that it was about
    Column("awaits_closing", Boolean, nullable=False, server_default=false()),
    # by which of its bindings the survey was chosen: JSON list of names
    Column("chosen", Text),
    # the probability with which such a ticket is asked about, where the survey asks about a share
    Column("inclusion", Float),
    # the customer's, where it is known
    Column("timezone", Text),
    # until when the channel takes messages that nobody asked for
    Column("window_until", BigInteger),
    # the invitation with the bad rating that this one asks about once more
    Column("recovery_of", Id),
    # the desk takes results back
    Column("writes_back", Boolean, nullable=False, server_default=false()),
    # copied at closing, for the registry's rows and the reports of times
    Column("customer_name", Text),
    Column("form_name", Text),
    Column("group_name", Text),
    Column("recording_url", Text),
    Column("first_response_s", Integer),
    Column("handling_s", Integer),
    # when what is personal in it was erased
    Column("erased_at", BigInteger),
    UniqueConstraint("desk", "ticket_id", "closing"),
    Index(None, "account", "address"),
    Index(
        "ix_invitations_asked_at",
        "asked_at",
        sqlite_where=text("asked_at IS NOT NULL"),
        postgresql_where=text("asked_at IS NOT NULL"),
    ),
    Index(None, "closed_at"),
    Index(None, "decided_at", "id"),
    Index(None, "customer"),
    Index(None, "ticket_id"),
    Index(None, "form", "closed_at", "id"),
    Index(None, "agent_id", "closed_at", "id"),
    Index(None, "survey_id", "closed_at", "id", sqlite_where=text(SAID["invitations"])),
    Index(
        "ix_invitations_reason_closed_at_id",
        "reason",
        "closed_at",
        "id",
        sqlite_where=text("reason IS NOT NULL"),
        postgresql_where=text("reason IS NOT NULL"),
    ),
    Index(
        "ix_invitations_recovery_of",
        "recovery_of",
        sqlite_where=text("recovery_of IS NOT NULL"),
        postgresql_where=text("recovery_of IS NOT NULL"),
    ),
    Index(
        "ix_invitations_scheduled",
        "survey_id",
        sqlite_where=text("state = 'scheduled'"),
        postgresql_where=text("state = 'scheduled'"),
    ),
)
"""One row a closing, asked or skipped: the decision and the life that follows."""

closing_aliases = Table(
    "closing_aliases",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("closing", Text, primary_key=True),
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("closed_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Closings that were reported while an earlier one's invitation was open, and so are the same: also when they are repeated later."""

reopens = Table(
    "reopens",
    metadata,
    Column("desk", Text, primary_key=True),
    Column("ticket_id", Text, primary_key=True),
    Column("reopened_at", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""When a ticket was last reopened: the report may overtake that of the closing before it."""

# --- what was answered -------------------------------------------------------------------------------------------

ratings = Table(
    "ratings",
    metadata,
    Column("id", Id, ForeignKey("invitations.id"), primary_key=True, autoincrement=False),
    Column("state", Text, nullable=False),
    Column("value", Integer, nullable=False),
    Column("satisfied", Boolean, nullable=False),
    Column("comment", Text),
    Column("rated_at", BigInteger, nullable=False),
    Column("changed_at", BigInteger, nullable=False),
    Column("scale", Text, nullable=False),
    Column("survey_id", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("asked_at", BigInteger),
    Column("closed_at", BigInteger, nullable=False),
    Column("desk", Text, nullable=False),
    Column("ticket_id", Text, nullable=False),
    Column("ticket_url", Text),
    Column("subject", Text),
    Column("form", Text),
    Column("group_id", Text),
    Column("agent_id", Text),
    Column("agent_name", Text),
    Column("priority", Text),
    # what the customer chose, where the scale is read the other way round
    Column("raw", Integer),
    Index(None, "rated_at", "id"),
    # the registry's other sorts
    Index(None, "value", "rated_at", "id"),
    Index(None, "closed_at", "id"),
    # … and the rows of one of these in the order of its first
    Index(None, "form", "rated_at", "id"),
    Index(None, "agent_id", "rated_at", "id"),
    Index(None, "group_id", "rated_at", "id"),
    Index(None, "survey_id", "rated_at", "id", sqlite_where=text(SAID["ratings"])),
    Index(None, "account", "rated_at", "id", sqlite_where=text(SAID["ratings"])),
)
"""At most one row an invitation: what counts now. The id is the invitation's, and so the constraint."""

votes = Table(
    "votes",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("value", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    # of votes by link: how it came about, by what program, and what spoke against it (JSON list of ratings.links.Evidence)
    Column("link_kind", Text),
    Column("agent", Text),
    Column("prefetch", Boolean),
    Column("evidence", Text),
    Index(None, "invitation_id"),
)
"""Every signal of the customer; nothing is ever deleted."""

hits = Table(
    "hits",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("value", Integer),
    Column("method", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("agent", Text, nullable=False),
    Column("prefetch", Boolean, nullable=False),
    Index(None, "invitation_id", "at"),
)
"""Links that were opened: evidence, never votes."""

rating_history = Table(
    "rating_history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("what", Text, nullable=False),
    Column("old", Text),
    Column("new", Text),
    Column("by", Text, nullable=False),
    Column("why", Text),
    Index(None, "invitation_id"),
)

comments = Table(
    "comments",
    metadata,
    Column("invitation_id", Id, ForeignKey("invitations.id"), primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("id", Id, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("text", Text, nullable=False),
    Column("sender", Text),  # who wrote, where it was not the address that was asked: mail can be answered by anybody
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""The customer's messages that were bound to an invitation; together they are its comment."""

held_texts = Table(
    "held_texts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("id", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
"""Texts that came before their tap: platforms deliver the two in different queues."""

inbound_events = Table(
    "inbound_events",
    metadata,
    Column("account", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("outcome", Text, nullable=False),
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""What the platforms told us: the key makes a redelivery harmless."""

unreadable_events = Table(
    "unreadable_events",
    metadata,
    Column("account", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("error", Text, nullable=False),
    Column("raw", LargeBinary, nullable=False),
)

# --- what is to be done ------------------------------------------------------------------------------------------

jobs = Table(
    "jobs",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    Column("invitation_id", Id, ForeignKey("invitations.id")),
    Column("revision", Integer, nullable=False),
    Column("account", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("due_at", BigInteger, nullable=False),
    Column("lane", Text),
    Column("lease_until", BigInteger),
    Column("attempts", Integer, nullable=False),
    Column("attempt_id", Id),
    Column("created_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("text", Text, nullable=False),
    Column("detail", Text),
    Column("error", Text),
    UniqueConstraint("kind", "invitation_id", "revision"),
    Index(
        "ix_jobs_due",
        "account",
        "priority",
        "due_at",
        "id",
        sqlite_where=text("state = 'due'"),
        postgresql_where=text("state = 'due'"),
    ),
    Index(
        "ix_jobs_leased",
        "account",
        "lease_until",
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
    Index(
        "ix_jobs_ended",
        "state",
        "account",
        sqlite_where=text("state IN ('failed', 'unknown')"),
        postgresql_where=text("state IN ('failed', 'unknown')"),
    ),
    Index(
        "ix_jobs_finished_at",
        "finished_at",
        sqlite_where=text("state IN ('done', 'dropped')"),
        postgresql_where=text("state IN ('done', 'dropped')"),
    ),
    # Jobs of one prompt run one after another, whichever process runs them.
    Index(
        "uq_jobs_lane",
        "lane",
        unique=True,
        sqlite_where=text("state = 'leased'"),
        postgresql_where=text("state = 'leased'"),
    ),
)
"""The outbox. States: due, leased, done, dropped (not wanted any more), unknown (never repeated), failed (for good)."""

attempts = Table(
    "attempts",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("job_id", Id, ForeignKey("jobs.id"), nullable=False),
    Column("started_at", BigInteger, nullable=False),
    Column("finished_at", BigInteger),
    Column("result", Text),
    Column("platform_code", Text),
    Column("text", Text),
    Index(None, "job_id"),
)
"""Each try of a job, committed before its request goes out. No `result`: still open."""

addresses = Table(
    "addresses",
    metadata,
    Column("account", Text, primary_key=True),
    Column("address", Text, primary_key=True),
    Column("opted_out_at", BigInteger),
    Column("unreachable_at", BigInteger),
    Column("unreachable_code", Text),
    Column("moved_to", Text),
    Column("next_send_at", BigInteger, nullable=False),
    Column("paused_until", BigInteger, nullable=False),
    Column("polite_at", BigInteger),
    Column("client", Text),
    Column("bounces", Integer, nullable=False, server_default=text("0")),
    Column("greeted_by", Id),
    sqlite_with_rowid=False,
)
"""What is known of an address: opted out, unreachable, its pace, when it was last told that it reads a robot, its app, and how
many messages in a row came back from it; the job that told it who asks."""

customers = Table(
    "customers",
    metadata,
    Column("customer", Text, primary_key=True),
    Column("opted_out_at", BigInteger),
    Column("resting_until", BigInteger),
    sqlite_with_rowid=False,
)
"""Wishes of customers that hold on every channel: never ask, or not before then."""

forgotten_wishes = Table(
    "forgotten_wishes",
    metadata,
    Column("hash", Text, primary_key=True),
    Column("opted_out_at", BigInteger),
    Column("resting_until", BigInteger),
    sqlite_with_rowid=False,
)
"""Wishes of customers who were erased, under a keyed hash of the address or the name: they hold when it is reported again."""

accounts = Table(
    "accounts",
    metadata,
    Column("account", Text, primary_key=True),
    Column("paused_until", BigInteger, nullable=False),
    Column("next_send_at", BigInteger, nullable=False),
    Column("position", Text),
    # since when an admin holds everything that would be sent by it, and who
    Column("held_at", BigInteger),
    Column("held_by", Text),
    sqlite_with_rowid=False,
)
"""What all processes share of an account: its pause, its pace, where its polling stands, and whether an admin holds it."""

leases = Table(
    "leases",
    metadata,
    Column("name", Text, primary_key=True),
    Column("owner", Text, nullable=False),
    Column("until", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

desk_results = Table(
    "desk_results",
    metadata,
    Column("invitation_id", Id, ForeignKey("invitations.id"), primary_key=True, autoincrement=False),
    Column("outcome", Text),
    Column("tag", Text),
    Column("value", Integer),
    Column("written_at", BigInteger),
    Column("refused", Text),
)
"""What a rating, or its absence, has done to the desk's ticket: the outcome once, the tag and value as they stand there now,
and what the desk refused, in its own words (JSON list of {verb, code, text})."""

alerts = Table(
    "alerts",
    metadata,
    Column("id", Id, primary_key=True),  # the database's own: a vote's batch reserves none for it
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("survey_id", Text, nullable=False),
    Column("destination", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("said_at", BigInteger),
    Column("said_by", Id),
    UniqueConstraint("invitation_id", "destination", "reason"),
    Index(
        "ix_alerts_waiting",
        "destination",
        "at",
        sqlite_where=text("said_at IS NULL"),
        postgresql_where=text("said_at IS NULL"),
    ),
    Index(None, "destination", "said_at"),
)
"""Bad ratings to tell somebody of. `said_by` is the job that tells of it, perhaps with others."""

digest_days = Table(
    "digest_days",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("day", Text, primary_key=True),
    Column("job_id", Id, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),
    sqlite_with_rowid=False,
)
"""The days whose digest has begun its way: the key lets it begin once."""

# --- what is told ------------------------------------------------------------------------------------------------

events = Table(
    "events",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("number", BigInteger, unique=True),
    Column("type", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("invitation_id", Id, ForeignKey("invitations.id"), nullable=False),
    Column("value", Integer),
    Column("previous", Integer),
    Index("ix_events_unnumbered", "id", sqlite_where=text("number IS NULL"), postgresql_where=text("number IS NULL")),
)
"""Written without a number; the sequencer numbers the committed ones. Ids only: words and addresses are joined when read."""

event_counter = Table(
    "event_counter",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("last", BigInteger, nullable=False),
)

endpoints = Table(
    "endpoints",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("url", Text, nullable=False),
    Column("types", Text),  # JSON list; none: all
    Column("description", Text, nullable=False),
    Column("secrets", Text, nullable=False),  # JSON list of {secret, until}, the newest first
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
    # where it stands
    Column("state", Text, nullable=False),
    Column("reason", Text),
    Column("position", BigInteger, nullable=False),  # the last event's number that was delivered or passed over
    Column("failing_since", BigInteger),
    Column("tries", Integer, nullable=False),
    Column("next_at", BigInteger, nullable=False),
    # which worker delivers to it
    Column("lease", Text),
    Column("lease_until", BigInteger, nullable=False),
)
"""Where events go. Secrets stand here as they are: signing needs them."""

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=False),
    Column("endpoint_id", Id, nullable=False),
    Column("number", BigInteger, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("status", Integer),
    Column("reply", Text),
    Column("problem", Text),
    Column("duration", Integer, nullable=False),
    Index(None, "endpoint_id", "ok", "id"),
    Index(None, "at"),
)
"""Each try to deliver an event. No status: no answer came, and `problem` says why."""

# --- what is set -------------------------------------------------------------------------------------------------

surveys = Table(
    "surveys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("version", Integer, nullable=False),
    Column("definition", Text, nullable=False),
    # since when it is off
    Column("paused_at", BigInteger),
)

survey_versions = Table(
    "survey_versions",
    metadata,
    Column("survey_id", Text, ForeignKey("surveys.id"), primary_key=True),
    Column("version", Integer, primary_key=True),
    Column("definition", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("created_by", Text, nullable=False),
)

api_keys = Table(
    "api_keys",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("scope", Text, nullable=False),
    Column("hash", Text, nullable=False),
    Column("created_at", BigInteger, nullable=False),
    Column("revoked_at", BigInteger),
)

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("api_key", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("body_hash", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("body", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index(None, "at"),
    sqlite_with_rowid=False,
)

id_blocks = Table(
    "id_blocks",
    metadata,
    Column("only", Integer, primary_key=True, autoincrement=False),
    Column("next", BigInteger, nullable=False),
)
"""Ids are handed out in blocks, so that a batch can be written by executemany without asking for each id."""
