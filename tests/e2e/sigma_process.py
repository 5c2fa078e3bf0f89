"""Drives SIGMA from outside, as its users do: the `sigma` command, HTTP and SQL, with real processes in a directory of its own.

Nothing waits blindly: every wait is for a fact and has a deadline. Nothing outlives its test: `close` ends every process that still
works in the directory, by its id. Processes are found through /proc.
"""

import hashlib
import hmac
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo

SIGMA = Path(sys.executable).with_name("sigma")
APP_SECRET = "an-app-secret-that-only-this-test-knows"
DEFAULT_APP_SECRET = "the-default-app-secret-of-this-test"
VERIFY_TOKEN = "a-verify-token-of-this-test-only"
ACCESS_TOKEN = "EAAthisTestsOwnAccessToken"
SECRETS = (APP_SECRET, DEFAULT_APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN)
PHONE_NUMBER_ID = "123456789012345"
START_SECONDS = 60
STOP_SECONDS = 30

CREATE_WORKSPACE = """mutation ($tenant: ID!, $external: String!) {
  createWorkspace(input: { tenantId: $tenant, name: "Support", platform: WHATS_APP, externalId: $external }) {
    success workspace { id } errors { code message } } }"""

T = TypeVar("T")


def eventually(condition: Callable[[], T], what: str, *, seconds: float = 20) -> T:
    """Return the condition's value as soon as it is true."""
    until = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.02)
    return value


@dataclass(frozen=True)
class Answer:
    """An HTTP answer; header names are in lower case."""

    status: int
    body: bytes
    headers: dict[str, str]
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Process:
    """A process as /proc shows it."""

    pid: int
    command: str

    @property
    def is_postmaster(self) -> bool:
        return "/bin/postgres -D" in self.command

    @property
    def is_keeper(self) -> bool:
        return "postgres_keeper.py" in self.command

    @property
    def is_worker(self) -> bool:
        return "--role worker --until-stdin-closes" in self.command

    @property
    def is_postgres(self) -> bool:
        return self.is_postmaster or self.command.startswith("postgres:")


class Server:
    """One `sigma serve`, with its log in a file."""

    def __init__(self, command: list[str], home: Path, environment: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                command, cwd=home, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True
            )

    @property
    def pid(self) -> int:
        return self.process.pid

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def events(self, name: str | None = None) -> list[dict[str, Any]]:
        """Return the lines of the log, all of which must be JSON, perhaps those of one event only. A line still being written is left out."""
        whole, _, _ = self.text().rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        return [line for line in lines if name is None or line["event"] == name]

    def has_logged(self, name: str, **values: Any) -> bool:
        return any(values.items() <= event.items() for event in self.events(name))

    def wait_for(self, name: str, **values: Any) -> dict[str, Any]:
        """Return the first such event of the log, waiting for it while the process lives."""

        def found() -> list[dict[str, Any]]:
            events = [event for event in self.events(name) if values.items() <= event.items()]
            assert events or self.process.poll() is None, f"sigma serve ended with {self.process.returncode}:\n{self.text()[-3000:]}"
            return events

        return eventually(found, f"{name} in the log:\n{self.text()[-3000:]}", seconds=START_SECONDS)[0]

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Return the exit code, after a signal to this process alone."""
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def kill(self) -> None:
        """SIGKILL to the process group, as a terminal or a service manager would send it."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)


