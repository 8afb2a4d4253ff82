"""Alembic environment: runs on the connection that `include.warehouse.migrate` hands over."""

from alembic import context

from include.warehouse.migrate import REVISION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=REVISION_TABLE)
with context.begin_transaction():
    context.run_migrations()
