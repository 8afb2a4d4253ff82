"""A route that belongs to no part of the API, or to several, opens to no key."""

from types import SimpleNamespace

import pytest

from api.scopes import NO_SCOPE, SCOPE_OF_TAG, scope_of
from include.warehouse.access_keys import SCOPES


@pytest.mark.parametrize(
    ("tags", "scope"),
    [
        (["devices"], "plants"),
        (["plants", "devices"], "plants"),
        (["plants", "reports"], NO_SCOPE),
        (["plants", "something new"], NO_SCOPE),
        (["something new"], NO_SCOPE),
        ([], NO_SCOPE),
    ],
)
def test_the_scope_of_a_route_is_that_of_its_part(tags, scope):
    assert scope_of(SimpleNamespace(scope={"route": SimpleNamespace(tags=tags)})) == scope


def test_an_address_without_a_route_opens_to_no_key():
    assert scope_of(SimpleNamespace(scope={})) == NO_SCOPE


def test_no_key_can_have_the_scope_of_what_none_may_read_and_each_scope_opens_something():
    assert set(SCOPE_OF_TAG.values()) == set(SCOPES)
    assert NO_SCOPE not in SCOPES
