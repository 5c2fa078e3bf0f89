"""`sigma simulate`."""
