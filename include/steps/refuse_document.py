"""A document that cannot be read goes back to where people are, with the reason beside it; a vendor's answer rests in landing."""

import logging

from include.core.documents import FEEDS, LandedDocument
from include.core.errors import NeedsHuman, TryLater
from include.core.settings import Settings
from include.landing.refusals import Refusal, refuse_bytes
from include.landing.store import ObjectStore
from include.warehouse import documents
from include.warehouse.engine import transaction

_log = logging.getLogger(__name__)


def refuse_document(settings: Settings, document: LandedDocument, reason: str) -> None:
    """Put the bytes of a drop into the tenant's `refused` folder, then mark the document refused; landing keeps them too.

    Nothing is open while they are put. A crash in between makes the next run do it once more, which finds the file there.
    A folder in which nothing can be put is logged: the document is refused all the same, and holds back no other one.
    """
    if document.feed in FEEDS:
        try:
            _give_back(settings, document, reason)
        except (NeedsHuman, TryLater) as error:
            _log.warning("Not given back, %s; landing has it as %s", error, document.uri)
    with transaction(settings.database_url) as connection:
        if documents.lock_document(connection, document.document_id) is None:
            return
        documents.mark_refused(connection, document.document_id, reason)
    _log.warning("Refused %s %r of %s: %s", document.feed, document.original_name, document.tenant, reason)


def _give_back(settings: Settings, document: LandedDocument, reason: str) -> None:
    refusal = Refusal(document.tenant, document.feed, document.original_name, reason, document.received_at)
    with ObjectStore(settings.landing).open_delivered(document.uri, sha256=document.sha256) as stored:
        refuse_bytes(stored, refusal, drops=settings.drops_path)
