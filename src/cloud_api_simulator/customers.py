"""The people who write. Every number is fictional: the 555 exchange, or the range that a regulator keeps free for films."""

import random
import string
from collections.abc import Sequence
from dataclasses import dataclass

from cloud_api_simulator.bodies import Json, contact


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """One person. `wa_id` is None for someone whose phone is hidden behind a username; `user_id` is the BSUID."""

    key: str
    name: str
    language: str
    wa_id: str | None
    user_id: str
    parent_user_id: str | None = None
    username: str | None = None

    @property
    def address(self) -> str:
        """What stands inside the ids of this customer's messages."""
        return self.wa_id or self.user_id

    def contact(self, *, shows_username: bool = True) -> Json:
        """Return the entry of `value.contacts`."""
        username = self.username if shows_username else None
        return contact(name=self.name, wa_id=self.wa_id, user_id=self.user_id, parent_user_id=self.parent_user_id, username=username)


@dataclass(frozen=True, slots=True)
class _Part:
    """A role in the cast. `range` is the fictional number range, two digits short; None hides the phone."""

    key: str
    name: str
    language: str
    country: str
    range: str | None
    username: str | None = None


# 55 11, 34, 52, 81, 91 and 20: the 555 exchange by analogy with North America. 49 171 39200xx is kept free for fiction (Bundesnetzagentur).
# The extras stand in areas that no country has: nobody could be called by mistake.
_CAST = (
    _Part("ana", "Ana Beatriz Souza", "pt", "BR", "55119555501"),
    _Part("lucia", "Lucía Fernández", "es", "ES", "346005550"),
    _Part("emily", "Emily Carter", "en", "US", "120255501", "emily.carter"),
    _Part("misaki", "佐藤 美咲", "ja", "JP", "8190555001"),
    _Part("ahmed", "أحمد مصطفى", "ar", "EG", "2010555001"),
    _Part("noor", "Noor", "en", "US", None, "noor.writes"),
    _Part("anneliese", "Anneliese Weber", "de", "DE", "4917139200"),
    _Part("priya", "प्रिया शर्मा", "hi", "IN", "9155555001"),
    _Part("diego", "Diego Hernández", "es", "MX", "5255555501"),
    _Part("rafael", "Rafael Oliveira 🎸", "pt", "BR", "55219555501"),
    _Part("jonas", "Jonas Krüger", "de", "DE", "4917139200"),
    _Part("arjun", "Arjun Patel", "en_IN", "IN", "9155555001"),
)
_EXTRAS = {
    "en": (("Olivia", "Noah", "Grace", "Ethan", "Ruby"), ("Baker", "O'Neill", "Brooks", "Nguyen", "Reed"), "US", "15555"),
    "pt": (("João", "Marina", "Caio", "Letícia", "Tiago"), ("Silva", "Araújo", "Nunes", "Teixeira", "Rocha"), "BR", "5500555"),
    "es": (("Sofía", "Mateo", "Inés", "Andrés", "Núria"), ("García", "Muñoz", "Ibáñez", "Peña", "Vidal"), "MX", "520555"),
    "de": (("Jürgen", "Käthe", "Lukas", "Mia", "Björn"), ("Müller", "Schröder", "Groß", "Vogel", "Lange"), "DE", "490555"),
}


def cast(count: int, stream: random.Random) -> tuple[Customer, ...]:
    """Return `count` customers: the written roles first, then as many extras as are asked for. The same stream gives the same people."""
    roles = [_play(part, number, stream) for number, part in enumerate(_CAST[:count])]
    return (*roles, *(_extra(number, stream) for number in range(count - len(roles))))


def directory(customers: Sequence[Customer]) -> dict[str, Customer]:
    """Return every customer under each of the names that a business may use: key, phone digits, BSUID, parent BSUID."""
    names = ((name, each) for each in customers for name in (each.key, each.wa_id, each.user_id, each.parent_user_id))
    return {name: each for name, each in names if name is not None}


def _play(part: _Part, number: int, stream: random.Random) -> Customer:
    wa_id = None if part.range is None else f"{part.range}{number + 10:02d}"
    user_id = _bsuid(part.country, stream)
    return Customer(key=part.key, name=part.name, language=part.language, wa_id=wa_id, user_id=user_id, username=part.username)


def _extra(number: int, stream: random.Random) -> Customer:
    language = stream.choice(list(_EXTRAS))
    first_names, last_names, country, prefix = _EXTRAS[language]
    name = f"{stream.choice(first_names)} {stream.choice(last_names)}"
    return Customer(key=f"extra-{number}", name=name, language=language, wa_id=f"{prefix}{number:06d}", user_id=_bsuid(country, stream))


def _bsuid(country: str, stream: random.Random) -> str:
    return f"{country}.{''.join(stream.choices(string.digits, k=20))}"
