"""The application: the routes of the Graph API and of the control API over one simulator."""

import contextlib
import re
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Receive, Scope, Send

from cloud_api_simulator import control, faults, http, media
from cloud_api_simulator.control.commands import ControlError
from cloud_api_simulator.errors import GraphError
from cloud_api_simulator.graph import accounts, apps, blocks, files, messages, nodes, numbers, templates
from cloud_api_simulator.settings import SimulatorSettings
from cloud_api_simulator.simulator import Simulator

VERSION = re.compile(r"/v[1-9]\d?\.\d(?=/)", re.ASCII)
CONTROL_PATH = "/_control"
SPARED = (f"{CONTROL_PATH}/", media.ATTACHMENTS_PATH)
"""Paths whose trailing slash has a meaning."""


class GraphApi(Starlette):
    """The routes behind a front door: it takes the version off the path, and lets ordered faults strike."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] != "http" or scope["path"].startswith(CONTROL_PATH):
            await super().__call__(scope, receive, send)
            return
        found = VERSION.match(scope["path"])
        path = scope["path"][found.end() :] if found else scope["path"]
        if path.endswith("/") and path not in {"/", *SPARED}:
            path = path[:-1]
        scope = {**scope, "path": path, "graph_version": found.group() if found else ""}
        fault = self.state.simulator.faults.meet(scope["method"], path)
        if fault is None:
            await super().__call__(scope, receive, send)
        else:
            await faults.strike(fault, super().__call__, scope, receive, send)


def create_app(settings: SimulatorSettings) -> Starlette:
    """Return the simulator as an application, `app.state.simulator` inside. Its lifespan verifies the callback and starts to deliver."""
    simulator = Simulator(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with simulator.running():
            yield

    handlers = {
        GraphError: http.refuse,
        http.BodyTooLarge: http.too_large,
        ControlError: control.explain,
        HTTPException: http.unknown_path,
    }
    app = GraphApi(routes=_routes(), lifespan=lifespan, exception_handlers=dict(handlers))
    app.state.simulator = simulator
    return app


def _routes() -> list[BaseRoute]:
    """Return all routes; of two that fit, the first one counts."""
    return [
        Mount(CONTROL_PATH, routes=list(control.ROUTES)),
        Route("/{node}/messages", messages.post_message, methods=["POST"]),
        Route(media.ATTACHMENTS_PATH, files.download),
        Route("/{node}/marketing_messages", messages.post_marketing_message, methods=["POST"]),
        Route("/{node}/media", files.upload, methods=["POST"]),
        Route("/{node}/message_templates", templates.list_templates),
        Route("/{node}/message_templates", templates.create_template, methods=["POST"]),
        Route("/{node}/message_templates", templates.delete_templates, methods=["DELETE"]),
        Route("/{node}/unpause", templates.unpause_template, methods=["POST"]),
        Route("/{node}/register", numbers.register, methods=["POST"]),
        Route("/{node}/deregister", numbers.deregister, methods=["POST"]),
        Route("/{node}/request_code", numbers.ask_for_code, methods=["POST"]),
        Route("/{node}/verify_code", numbers.ask_for_code, methods=["POST"]),
        Route("/{node}/whatsapp_business_profile", numbers.get_profile),
        Route("/{node}/whatsapp_business_profile", numbers.change_profile, methods=["POST"]),
        Route("/{node}/settings", numbers.get_settings),
        Route("/{node}/settings", numbers.change_settings, methods=["POST"]),
        Route("/{node}/conversational_automation", numbers.change_settings, methods=["POST"]),
        Route("/{node}/block_users", blocks.list_blocked),
        Route("/{node}/block_users", blocks.block, methods=["POST"]),
        Route("/{node}/block_users", blocks.unblock, methods=["DELETE"]),
        Route("/{node}/phone_numbers", accounts.list_numbers),
        Route("/{node}/subscribed_apps", accounts.list_subscriptions),
        Route("/{node}/subscribed_apps", accounts.subscribe, methods=["POST"]),
        Route("/{node}/subscribed_apps", accounts.unsubscribe, methods=["DELETE"]),
        Route("/{node}/owned_whatsapp_business_accounts", accounts.list_accounts),
        Route("/{node}/client_whatsapp_business_accounts", accounts.list_accounts),
        Route("/{node}/subscriptions", apps.list_subscriptions),
        Route("/{node}/subscriptions", apps.set_subscription, methods=["POST"]),
        Route("/{node}/uploads", apps.start_upload, methods=["POST"]),
        Route("/oauth/access_token", apps.access_token),
        Route("/debug_token", apps.debug_token),
        Route("/{node}", nodes.get_node),
        Route("/{node}", nodes.post_node, methods=["POST"]),
        Route("/{node}", nodes.delete_node, methods=["DELETE"]),
    ]
