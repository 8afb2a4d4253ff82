"""Deye Cloud."""
