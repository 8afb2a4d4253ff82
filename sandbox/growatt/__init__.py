"""Growatt on localhost: `router`, and the demo account's token."""

from sandbox.growatt.gateway import API_TOKEN, router

__all__ = ["API_TOKEN", "router"]
