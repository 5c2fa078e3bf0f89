"""The application: the routes of the Graph API and of the control API over one simulator."""

import contextlib
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.routing import Mount, Route

from cloud_api_simulator import attachments, control, http, media, messages
from cloud_api_simulator.errors import GraphError
from cloud_api_simulator.settings import SimulatorSettings
from cloud_api_simulator.simulator import Simulator


def create_app(settings: SimulatorSettings) -> Starlette:
    """Return the simulator as an application, `app.state.simulator` inside. Its lifespan verifies the callback and starts to deliver."""
    simulator = Simulator(settings)

    @contextlib.asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async with simulator.running():
            yield

    routes = [
        Mount("/_control", routes=list(control.ROUTES)),
        Route(media.ATTACHMENTS_PATH, attachments.download),
        Route("/{version}/{node}/messages", messages.post_message, methods=["POST"]),
        Route("/{node}/messages", messages.post_message, methods=["POST"]),
        Route("/{version}/{node}", attachments.get_media),
        Route("/{node}", attachments.get_media),
    ]
    handlers = {
        GraphError: http.refuse,
        http.BodyTooLarge: http.too_large,
        control.ControlError: control.explain,
        HTTPException: http.unknown_path,
    }
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers=dict(handlers))
    app.state.simulator = simulator
    return app
