"""An account of the served Deye Cloud, and what its answers say."""

from include.sources.clouds.deye.cloud import CLOUD
from include.sources.clouds.document import pack
from include.sources.clouds.http import VendorHttp
from include.sources.clouds.session import Session
from tests.unit.sources.clouds.deye.builders import ACCOUNT, readings
from tests.unit.sources.clouds.fakes import FreeBudget, MemoryTokens


class Account:
    """A session with the served cloud, its tokens, and its budget, which refuses nothing."""

    def __init__(self, url, **fields):
        self.budget = FreeBudget()
        self.tokens = MemoryTokens()
        self.session = Session(CLOUD, VendorHttp(url), {**ACCOUNT, **fields}, tokens=self.tokens, budget=self.budget)

    def landed(self, *requests):
        """The documents of all answers to the requests."""
        return [pack("deye", request, answer.raw) for request in requests for answer in CLOUD.fetch(self.session, request)]

    def readings(self, *requests):
        return readings(*self.landed(*requests))


def known(instants, values):
    return {instant: value for instant, value in zip(instants, values, strict=True) if value is not None}
