"""Access tokens: what each may do, and until when."""

from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime

from cloud_api_simulator import errors
from cloud_api_simulator.bodies import Json

MESSAGING, MANAGEMENT, BUSINESS = "whatsapp_business_messaging", "whatsapp_business_management", "business_management"
ALL_SCOPES = (MESSAGING, MANAGEMENT, BUSINESS)


@dataclass(kw_only=True, slots=True)
class Token:
    """One system user token. `has_asset` is False for one that holds its scopes for some other account."""

    scopes: tuple[str, ...] = ALL_SCOPES
    issued_at: datetime
    expires_at: datetime | None = None
    is_revoked: bool = False
    has_asset: bool = True

    def error(self, at: datetime) -> errors.GraphError | None:
        """Return why the token is no good any more, or None."""
        if self.is_revoked:
            return errors.revoked_token()
        if self.expires_at is not None and at >= self.expires_at:
            return errors.expired_token(format_datetime(self.expires_at))
        return None


class Tokens:
    """The tokens of one app. The app token is `{app id}|{app secret}` and may do what concerns the app itself."""

    def __init__(self, *, app_id: str, app_secret: str, access_token: str, at: datetime) -> None:
        self.app_id = app_id
        self.app_token = f"{app_id}|{app_secret}"
        self._tokens = {access_token: Token(issued_at=at)}

    def issue(self, text: str, token: Token) -> None:
        """Let a token be used, or change one that is."""
        self._tokens[text] = token

    def find(self, text: str) -> Token | None:
        """Return a token, or None."""
        return self._tokens.get(text)

    def check(self, text: str, *, scope: str | None, at: datetime) -> None:
        """Let a token through that may do this. Raises: GraphError 190, 10 or 200."""
        token = self._tokens.get(text)
        if token is None:
            if text == self.app_token and scope is None:
                return
            raise errors.bad_token()
        refusal = token.error(at)
        if refusal is not None:
            raise refusal
        if scope is not None and scope not in token.scopes:
            raise errors.no_permission(scope)
        if scope is not None and not token.has_asset:
            raise errors.no_asset()

    def describe(self, text: str, *, waba_id: str, business_id: str, at: datetime) -> Json:
        """Return what `GET /debug_token` says about a token."""
        token = self._tokens.get(text)
        if token is None:
            message = "Invalid OAuth access token - Cannot parse access token"
            return {"app_id": self.app_id, "is_valid": False, "error": {"code": 190, "message": message}, "scopes": []}
        refusal = token.error(at)
        owned = {BUSINESS: business_id}
        granular = [{"scope": scope, "target_ids": [owned.get(scope, waba_id)]} for scope in token.scopes if token.has_asset]
        data = {
            "app_id": self.app_id,
            "application": "SIGMA simulator",
            "type": "SYSTEM_USER",
            "is_valid": refusal is None,
            "expires_at": 0 if token.expires_at is None else int(token.expires_at.timestamp()),
            "data_access_expires_at": 0,
            "issued_at": int(token.issued_at.timestamp()),
            "user_id": "122100000000000001",
            "scopes": [*token.scopes, "public_profile"],
            "granular_scopes": granular,
        }
        if refusal is not None:
            data["error"] = {"code": refusal.code, "message": refusal.message, "subcode": refusal.subcode}
        return data
