"""The disk is full."""

import pytest


@pytest.mark.faults
@pytest.mark.skip(reason="needs a file system of its own (root and mount), which the machines that run this suite may not offer")
def test_full_disk_refuses_and_recovers_alone() -> None:
    """See fault 8 in the reliability notes: a tmpfs of 120 MB as data directory, filled under load, then made larger."""
