"""Meta's Cloud API in a box on localhost: customers who write, signed webhooks, the messages API.

Written from Meta's documents, not from SIGMA's client: it shares no code with SIGMA, else both could be wrong in the same way.
"""

from cloud_api_simulator.app import create_app
from cloud_api_simulator.server import run
from cloud_api_simulator.settings import SimulatorSettings

__all__ = ["SimulatorSettings", "create_app", "run"]
