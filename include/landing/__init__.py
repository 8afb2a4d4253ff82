"""Landing: where untouched documents rest, and the drop folder through which files come in."""
