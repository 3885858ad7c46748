"""The first tables: closings, invitations, ratings, the outbox, events, surveys; and the survey `default`."""

import json

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

DEFAULT_SURVEY = {
    "id": "default",
    "name": "Default",
    "enabled": True,
    "version": 1,
    "forms": [],
    "position": 0,
    "language": "ru",
    "scale": {
        "name": "1-5",
        "choices": [
            {
                "value": 1,
                "symbol": "😡",
                "labels": {"ru": "Очень плохо", "en": "Very bad", "uk": "Дуже погано", "pl": "Bardzo źle"},
                "satisfied": False,
            },
            {
                "value": 2,
                "symbol": "🙁",
                "labels": {"ru": "Плохо", "en": "Bad", "uk": "Погано", "pl": "Źle"},
                "satisfied": False,
            },
            {
                "value": 3,
                "symbol": "😐",
                "labels": {"ru": "Нормально", "en": "Okay", "uk": "Нормально", "pl": "Średnio"},
                "satisfied": False,
            },
            {
                "value": 4,
                "symbol": "🙂",
                "labels": {"ru": "Хорошо", "en": "Good", "uk": "Добре", "pl": "Dobrze"},
                "satisfied": True,
            },
            {
                "value": 5,
                "symbol": "😍",
                "labels": {"ru": "Отлично", "en": "Excellent", "uk": "Чудово", "pl": "Świetnie"},
                "satisfied": True,
            },
        ],
    },
    "reverse": False,
    "texts": {},
    "ask_when": None,
    "skip_when": None,
    "timing": {
        "delay_s": 0,
        "reminders_s": [],
        "lapse_after_s": 604800,
        "expires_after_s": 2592000,
        "edit_window_s": 86400,
        "comment_window_s": 900,
        "max_age_s": 259200,
    },
}
"""As it stood when this migration was written: what the program's own default becomes later changes nothing here."""


def upgrade() -> None:
    _tables()
    _words()
    _rows()


