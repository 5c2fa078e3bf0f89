"""Fixtures of the tests with faults."""

from tests.e2e.fixtures import empty, installed, sigma

__all__ = ["empty", "installed", "sigma"]
