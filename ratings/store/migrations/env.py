"""Alembic's entry: runs the migrations on the connection that `ratings.store.migrate` passes in."""

from alembic import context

from ratings.store.schema import metadata

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=metadata, transaction_per_migration=True)
with context.begin_transaction():
    context.run_migrations()
