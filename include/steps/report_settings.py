"""A form says which reports of a tenant wait for a person, and how its reports look."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from include.core.errors import Refused
from include.core.settings import Settings
from include.steps.approvals import choose_approval, list_waiting, require_kinds
from include.steps.tenants import save_brand

_DATA_ADDRESS: Final = "data:"
_LOOKS: Final = ("main_colour", "accent_colour", "footer")


def change_report_settings(settings: Settings, form: Mapping[str, Any], *, now: datetime) -> dict[str, Any]:
    """Carry out the form of `set_reports`: what it leaves empty stays; returns tenant, approval (kinds), and the look.

    Raises `Refused` for what cannot be, and changes nothing then.
    """
    tenant, kinds = form["tenant"], _kinds(form)
    require_kinds(kinds or ())
    brand = save_brand(settings, tenant, _look(form), now=now)
    if kinds is not None:
        choose_approval(settings, tenant=tenant, kinds=kinds)
    look = {name: getattr(brand, name) for name in _LOOKS}
    return {"tenant": tenant, "approval": list_waiting(settings, tenant)[0], **look, "has_logo": brand.logo_png is not None}


def _kinds(form: Mapping[str, Any]) -> list[str] | None:
    """The kinds that are to wait, None to leave them."""
    kinds, choice = form.get("kinds") or [], form.get("approval", "as it is")
    if choice == "these reports" and not kinds:
        raise Refused("no report is named that is to wait; name some, or choose 'no report'")
    if choice != "these reports" and kinds:
        raise Refused(f"reports {', '.join(kinds)} are named, but the form says {choice!r}; choose 'these reports', or name none")
    return None if choice == "as it is" else kinds


def _look(form: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of `save_brand` that the form changes."""
    given = {name: form[name] for name in _LOOKS if form.get(name)}
    given |= {"logo": _picture(form["logo"])} if form.get("logo") else {}
    taken = dict.fromkeys(form.get("take_away") or ())
    if both := ", ".join(sorted(given.keys() & taken)):
        raise Refused(f"{both} is both given and taken away; do one of the two")
    return {name: value.lower() if name.endswith("colour") else value for name, value in given.items()} | taken


def _picture(address: str) -> bytes:
    """The bytes of a data address, or of base64 alone."""
    text = address.strip()
    told = text.partition(",")[2] if text.startswith(_DATA_ADDRESS) else text
    try:
        return b64decode("".join(told.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused("the logo is no data address of a picture (data:image/png;base64,...); copy it whole") from error
