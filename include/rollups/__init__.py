"""Readings become hours, days, weeks, months and years: plain SQL, for the days that changed."""
