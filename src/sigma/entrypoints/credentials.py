"""What the settings hold of secrets, as the slices ask for it."""

from collections.abc import Callable

from sigma.kit.settings import WhatsAppSettings


def access_tokens(whatsapp: WhatsAppSettings) -> Callable[[str], str | None]:
    """Return what finds a tenant's access token, None when there is none."""

    def access_token(tenant: str) -> str | None:
        token = whatsapp.access_token_for(tenant)
        return token.get_secret_value() if token else None

    return access_token
