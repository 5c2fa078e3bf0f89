"""What operators watch: health, metrics and the log."""

import os
import re
import signal
from pathlib import Path

from tests.e2e.sigma_process import Sigma, eventually, text_message


def samples(text: str) -> dict[str, float]:
    """Return each sample of a Prometheus scrape by its name and labels."""
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {name: float(value) for name, value in lines}


def scrape(sigma: Sigma) -> dict[str, float]:
    answer = sigma.http("GET", "/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    return samples(answer.body.decode())


def test_health_metrics_and_log_tell_what_happened_and_name_nobody(sigma: Sigma) -> None:
    server = sigma.serve()
    live, ready = sigma.http("GET", "/health/live"), sigma.http("GET", "/health/ready")
    assert (live.status, live.json()) == (200, {"status": "live"})
    assert (ready.status, ready.json()) == (200, {"status": "ready", "database": True, "migrations": True, "journal": True})

    for n in range(5):
        assert sigma.post(text_message(f"wamid.{n}")).status == 200
    assert sigma.post(text_message("wamid.0")).status == 200
    assert sigma.post(text_message("wamid.nowhere", to="999000111222333")).status == 200
    assert sigma.post(text_message("wamid.forged"), secret="not-the-secret").status == 401
    assert sigma.http("POST", f"/webhooks/whatsapp/{sigma.tenant_id}", b"{}").status == 401
    assert sigma.post(b"{" + b" " * (3 * 1024 * 1024)).status == 413
    assert sigma.graphql("{ messages(first: 1) { nodes { id } } }")["data"]
    sigma.wait_until_projected()

    # The worker is a process of its own, and yet one scrape shows its counts too.
    stored = 'sigma_projected_total{kind="TEXT",outcome="stored"}'
    eventually(lambda: scrape(sigma).get(stored) == 5, "the worker's counts")
    found = scrape(sigma)
    assert found['sigma_projected_total{kind="TEXT",outcome="duplicate"}'] == 1
    assert found["sigma_unrouted_total"] == 1
    assert found['sigma_webhooks_accepted_total{platform="WHATS_APP"}'] == 7
    refused = {name: value for name, value in found.items() if name.startswith("sigma_webhooks_refused_total")}
    assert {re.search('reason="(.*?)"', name)[1]: value for name, value in refused.items()} == {
        "wrong_signature": 1,
        "missing_signature": 1,
        "too_large": 1,
    }
    assert found["sigma_ack_seconds_count"] == 10
    assert found["sigma_projection_lag_seconds"] < 60

    text = sigma.http("GET", "/metrics").body.decode()
    for private in (sigma.tenant_id, sigma.workspace_id, "15550001234", "15550009999", "wamid", "Ana"):
        assert private not in text
        if private != sigma.tenant_id:
            assert private not in server.text()
    reasons = [event["reason"] for event in server.events("WhatsApp webhook signature validation failed")]
    assert reasons == ["wrong_signature", "missing_signature"]
    assert all("tenant_id" in event for event in server.events("WhatsApp webhook signature validation failed"))


def is_of_metrics(file: Path) -> bool:
    return ".db" in str(file.readlink()) and "sigma-metrics-" in str(file.readlink())


def test_counts_of_a_worker_that_was_killed_stay_and_a_new_start_counts_from_nothing(sigma: Sigma) -> None:
    server = sigma.serve()
    stored = 'sigma_projected_total{kind="TEXT",outcome="stored"}'
    assert sigma.post(text_message("wamid.1")).status == 200
    eventually(lambda: scrape(sigma).get(stored) == 1, "the worker's count")
    [worker] = [process.pid for process in sigma.processes() if process.is_worker]
    os.kill(worker, signal.SIGKILL)
    assert sigma.post(text_message("wamid.2")).status == 200
    eventually(lambda: scrape(sigma).get(stored) == 2, "the counts of both workers")
    directory = next(file for file in Path(f"/proc/{server.pid}/fd").iterdir() if is_of_metrics(file)).readlink().parent
    (directory / "counter_1.db").touch()  # a process that was killed before it could write anything
    assert scrape(sigma)[stored] == 2
    server.stop()
    sigma.serve()
    assert stored not in scrape(sigma)
