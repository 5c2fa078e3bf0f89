"""`sigma demo`."""
