"""The form of set_reports says which reports wait and how they look; what it leaves empty stays."""

import io
from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from PIL import Image

from include.core.errors import NeedsHuman, Refused
from include.core.settings import Settings
from include.steps.report_settings import change_report_settings
from include.steps.tenants import save_tenant

NOW = datetime(2026, 3, 1, tzinfo=UTC)
OURS = {"main_colour": "#1f4e79", "accent_colour": "#f0a830", "footer": None, "has_logo": False}


def picture(form: str = "PNG") -> str:
    drawn = io.BytesIO()
    Image.new("RGB", (40, 20), "#123456").save(drawn, form)
    return f"data:image/{form.lower()};base64,{b64encode(drawn.getvalue()).decode()}"


@pytest.fixture
def settings(warehouse_url, tmp_path):
    ours = Settings(home=tmp_path, database_url=warehouse_url)
    save_tenant(ours, "sol", {"name": "Sol"})
    return ours


def test_what_the_form_names_is_changed_and_the_rest_stays(settings):
    def change(day: int, **form):
        told = change_report_settings(settings, {"tenant": "sol", **form}, now=NOW + timedelta(days=day))
        assert told.pop("tenant") == "sol"
        return told

    assert change(0) == {"approval": [], **OURS}
    assert change(1, approval="these reports", kinds=["restated", "month"]) == {"approval": ["month", "restated"], **OURS}
    look = {"main_colour": "#5b2a86", "accent_colour": "#ffd166", "footer": "Sol Ltda.", "has_logo": True}
    form = {"main_colour": "#5B2A86", "accent_colour": "#ffd166", "footer": "Sol Ltda.", "logo": picture()}
    assert change(2, **form) == {"approval": ["month", "restated"], **look}
    assert change(3, footer="", logo=None, take_away=[]) == {"approval": ["month", "restated"], **look}
    assert change(4, take_away=["logo"], logo="")["has_logo"] is False
    assert change(5, logo="\n" + picture("JPEG") + "\n", take_away=["footer"]) == {
        "approval": ["month", "restated"], **look, "footer": None
    }  # fmt: skip
    assert change(6, approval="no report")["approval"] == []


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"tenant": "lua"}, "lua"),
        ({"approval": "these reports", "kinds": ["hour"]}, "hour does not exist"),
        ({"approval": "these reports"}, "no report is named"),
        ({"approval": "no report", "kinds": ["day"]}, "choose 'these reports', or name none"),
        ({"kinds": ["day"]}, "the form says 'as it is'"),
        ({"logo": "C:\\logo.png"}, "no data address"),
        ({"logo": "data:image/svg+xml;utf8,<svg/>"}, "no data address"),
        ({"logo": "data:image/png;base64," + b64encode(b"no picture").decode()}, "logo"),
        ({"logo": picture(), "take_away": ["logo"]}, "logo is both given and taken away"),
        ({"approval": "these reports", "kinds": ["day"], "main_colour": "#ffffff"}, "contrast"),
    ],
)
def test_a_form_that_cannot_be_changes_nothing_and_says_why(settings, form, told):
    with pytest.raises((Refused, NeedsHuman), match=told):
        change_report_settings(settings, {"tenant": "sol", "footer": "new", **form}, now=NOW)

    assert change_report_settings(settings, {"tenant": "sol"}, now=NOW) == {"tenant": "sol", "approval": [], **OURS}
