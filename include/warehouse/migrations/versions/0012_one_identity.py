"""Keys that tenants have given are written in the one form in which files name them now.

Where several subjects turn out to be one, the one that has that form already, else the first, gets the key. The others keep
theirs and what they have, but no file finds them any more; documents that are replayed move to the subject that has the key.
"""

import logging
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from include.core.documents import DROPS, FEEDS
from include.core.identities import customer_identity, identity

revision = "0012"
down_revision = "0011"

_log = logging.getLogger("alembic.runtime.migration")

_customer = sa.table("customer", *map(sa.column, ("tenant_id", "customer_id", "document")), schema="fleet")
_plant = sa.table("plant", *map(sa.column, ("tenant_id", "plant_id", "plant_key", "source")), schema="fleet")
_device = sa.table("device", *map(sa.column, ("tenant_id", "device_id", "device_key", "source")), schema="fleet")
_tenant = sa.table("tenant", *map(sa.column, ("tenant_id", "register_under")), schema="fleet")
_document = sa.table("document", *map(sa.column, ("document_id", "feed")), schema="landing")
_quarantine = sa.table("quarantine", *map(sa.column, ("document_id", "subject")), schema="landing")


def upgrade() -> None:
    """Rewrite keys of customers, plants and devices, and of what waits for them."""
    connection = op.get_bind()
    _rewrite(connection, _customer, "customer_id", "document", customer_identity)
    _rewrite(connection, _plant, "plant_id", "plant_key", identity)
    _rewrite(connection, _device, "device_id", "device_key", identity)
    _rewrite(connection, _tenant, "tenant_id", "register_under", identity)
    _rewrite_waiting(connection)


def _rewrite(
    connection: sa.Connection, table: sa.TableClause, number: str, key: str, identity_of: Callable[[object], str | None]
) -> None:
    own = sa.select(table).order_by(table.c[number])
    if "source" in table.c:
        own = own.where(table.c.source == DROPS)
    rows = connection.execute(own).mappings().all()
    taken = {(row["tenant_id"], row[key]) for row in rows}
    for row in rows:
        written, form = row[key], identity_of(row[key])
        if form is None or form == written:
            continue
        if (row["tenant_id"], form) in taken:
            _log.warning("%s %r of tenant %s is the same as %r and gets no more readings", key, written, row["tenant_id"], form)
            continue
        taken.add((row["tenant_id"], form))
        connection.execute(sa.update(table).where(table.c[number] == row[number]).values({key: form}))


def _rewrite_waiting(connection: sa.Connection) -> None:
    """Quarantined rows wait for a subject by its key."""
    documents = sa.select(_document.c.document_id)
    for feed in FEEDS:
        of_feed = _quarantine.c.document_id.in_(documents.where(_document.c.feed == feed))
        identity_of = customer_identity if feed == "consumption" else identity
        for written in connection.execute(sa.select(_quarantine.c.subject).distinct().where(of_feed)).scalars().all():
            form = identity_of(written)
            if form is not None and form != written:
                connection.execute(sa.update(_quarantine).where(of_feed, _quarantine.c.subject == written).values(subject=form))
