"""What must not reach a column in clear: phone numbers, and names that are numbers. Pure functions over strings."""

import re

# Under these keys Meta's objects hold a number or a person. They are left out of everything that is stored in clear.
PERSONAL_KEYS = frozenset(
    {
        "added_participants",
        "contact",
        "contacts",
        "customer",
        "display_phone_number",
        "email",
        "emails",
        "failed_participants",
        "first_name",
        "formatted_name",
        "from",
        "full_name",
        "input",
        "last_name",
        "message_template_button_phone_number",
        "new_wa_id",
        "participants",
        "phone",
        "phone_number",
        "phones",
        "recipient",
        "recipient_id",
        "removed_participants",
        "requester",
        "sender",
        "to",
        "user",
        "user_id",
        "username",
        "vcard",
        "wa_id",
    }
)
_MASK = "…"
_FEWEST_PHONE_DIGITS = 7  # the shortest numbers in use, without the country's code
# Digits as people write a number: with `+` from seven digits, without it from nine (fewer is a date, a price, a postcode).
_WRITTEN_NUMBER = re.compile(r"\+\d(?:[ ().-]{0,2}\d){6,}|\d(?:[ ().-]{0,2}\d){8,}")
_DIGIT = re.compile(r"\d")
_LETTER = re.compile(r"[^\W\d_]")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_.: -]{0,63}")
_LONG_NUMBER = re.compile(r"\d{7}")


def mask_numbers(text: str) -> str:
    """Return the text with everything that may be a phone number replaced by an ellipsis. Long ids go too."""
    return _WRITTEN_NUMBER.sub(_MASK, text) if _DIGIT.search(text) else text


def clean_name(name: str | None, phone: str | None) -> str | None:
    """Return a display name, or None if it is blank or is the contact's own number, which many people put there."""
    if not name or not (name := name.strip()):
        return None
    if not _DIGIT.search(name):
        return name
    digits = "".join(str(int(digit)) for digit in _DIGIT.findall(name)).lstrip("0")  # of any script, without a trunk or `00` prefix
    if len(digits) < _FEWEST_PHONE_DIGITS:
        return name
    is_own_number = phone is not None and (digits in phone or phone in digits)
    return None if is_own_number or not _LETTER.search(name) else name


def word(value: object) -> str | None:
    """Return a word of the platform's (a type, a status, a key), None for what does not look like one or may hold a number."""
    is_word = isinstance(value, str) and _WORD.fullmatch(value) and not _LONG_NUMBER.search(value)
    return value if isinstance(value, str) and is_word else None
