"""An account of the served FusionSolar, its fleet, and what its answers say."""

from include.core.pulls import PulledDevice, PulledFleet, PulledPlant
from include.core.span import day_span
from include.sources.clouds.document import pack
from include.sources.clouds.http import VendorHttp
from include.sources.clouds.huawei.cloud import CLOUD
from include.sources.clouds.session import Session
from tests.unit.sources.clouds.fakes import FreeBudget, MemoryTokens
from tests.unit.sources.clouds.huawei.builders import CREDENTIALS, DAY

WEATHER_STATION = "1000000080000000"


class Account:
    """A session with the served cloud, and its budget, which refuses nothing."""

    def __init__(self, url, credentials=CREDENTIALS):
        self.budget = FreeBudget()
        self.session = Session(CLOUD, VendorHttp(url), credentials, tokens=MemoryTokens(), budget=self.budget)

    def landed(self, requests):
        """The documents of all answers to the requests."""
        return [pack("huawei", request, answer.raw) for request in requests for answer in CLOUD.fetch(self.session, request)]


def fleet_of(world):
    """The served plants and inverters as registered ones, and the weather station."""
    plants = world.sunshine.plants("huawei")
    inverters = [PulledDevice(own.key, plant.key, "1") for plant in plants for own in plant.inverters]
    return PulledFleet(
        tuple(PulledPlant(plant.key, plant.timezone) for plant in plants),
        (*inverters, PulledDevice(WEATHER_STATION, plants[0].key, "10")),
    )


def series(found, subject, quantity, plant, day=DAY):
    """The readings of one local day, by instant."""
    span = day_span(day, plant.zone())
    return {
        when: value
        for (who, what, when), value in found.items()
        if (who, what) == (subject, quantity) and span.start <= when < span.end
    }


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}
