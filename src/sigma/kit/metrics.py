"""Prometheus metrics, in one place. No label may name a tenant: the scrape is readable by whoever runs the machine's monitoring.

The processes of one `sigma serve` count into files of one directory, so that a scrape of any of them shows their sum.
prometheus_client decides between memory and files when it is first imported; that is why it is imported inside functions here.
"""

import fcntl
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from sigma.kit.clock import now

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry
    from prometheus_client.metrics_core import Metric

_DIRECTORY_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
_DIRECTORY_PREFIX = "sigma-metrics-"
_YOUNG_SECONDS = 60  # it may not have been locked yet
_ACK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0)
_WORK_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
_BATCH_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024)


class Metrics:
    """Every metric of SIGMA. On a hot path bind a metric's labels once: `accepted = metrics.webhooks_accepted.labels("whatsapp")`."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        from prometheus_client import Counter, Gauge, Histogram  # noqa: PLC0415 - see above

        self.webhooks_accepted = Counter("sigma_webhooks_accepted", "Webhooks answered 200.", ["platform"], registry=registry)
        self.webhooks_refused = Counter("sigma_webhooks_refused", "Webhooks answered otherwise.", ["platform", "reason"], registry=registry)
        self.ack_seconds = Histogram(
            "sigma_ack_seconds", "From a webhook's arrival to its answer.", buckets=_ACK_BUCKETS, registry=registry
        )
        self.journal_batch_size = Histogram(
            "sigma_journal_batch_size", "Webhooks in one commit of the journal.", buckets=_BATCH_BUCKETS, registry=registry
        )
        self.projected = Counter("sigma_projected", "Items of webhooks projected.", ["kind", "outcome"], registry=registry)
        # The latest measurement of any process: a process that ended must not hold up an old lag, as the maximum of all would.
        self.projection_lag_seconds = Gauge(
            "sigma_projection_lag_seconds",
            "Age of the oldest webhook of the last projected batch.",
            multiprocess_mode="mostrecent",
            registry=registry,
        )
        self.projection_seconds = Histogram(
            "sigma_projection_seconds", "One batch of the projector.", buckets=_WORK_BUCKETS, registry=registry
        )
        self.dead_letters = Counter("sigma_dead_letters", "Webhooks set aside because projecting them failed.", registry=registry)
        self.unrouted = Counter("sigma_unrouted", "Webhooks with items for a number that no workspace owns.", registry=registry)
        self.sends = Counter("sigma_sends", "Calls that handed over a message, by what came of them.", ["outcome"], registry=registry)
        self.send_seconds = Histogram("sigma_send_seconds", "One such call.", buckets=_WORK_BUCKETS, registry=registry)
        self.outbox_queued = Gauge(
            "sigma_outbox_queued", "Messages that wait to be sent.", ["lane"], multiprocess_mode="mostrecent", registry=registry
        )
        self.graphql_requests = Counter("sigma_graphql_requests", "GraphQL operations.", ["outcome"], registry=registry)
        self.graphql_seconds = Histogram("sigma_graphql_seconds", "One GraphQL operation.", buckets=_WORK_BUCKETS, registry=registry)


class _State:
    """The metrics of this process, made on first use."""

    metrics: Metrics | None = None
    registry: "CollectorRegistry | None" = None


@contextmanager
def metrics_directory() -> Iterator[Path]:
    """Give a new directory to count into, which goes in the end. Those of processes that were killed are cleared away now."""
    for left in Path(tempfile.gettempdir()).glob(f"{_DIRECTORY_PREFIX}*"):
        with suppress(OSError):
            _remove_if_abandoned(left)
    with tempfile.TemporaryDirectory(prefix=_DIRECTORY_PREFIX, ignore_cleanup_errors=True) as name:
        fd = os.open(name, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)  # ends with this process, however it ends
            yield Path(name)
        finally:
            os.close(fd)


def _remove_if_abandoned(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(fd)
        if found.st_uid != os.geteuid() or found.st_mtime > now().timestamp() - _YOUNG_SECONDS:
            return
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(directory)
    finally:
        os.close(fd)


def prepare_metrics(directory: Path | None) -> None:
    """Count into files of a directory that one `sigma serve` has to itself, or in memory for None. Call it before anything is counted.

    The first process removes what dead processes left there; its children inherit the directory and leave it alone.
    Raises: RuntimeError when prometheus_client was imported before and counts elsewhere.
    """
    wanted = str(directory.absolute()) if directory else None
    inherited = os.environ.get(_DIRECTORY_VARIABLE)
    if "prometheus_client" in sys.modules and wanted != (inherited if _counts_into_files() else None):
        raise RuntimeError("prepare_metrics came too late: prometheus_client is already imported and counts elsewhere")
    _State.metrics = _State.registry = None
    if directory is None or wanted is None:
        os.environ.pop(_DIRECTORY_VARIABLE, None)
        return
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    if inherited != wanted:
        _remove_stale_files(directory)
    os.environ[_DIRECTORY_VARIABLE] = wanted


def get_metrics() -> Metrics:
    """Return the metrics of this process."""
    if _State.metrics is None:
        from prometheus_client import CollectorRegistry  # noqa: PLC0415 - see above

        _State.registry = CollectorRegistry()
        _State.metrics = Metrics(_State.registry)
    return _State.metrics


def render_metrics() -> tuple[bytes, str]:
    """Return the body and the content type of a scrape: of all processes that share the directory, or of this one."""
    get_metrics()
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest  # noqa: PLC0415 - see above
    from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

    class WholeFilesCollector(MultiProcessCollector):
        """Leaves out the file of a process that is just starting, or was killed while it did: it is empty, and cannot be read."""

        def collect(self) -> "Iterable[Metric]":
            directory = Path(os.environ[_DIRECTORY_VARIABLE])
            files = [str(file) for file in directory.glob("*.db") if file.stat().st_size]
            return self.merge(files, accumulate=True)  # type: ignore[no-any-return, no-untyped-call]

    registry = _State.registry or CollectorRegistry()
    if _counts_into_files():
        registry = CollectorRegistry()
        WholeFilesCollector(registry)  # type: ignore[no-untyped-call]
    return generate_latest(registry), CONTENT_TYPE_LATEST


def _counts_into_files() -> bool:
    """Whether prometheus_client decided for files when it was imported."""
    from prometheus_client import values  # noqa: PLC0415 - see above

    return bool(getattr(values.ValueClass, "_multiprocess", False))


def _remove_stale_files(directory: Path) -> None:
    """Remove the files of processes that are no more, and those of an earlier process that had our number, as in a container."""
    for file in directory.glob("*.db"):
        number = file.stem.rpartition("_")[2]
        if number.isdecimal() and (int(number) == os.getpid() or not _is_alive(int(number))):
            file.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # elsewhere os.kill(pid, 0) is no question but an order
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
