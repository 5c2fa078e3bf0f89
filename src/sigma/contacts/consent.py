"""Opt-in and opt-out: an append-only ledger. The latest row of a purpose counts, and an opt-out wins a tie."""

import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from sigma.contacts.models import Merge
from sigma.kit.db import Tx
from sigma.kit.ids import new_id


class ConsentPurpose(StrEnum):
    """What a contact agrees to or refuses: everything that the business starts, or marketing alone."""

    ALL = "ALL"
    MARKETING = "MARKETING"


class ConsentState(StrEnum):
    """Agreed or refused."""

    OPTED_IN = "OPTED_IN"
    OPTED_OUT = "OPTED_OUT"


class Consent(NamedTuple):
    """One statement of a contact. `key` names what it was learned from, so that the same news told twice is one row."""

    contact_id: UUID
    purpose: ConsentPurpose
    state: ConsentState
    source: str
    at: datetime
    key: str


STOP_WORDS = frozenset(
    {
        "stop", "stop all", "unsubscribe", "opt out", "opt-out", "cancel messages",
        "parar", "sair", "cancelar inscrição", "descadastrar", "pare",
        "baja", "alto", "detener", "cancelar suscripción", "darse de baja",
        "arrêt", "arret", "désabonner", "stopp", "abmelden", "abbestellen",
        "disiscrivi", "annulla iscrizione", "dur", "iptal", "स्टॉप", "बंद करो", "توقف", "إلغاء الاشتراك", "停止", "配信停止", "退订",
    }
)  # fmt: skip
"""Words that opt a contact out when they are a whole message, in the languages of most WhatsApp businesses."""

START_WORDS = frozenset(
    {"start", "subscribe", "opt in", "opt-in", "começar", "voltar", "alta", "suscribirme", "anmelden", "iscrivimi", "ابدأ", "再開"}
)
"""Words that opt a contact in again when they are a whole message."""


_AROUND_A_WORD = " .,!?¡¿…。।\"'“”„«»\u200b\u200e\u200f\ufe0f"

MARKETING_REFUSED = 131050
"""The platform's error for a contact who stopped this business's marketing. Source: Cloud API, "Error codes"; checked 2026-09."""


def marketing_refused(contact_id: UUID, message_id: UUID, at: datetime) -> Consent:
    """Return what the platform's refusal of a marketing message says about the contact; the same for the answer and for a status."""
    key = f"error {MARKETING_REFUSED} {message_id}"
    return Consent(contact_id, ConsentPurpose.MARKETING, ConsentState.OPTED_OUT, f"platform error {MARKETING_REFUSED}", at, key)


def consent_in(text: str | None) -> ConsentState | None:
    """Return what a message says about consent when it says nothing else."""
    # NFKC: phones write the same letter in several ways; casefold makes two characters of the Turkish capital I with its dot.
    folded = unicodedata.normalize("NFKC", text or "").casefold().replace("i\u0307", "i")
    words = " ".join(folded.split()).strip(_AROUND_A_WORD)
    if words in STOP_WORDS:
        return ConsentState.OPTED_OUT
    return ConsentState.OPTED_IN if words in START_WORDS else None


async def record_consents(tx: Tx, tenant_id: UUID, consents: Sequence[Consent]) -> None:
    """Append statements to the ledger, each once."""
    if not consents:
        return
    rows = [
        (new_id(), consent.contact_id, consent.purpose.value, consent.state.value, consent.source, consent.at, consent.key)
        for consent in consents
    ]
    await tx.execute(
        """INSERT INTO consents (tenant_id, id, contact_id, purpose, state, source, at, key)
           SELECT %s, * FROM unnest(%b::uuid[], %b::uuid[], %b::text[], %b::text[], %b::text[], %b::timestamptz[], %b::text[])
           ON CONFLICT (tenant_id, key) DO NOTHING""",
        (tenant_id, *map(list, zip(*rows, strict=True))),
    )


async def find_opt_outs(tx: Tx, tenant_id: UUID, contact_ids: Collection[UUID]) -> dict[UUID, set[ConsentPurpose]]:
    """Return the purposes that these contacts have refused and not agreed to since."""
    cursor = await tx.execute(
        """SELECT DISTINCT ON (contact_id, purpose) contact_id, purpose, state FROM consents
            WHERE tenant_id = %s AND contact_id = ANY (%s) ORDER BY contact_id, purpose, at DESC, state DESC""",
        (tenant_id, list(contact_ids)),
    )
    refused: dict[UUID, set[ConsentPurpose]] = {}
    for contact_id, purpose, state in await cursor.fetchall():
        if ConsentState(state) is ConsentState.OPTED_OUT:
            refused.setdefault(contact_id, set()).add(ConsentPurpose(purpose))
    return refused


async def merge_consents(tx: Tx, tenant_id: UUID, merges: Sequence[Merge]) -> None:
    """Give the statements of merged contacts to the kept ones."""
    for merge in merges:
        await tx.execute(
            "UPDATE consents SET contact_id = %s WHERE tenant_id = %s AND contact_id = %s", (merge.kept_id, tenant_id, merge.merged_id)
        )
