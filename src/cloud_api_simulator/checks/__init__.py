"""Meta's rules about what is in a request: pure checks, no state."""
