"""SolarEdge on localhost: `router`, and the demo account's key."""

from sandbox.solaredge.gateway import API_KEY, router

__all__ = ["API_KEY", "router"]
