"""What SIGMA is compared with, on uvicorn with the options of `sigma serve`: `python -m benchmarks.others bare|pywa PORT PATH`.

Imports nothing that the servers do not need: their memory is measured.
"""

import sys
from typing import Any

import uvicorn


async def _bare(scope: Any, receive: Any, send: Any) -> None:
    """Read the body and answer 200: what nobody on this server can be faster than."""
    while (await receive()).get("more_body", False):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain"), (b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


def _pywa(path: str) -> Any:
    """Return pywa's fastest set-up: asynchronous, nothing logged, remembered or filtered; signatures are checked, the handler does nothing.

    Its synchronous twin, and FastAPI in place of Starlette, are slower.
    """
    import importlib  # noqa: PLC0415 - the bare endpoint must not carry pywa's memory
    import logging  # noqa: PLC0415

    from starlette.applications import Starlette  # noqa: PLC0415

    from benchmarks.bodies import APP_SECRET, VERIFY_TOKEN  # noqa: PLC0415

    logging.disable(logging.CRITICAL)
    app = Starlette()
    pywa: Any = importlib.import_module("pywa_async")
    options: dict[str, Any] = {"webhook_endpoint": path, "verify_token": VERIFY_TOKEN, "app_secret": APP_SECRET}
    client = pywa.WhatsApp(server=app, skip_duplicate_updates=False, filter_updates=False, **options)

    async def nothing(_: Any, __: Any) -> None:
        pass

    client.on_message(nothing)
    return app


def main() -> None:
    """Run a contender with uvicorn; the options are those of sigma.entrypoints.serve."""
    name, port, path = sys.argv[1:]
    uvicorn.run(
        _bare if name == "bare" else _pywa(path),
        port=int(port),
        loop="uvloop",
        http="httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        backlog=2048,
        timeout_keep_alive=75,
    )


if __name__ == "__main__":
    main()
