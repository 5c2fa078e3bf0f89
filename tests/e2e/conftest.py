"""Fixtures of the end-to-end tests."""

from tests.e2e.fixtures import empty, installed, sigma

__all__ = ["empty", "installed", "sigma"]
