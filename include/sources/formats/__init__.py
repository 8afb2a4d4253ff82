"""How numbers, instants, months, names, tables and compressed files are written."""
