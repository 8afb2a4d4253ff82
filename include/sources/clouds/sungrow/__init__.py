"""Sungrow iSolarCloud."""
