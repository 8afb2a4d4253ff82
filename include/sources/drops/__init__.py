"""Feeds of dropped files, one file each."""
