"""The vendor clouds that can be pulled; an explicit table, nothing is registered from afar."""

from typing import Final

from include.sources.clouds.cloud import Cloud
from include.sources.clouds.deye import cloud as deye
from include.sources.clouds.growatt import cloud as growatt
from include.sources.clouds.huawei import cloud as huawei
from include.sources.clouds.solaredge import cloud as solaredge
from include.sources.clouds.sungrow import cloud as sungrow

CLOUDS: Final[dict[str, Cloud]] = {
    cloud.vendor.name: cloud for cloud in (sungrow.CLOUD, deye.CLOUD, solaredge.CLOUD, growatt.CLOUD, huawei.CLOUD)
}
"""Clouds by the vendor's name."""