class Sigma:
    """One SIGMA installation in a directory of its own."""

    def __init__(self, home: Path, *, tenant_id: str | None = None, api_key: str = "", workspace_id: str = "") -> None:
        self.home = home
        self.tenant_id = tenant_id or str(uuid.uuid4())
        self.api_key = api_key
        self.workspace_id = workspace_id
        self.port = 0
        self.servers: list[Server] = []
        self.external_conninfo: str | None = None
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8"}
        self.settings: dict[str, Any] = {
            "Platforms": {
                "WhatsApp": {
                    "AppSecrets": {self.tenant_id: APP_SECRET},
                    "DefaultAppSecret": DEFAULT_APP_SECRET,
                    "VerifyToken": VERIFY_TOKEN,
                    "DefaultAccessToken": ACCESS_TOKEN,
                }
            }
        }
        self.configure()

    def configure(self, **sections: Any) -> None:
        """Write `appsettings.json`, with these sections in place of those that were there."""
        self.settings |= sections
        file = self.home / "appsettings.json"
        file.touch(mode=0o600)
        file.write_text(json.dumps(self.settings))

    def use_database(self, conninfo: str) -> None:
        """Point `Database.Url` at another PostgreSQL."""
        self.external_conninfo = conninfo
        at = {name: quote(str(value), safe="") for name, value in conninfo_to_dict(conninfo).items()}
        url = f"postgresql://{at['user']}:{at['password']}@:{at['port']}/{at['dbname']}?host={at['host']}"  # as a host may be a directory
        self.configure(Database={"Url": url})

    # The command line

    def run(self, *arguments: str, stdin: str | None = None, seconds: float = 60, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run a `sigma` command to its end."""
        return subprocess.run(
            [str(SIGMA), *arguments],
            cwd=self.home,
            env=self.environment | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def ok(self, *arguments: str, **options: Any) -> str:
        """Return what a `sigma` command that must succeed printed."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, f"sigma {' '.join(arguments)} exited {done.returncode}:\n{done.stdout}{done.stderr}"
        return done.stdout

    def psql(self, sql: str) -> str:
        return self.ok("psql", "--", "-v", "ON_ERROR_STOP=1", "-At", "-c", sql).strip()

    # Processes

    def launch(self, *arguments: str, **variables: str) -> Server:
        """Start `sigma serve` and return at once."""
        command = [str(SIGMA), "serve", *arguments] if "--role" in arguments else [str(SIGMA), "serve", "--port", "0", *arguments]
        server = Server(command, self.home, self.environment | variables, self.home / f"serve-{len(self.servers)}.log")
        self.servers.append(server)
        return server

    def serve(self, *arguments: str, **variables: str) -> Server:
        """Start `sigma serve` and return when it is ready, and its worker too."""
        server = self.launch(*arguments, **variables)
        if "worker" not in arguments:
            self.port = server.wait_for("sigma.ready")["port"]
            eventually(lambda: self.http("GET", "/health/ready").status == 200, "ready", seconds=START_SECONDS)
        if "http" not in arguments:
            server.wait_for("sigma.ready", role="worker")
        return server

    def processes(self) -> list[Process]:
        """Return every process that works in this directory or names it: servers, workers, PostgreSQL and its keeper."""
        return list(_processes_of(self.home))

    def postmaster(self) -> int:
        return int((self.home / ".sigma/postgres/pgdata/postmaster.pid").read_text().split()[0])

    def close(self) -> None:
        """End everything and remove the directory. What a failed test should show is printed."""
        for server in self.servers:
            with suppress(subprocess.TimeoutExpired):
                server.stop()
        for process in self.processes():  # only after a failure is anything left
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGCONT)
                os.kill(process.pid, signal.SIGKILL)
        for server in self.servers:
            server.process.wait(STOP_SECONDS)
            print(f"The end of {server.log.name}:\n{server.text()[-3000:]}")  # noqa: T201 - pytest shows it when the test failed
        eventually(lambda: not self.processes(), f"nothing left in {self.home}")
        shutil.rmtree(self.home, ignore_errors=True)

    # HTTP

    def http(
        self, method: str, path: str, body: str | bytes | None = None, headers: dict[str, str] | None = None, *, seconds: float = 30
    ) -> Answer:
        """Return the answer of the server. Raises: OSError."""
        started = time.monotonic()
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)) as connection:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            content = response.read()
            names = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, content, names, time.monotonic() - started)

    def post(self, body: Any, *, secret: str = APP_SECRET, tenant: str | None = None, seconds: float = 30) -> Answer:
        """Post a webhook, signed."""
        path, raw, headers = self.signed(body, secret=secret, tenant=tenant)
        return self.http("POST", path, raw, headers, seconds=seconds)

    def signed(self, body: Any, *, secret: str = APP_SECRET, tenant: str | None = None) -> tuple[str, bytes, dict[str, str]]:
        """Return path, body and headers of a webhook; bytes are sent as they are, anything else as JSON."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        signature = "sha256=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": signature}
        return f"/webhooks/whatsapp/{tenant or self.tenant_id}", raw, headers

    def graphql(self, query: str, variables: dict[str, Any] | None = None, *, key: str | None = None) -> dict[str, Any]:
        """Return the whole GraphQL answer."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self.api_key if key is None else key}"}
        answer: dict[str, Any] = self.http("POST", "/graphql", json.dumps({"query": query, "variables": variables or {}}), headers).json()
        return answer

    def create_workspace(self, external_id: str = PHONE_NUMBER_ID) -> str:
        """Create a workspace by GraphQL; return its id."""
        answer = self.graphql(CREATE_WORKSPACE, {"tenant": self.tenant_id, "external": external_id})
        payload = answer["data"]["createWorkspace"]
        assert payload["success"], answer
        self.workspace_id = payload["workspace"]["id"]
        return self.workspace_id

    # SQL

    @property
    def conninfo(self) -> str:
        """The administrator's connection string."""
        if self.external_conninfo:
            return self.external_conninfo
        directory = self.home / ".sigma/postgres"
        password = (directory / "admin.password").read_text().strip()
        return make_conninfo("", host=str(directory / "pgdata"), user="postgres", password=password, dbname="sigma", connect_timeout=5)

    def sql(self, query: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run SQL as the administrator, past the command line, for what a test asks often. Returns the rows, if any."""
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(query, parameters or None)
            return cursor.fetchall() if cursor.description else []

    def wait_for_messages(self, *platform_message_ids: str, seconds: float = 20) -> None:
        """Return once all of these messages are there."""
        wanted = set(platform_message_ids)
        query = "SELECT platform_message_id FROM messages WHERE platform_message_id = ANY (%s)"
        eventually(lambda: {row[0] for row in self.sql(query, list(wanted))} == wanted, f"messages {wanted}", seconds=seconds)

    def wait_until_projected(self, *, seconds: float = 30) -> None:
        """Return once the worker has taken everything that was journalled."""
        eventually(lambda: self.sql("SELECT count(*) FROM webhook_queue") == [(0,)], "an empty queue", seconds=seconds)


def text_message(platform_message_id: str, *, body: str = "Hello SIGMA! 🚀", wa_id: str = "15550001234", to: str = PHONE_NUMBER_ID) -> dict:
    """Return a webhook with one text message, as Meta sends it."""
    message = {"from": wa_id, "id": platform_message_id, "timestamp": str(int(time.time())), "type": "text", "text": {"body": body}}
    value = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "15550009999", "phone_number_id": to},
        "contacts": [{"profile": {"name": "Ana Souza"}, "wa_id": wa_id}],
        "messages": [message],
    }
    return {"object": "whatsapp_business_account", "entry": [{"id": "987654321098765", "changes": [{"value": value, "field": "messages"}]}]}


def _processes_of(home: Path) -> Iterator[Process]:
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        with suppress(OSError):  # it has ended meanwhile, or belongs to somebody else
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            directory = (entry / "cwd").readlink()
            if command and (directory.is_relative_to(home) or str(home) in command):
                yield Process(int(entry.name), command)
