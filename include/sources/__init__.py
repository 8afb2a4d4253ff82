"""Sources: one file per place data comes from. `parse` is pure: bytes in, pieces of claimed readings out."""
