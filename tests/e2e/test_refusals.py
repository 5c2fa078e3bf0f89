"""What SIGMA refuses to start with: each time an exit code, one clear line that names the fix, no traceback and no secret."""

import json
import secrets
import socket
import stat
from contextlib import closing
from pathlib import Path

from tests.e2e.sigma_process import SECRETS, VERIFY_TOKEN, Sigma, eventually


def refusal(sigma: Sigma, *arguments: str, **variables: str) -> str:
    """Return what a command says that must not work: its last lines, the ones for a person."""
    done = sigma.run(*(arguments or ("serve", "--port", "0")), seconds=30, **variables)
    assert done.returncode not in {0, 130, -2}, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    for secret in SECRETS:
        assert secret not in done.stdout + done.stderr
    told = [line for line in done.stderr.splitlines() if not line.startswith("{")]
    assert told, "nothing is said to a person:\n" + done.stderr
    assert told[0].startswith("sigma: ")
    eventually(lambda: not sigma.processes(), "nothing is left")
    return "\n".join(told)


def one_line(told: str) -> str:
    assert "\n" not in told, told
    return told


def test_wrong_keys_and_values_are_all_named_with_their_path_and_fix(empty: Sigma) -> None:
    empty.configure(Http={"Prot": 8000}, Journal={"CommitDeadlineMs": "soon"})
    told = refusal(empty)
    assert "2 mistakes" in told
    assert "Http.Prot (" in told
    assert "Http.Port" in told  # what was meant
    assert "Journal.CommitDeadlineMs (" in told
    assert "soon" not in told
    assert not (empty.home / ".sigma").exists()

    file = empty.home / "appsettings.json"
    file.write_text(file.read_text()[:-2])
    assert "line 1" in refusal(empty)
    assert "cannot be read" in refusal(empty, "serve", "--config", "missing.json")
    file.write_text("{}")
    told = refusal(empty, HTTP__PORT="99999", Platforms__WhatsApp__VerifyTokn=VERIFY_TOKEN)
    assert "environment HTTP__PORT" in told
    assert "VerifyToken" in told


def test_short_verify_token_warns_and_serves(sigma: Sigma) -> None:
    sigma.settings["Platforms"]["WhatsApp"]["VerifyToken"] = "short"
    sigma.configure()
    server = sigma.serve()
    [warning] = [event for event in server.events("settings.warning") if "VerifyToken" in event["advice"] and event["level"] == "warning"]
    assert "openssl rand -base64 32" in warning["advice"]
    verification = "/webhooks/whatsapp/any?hub.mode=subscribe&hub.verify_token=short&hub.challenge=7"
    assert sigma.http("GET", verification).body == b"7"


def test_port_that_is_taken(sigma: Sigma) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = str(taken.getsockname()[1])
        told = one_line(refusal(sigma, "serve", "--port", port))
    assert f"127.0.0.1:{port}" in told
    assert "--port" in told


def test_missing_foreign_open_or_spoilt_master_key(sigma: Sigma) -> None:
    file = sigma.home / ".sigma/master.key"
    kept = file.read_bytes()
    for command in (("serve", "--port", "0"), ("tenant", "list")):
        file.unlink(missing_ok=True)
        assert "Security.MasterKeyFile" in one_line(refusal(sigma, *command))
        assert not file.exists()  # a new one would only hide the loss

    told = one_line(refusal(sigma, Security__MasterKey=secrets.token_hex(32)))
    assert "not the one that sealed this database" in told
    file.write_bytes(kept)
    file.chmod(0o644)
    assert f"chmod 600 {file}" in one_line(refusal(sigma))
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    file.chmod(0o600)
    file.write_text("not a key")
    assert "32 bytes" in one_line(refusal(sigma))

    file.write_bytes(kept)
    assert sigma.tenant_id in sigma.ok("tenant", "list")
    file.unlink()
    assert sigma.tenant_id in sigma.ok("tenant", "list", Security__MasterKey=kept.decode().strip())


def test_schema_that_this_release_does_not_know(sigma: Sigma) -> None:
    sigma.psql("UPDATE alembic_version SET version_num = '9999'")
    for command in (("serve", "--port", "0"), ("serve", "--role", "worker"), ("migrate",)):
        told = one_line(refusal(sigma, *command))
        assert "9999" in told
        assert "newer SIGMA" in told
    assert sigma.psql("SELECT version_num FROM alembic_version") == "9999"  # the tool for mending it still opens


def test_role_that_could_bypass_row_level_security(sigma: Sigma) -> None:
    mended = "SELECT 1"
    for grant, why, fix in (
        ("ALTER ROLE sigma_api BYPASSRLS", "has BYPASSRLS", "ALTER ROLE sigma_api NOSUPERUSER NOBYPASSRLS"),
        ("ALTER ROLE sigma_worker SUPERUSER", "is a superuser", "ALTER ROLE sigma_worker NOSUPERUSER NOBYPASSRLS"),
        ("GRANT sigma_owner TO sigma_intake", "owns SIGMA's tables", "REVOKE the owner's role from sigma_intake"),
    ):
        sigma.psql(f"{mended}; {grant}")
        told = one_line(refusal(sigma))
        assert "row-level security" in told
        assert why in told
        assert fix in told
        mended = fix.replace("the owner's role", "sigma_owner")
    sigma.psql(mended)
    sigma.serve()


def test_database_that_cannot_be_reached_or_used(empty: Sigma, tmp_path: Path) -> None:
    with closing(socket.socket()) as reserved:
        reserved.bind(("127.0.0.1", 0))  # nobody listens there
        address = f"127.0.0.1:{reserved.getsockname()[1]}"
        told = refusal(empty, Database__Url=f"postgresql://joe:a-database-password@{address}/sigma")
    assert "Database.Url" in told
    assert "a-database-password" not in told
    assert "Database.Url" in one_line(refusal(empty, Database__Url="mysql://joe:a-database-password@host/sigma").replace("\n ", ""))

    (tmp_path / "file").write_text("")
    told = refusal(empty, Database__DataDirectory=str(tmp_path / "file"))
    assert str(tmp_path / "file") in told
    assert json.loads((empty.home / "appsettings.json").read_text()) == empty.settings
