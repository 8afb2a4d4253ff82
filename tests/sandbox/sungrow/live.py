"""Accounts of the served iSolarCloud, and what it serves."""

from include.sources.clouds.document import pack
from include.sources.clouds.http import VendorHttp
from include.sources.clouds.session import Session
from include.sources.clouds.sungrow.cloud import CLOUD
from sandbox.sunshine import sunshine
from tests.unit.sources.clouds.fakes import FreeBudget, MemoryTokens

PLANTS = sunshine().plants("sungrow")
SAO_PAULO, BERLIN, SHANGHAI = PLANTS
INVERTERS = [inverter for plant in PLANTS for inverter in plant.inverters]


def posting(clouds):
    """Calls at the served cloud, without a token."""
    http = VendorHttp(clouds.url)
    return lambda interface, call: http.send(call)


def session_of(clouds, credentials):
    """A session whose first call logs in; owners have consented."""
    last = None if credentials.get("login") else CLOUD.authorize(posting(clouds), credentials, "code01")
    tokens = MemoryTokens(last, is_good=False)
    return Session(CLOUD, VendorHttp(clouds.url), credentials, tokens=tokens, budget=FreeBudget())


def documents(session, requests):
    """The landed answers to requests."""
    return [pack("sungrow", request, answer.raw) for request in requests for answer in CLOUD.fetch(session, request)]
