"""`make bench`: what SIGMA does in a second on this machine, next to what it is compared with."""
