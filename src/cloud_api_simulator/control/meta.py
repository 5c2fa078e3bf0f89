"""Acting as Meta: callbacks, faults, the review of templates, tokens."""

from datetime import timedelta
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator.access import ALL_SCOPES, Token
from cloud_api_simulator.callbacks import Callback
from cloud_api_simulator.control.commands import ControlError, read_command
from cloud_api_simulator.faults import Fault
from cloud_api_simulator.http import json_response, simulator_of
from cloud_api_simulator.simulator import Simulator
from cloud_api_simulator.templates import Template

Category = Literal["MARKETING", "UTILITY", "AUTHENTICATION"]


class SetCallback(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The app's callback is another one; it is verified in the background until that works."""

    url: str
    verify_token: str


class ReviewTemplate(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """Meta changes its mind about every template of this name, or the one in this language."""

    name: str
    language: str | None = None
    status: Literal["APPROVED", "REJECTED", "PENDING", "PAUSED", "DISABLED", "FLAGGED", "IN_APPEAL", "LIMIT_EXCEEDED"] | None = None
    reason: str = "NONE"
    quality: Literal["GREEN", "YELLOW", "RED", "UNKNOWN"] | None = None
    category: Category | None = None
    category_soon: Category | None = None


class IssueToken(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """A token is issued, or a known one changed."""

    token: str
    scopes: tuple[str, ...] = ALL_SCOPES
    expires_in_seconds: float | None = None
    is_revoked: bool = False
    has_asset: bool = True


async def verify(request: Request) -> Response:
    """Verify the callback once more."""
    simulator_of(request).handshake.repeat()
    return json_response({"verification": "pending"}, 202)


async def set_callback(request: Request) -> Response:
    """Set the app's callback."""
    simulator, command = simulator_of(request), await read_command(request, SetCallback)
    simulator.world.callbacks.app = Callback(command.url, command.verify_token)
    simulator.handshake.repeat()
    return json_response({"verification": "pending"}, 202)


async def list_faults(request: Request) -> Response:
    """List the faults that still wait for a call."""
    return json_response({"faults": msgspec.to_builtins(simulator_of(request).faults.faults)})


async def order_fault(request: Request) -> Response:
    """Order a fault."""
    fault = await read_command(request, Fault)
    simulator_of(request).faults.faults.append(fault)
    return json_response({"fault": msgspec.to_builtins(fault)}, 201)


async def forget_faults(request: Request) -> Response:
    """Let all be well again."""
    simulator_of(request).faults.faults.clear()
    return json_response({"faults": []})


async def review_template(request: Request) -> Response:
    """Change templates as Meta does, each change with its webhook."""
    simulator, command = simulator_of(request), await read_command(request, ReviewTemplate)
    found = simulator.world.templates.named(command.name, command.language)
    if not found:
        raise ControlError("there is no such template")
    for template in found:
        _review(simulator, template, command)
    return json_response({"templates": [template.node() for template in found]})


def _review(simulator: Simulator, template: Template, command: ReviewTemplate) -> None:
    if command.quality is not None:
        simulator.reviewer.set_quality(template, command.quality)
    if command.category is not None:
        simulator.reviewer.recategorize(template, category=command.category)
    if command.category_soon is not None:
        simulator.reviewer.announce_category(template, command.category_soon)
    if command.status is not None:
        simulator.reviewer.set_status(template, command.status, reason=command.reason)


async def issue_token(request: Request) -> Response:
    """Issue a token, or change one."""
    world, command = simulator_of(request).world, await read_command(request, IssueToken)
    life = command.expires_in_seconds
    expires_at = None if life is None else world.now() + timedelta(seconds=life)
    token = Token(
        scopes=command.scopes, issued_at=world.now(), expires_at=expires_at, is_revoked=command.is_revoked, has_asset=command.has_asset
    )
    world.tokens.issue(command.token, token)
    return json_response({"expires_at": expires_at.isoformat() if expires_at else None}, 201)
