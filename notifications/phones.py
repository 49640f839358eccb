"""Telephone numbers: Brazilian mobiles, as 13 digits."""

import re

import phonenumbers

REGION = "BR"
_WRITTEN = re.compile(r"[+0-9 ().-]{1,40}")
_AREA = r"(?:1[1-9]|[2-9]\d)"
_MOBILE = re.compile(rf"55{_AREA}9\d{{8}}")
_WITHOUT_NINTH_DIGIT = re.compile(rf"(55{_AREA})([6-9]\d{{7}})")


def normalised(text: str) -> str:
    """Return a Brazilian mobile as 13 digits: `55`, area code 11 to 99, `9`, eight digits.

    A number without country code gets it, and one from before the ninth digit gets that. Raises
    ValueError for anything else.
    """
    if not _WRITTEN.fullmatch(text):
        raise ValueError("is no telephone number")
    try:
        number = phonenumbers.parse(text, REGION)
    except phonenumbers.NumberParseException:
        raise ValueError("is no telephone number") from None
    digits = f"{number.country_code}{number.national_number}"
    if older := _WITHOUT_NINTH_DIGIT.fullmatch(digits):
        digits = f"{older[1]}9{older[2]}"
    if not _MOBILE.fullmatch(digits):
        raise ValueError("is no Brazilian mobile number")
    return digits


def masked(phone: str) -> str:
    """Return what may be shown of a number: its last four digits."""
    return f"…{phone[-4:]}"
