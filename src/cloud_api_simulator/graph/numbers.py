"""The phone number: its node, registration, PIN, profile, settings, overrides. Source: Cloud API phone number pages; checked 2026-09."""

from starlette.requests import Request
from starlette.responses import Response

from cloud_api_simulator import errors, updates
from cloud_api_simulator.access import MESSAGING
from cloud_api_simulator.bodies import Json
from cloud_api_simulator.callbacks import Callback
from cloud_api_simulator.graph.overrides import overriding
from cloud_api_simulator.health import health_of
from cloud_api_simulator.http import authorise, choose, fields_of, json_response, manage, managed, parameters, simulator_of
from cloud_api_simulator.number import check_pin, formatted
from cloud_api_simulator.world import World

NODE_TYPE = "WhatsAppBusinessPhoneNumber"
DEFAULTS = (
    *("verified_name", "code_verification_status", "display_phone_number", "quality_rating", "platform_type", "throughput"),
    *("last_onboarded_time", "webhook_configuration", "id"),
)
OPTIONAL = (
    *("new_name_status", "new_certificate", "certificate", "conversational_automation", "search_visibility", "quality_score", "username"),
    *("eligibility_for_api_business_global_search", "is_preverified_number", "country_code", "country_dial_code", "messaging_limit_tier"),
    *("official_business_account", "unified_cert_status"),
)
PROFILE_FIELDS = ("about", "address", "description", "email", "websites", "vertical", "profile_picture_url")
PROFILE_CHARS = {"about": 139, "address": 256, "description": 512, "email": 128}
MAX_WEBSITES = 2


def node(world: World) -> Json:
    """Return every field of the phone number."""
    number, rules, settings = world.number, world.rules, world.settings
    return {
        "id": settings.phone_number_id,
        "verified_name": number.verified_name,
        "display_phone_number": formatted(settings.display_phone_number),
        "quality_rating": rules.quality_rating,
        "code_verification_status": "VERIFIED",
        "name_status": "APPROVED",
        "status": "CONNECTED" if number.is_registered else "DISCONNECTED",
        "account_mode": "LIVE" if rules.allowed_recipients is None else "SANDBOX",
        "platform_type": "CLOUD_API" if number.is_registered else "NOT_APPLICABLE",
        "throughput": {"level": rules.throughput_level},
        "is_official_business_account": False,
        "is_pin_enabled": number.pin is not None,
        "is_on_biz_app": rules.throughput_level == "NOT_APPLICABLE",
        "last_onboarded_time": number.onboarded_at.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        "whatsapp_business_manager_messaging_limit": rules.messaging_limit_tier,
        "messaging_limit_tier": rules.messaging_limit_tier,
        "health_status": health_of(world),
        "webhook_configuration": _webhook_configuration(world),
        "conversational_automation": {"id": settings.phone_number_id, "enable_welcome_message": False, **number.automation},
    }


def _webhook_configuration(world: World) -> Json:
    callbacks = world.callbacks
    named = {"phone_number": callbacks.phone, "whatsapp_business_account": callbacks.waba, "application": callbacks.app}
    return {name: callback.url for name, callback in named.items() if callback is not None}


async def get_number(request: Request) -> Response:
    """Describe the phone number. Raises: GraphError 100 for a field that it cannot have."""
    manage(request)
    world = simulator_of(request).world
    return managed(request, choose(node(world), fields_of(request, DEFAULTS), type=NODE_TYPE, known=OPTIONAL))


async def change_number(request: Request) -> Response:
    """Set the PIN, ask for another name, or override the callback. Raises: GraphError 100, 2200."""
    manage(request)
    simulator, given = simulator_of(request), await parameters(request)
    world = simulator.world
    if isinstance(given.get("webhook_configuration"), dict):
        override = await overriding(simulator, given["webhook_configuration"])
        world.callbacks.phone = override if isinstance(override, Callback) else None
    if "pin" in given:
        check_pin(given["pin"])
        world.number.pin = given["pin"]
        simulator.delivery.take(updates.security(world.settings.display_phone_number, "PIN_CHANGED"))
    return managed(request, {"success": True})


async def register(request: Request) -> Response:
    """Register the number for the Cloud API. Raises: GraphError 100, 133005, 133016."""
    manage(request)
    own(request, verb="post")
    world, given = simulator_of(request).world, await parameters(request)
    if given.get("messaging_product") != "whatsapp":
        raise errors.required("messaging_product")
    world.number.register(given.get("pin"), at=world.now().timestamp(), window=world.limits.registrations)
    return managed(request, {"success": True})


async def deregister(request: Request) -> Response:
    """Take the number out of the Cloud API. Raises: GraphError 133016."""
    manage(request)
    own(request, verb="post")
    world = simulator_of(request).world
    world.number.deregister(at=world.now().timestamp(), window=world.limits.registrations)
    return managed(request, {"success": True})


async def ask_for_code(request: Request) -> Response:
    """Pretend to send a code to the number, or to read one: any six digits are right. Raises: GraphError 100."""
    manage(request)
    own(request, verb="post")
    given = await parameters(request)
    if request.url.path.endswith("verify_code"):
        check_pin(str(given.get("code", "")))
    elif given.get("code_method") not in {"SMS", "VOICE"}:
        raise errors.not_one_of("code_method", ("SMS", "VOICE"), given.get("code_method"))
    return managed(request, {"success": True})


async def get_profile(request: Request) -> Response:
    """Describe the business profile."""
    authorise(request, MESSAGING)
    own(request, verb="get")
    profile = simulator_of(request).world.number.profile
    wanted = {name: profile[name] for name in fields_of(request, PROFILE_FIELDS) if name in profile}
    return json_response({"data": [{**wanted, "messaging_product": "whatsapp"}]})


async def change_profile(request: Request) -> Response:
    """Change the business profile. Raises: GraphError 100."""
    authorise(request, MESSAGING)
    own(request, verb="post")
    given = await parameters(request)
    if given.get("messaging_product") != "whatsapp":
        raise errors.required("messaging_product")
    for name, most in PROFILE_CHARS.items():
        if len(str(given.get(name) or "")) > most:
            raise errors.invalid(name, f"be at most {most} characters long")
    if len(given.get("websites") or []) > MAX_WEBSITES:
        raise errors.invalid("websites", f"have at most {MAX_WEBSITES} entries")
    profile = simulator_of(request).world.number.profile
    profile.update((name, given[name]) for name in PROFILE_FIELDS if name in given)
    return json_response({"success": True})


async def get_settings(request: Request) -> Response:
    """Return the settings of the number."""
    manage(request)
    own(request, verb="get")
    return managed(request, simulator_of(request).world.number.settings)


async def change_settings(request: Request) -> Response:
    """Change the settings of the number, or what it says on its own."""
    manage(request)
    own(request, verb="post")
    number = simulator_of(request).world.number
    kept = number.automation if request.url.path.endswith("conversational_automation") else number.settings
    kept.update(await parameters(request))
    return managed(request, {"success": True})


def own(request: Request, *, verb: str) -> None:
    """Let through what is about this number. Raises: GraphError 100/33."""
    if request.path_params["node"] != simulator_of(request).settings.phone_number_id:
        raise errors.unknown_object(request.path_params["node"], verb=verb)
