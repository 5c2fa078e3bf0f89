"""The simulator for other people's tests: `pytest_plugins = ["cloud_api_simulator.pytest_plugin"]`, then ask for `cloud_api`.

It runs on a port of its own, in a thread of its own, one for each test. Override `cloud_api_settings` to change how it behaves.
"""

from collections.abc import Iterator

import pytest

from cloud_api_simulator.settings import SimulatorSettings
from cloud_api_simulator.testing import PROMPT, CloudApi, running


@pytest.fixture
def cloud_api_settings() -> SimulatorSettings:
    """How the simulator behaves: quick, without chance, with all of Meta's rules. Override it to change that."""
    return PROMPT


@pytest.fixture
def cloud_api(cloud_api_settings: SimulatorSettings) -> Iterator[CloudApi]:
    """Meta's Cloud API on a port of its own, for one test."""
    with running(cloud_api_settings) as api:
        yield api
