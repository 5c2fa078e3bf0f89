"""`sigma apikey`."""

import json as json_module
from typing import Annotated, Literal
from uuid import UUID

from cyclopts import App, Parameter

from sigma.cli import app
from sigma.cli.common import installation, run_async

apikey = App(name="apikey", help="Create, list and revoke API keys.")
app.command(apikey)


@apikey.command
def create(
    *,
    tenant: UUID | None = None,
    installation_key: Annotated[bool, Parameter(name="--installation", negative="")] = False,
    role: Literal["OWNER", "ADMIN", "AGENT", "ANALYST"] = "ADMIN",
    name: str = "api key",
    json: Annotated[bool, Parameter(negative="")] = False,
) -> None:
    """Create an API key, which is shown this once.

    Parameters
    ----------
    tenant
        The tenant that the key belongs to.
    installation_key
        Make a key of the installation instead: it may create tenants and sees none of their data.
    role
        What the key may do: OWNER and ADMIN everything, AGENT read and answer, ANALYST read.
    name
        What people call this key.
    json
        Print {"id": …, "apiKey": …} for programs.

    """
    from sigma.entrypoints.operator import create_key
    from sigma.tenants.models import Role

    if (tenant is None) == (not installation_key):
        raise SystemExit("sigma: name either --tenant ID or --installation")
    with installation() as opened:
        key_id, secret = run_async(lambda: create_key(opened, tenant_id=tenant, role=Role(role), name=name))
    print(json_module.dumps({"id": str(key_id), "apiKey": secret}) if json else f"Key {key_id}\n{secret}   (shown this once)")


@apikey.command(name="list")
def list_(*, tenant: UUID | None = None) -> None:
    """List the API keys of a tenant, or those of the installation.

    Parameters
    ----------
    tenant
        The tenant; without it the keys of the installation are listed.

    """
    from sigma.entrypoints.operator import list_keys

    with installation() as opened:
        for key in run_async(lambda: list_keys(opened, tenant_id=tenant)):
            state = "revoked" if key.revoked_at else "active"
            used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never used"
            print(f"{key.id}  {key.role:<12}  {state:<7}  {used:<16}  {key.prefix}…  {key.name}")


@apikey.command
def revoke(key_id: UUID) -> None:
    """Make an API key useless, within seconds.

    Parameters
    ----------
    key_id
        The key's id, as `sigma apikey list` shows it.

    """
    from sigma.entrypoints.operator import revoke_key

    with installation() as opened:
        run_async(lambda: revoke_key(opened, key_id=key_id))
    print(f"Revoked {key_id}.")
