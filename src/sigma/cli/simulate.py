"""`sigma simulate`."""

import asyncio
import os

from sigma.cli import app


@app.command
def simulate(
    *,
    callback_url: str,
    app_secret: str | None = None,
    verify_token: str | None = None,
    phone_number_id: str = "106540352242922",
    host: str = "127.0.0.1",
    port: int = 9000,
    messages_per_minute: float = 30,
    customers: int = 12,
    seed: int = 1,
    traffic: bool = True,
) -> None:
    """Run Meta's Cloud API in a box: customers who write to the callback URL, signed as Meta signs.

    Parameters
    ----------
    callback_url
        Where webhooks go, such as http://127.0.0.1:8000/webhooks/whatsapp/<tenant id>.
    app_secret
        The secret that webhooks are signed with; SIMULATOR_APP_SECRET otherwise, which other users of this machine cannot see.
    verify_token
        What the verification request carries; SIMULATOR_VERIFY_TOKEN otherwise.
    phone_number_id
        The phone number id of the business.
    host
        Address to listen on.
    port
        Port to listen on.
    messages_per_minute
        How much the customers write.
    customers
        How many customers there are.
    seed
        The same seed tells the same story.
    traffic
        Whether customers write on their own; without, use the control API under /_control/.

    """
    from cloud_api_simulator import SimulatorSettings, run

    settings = SimulatorSettings(
        callback_url=callback_url,
        app_secret=app_secret or _needed("SIMULATOR_APP_SECRET"),
        verify_token=verify_token or _needed("SIMULATOR_VERIFY_TOKEN"),
        phone_number_id=phone_number_id,
        customers=customers,
        messages_per_minute=messages_per_minute,
        seed=seed,
        traffic=traffic,
    )
    print(f"Simulating Meta's Cloud API on http://{host}:{port}; control it under /_control/. Ctrl-C stops it.")
    asyncio.run(run(settings, host=host, port=port))


def _needed(variable: str) -> str:
    value = os.environ.get(variable)
    if not value:
        raise SystemExit(f"sigma: set {variable}, or give the option")
    return value
