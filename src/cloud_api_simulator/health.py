"""`health_status`: who can send, and who cannot and why. Source: Cloud API health status; checked 2026-09 (cloud-api.md 12.1)."""

from cloud_api_simulator.bodies import Json
from cloud_api_simulator.error_codes import TITLES
from cloud_api_simulator.world import World

AVAILABLE, LIMITED, BLOCKED = "AVAILABLE", "LIMITED", "BLOCKED"
NOT_REGISTERED = 133010


def health_of(world: World) -> Json:
    """Return the health of the number and of what it belongs to; the worst entity decides."""
    number: Json = {"entity_type": "PHONE_NUMBER", "id": world.settings.phone_number_id, "can_send_message": AVAILABLE}
    error = world.rules.account_error if world.number.is_registered else NOT_REGISTERED
    if error is not None:
        number |= {"can_send_message": BLOCKED, "errors": [_explained(error)]}
    elif world.rules.quality_rating == "RED":
        number |= {"can_send_message": LIMITED, "additional_info": ["The quality rating of this phone number is low."]}
    others = {"WABA": world.settings.waba_id, "BUSINESS": world.settings.business_id, "APP": world.settings.app_id}
    entities = [number, *({"entity_type": type, "id": id, "can_send_message": AVAILABLE} for type, id in others.items())]
    return {"can_send_message": number["can_send_message"], "entities": entities}


def _explained(code: int) -> Json:
    return {"error_code": code, "error_description": TITLES[code], "possible_solution": "See the error codes of the Cloud API."}
