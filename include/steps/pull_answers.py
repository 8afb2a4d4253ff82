"""A vendor's answers on their way into the house: landed untouched, and lists of the fleet registered at once."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument, TryLater
from include.core.pulls import Request, WaitingRequest
from include.landing.store import ObjectStore, StoredObject
from include.sources.clouds.document import pack
from include.sources.formats.context import ParseContext
from include.steps.pull_context import PullContext
from include.steps.pull_work_list import close_request
from include.steps.register import register_document
from include.warehouse import documents, integrations, pulls
from include.warehouse.engine import Connection, transaction


def land_answers(context: PullContext, waiting: WaitingRequest, answers: Sequence[bytes]) -> list[int]:
    """Land all answers of a request, then close it, unless they list the fleet; returns the documents' ids.

    A crash in between makes the request once more, which only repeats its documents.
    """
    now, request = context.now(), waiting.request
    stored = [_put(context, _of_answer(request, answers), answer, now) for answer in answers]
    with transaction(context.database_url) as connection:
        document_ids = [_note(connection, context, request, item, now) for item in stored]
        if request.kind != "fleet":
            close_request(connection, context, waiting, now=now)
    return document_ids


def register_lists(context: PullContext, waiting: WaitingRequest, answers: Sequence[bytes], document_ids: list[int]) -> None:
    """Register the lists that a request brought, then close it; raises `TryLater` while another run registers one of them."""
    now = context.now()
    for document_id in document_ids:
        register_document(context.settings, document_id, now=now, run_id=context.run_id)
    with transaction(context.database_url) as connection:
        # Another run may be at work on what we landed: what is in it counts when that run is through.
        states = documents.read_states(connection, document_ids)
        if any(state == "landed" for state, _ in states):
            raise TryLater(f"the answer of {waiting.request.interface} is not registered yet; ask again")
        _request_devices(connection, context, waiting, now)
        close_request(connection, context, waiting, now=now)
    for state, reason in states:
        if state == "refused":
            context.note(f"the answer of {waiting.request.interface} is refused: {reason}")
    _release_moved_plants(context, _of_answer(waiting.request, answers), answers)


def feed_of(context: PullContext, request: Request) -> str:
    """Feed of the documents that a request brings."""
    return f"{context.integration.vendor}_{request.kind}"


def _of_answer(request: Request, answers: Sequence[bytes]) -> Request:
    """The request as it stands before an answer: one of several answers is authoritative about nothing."""
    return request if len(answers) == 1 else replace(request, is_authoritative=False)


def _put(context: PullContext, request: Request, answer: bytes, now: datetime) -> StoredObject:
    integration = context.integration
    content = pack(integration.vendor, request, answer)
    store, feed = ObjectStore(context.settings.landing), feed_of(context, request)
    return store.put_bytes(content, extension="json", tenant=integration.tenant, feed=feed, received_at=now)


def _note(connection: Connection, context: PullContext, request: Request, stored: StoredObject, now: datetime) -> int:
    integration = context.integration
    check = documents.note_delivery(
        connection,
        tenant_id=integration.tenant_id,
        tenant=integration.tenant,
        feed=feed_of(context, request),
        stored=asdict(stored) | {"original_name": f"{integration.name}/{request.interface}"},
        received_at=now,
        integration_id=integration.integration_id,
    )
    return check.document_id


def _request_devices(connection: Connection, context: PullContext, waiting: WaitingRequest, now: datetime) -> None:
    """Once the plants are known their devices are requested, where the vendor lists devices by plant."""
    cloud, credentials = context.account.cloud, context.account.credentials
    if waiting.request.key in {request.key for request in cloud.fleet_requests(credentials)}:
        fleet = integrations.read_fleet(connection, context.integration_id)
        requests = cloud.device_requests(credentials, fleet) if fleet.plants else []
        pulls.add_requests(connection, context.integration, "fleet", requests, now=now)


def _release_moved_plants(context: PullContext, request: Request, answers: Sequence[bytes]) -> None:
    """Let another account of the tenant have the plants that a whole list of this one's lacks: they moved there."""
    vendor, parsing = context.integration.vendor, ParseContext(ZoneInfo(context.integration.timezone), request.interface)
    try:
        lists = [context.account.cloud.parse_fleet(pack(vendor, request, answer), parsing) for answer in answers]
    except BadDocument:  # refused when it was registered
        return
    listed = {plant.plant_key for one in lists for plant in one.plants}
    if listed and not any(one.rejected for one in lists):
        with transaction(context.database_url) as connection:
            integrations.release_plants(connection, context.integration_id, listed=listed)
