"""Plants and devices that the vendor refuses: they are left out of the requests of their group, and asked alone, rarely."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from include.core.pulls import Request
from include.sources.clouds.portions import members_of, some_of

RefusedMembers = Mapping[tuple[str, str], datetime]
"""When a refused member may be asked again, by interface and key."""

FIRST_REST: Final = timedelta(hours=1)
LONGEST_REST: Final = timedelta(hours=20)
"""How long a refused member is left alone, at first and at last: less than a day, as what is planned once a day asks each day."""


def spared(
    requests: Iterable[Request], refused: RefusedMembers, group_fields: Mapping[str, str], now: datetime
) -> Iterator[Request]:
    """The requests without the members that are refused; one that may be asked again is asked alone."""
    for request in requests:
        group_field = group_fields.get(request.interface)
        members = members_of(request, group_field)
        rests_until = {place: at for place, key in enumerate(members) if (at := refused.get((request.interface, key)))}
        if not rests_until:
            yield request
        elif group_field is None or len(members) == 1:
            if all(at <= now for at in rests_until.values()):
                yield request
        else:
            if others := [place for place in range(len(members)) if place not in rests_until]:
                yield some_of(request, group_field, others)
            yield from (some_of(request, group_field, [place]) for place, at in rests_until.items() if at <= now)
