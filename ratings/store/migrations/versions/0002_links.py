"""Votes by link with their evidence, hits, wishes of customers, further addresses, closing notices that were rendered."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("invitations", sa.Column("accepted_at", sa.BigInteger()))
    op.add_column("invitations", sa.Column("further", sa.Text()))
    op.add_column("invitations", sa.Column("awaits_closing", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_index("ix_invitations_customer", "invitations", ["customer"])
    op.add_column("votes", sa.Column("link_kind", sa.Text()))
    op.add_column("votes", sa.Column("agent", sa.Text()))
    op.add_column("votes", sa.Column("prefetch", sa.Boolean()))
    op.add_column("votes", sa.Column("evidence", sa.Text()))
    op.create_table(
        "hits",
        sa.Column("id", _ID, nullable=False, autoincrement=False),
        sa.Column("invitation_id", _ID, nullable=False),
        sa.Column("value", sa.Integer()),
        sa.Column("method", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("agent", sa.Text(), nullable=False),
        sa.Column("prefetch", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_hits"),
        sa.ForeignKeyConstraint(["invitation_id"], ["invitations.id"], name="fk_hits_invitation_id"),
    )
    op.create_index("ix_hits_invitation_id_at", "hits", ["invitation_id", "at"])
    op.add_column("comments", sa.Column("sender", sa.Text()))
    op.add_column("addresses", sa.Column("client", sa.Text()))
    op.add_column("addresses", sa.Column("bounces", sa.Integer(), nullable=False, server_default=sa.text("0")))
    op.create_table(
        "customers",
        sa.Column("customer", sa.Text(), nullable=False),
        sa.Column("opted_out_at", sa.BigInteger()),
        sa.Column("resting_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("customer", name="pk_customers"),
        sqlite_with_rowid=False,
    )
