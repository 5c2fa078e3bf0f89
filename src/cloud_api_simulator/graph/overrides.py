"""Saves another callback, after it has given the challenge back. Source: Cloud API webhooks, overrides; checked 2026-09 (cloud-api.md 1)."""

from urllib.parse import urlsplit

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.callbacks import MAX_URL_CHARS, Callback
from cloud_api_simulator.simulator import Simulator


async def overriding(simulator: Simulator, given: Json) -> Callback | None:
    """Return the callback of an override that works; None when the override is to go. Raises: GraphError 100, 2200."""
    url = given.get("override_callback_uri")
    if not url:
        return None
    return await verified(simulator, url, given.get("verify_token"), parameter="override_callback_uri")


async def verified(simulator: Simulator, url: object, verify_token: object, *, parameter: str) -> Callback:
    """Return a callback that has given the challenge back. Raises: GraphError 100, 2200."""
    if not isinstance(url, str) or len(url) > MAX_URL_CHARS or urlsplit(url).scheme not in {"http", "https"}:
        raise errors.invalid(parameter, f"be a valid URL of at most {MAX_URL_CHARS} characters")
    if not isinstance(verify_token, str) or not verify_token:
        raise errors.required("verify_token")
    callback = Callback(url, verify_token)
    problem = await simulator.handshake.check(callback)
    if problem is not None:
        raise errors.unverified_callback(problem)
    simulator.handshake.accept()
    return callback
