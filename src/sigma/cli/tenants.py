"""`sigma tenant`."""

import json as json_module
from typing import Annotated
from uuid import UUID

from cyclopts import App, Parameter

from sigma.cli import app
from sigma.cli.common import installation, run_async

tenant = App(name="tenant", help="Create and list tenants.")
app.command(tenant)


@tenant.command
def create(*, name: str, id: UUID | None = None, json: Annotated[bool, Parameter(negative="")] = False) -> None:
    """Create a tenant and its first API key, which is shown this once.

    Parameters
    ----------
    name
        What people call this tenant.
    id
        A UUID of your choice, for example one that the webhook URL at Meta already holds.
    json
        Print {"id": …, "apiKey": …} for programs.

    """
    from sigma.entrypoints.operator import create_tenant_with_key
    from sigma.kit.ids import new_id

    tenant_id = id or new_id()
    with installation() as opened:
        secret = run_async(lambda: create_tenant_with_key(opened, tenant_id=tenant_id, name=name))
        public_url = opened.settings.http.public_url or "https://<your domain>"
    if json:
        print(json_module.dumps({"id": str(tenant_id), "apiKey": secret}))
    else:
        print(
            f"Tenant       {tenant_id}\nAPI key      {secret}   (shown this once)\nCallback URL {public_url}/webhooks/whatsapp/{tenant_id}"
        )


@tenant.command(name="list")
def list_() -> None:
    """List all tenants, oldest first."""
    from sigma.entrypoints.operator import list_tenants

    with installation() as opened:
        for found in run_async(lambda: list_tenants(opened)):
            print(f"{found.id}  {found.created_at:%Y-%m-%d %H:%M}  {found.name}")
