"""The admins who are asked by WhatsApp, as the environment names them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from accounts.callers import Caller, Identity, Origin, is_ecosystem_id
from accounts.entities import Role
from financial_api.kernel.environment import InvalidSettings
from notifications.phones import masked, normalised

MOST_ADMINS = 8
"""A message to each of them, the tracker and its request fit in one commit."""

_EMAIL = re.compile(r"[^\s@,:]+@[^\s@,:]+")
_LONGEST_EMAIL = 254
_FORM = "phone:ecosystemId:email, comma-separated"


@dataclass(frozen=True, slots=True)
class Admin:
    """Who answers from a phone (13 digits), and what the audit log calls them."""

    phone: str
    ecosystem_id: str
    email: str

    def caller(self, traceparent: str | None = None) -> Caller:
        """Return the admin as the actor of a command."""
        identity = Identity(
            subject=self.ecosystem_id,
            ecosystem_id=self.ecosystem_id,
            role=Role.ADMIN,
            email=self.email,
        )
        return Caller(identity, Origin(traceparent=traceparent), has_token=False)


def admins_from(text: str, variable: str = "WHATSAPP_ADMINS") -> Mapping[str, Admin]:
    """Return the admins that the text of an environment variable names, by phone.

    Raises InvalidSettings, which names the variable and shows no full number.
    """
    entries = [entry.strip() for entry in text.split(",") if entry.strip()]
    if text and not entries:
        raise InvalidSettings(f"{variable} names nobody; valid is {_FORM}.")
    admins: dict[str, Admin] = {}
    for number, entry in enumerate(entries, start=1):
        try:
            admin = _admin(entry)
        except ValueError as error:
            raise InvalidSettings(f"{variable}: entry {number} {error}.") from None
        if admin.phone in admins:
            raise InvalidSettings(f"{variable} names {masked(admin.phone)} twice.")
        admins[admin.phone] = admin
    if len(admins) > MOST_ADMINS:
        raise InvalidSettings(f"{variable} names {len(admins)} phones; {MOST_ADMINS} at the most.")
    return admins


def _admin(entry: str) -> Admin:
    """Return the admin of `phone:ecosystemId:email`; an ecosystemId may itself hold colons."""
    phone, _, rest = entry.partition(":")
    ecosystem_id, _, email = rest.rpartition(":")
    if not ecosystem_id or not email:
        raise ValueError(f"is not of the form {_FORM}")
    if not is_ecosystem_id(ecosystem_id):
        raise ValueError("has an ecosystemId that is not 1 to 128 of A-Z a-z 0-9 _ - . : @")
    if len(email) > _LONGEST_EMAIL or not _EMAIL.fullmatch(email):
        raise ValueError("has no email address at its end")
    try:
        return Admin(normalised(phone), ecosystem_id, email)
    except ValueError as error:
        raise ValueError(f"has a phone that {error}") from None
