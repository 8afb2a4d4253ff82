"""The quality room: what must be true before the warehouse, and the split of good and quarantined rows."""
