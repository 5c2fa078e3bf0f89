"""What the customers say, one file per language."""

from collections.abc import Mapping

from cloud_api_simulator.scripts import arabic, english, english_india, german, hindi, japanese, portuguese, spanish
from cloud_api_simulator.scripts.steps import Phrasebook

PHRASEBOOKS: Mapping[str, Phrasebook] = {
    "ar": arabic.PHRASEBOOK,
    "de": german.PHRASEBOOK,
    "en": english.PHRASEBOOK,
    "en_IN": english_india.PHRASEBOOK,
    "es": spanish.PHRASEBOOK,
    "hi": hindi.PHRASEBOOK,
    "ja": japanese.PHRASEBOOK,
    "pt": portuguese.PHRASEBOOK,
}
