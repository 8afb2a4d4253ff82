"""Huawei FusionSolar on localhost: `router`, and the demo account."""

from sandbox.huawei.gateway import PASSWORD, USER, router

__all__ = ["PASSWORD", "USER", "router"]
