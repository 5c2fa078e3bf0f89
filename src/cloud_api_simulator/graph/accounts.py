"""The WhatsApp Business Account: its node, its numbers, the apps that are subscribed to it. Source: WABA reference; checked 2026-09."""

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.graph import numbers
from cloud_api_simulator.graph.overrides import overriding
from cloud_api_simulator.health import health_of
from cloud_api_simulator.http import choose, fields_of, manage, managed, parameters, simulator_of
from cloud_api_simulator.world import World

NODE_TYPE = "WhatsAppBusinessAccount"
DEFAULTS = ("id", "name", "currency", "timezone_id", "message_template_namespace")
OPTIONAL = (
    *("analytics", "conversation_analytics", "pricing_analytics", "call_analytics", "primary_funding_id", "purchase_order_number"),
    *("on_behalf_of_business_info", "is_enabled_for_insights", "linked_commerce_account", "is_shared_with_partners", "creation_time"),
    *("auth_international_rate_eligibility", "primary_business_location", "subscribed_apps", "paid_messaging_account_id", "owner_business"),
    *("enable_automatic_events", "is_obo_waba", "boosted_message_campaigns", "disable_marketing_messages_on_cloud_api"),
)


def node(world: World) -> Json:
    """Return every field of the account."""
    return {
        "id": world.settings.waba_id,
        "name": world.number.verified_name,
        "currency": "USD",
        "timezone_id": "1",
        "message_template_namespace": "ba30dd89_2ebd_41e4_b805_f2c05ae04cc9",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "country": "US",
        "ownership_type": "CLIENT_OWNED",
        "status": "ACTIVE",
        "owner_business_info": {"name": world.number.verified_name, "id": world.settings.business_id},
        "marketing_messages_onboarding_status": "ELIGIBLE",
        "marketing_messages_lite_api_status": "ELIGIBLE",
        "whatsapp_business_manager_messaging_limit": world.rules.messaging_limit_tier,
        "health_status": health_of(world),
    }


async def get_account(request: Request) -> Response:
    """Describe the account. Raises: GraphError 100 for a field that it cannot have."""
    manage(request)
    return managed(request, choose(node(simulator_of(request).world), fields_of(request, DEFAULTS), type=NODE_TYPE, known=OPTIONAL))


async def change_account(request: Request) -> Response:
    """Accept any setting of the account."""
    manage(request)
    return managed(request, {"success": True})


async def list_numbers(request: Request) -> Response:
    """List the numbers of the account: there is one."""
    manage(request)
    own(request, verb="get")
    names = fields_of(request, numbers.DEFAULTS)
    number = choose(numbers.node(simulator_of(request).world), names, type=numbers.NODE_TYPE, known=numbers.OPTIONAL)
    return managed(request, {"data": [number], "paging": {"cursors": {"before": "QVFIUjE", "after": "QVFIUjI"}}})


async def list_accounts(request: Request) -> Response:
    """List the accounts of the portfolio: there is one. Raises: GraphError 100/33."""
    manage(request)
    world = simulator_of(request).world
    if request.path_params["node"] != world.settings.business_id:
        raise errors.unknown_object(request.path_params["node"], verb="get")
    account = choose(node(world), fields_of(request, DEFAULTS), type=NODE_TYPE, known=OPTIONAL)
    return managed(request, {"data": [account], "paging": {"cursors": {"before": "QVFIUjE", "after": "QVFIUjI"}}})


async def subscribe(request: Request) -> Response:
    """Subscribe this app to the account, perhaps with a callback of its own; without one an earlier override goes. Raises: GraphError."""
    manage(request)
    own(request, verb="post")
    simulator = simulator_of(request)
    override = await overriding(simulator, await parameters(request))
    simulator.world.callbacks.waba = override
    simulator.world.callbacks.is_subscribed = True
    return managed(request, {"success": True})


async def unsubscribe(request: Request) -> Response:
    """End the subscription: nothing is delivered any more."""
    manage(request)
    own(request, verb="delete")
    callbacks = simulator_of(request).world.callbacks
    callbacks.is_subscribed, callbacks.waba = False, None
    return managed(request, {"success": True})


async def list_subscriptions(request: Request) -> Response:
    """List the apps that are subscribed."""
    manage(request)
    own(request, verb="get")
    world = simulator_of(request).world
    app = {
        "link": f"https://www.facebook.com/games/?app_id={world.settings.app_id}",
        "name": "SIGMA simulator",
        "id": world.settings.app_id,
    }
    entry: Json = {"whatsapp_business_api_data": app}
    if world.callbacks.waba is not None:
        entry["override_callback_uri"] = world.callbacks.waba.url
    return managed(request, {"data": [entry] if world.callbacks.is_subscribed else []})


def own(request: Request, *, verb: str) -> None:
    """Let through what is about this account. Raises: GraphError 100/33."""
    if request.path_params["node"] != simulator_of(request).settings.waba_id:
        raise errors.unknown_object(request.path_params["node"], verb=verb)
