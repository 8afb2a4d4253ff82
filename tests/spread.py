"""How the tests are spread over the cores: in groups that share what is expensive to start, the longest group first.

All end-to-end tests share one installation, those of production one, those of the page one browser, all tests of DAGs one
Airflow; elsewhere a file is a group.
"""

import pytest
from xdist.scheduler import LoadScopeScheduling

TOGETHER = ("tests/e2e/", "tests/production/", "tests/browser/", "tests/dags/")
ROOMS = (
    "e2e",
    "production",
    "browser",
    "warehouse",
    "hostile",
    "processes",
    "sources",
    "dags",
    "house",
    "api",
    "sandbox",
    "quality",
    "unit",
)
"""Rooms by how long their longest group takes."""


def group(nodeid: str) -> str:
    """What is run by one worker, in order."""
    return next((room for room in TOGETHER if nodeid.startswith(room)), nodeid.partition("::")[0])


class Groups(LoadScopeScheduling):
    """A worker that has nothing left to do takes the next group."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Groups:
    config.option.loadscopereorder = False
    return Groups(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: _place(item.nodeid.removeprefix("tests/").partition("/")[0]))


def _place(room: str) -> int:
    return ROOMS.index(room) if room in ROOMS else len(ROOMS)
