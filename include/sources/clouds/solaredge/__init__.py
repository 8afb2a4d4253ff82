"""SolarEdge."""
