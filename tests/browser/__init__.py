"""A package, so that its browser ends with its last test: while it runs, no other event loop may run in its process."""
