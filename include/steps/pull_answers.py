"""A vendor's answers on their way into the house: landed untouched, many in one document; lists registered at once."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from include.core.errors import BadDocument, TryLater
from include.core.pulls import Request, WaitingRequest
from include.landing.store import ObjectStore, StoredObject
from include.sources.clouds.document import pack, pack_together
from include.sources.formats.context import ParseContext
from include.steps.pull_context import PullContext, RequestAnswer
from include.steps.pull_work_list import close_requests
from include.steps.register import register_document
from include.warehouse import documents, integrations, pulls, vendor_fleet
from include.warehouse.engine import Connection, transaction


def land_list(context: PullContext, answered: RequestAnswer) -> list[int]:
    """Land the answers of a list of the fleet, a document each; returns their ids. The request is closed by `register_lists`."""
    now = context.now()
    stored = [_put(context, answered.request.kind, document, now) for document in _documents(context, answered)]
    with transaction(context.database_url) as connection:
        return [_note(connection, context, answered.request, item, now) for item in stored]


def land_together(context: PullContext, held: Sequence[RequestAnswer]) -> Counter[str]:
    """Land answers, as many of them in one document as may be, and close their requests; returns how many documents by feed.

    A crash in between makes the requests once more, which only repeats their documents.
    """
    now = context.now()
    groups = _groups(held)
    stored = [_put(context, group[0].request.kind, pack_together(_of_all(context, group)), now) for group in groups]
    with transaction(context.database_url) as connection:
        # The account before its documents and requests, as in `plan_due`.
        close_requests(connection, context, held, now=now)
        for group, item in zip(groups, stored, strict=True):
            _note(connection, context, group[0].request, item, now)
    return Counter(feed_of(context, group[0].request) for group in groups)


def _groups(held: Sequence[RequestAnswer]) -> list[list[RequestAnswer]]:
    """Answers that may rest in one document: of one kind and span, and no two of them about the same plant or device.

    What was received later counts where two contradict each other, and that is told by documents.
    """
    groups: list[tuple[object, set[str], list[RequestAnswer]]] = []
    for answered in held:
        request = answered.request
        key, subjects = (request.kind, request.span, request.is_authoritative, bool(request.subjects)), set(request.subjects)
        fitting = (one for one in groups if one[0] == key and not one[1] & subjects and len(answered.answers) == 1)
        if (found := next(fitting, None)) is not None:
            found[1].update(subjects)
            found[2].append(answered)
        else:
            groups.append((key if len(answered.answers) == 1 else None, subjects, [answered]))
    return [group for _, _, group in groups]


def _of_all(context: PullContext, group: Sequence[RequestAnswer]) -> list[bytes]:
    return [document for answered in group for document in _documents(context, answered)]


def _documents(context: PullContext, answered: RequestAnswer) -> list[bytes]:
    return [pack(context.integration.vendor, answered.request, answer) for answer in answered.answers]


def register_lists(context: PullContext, answered: RequestAnswer, document_ids: list[int]) -> None:
    """Register the lists that a request brought, then close it; raises `TryLater` while another run registers one of them."""
    now, waiting = context.now(), answered.waiting
    for document_id in document_ids:
        register_document(context.settings, document_id, now=now, run_id=context.run_id)
    with transaction(context.database_url) as connection:
        # Another run may be at work on what we landed: what is in it counts when that run is through.
        states = documents.read_states(connection, document_ids)
        if any(state == "landed" for state, _ in states):
            raise TryLater(f"the answer of {waiting.request.interface} is not registered yet; ask again")
        _request_devices(connection, context, waiting, now)
        close_requests(connection, context, [answered], now=now)
    for state, reason in states:
        if state == "refused":
            context.note(f"the answer of {waiting.request.interface} is refused: {reason}")
    _note_listed(context, answered)


def _lists_of_all(context: PullContext) -> set[str]:
    return {request.key for request in context.account.cloud.fleet_requests(context.account.credentials)}


def feed_of(context: PullContext, request: Request) -> str:
    """Feed of the documents that a request brings."""
    return f"{context.integration.vendor}_{request.kind}"


def _put(context: PullContext, kind: str, content: bytes, now: datetime) -> StoredObject:
    integration = context.integration
    store, feed = ObjectStore(context.settings.landing), f"{integration.vendor}_{kind}"
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
        is_snapshot=request.kind in {"plants", "devices"} and request.span is None,
    )
    return check.document_id


def _request_devices(connection: Connection, context: PullContext, waiting: WaitingRequest, now: datetime) -> None:
    """Once the plants are known their devices are requested, where the vendor lists devices by plant."""
    cloud, credentials = context.account.cloud, context.account.credentials
    if waiting.request.key in _lists_of_all(context):
        fleet = integrations.read_fleet(connection, context.integration_id)
        requests = cloud.device_requests(credentials, fleet) if fleet.plants else []
        pulls.add_requests(connection, context.integration, "fleet", requests, now=now)


def _note_listed(context: PullContext, answered: RequestAnswer) -> None:
    """Note what a whole list lacks: plants that moved to another account of the tenant, and what three lists in a row lack.

    An empty list says nothing: a permission may have ended.
    """
    request = answered.request
    parsing = ParseContext(ZoneInfo(context.integration.timezone), request.interface)
    try:
        lists = [context.account.cloud.parse_fleet(document, parsing) for document in _documents(context, answered)]
    except BadDocument:  # refused when it was registered
        return
    if any(one.rejected for one in lists):
        return
    is_of_all = request.key in _lists_of_all(context)
    plants = {plant.plant_key for one in lists for plant in one.plants}
    devices = {device.device_key for one in lists for device in one.devices}
    with transaction(context.database_url) as connection:
        if plants and is_of_all:
            integrations.release_plants(connection, context.integration_id, listed=plants)
            vendor_fleet.note_listed(connection, "plant", context.integration_id, plants, now=context.now())
        if devices and (request.subjects or is_of_all):
            vendor_fleet.note_listed(
                connection, "device", context.integration_id, devices, of_plants=request.subjects, now=context.now()
            )
