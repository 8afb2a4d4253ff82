"""Sungrow's iSolarCloud on localhost: `router`, and what a client of the OAuth family must know."""

from sandbox.sungrow.gateway import APP_ID, AUTHORISATION_CODE, router

__all__ = ["APP_ID", "AUTHORISATION_CODE", "router"]
