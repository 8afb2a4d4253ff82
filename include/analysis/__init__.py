"""Questions asked of the warehouse: what a fleet should have made, what went wrong, what comes next."""
