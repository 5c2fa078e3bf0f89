"""One scrape shows all processes of one `sigma serve`. Each case runs in a process of its own: the choice is made once per process."""

import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ALL_METRICS = {
    "sigma_webhooks_accepted": "counter",
    "sigma_webhooks_refused": "counter",
    "sigma_ack_seconds": "histogram",
    "sigma_journal_batch_size": "histogram",
    "sigma_projected": "counter",
    "sigma_projection_lag_seconds": "gauge",
    "sigma_projection_seconds": "histogram",
    "sigma_dead_letters": "counter",
    "sigma_unrouted": "counter",
    "sigma_sends": "counter",
    "sigma_send_seconds": "histogram",
    "sigma_outbox_queued": "gauge",
    "sigma_graphql_requests": "counter",
    "sigma_graphql_seconds": "histogram",
}
CHILD = """
from pathlib import Path
from sigma.kit.metrics import get_metrics, prepare_metrics
prepare_metrics(Path({directory!r}))
metrics = get_metrics()
metrics.webhooks_accepted.labels("whatsapp").inc(2)
metrics.projection_lag_seconds.set({lag})
metrics.ack_seconds.observe(0.2)
"""


def run(code: str, **environ: str) -> str:
    """Run code in a process of its own and return what it prints."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(code)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={name: value for name, value in os.environ.items() if "PROMETHEUS" not in name.upper()} | environ,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_in_memory_every_metric_is_there_from_the_start():
    scrape = run("""
        from sigma.kit.metrics import get_metrics, prepare_metrics, render_metrics
        prepare_metrics(None)
        get_metrics().webhooks_refused.labels("whatsapp", "mismatch").inc()
        body, content_type = render_metrics()
        assert content_type.startswith("text/plain"), content_type
        print(body.decode())
    """)
    kinds = dict(re.findall(r"^# TYPE (\w+?)(?:_total)? (counter|histogram|gauge)$", scrape, re.MULTILINE))
    assert {name: kind for name, kind in kinds.items() if not name.endswith("_created")} == ALL_METRICS
    assert 'sigma_webhooks_refused_total{platform="whatsapp",reason="mismatch"} 1.0' in scrape
    assert 'sigma_ack_seconds_bucket{le="0.25"}' in scrape
    assert 'sigma_ack_seconds_bucket{le="1.0"}' in scrape
    assert "tenant" not in scrape


def test_two_registries_of_one_process_do_not_mix():
    run("""
        from sigma.kit.metrics import get_metrics, prepare_metrics, render_metrics
        for _ in range(2):
            prepare_metrics(None)
            get_metrics().unrouted.inc()
            assert b"sigma_unrouted_total 1.0" in render_metrics()[0]
    """)


def test_a_scrape_sums_the_processes_and_shows_the_latest_lag(tmp_path):
    children = [CHILD.format(directory=str(tmp_path), lag=lag) for lag in (30.0, 4.0)]
    scrape = run(f"""
        import subprocess, sys
        from pathlib import Path
        from sigma.kit.metrics import get_metrics, prepare_metrics, render_metrics
        prepare_metrics(Path({str(tmp_path)!r}))
        get_metrics().webhooks_accepted.labels("whatsapp").inc()
        for code in {children!r}:
            subprocess.run([sys.executable, "-c", code], check=True)
        print(render_metrics()[0].decode())
    """)
    assert 'sigma_webhooks_accepted_total{platform="whatsapp"} 5.0' in scrape
    assert "sigma_projection_lag_seconds 4.0" in scrape
    assert 'sigma_ack_seconds_bucket{le="0.1"} 0.0' in scrape
    assert 'sigma_ack_seconds_bucket{le="0.25"} 2.0' in scrape
    assert len(list(tmp_path.glob("counter_*.db"))) == 3


def test_a_new_start_removes_what_dead_processes_left_and_a_child_removes_nothing(tmp_path):
    run(CHILD.format(directory=str(tmp_path), lag=1.0))
    (dead,) = tmp_path.glob("counter_*.db")
    living = tmp_path / f"counter_{os.getpid()}.db"
    living.write_bytes(b"")
    (tmp_path / "note.db").touch()
    run(CHILD.format(directory=str(tmp_path), lag=1.0), PROMETHEUS_MULTIPROC_DIR=str(tmp_path))
    assert dead.exists()
    run(CHILD.format(directory=str(tmp_path), lag=1.0))
    assert not dead.exists()
    assert living.exists()
    assert (tmp_path / "note.db").exists()


def test_the_file_of_an_earlier_process_with_our_number_is_not_continued(tmp_path):
    scrape = run(f"""
        import os
        from pathlib import Path
        from sigma.kit.metrics import get_metrics, prepare_metrics, render_metrics
        directory = Path({str(tmp_path)!r})
        (directory / f"counter_{{os.getpid()}}.db").write_bytes(b"left over")
        prepare_metrics(directory)
        get_metrics().dead_letters.inc()
        print(render_metrics()[0].decode())
    """)
    assert "sigma_dead_letters_total 1.0" in scrape


@pytest.mark.parametrize(("first", "then"), [("None", "directory"), ("directory", "None"), ("directory", "directory / 'other'")])
def test_changing_the_place_too_late_is_refused(tmp_path, first, then):
    run(f"""
        from pathlib import Path
        from sigma.kit.metrics import get_metrics, prepare_metrics
        directory = Path({str(tmp_path)!r})
        prepare_metrics({first})
        get_metrics()
        try:
            prepare_metrics({then})
        except RuntimeError as error:
            assert "too late" in str(error)
        else:
            raise AssertionError
        prepare_metrics({first})
    """)


def test_the_directory_is_made_for_its_owner_alone(tmp_path: Path):
    directory = tmp_path / "a/metrics"
    run(CHILD.format(directory=str(directory), lag=1.0))
    assert directory.stat().st_mode & 0o077 == 0