def _tables() -> None:
    op.create_table(
        "accounts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=False),
        sa.Column("next_send_at", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("account", name=op.f("pk_accounts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "addresses",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("opted_out_at", sa.BigInteger(), nullable=True),
        sa.Column("unreachable_at", sa.BigInteger(), nullable=True),
        sa.Column("unreachable_code", sa.Text(), nullable=True),
        sa.Column("moved_to", sa.Text(), nullable=True),
        sa.Column("next_send_at", sa.BigInteger(), nullable=False),
        sa.Column("paused_until", sa.BigInteger(), nullable=False),
        sa.Column("polite_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("account", "address", name=op.f("pk_addresses")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "api_keys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("name", name=op.f("uq_api_keys_name")),
    )
    op.create_table(
        "event_counter",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_event_counter")),
    )
    op.create_table(
        "held_texts",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("account", "address", "message_id", name=op.f("pk_held_texts")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "id_blocks",
        sa.Column("only", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("next", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("only", name=op.f("pk_id_blocks")),
    )
    op.create_table(
        "idempotency_keys",
        sa.Column("api_key", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body_hash", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("api_key", "path", "key", name=op.f("pk_idempotency_keys")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_idempotency_keys_at"), "idempotency_keys", ["at"], unique=False)
    op.create_table(
        "inbound_events",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("account", "event_id", name=op.f("pk_inbound_events")),
        sqlite_with_rowid=False,
    )
    op.create_index(op.f("ix_inbound_events_at"), "inbound_events", ["at"], unique=False)
    op.create_table(
        "leases",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_leases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "reopens",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("reopened_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("desk", "ticket_id", name=op.f("pk_reopens")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "surveys",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_surveys")),
    )
    op.create_table(
        "tickets",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("snapshot", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tickets")),
    )
    op.create_table(
        "unreadable_events",
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("account", "event_id", name=op.f("pk_unreadable_events")),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=True),
        sa.Column("survey_id", sa.Text(), nullable=True),
        sa.Column("survey_version", sa.Integer(), nullable=True),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("customer", sa.Text(), nullable=True),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_name", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("ticket_url", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_reason", sa.Text(), nullable=True),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("delivery", sa.Text(), nullable=True),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("comment_until", sa.BigInteger(), nullable=True),
        sa.Column("changing", sa.Boolean(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["id"], ["tickets.id"], name=op.f("fk_invitations_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitations")),
        sa.UniqueConstraint("desk", "ticket_id", "closing", name=op.f("uq_invitations_desk_ticket_id_closing")),
    )
    op.create_index(op.f("ix_invitations_account_address"), "invitations", ["account", "address"], unique=False)
    op.create_index(
        "ix_invitations_asked_at",
        "invitations",
        ["asked_at"],
        unique=False,
        sqlite_where=sa.text("asked_at IS NOT NULL"),
        postgresql_where=sa.text("asked_at IS NOT NULL"),
    )
    op.create_index(op.f("ix_invitations_closed_at"), "invitations", ["closed_at"], unique=False)
    op.create_index(op.f("ix_invitations_decided_at_id"), "invitations", ["decided_at", "id"], unique=False)
    op.create_table(
        "survey_versions",
        sa.Column("survey_id", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("definition", sa.Text(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("created_by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["survey_id"], ["surveys.id"], name=op.f("fk_survey_versions_survey_id")),
        sa.PrimaryKeyConstraint("survey_id", "version", name=op.f("pk_survey_versions")),
    )
    op.create_table(
        "ticket_tags",
        sa.Column("tag", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["tickets.id"], name=op.f("fk_ticket_tags_invitation_id")),
        sa.PrimaryKeyConstraint("tag", "invitation_id", name=op.f("pk_ticket_tags")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "closing_aliases",
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("closing", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_closing_aliases_invitation_id")),
        sa.PrimaryKeyConstraint("desk", "ticket_id", "closing", name=op.f("pk_closing_aliases")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "comments",
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_comments_invitation_id")),
        sa.PrimaryKeyConstraint("invitation_id", "message_id", name=op.f("pk_comments")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("previous", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_events_invitation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_events")),
        sa.UniqueConstraint("number", name=op.f("uq_events_number")),
    )
    op.create_index(
        "ix_events_unnumbered",
        "events",
        ["id"],
        unique=False,
        sqlite_where=sa.text("number IS NULL"),
        postgresql_where=sa.text("number IS NULL"),
    )
    op.create_table(
        "jobs",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("lane", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("attempt_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_jobs_invitation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_jobs")),
        sa.UniqueConstraint("kind", "invitation_id", "revision", name=op.f("uq_jobs_kind_invitation_id_revision")),
    )
    op.create_index(
        "ix_jobs_due",
        "jobs",
        ["account", "priority", "due_at", "id"],
        unique=False,
        sqlite_where=sa.text("state = 'due'"),
        postgresql_where=sa.text("state = 'due'"),
    )
    op.create_index(
        "ix_jobs_ended",
        "jobs",
        ["state", "account"],
        unique=False,
        sqlite_where=sa.text("state IN ('failed', 'unknown')"),
        postgresql_where=sa.text("state IN ('failed', 'unknown')"),
    )
    op.create_index(
        "ix_jobs_finished_at",
        "jobs",
        ["finished_at"],
        unique=False,
        sqlite_where=sa.text("state IN ('done', 'dropped')"),
        postgresql_where=sa.text("state IN ('done', 'dropped')"),
    )
    op.create_index(
        "ix_jobs_leased",
        "jobs",
        ["account", "lease_until"],
        unique=False,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_index(
        "uq_jobs_lane",
        "jobs",
        ["lane"],
        unique=True,
        sqlite_where=sa.text("state = 'leased'"),
        postgresql_where=sa.text("state = 'leased'"),
    )
    op.create_table(
        "rating_history",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("old", sa.Text(), nullable=True),
        sa.Column("new", sa.Text(), nullable=True),
        sa.Column("by", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_rating_history_invitation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating_history")),
    )
    op.create_index(op.f("ix_rating_history_invitation_id"), "rating_history", ["invitation_id"], unique=False)
    op.create_table(
        "ratings",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("satisfied", sa.Boolean(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("rated_at", sa.BigInteger(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("survey_id", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=False),
        sa.Column("desk", sa.Text(), nullable=False),
        sa.Column("ticket_id", sa.Text(), nullable=False),
        sa.Column("ticket_url", sa.Text(), nullable=True),
        sa.Column("subject", sa.Text(), nullable=True),
        sa.Column("form", sa.Text(), nullable=True),
        sa.Column("group_id", sa.Text(), nullable=True),
        sa.Column("agent_id", sa.Text(), nullable=True),
        sa.Column("agent_name", sa.Text(), nullable=True),
        sa.Column("priority", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["id"], ["invitations.id"], name=op.f("fk_ratings_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_ratings")),
    )
    op.create_index(op.f("ix_ratings_rated_at_id"), "ratings", ["rated_at", "id"], unique=False)
    op.create_table(
        "votes",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("invitation_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name=op.f("fk_votes_invitation_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_votes")),
    )
    op.create_index(op.f("ix_votes_invitation_id"), "votes", ["invitation_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=True),
        sa.Column("platform_code", sa.Text(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_attempts_job_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attempts")),
    )
    op.create_index(op.f("ix_attempts_job_id"), "attempts", ["job_id"], unique=False)


def _words() -> None:
    """The full-text index over comments: FTS5 beside SQLite's table, a generated tsvector inside PostgreSQL's."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute(
            "ALTER TABLE ratings ADD COLUMN words tsvector "
            # Without punctuation: PostgreSQL would keep an address, a link or 1/2 as one word that nobody searches for.
            "GENERATED ALWAYS AS "
            "(to_tsvector('simple', regexp_replace(coalesce(comment, ''), '[[:punct:]]+', ' ', 'g'))) STORED"
        )
        op.execute("CREATE INDEX ix_ratings_words ON ratings USING gin (words)")
        return
    op.execute(
        "CREATE VIRTUAL TABLE rating_words USING fts5("
        "comment, content='ratings', content_rowid='id', tokenize='unicode61 remove_diacritics 2')"
    )
    op.execute(
        "CREATE TRIGGER ratings_words_insert AFTER INSERT ON ratings WHEN new.comment IS NOT NULL BEGIN "
        "INSERT INTO rating_words(rowid, comment) VALUES (new.id, new.comment); END"
    )
    op.execute(
        "CREATE TRIGGER ratings_words_update AFTER UPDATE OF comment ON ratings "
        "WHEN old.comment IS NOT new.comment BEGIN "
        "INSERT INTO rating_words(rating_words, rowid, comment) "
        "SELECT 'delete', old.id, old.comment WHERE old.comment IS NOT NULL; "
        "INSERT INTO rating_words(rowid, comment) SELECT new.id, new.comment WHERE new.comment IS NOT NULL; END"
    )
    op.execute(
        "CREATE TRIGGER ratings_words_delete AFTER DELETE ON ratings WHEN old.comment IS NOT NULL BEGIN "
        "INSERT INTO rating_words(rating_words, rowid, comment) VALUES ('delete', old.id, old.comment); END"
    )


def _rows() -> None:
    definition = json.dumps(DEFAULT_SURVEY, ensure_ascii=False, separators=(",", ":"))
    op.bulk_insert(sa.table("id_blocks", sa.column("only"), sa.column("next")), [{"only": 1, "next": 1}])
    op.bulk_insert(sa.table("event_counter", sa.column("only"), sa.column("last")), [{"only": 1, "last": 0}])
    surveys = sa.table("surveys", sa.column("id"), sa.column("version"), sa.column("definition"))
    op.bulk_insert(surveys, [{"id": "default", "version": 1, "definition": definition}])
    versions = sa.table(
        "survey_versions",
        sa.column("survey_id"),
        sa.column("version"),
        sa.column("definition"),
        sa.column("created_at"),
        sa.column("created_by"),
    )
    row = {"survey_id": "default", "version": 1, "definition": definition, "created_at": 0, "created_by": "migration"}
    op.bulk_insert(versions, [row])
