"""The read-only API: routers, log-in and answers; SQL-free, reads through `include.warehouse`, minutes by `include.rollups`."""
