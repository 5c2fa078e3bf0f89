"""`python -m sigma` is `sigma`."""

from sigma.cli import main

main()
