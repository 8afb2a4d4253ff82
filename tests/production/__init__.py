"""A package, so that its production ends with its last test: one that stands idle takes a seventh of a core from all others."""
