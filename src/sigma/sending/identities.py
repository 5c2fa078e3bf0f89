"""What an accepted send teaches of its recipient: the platform may know them by another number than the one that was written to."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sigma.connectors.events import Identity
from sigma.connectors.outbound import Accepted
from sigma.contacts.identify import AddressKeys, identify, lock_contacts
from sigma.contacts.models import Sighting
from sigma.kit.db import DATABASE_DOWN, Database, DatabaseRole
from sigma.kit.log import get_logger
from sigma.messages.merging import join_histories
from sigma.sending.models import Claimed
from sigma.sending.outcomes import Sent
from sigma.tenants.keys import KeyRing

log = get_logger("sending.identities")


async def learn_identities(db: Database, keys: KeyRing, tenant_id: UUID, results: Sequence[Sent], *, now: datetime) -> None:
    """Join the addresses by which the platform answered to the contacts that were written to.

    In a transaction of its own: what became of the messages is on record already. If this one fails, the contact's first answer
    teaches the same.
    """
    sightings = [sighting for result in results if (sighting := _sighting(result, now)) is not None]
    if not sightings:
        return
    try:
        address_keys = AddressKeys(await keys.index_key(tenant_id), {now.date(): await keys.raw_key(tenant_id, now.date())})
        async with db.transaction(DatabaseRole.WORKER, tenant_id) as tx:
            await lock_contacts(tx, tenant_id)
            _, merges = await identify(tx, tenant_id, address_keys, sightings)
            await join_histories(tx, tenant_id, merges)
    except DATABASE_DOWN as error:
        log.warning("sending.identity_not_learned", error=type(error).__name__)


def _sighting(result: Sent, now: datetime) -> Sighting | None:
    learned = learned_identity(result.claimed, result.outcome) if isinstance(result.outcome, Accepted) else None
    if learned is None:
        return None
    written_to = result.claimed.payload.recipient
    return Sighting(Identity(phone=written_to.phone, user_id=written_to.user_id), learned, None, None, now, now.date())


def learned_identity(claimed: Claimed, outcome: Accepted) -> Identity | None:
    """Return the address by which the platform knows the recipient, when it is another than the one that was written to."""
    known = claimed.payload.recipient
    learned = Identity(phone=outcome.address.phone, user_id=outcome.address.user_id)
    is_new = (learned.phone or known.phone) != known.phone or (learned.user_id or known.user_id) != known.user_id
    return learned if is_new else None
