"""Where we still read an answer otherwise than its vendor means it; each is a fault to mend, and the test says when it is."""

READINGS: dict[str, str] = {}
FLEETS: dict[str, str] = {}
ALARMS: dict[str, str] = {}
REFUSALS: dict[tuple[str, str, str], str] = {}
