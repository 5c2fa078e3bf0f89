"""A demo's place on disk: its configuration, with secrets of its own, kept from one start to the next."""

import contextlib
import json
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

SIMULATOR_TOKEN = "EAA-simulator-token"  # noqa: S105 - the simulator's, known to everybody


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo's place on disk and its addresses."""

    directory: Path
    tenant_id: UUID
    app_secret: str
    verify_token: str
    url: str
    simulator_url: str

    @property
    def config(self) -> Path:
        """The configuration file, for other sigma commands."""
        return self.directory / "appsettings.json"

    @property
    def key_file(self) -> Path:
        """Where the demo remembers its API key between starts."""
        return self.directory / "api.key"


def free_port(port: int) -> int:
    """Return the port if nobody has it, else a free one."""
    for wanted in (port, 0):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", wanted))
            return int(probe.getsockname()[1])
    raise SystemExit(f"sigma: port {port} is taken and no other is free")


def prepare(directory: Path, port: int, simulator_port: int) -> Demo:
    """Write the demo's configuration, keeping the tenant and the secrets of an earlier start."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    file = directory / "appsettings.json"
    known: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    whatsapp = known.get("Platforms", {}).get("WhatsApp", {})
    app_secrets = whatsapp.get("AppSecrets") or {str(uuid4()): secrets.token_hex(16)}
    tenant_id, app_secret = next(iter(app_secrets.items()))
    verify_token = whatsapp.get("VerifyToken") or secrets.token_urlsafe(24)
    simulator_url = f"http://127.0.0.1:{simulator_port}"
    content = {
        "Database": {"DataDirectory": "postgres"},
        "Security": {"MasterKeyFile": "master.key"},
        "Platforms": {
            "WhatsApp": {
                "AppSecrets": {tenant_id: app_secret},
                "VerifyToken": verify_token,
                "DefaultAccessToken": SIMULATOR_TOKEN,
                "GraphApiUrl": simulator_url,
            }
        },
        "Http": {"Port": port},
    }
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as target:
        json.dump(content, target, indent=2)
    return Demo(directory, UUID(tenant_id), app_secret, verify_token, f"http://127.0.0.1:{port}", simulator_url)
