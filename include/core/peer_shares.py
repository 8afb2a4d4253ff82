"""Shares of the energy that an inverter should have made by its peers, below which it is called by a name."""

from typing import Final

SLIGHTLY_LOW_SHARE: Final = 0.95
LOW_SHARE: Final = 0.90
VERY_LOW_SHARE: Final = 0.70
ZERO_SHARE: Final = 0.01
