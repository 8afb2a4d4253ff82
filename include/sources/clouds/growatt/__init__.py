"""Growatt."""
