"""`sigma demo`: SIGMA as a newcomer meets it. A server, a simulated Meta with living customers, and a table of what arrives."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from sigma.cli import app
from sigma.cli.demo_files import SIMULATOR_TOKEN, Demo, free_port, prepare

PHONE_NUMBER_ID = "123456789012345"  # the guide's
START_SECONDS = 120
STOP_SECONDS = 20

CREATE_WORKSPACE = """mutation ($tenant: ID!, $external: String!) {
  createWorkspace(input: { tenantId: $tenant, name: "WhatsApp Business Support", platform: WHATS_APP, externalId: $external }) {
    success errors { code message } } }"""
WORKSPACES = "{ workspaces { id externalId } }"


@app.command
def demo(*, port: int = 8000, simulator_port: int = 9000, directory: Path = Path(".sigma/demo"), messages_per_minute: float = 30) -> None:
    """Show SIGMA with living traffic: server, simulated Meta, a seeded tenant. Ctrl-C stops it; its data stays for the next time.

    Parameters
    ----------
    port
        Port of SIGMA; a free one when it is taken.
    simulator_port
        Port of the simulated Meta; a free one when it is taken.
    directory
        Where the demo keeps its database, its keys and its configuration.
    messages_per_minute
        How much the simulated customers write.

    """
    prepared = prepare(directory.absolute(), free_port(port), free_port(simulator_port))
    with _server(prepared):
        api_key = _seed(prepared)
        with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
            asyncio.run(_run(prepared, api_key, messages_per_minute))
        print("\nStopping…")
    print(f"Stopped. The data stays in {prepared.directory}; `make demo` goes on with it.")


@contextlib.contextmanager
def _server(demo: Demo) -> Iterator[None]:
    """Run `sigma serve` during the body. It follows this process: its standard input ends when we do."""
    log = demo.directory / "serve.log"
    command = [sys.executable, "-m", "sigma", "--config", str(demo.config), "serve", "--until-stdin-closes"]
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, stderr=output, start_new_session=True)
        try:
            print("Starting PostgreSQL and SIGMA (the first start takes a few seconds)…", flush=True)
            _wait_until_ready(demo, process, log)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(demo: Demo, process: "subprocess.Popen[bytes]", log: Path) -> None:
    import httpx2

    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx2.TransportError):
            if httpx2.get(f"{demo.url}/health/ready", trust_env=False).is_success:
                return
        time.sleep(0.1)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])
    raise SystemExit(f"sigma: SIGMA did not start. The end of {log}:\n{tail}")


def _seed(demo: Demo) -> str:
    """Make the tenant and its workspace at the first start. Returns the API key."""
    if not demo.key_file.exists():
        arguments = ["--config", str(demo.config), "tenant", "create", "--name", "Demo", "--id", str(demo.tenant_id), "--json"]
        done = subprocess.run([sys.executable, "-m", "sigma", *arguments], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(done.stderr.strip())
        with os.fdopen(os.open(demo.key_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as target:
            target.write(json.loads(done.stdout)["apiKey"])
    api_key = demo.key_file.read_text(encoding="ascii").strip()
    answer = _ask(demo, api_key, CREATE_WORKSPACE, {"tenant": str(demo.tenant_id), "external": PHONE_NUMBER_ID})["createWorkspace"]
    if not answer["success"] and answer["errors"][0]["code"] != "WORKSPACE_ALREADY_EXISTS":
        raise SystemExit(f"sigma: {answer['errors'][0]['message']}")
    return api_key


def _ask(demo: Demo, api_key: str, query: str, variables: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the data of one GraphQL operation."""
    import httpx2

    body = {"query": query, "variables": variables or {}}
    response = httpx2.post(f"{demo.url}/graphql", json=body, headers={"Authorization": f"Bearer {api_key}"}, trust_env=False)
    data: dict[str, Any] = response.raise_for_status().json()["data"]
    return data


async def _run(demo: Demo, api_key: str, messages_per_minute: float) -> None:
    """Run the simulator and show what arrives, until Ctrl-C or SIGTERM."""
    from sigma.cli.demo_view import print_welcome, show_arrivals

    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    workspaces = (await asyncio.to_thread(_ask, demo, api_key, WORKSPACES))["workspaces"]
    workspace_id = next(workspace["id"] for workspace in workspaces if workspace["externalId"] == PHONE_NUMBER_ID)
    print_welcome(demo, api_key, workspace_id)
    async with _simulator(demo, messages_per_minute):
        await show_arrivals(lambda query, variables: _ask(demo, api_key, query, variables), workspace_id, stop)


@contextlib.asynccontextmanager
async def _simulator(demo: Demo, messages_per_minute: float) -> AsyncIterator[None]:
    """Run the simulated Meta during the body."""
    from cloud_api_simulator import SimulatorSettings, run

    settings: SimulatorSettings = SimulatorSettings(
        callback_url=f"{demo.url}/webhooks/whatsapp/{demo.tenant_id}",
        app_secret=demo.app_secret,
        verify_token=demo.verify_token,
        access_token=SIMULATOR_TOKEN,
        phone_number_id=PHONE_NUMBER_ID,
        messages_per_minute=messages_per_minute,
    )
    running = asyncio.create_task(run(settings, port=int(demo.simulator_url.rpartition(":")[2])))
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
