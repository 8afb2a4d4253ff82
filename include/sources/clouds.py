"""The vendor clouds that can be pulled; an explicit table, nothing is registered from afar."""

from typing import Final

from include.sources import deye, huawei, sungrow
from include.sources.vendor_session import Cloud

CLOUDS: Final[dict[str, Cloud]] = {cloud.vendor.name: cloud for cloud in (sungrow.CLOUD, deye.CLOUD, huawei.CLOUD)}
"""Clouds by the vendor's name."""
