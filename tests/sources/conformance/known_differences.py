"""Where we still read an answer otherwise than its vendor means it; each is a fault to mend, and the test says when it is."""

STALE = "a device that has lost its communication still reports its last power"

READINGS = {
    "huawei/getDevRealKpi-disconnected": STALE,
}
FLEETS = {
    "sungrow/getPowerStationList-page-2": "a plant without a place gets no zone, though the vendor names a fixed offset",
    "sungrow/getPowerStationList-grid-connection": "the day on which the plant was entered is taken for that of its connection",
}
ALARMS = {
    "sungrow/getFaultAlarmInfo": "the device's fault code is taken for advice",
    "sungrow/platform-getFaultAlarmInfo": "the device's fault code is taken for advice",
}
REFUSALS = {
    ("deye", "station/list", "3201001"): "HTTP 500 with this code may mean a dead token, too",
}
