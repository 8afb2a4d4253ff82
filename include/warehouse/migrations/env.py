"""Alembic environment: runs on the connection that `include.warehouse.migrate` hands over."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], version_table="heliograph_migration")
with context.begin_transaction():
    context.run_migrations()
