"""Fixtures that every folder of tests may use: one PostgreSQL for the run, one database for each test, cloned from a migrated template."""

import fcntl
import itertools
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import psycopg
import pytest
from prometheus_client import CollectorRegistry
from psycopg.conninfo import make_conninfo

from sigma.entrypoints.installation import Installation
from sigma.kit.metrics import Metrics
from sigma.kit.postgres import EmbeddedPostgres
from sigma.kit.schema import create_database, migrate
from sigma.kit.settings import Settings
from tests.world import APP_SECRET, VERIFY_TOKEN, World, a_world

MASTER_KEY = bytes(range(32))
TEMPLATE = "sigma_template"
_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the PostgreSQL of this run keeps its data; all workers share it."""
    shared = tmp_path_factory.getbasetemp()
    return (shared.parent if "PYTEST_XDIST_WORKER" in os.environ else shared) / "postgres"


@pytest.fixture(scope="session")
def postgres_server(postgres_directory: Path) -> Iterator[str]:
    """The administrator's conninfo of one PostgreSQL that all workers of this run share, with a migrated template database."""
    with EmbeddedPostgres(postgres_directory) as server:
        admin = server.start()
        with postgres_directory.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            _spare_the_disk(admin)
            migrate(create_database(admin, TEMPLATE), master_key=MASTER_KEY)
        yield admin


def _spare_the_disk(admin: str) -> None:
    """Nobody cuts the power of this server: what a test asserts does not depend on fsync, and every clone and commit is quicker without."""
    with psycopg.connect(admin, autocommit=True) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("SELECT pg_reload_conf()")


@pytest.fixture
def database_conninfo(postgres_server: str) -> Iterator[str]:
    """The administrator's conninfo of a migrated database that this test has to itself."""
    name = f"test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE {TEMPLATE}')
    yield make_conninfo(postgres_server, dbname=name)
    with psycopg.connect(postgres_server, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def make_settings() -> Settings:
    """Return settings with one app secret and a verify token."""
    return Settings.model_validate({"Platforms": {"WhatsApp": {"DefaultAppSecret": [APP_SECRET], "VerifyToken": VERIFY_TOKEN}}})


@pytest.fixture
def installation(database_conninfo: str) -> Installation:
    """An installation on the test's database."""
    return Installation(make_settings(), MASTER_KEY, database_conninfo)


@pytest.fixture
def metrics() -> Metrics:
    """Metrics of the test's own."""
    return Metrics(CollectorRegistry())


@pytest.fixture
async def world(installation: Installation, metrics: Metrics) -> AsyncIterator[World]:
    """One tenant with one workspace, HTTP, journal and projector."""
    async with a_world(installation, metrics) as built:
        yield built


@pytest.fixture(scope="session")
def payloads() -> Path:
    """The folder of real webhook bodies."""
    return Path(__file__).parent / "data" / "whatsapp" / "webhooks"
