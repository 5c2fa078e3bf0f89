"""Telling the platform that a message was read, and that an answer is being written."""

from collections.abc import Callable
from typing import Protocol

from sigma.connectors.events import Direction
from sigma.kit.db import Tx
from sigma.messages.models import Message
from sigma.sending.models import SENDERS, AccessTokenMissing, MessageNotReadable
from sigma.tenants.models import TenantScope
from sigma.workspaces.queries import get_workspace


class Reader(Protocol):
    """What this needs of a connector's client."""

    async def mark_read(self, phone_number_id: str, token: str, message_id: str, *, typing: bool = False) -> None:
        """Mark a message and all before it as read. Raises: GraphError."""


class ReadMarker:
    """Marks messages as read on the platform: first look the message up, then, outside of any transaction, call."""

    def __init__(self, platform: Reader, *, access_token: Callable[[str], str | None]) -> None:
        self._platform = platform
        self._access_token = access_token

    async def find_number(self, tx: Tx, scope: TenantScope, message: Message) -> str:
        """Return the phone number id that a contact's message came to. Raises: Forbidden, MessageNotReadable."""
        scope.require(SENDERS)
        if message.direction is not Direction.INBOUND or message.platform_message_id is None or message.is_imported:
            raise MessageNotReadable(field=("input", "messageId"))
        return (await get_workspace(tx, scope, message.workspace_id)).external_id

    async def mark(self, scope: TenantScope, message: Message, *, phone_number_id: str, typing: bool) -> None:
        """Mark it. Raises: AccessTokenMissing, GraphError."""
        token = self._access_token(str(scope.tenant_id))
        if token is None:
            raise AccessTokenMissing(field=("input", "messageId"))
        await self._platform.mark_read(phone_number_id, token, message.platform_message_id or "", typing=typing)
