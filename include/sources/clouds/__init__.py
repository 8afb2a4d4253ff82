"""Vendor clouds: what they share, and a folder for each with the same pages."""
