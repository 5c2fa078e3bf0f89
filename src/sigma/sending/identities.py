"""What an accepted send teaches of its recipient: the platform may know them by another number than the one that was written to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sigma.connectors.events import Identity
from sigma.connectors.outbound import Accepted
from sigma.contacts.identify import AddressKeys, identify, lock_contacts
from sigma.contacts.models import Sighting
from sigma.kit.db import Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.messages.merging import join_histories
from sigma.sending.models import Claimed
from sigma.sending.outcomes import Sent
from sigma.tenants.keys import KeyRing

log = get_logger("sending.identities")

_MOST_KNOWN = 100_000


class IdentityLearner:
    """Joins the addresses by which the platform answered to the contacts that were written to, each once in a process's life."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db = db
        self._keys = keys
        self._known: set[tuple[UUID, bytes, Identity]] = set()

    async def learn(self, tenant_id: UUID, results: Sequence[Sent], *, now: datetime) -> None:
        """Learn from outcomes that are on record already. If it fails, the contact's first answer teaches the same."""
        sightings: dict[tuple[UUID, bytes, Identity], Sighting] = {}
        for result in results:
            learned = learned_identity(result.claimed, result.outcome) if isinstance(result.outcome, Accepted) else None
            if learned is not None:
                recipient = result.claimed.payload.recipient
                written_to = Identity(phone=recipient.phone, user_id=recipient.user_id)
                sightings[tenant_id, result.claimed.recipient_hash, learned] = Sighting(written_to, learned, None, None, now, now.date())
        new = {key: sighting for key, sighting in sightings.items() if key not in self._known}
        if not new:
            return
        try:
            await self._join(tenant_id, list(new.values()), now)
        except Exception as error:  # nothing that was sent may depend on it, and the next answer teaches it again
            log.warning("sending.identity_not_learned", error=type(error).__name__)
            return
        if len(self._known) > _MOST_KNOWN:
            self._known.clear()
        self._known.update(new)

    async def _join(self, tenant_id: UUID, sightings: list[Sighting], now: datetime) -> None:
        keys = AddressKeys(await self._keys.index_key(tenant_id), {now.date(): await self._keys.raw_key(tenant_id, now.date())})
        async with self._db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
            await lock_contacts(tx, tenant_id)
            _, merges = await identify(tx, tenant_id, keys, sightings)
            await join_histories(tx, tenant_id, merges)


def learned_identity(claimed: Claimed, outcome: Accepted) -> Identity | None:
    """Return the address by which the platform knows the recipient, when it is another than the one that was written to."""
    known = claimed.payload.recipient
    learned = Identity(phone=outcome.address.phone, user_id=outcome.address.user_id)
    is_new = (learned.phone or known.phone) != known.phone or (learned.user_id or known.user_id) != known.user_id
    return learned if is_new else None
