"""How the tenant's page looks, as the API tells it: the newest look of whoever asks, and of nobody else."""

import base64

import pytest
from sqlalchemy import text

from include.warehouse.engine import transaction

pytestmark = pytest.mark.postgres


def test_each_tenant_is_told_its_own_look(stage, client):
    for tenant in (stage.east, stage.west):
        assert client.get("/brand", stage.headers(tenant)).json() == {
            "data": {
                "name": tenant.slug,
                "main_colour": "#5b2a86",
                "accent_colour": "#ffd166",
                "footer": tenant.slug,
                "logo_png": base64.b64encode(tenant.slug.encode()).decode(),
            }
        }
    assert client.get("/brand").status_code == 401


def test_the_newest_look_is_told_at_once_and_a_large_logo_in_one_line(stage, client):
    headers = stage.headers(stage.east)
    before = client.get("/brand", headers)
    added = (
        "INSERT INTO fleet.brand (tenant_id, main_colour, accent_colour, logo_png, set_at) "
        "VALUES (:t, '#1b4332', '#ffffff', decode(repeat('00ff', 1000), 'hex'), now()) RETURNING brand_id"
    )
    with transaction(stage.url) as connection:
        brand_id = connection.execute(text(added), {"t": stage.east.tenant_id}).scalar_one()
    try:
        told = client.get("/brand", headers | {"If-None-Match": before.headers["etag"]})
        assert told.status_code == 200
        assert (told.json()["data"]["main_colour"], told.json()["data"]["footer"]) == ("#1b4332", None)
        assert base64.b64decode(told.json()["data"]["logo_png"], validate=True) == b"\x00\xff" * 1000
    finally:
        with transaction(stage.url) as connection:
            connection.execute(text("DELETE FROM fleet.brand WHERE brand_id = :id"), {"id": brand_id})
