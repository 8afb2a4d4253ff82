"""Huawei FusionSolar."""
