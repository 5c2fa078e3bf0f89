"""Numbers, accounts (WABA), the app's subscription and the token itself at the Graph API, in Meta's own shape.

Source: WhatsApp Business Management API, "Phone numbers", "WhatsApp Business Accounts", "Webhooks"; checked 2026-09.
"""

from sigma.connectors.whatsapp.graph_calls import GraphCalls, Json
from sigma.connectors.whatsapp.graph_errors import unanswered
from sigma.kit.errors import InvalidInput

PHONE_NUMBER_FIELDS = (
    "id,verified_name,display_phone_number,quality_rating,status,name_status,code_verification_status,account_mode,platform_type,throughput,"
    "is_official_business_account,is_pin_enabled,whatsapp_business_manager_messaging_limit,health_status,webhook_configuration"
)
WABA_FIELDS = (
    "id,name,currency,timezone_id,country,status,account_review_status,business_verification_status,ownership_type,owner_business_info,"
    "health_status"
)
MAX_CALLBACK_CHARS = 200


class AccountCalls(GraphCalls):
    """The calls about numbers, accounts, webhooks and tokens."""

    async def phone_number_fields(
        self, phone_number_id: str, token: str, *, fields: str = PHONE_NUMBER_FIELDS, proof: str | None = None
    ) -> Json:
        """Return what Meta says of a number. A field that this number has not is absent. Raises: GraphError."""
        return await self.call("GET", phone_number_id, token, params={"fields": fields}, proof=proof)

    async def waba_fields(self, waba_id: str, token: str, *, fields: str = WABA_FIELDS, proof: str | None = None) -> Json:
        """Return what Meta says of an account. Raises: GraphError."""
        return await self.call("GET", waba_id, token, params={"fields": fields}, proof=proof)

    async def list_phone_numbers(
        self, waba_id: str, token: str, *, fields: str = PHONE_NUMBER_FIELDS, proof: str | None = None
    ) -> list[Json]:
        """Return the numbers of an account. Raises: GraphError."""
        return await self.list_all(waba_id, token, edge="phone_numbers", params={"fields": fields}, proof=proof)

    async def subscribed_apps(self, waba_id: str, token: str, *, proof: str | None = None) -> list[Json]:
        """Return the apps that get this account's webhooks: `{whatsapp_business_api_data{id, name, link}, override_callback_uri?}`."""
        return await self.list_all(waba_id, token, edge="subscribed_apps", proof=proof)

    async def subscribe_app(
        self, waba_id: str, token: str, *, callback_url: str | None = None, verify_token: str | None = None, proof: str | None = None
    ) -> None:
        """Let the token's app get this account's webhooks, at an address of its own if one is given; without, an earlier one is removed.

        Meta asks the address at once with `verify_token`. Raises: InvalidInput for an address that is too long, GraphError.
        """
        override = _override(callback_url, verify_token) if callback_url is not None else {}
        secrets = (verify_token,) if verify_token else ()
        await self.call("POST", waba_id, token, edge="subscribed_apps", json=override, proof=proof, secrets=secrets)

    async def set_webhook_override(
        self, phone_number_id: str, token: str, *, callback_url: str | None, verify_token: str | None = None, proof: str | None = None
    ) -> None:
        """Send this number's webhooks to an address of their own; None removes it. Raises: InvalidInput, GraphError."""
        json = {"webhook_configuration": _override(callback_url or "", verify_token)}
        secrets = (verify_token,) if verify_token else ()
        await self.call("POST", phone_number_id, token, json=json, proof=proof, secrets=secrets)

    async def debug_token(self, input_token: str, *, app_id: str, app_secret: str) -> Json:
        """Return what Meta says of a token: `{app_id, is_valid, expires_at (0: never), scopes, granular_scopes, error?, …}`.

        An invalid token is an answer too, with `is_valid` false. Raises: GraphError.
        """
        app_token = f"{app_id}|{app_secret}"
        answer = await self.call("GET", "debug_token", app_token, params={"input_token": input_token}, secrets=(input_token, app_secret))
        data = answer.get("data")
        if not isinstance(data, dict):
            raise unanswered("no description of the token")
        return data


def _override(callback_url: str, verify_token: str | None) -> Json:
    if len(callback_url) > MAX_CALLBACK_CHARS:
        raise InvalidInput(f"Meta takes a callback address of up to {MAX_CALLBACK_CHARS} characters.", field=("callback_url",))
    override = {"override_callback_uri": callback_url}
    return override if verify_token is None else {**override, "verify_token": verify_token}
