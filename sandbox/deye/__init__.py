"""Deye Cloud on localhost: `router`, and the demo account's company."""

from sandbox.deye.gateway import COMPANY_ID, router

__all__ = ["COMPANY_ID", "router"]
