"""Settings from the environment: each is read here, as it stands, and judged.

Nothing in a value is interpreted or replaced: `$`, `#`, `=`, quotes and blanks are what they are.
What cannot be meant is refused, since a guess may switch off what should protect. Empty is a value
only of what may be left out; anything else says so by not being there.
"""

import contextlib
import os
import re
import sys
from collections.abc import Callable, Collection, Iterator
from ipaddress import ip_address
from urllib.parse import urlsplit

LONGEST = 8192
"""Characters of a value, at the most."""

SHOWN = 40
"""Characters of a value that a refusal shows, at the most."""

QUOTES = "\"'"
BOOLEANS = {
    **dict.fromkeys(("on", "true", "yes", "1"), True),
    **dict.fromkeys(("off", "false", "no", "0"), False),
}
_SCHEME = re.compile(r"[a-z][a-z0-9+.-]{0,19}://")


class InvalidSettings(Exception):
    """The process must not start. Its text has a line for each setting, and what is valid."""


@contextlib.contextmanager
def refusing(*also: type[Exception]) -> Iterator[None]:
    """End the process for what the block refuses: lines on standard error, status 1, no traceback.

    `also` are other errors that say in a line what is to be set otherwise.
    """
    errors: tuple[type[Exception], ...] = (InvalidSettings, *also)
    try:
        yield
    except errors as error:
        sys.exit(str(error))


def text(
    name: str, default: str = "", *, pattern: str = ".+", valid: str = "text", secret: bool = False
) -> str:
    """Return a text; `valid` says of which kind it is, `pattern` is what it must match."""
    value = _given(name, may_be_empty=not default, secret=secret)
    if not value:
        return default
    if not re.fullmatch(pattern, value, re.ASCII):
        raise _refusal(name, value, f"valid is {valid}", secret=secret)
    return value


def address(name: str, default: str) -> str:
    """Return an IP address; `localhost` is 127.0.0.1, and version 6 may have brackets."""
    value = _given(name)
    if value is None:
        return default
    try:
        return str(ip_address("127.0.0.1" if value == "localhost" else value.strip("[]")))
    except ValueError:
        raise _refusal(name, value, "valid is an IP address, or localhost") from None


def secret(name: str, *, shortest: int = 1) -> str:
    """Return a secret, or nothing; what is sent in a header must fit into one.

    One that must be long is no empty one either.
    """
    valid = f"{shortest} and more visible ASCII characters, blanks only inside"
    value = _given(name, may_be_empty=shortest == 1, secret=True) or ""
    if value and not (re.fullmatch(r"[!-~]([ -~]*[!-~])?", value) and len(value) >= shortest):
        raise _refusal(name, value, f"valid is {valid}", secret=True)
    return value


def boolean(name: str, default: bool) -> bool:
    value = _given(name)
    if value is None:
        return default
    if value.lower() not in BOOLEANS:
        raise _refusal(name, value, f"valid are {', '.join(BOOLEANS)}")
    return BOOLEANS[value.lower()]


def whole(name: str, default: int, *, least: int, most: int) -> int:
    """Return a whole number, in decimal digits."""
    value = _given(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}", value) or not least <= int(value) <= most:
        raise _refusal(name, value, f"valid is a whole number from {least} to {most}")
    return int(value)


def seconds(name: str, default: float, *, most: int) -> float:
    """Return a number of seconds, such as 30 or 0.5."""
    value = _given(name)
    if value is None:
        return default
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", value) or float(value) > most:
        raise _refusal(name, value, f"valid is a number of seconds from 0 to {most}")
    return float(value)


def choice(name: str, default: str, *, among: Collection[str]) -> str:
    """Return one of several words, as it is written there; it may be given in any case."""
    value = _given(name)
    if value is None:
        return default
    for one in among:
        if value.lower() == one.lower():
            return one
    raise _refusal(name, value, f"valid are {', '.join(among)}")


def words(
    name: str, default: Collection[str] = (), *, pattern: str, valid: str, most: int = 100
) -> list[str]:
    """Return the entries of a list with commas, which blanks may surround; each must match."""
    value = _given(name, may_be_empty=not default)
    if not value:
        return list(default)
    entries = [entry for entry in map(str.strip, value.split(",")) if entry]
    if not entries or len(entries) > most:
        raise _refusal(name, value, f"valid are 1 to {most} of {valid}, comma-separated")
    for entry in entries:
        if not re.fullmatch(pattern, entry):
            raise _refusal(name, entry, f"valid are {valid}, comma-separated")
    return entries


def has_host(url: str) -> bool:
    """Return True for a URL whose host and port can be read."""
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def url(
    name: str,
    *,
    schemes: Collection[str],
    is_whole: Callable[[str], bool] = has_host,
    may_be_empty: bool = True,
) -> str:
    """Return a URL of one of these schemes that is whole, or nothing.

    What is refused is not shown: a URL may hold a password.
    """
    value = _given(name, may_be_empty=may_be_empty, secret=True)
    if value and (value.partition("://")[0] not in schemes or not is_whole(value)):
        forms = ", ".join(f"{scheme}://" for scheme in schemes)
        valid = f"valid is a whole URL of {forms} and in a password %23 for #, %2F for /, %3F for ?"
        raise _refusal(name, value, valid, secret=True)
    return value or ""


def _refusal(name: str, value: str, valid: str, *, secret: bool = False) -> InvalidSettings:
    """Return what says in one line that a setting has a value that is not valid."""
    shown = f"{value[:SHOWN]}…" if len(value) > SHOWN else value
    if not value:
        was = "empty"
    elif secret:
        scheme = _SCHEME.match(value)
        was = f"{scheme[0]}…" if scheme else f"{len(value)} characters, not shown here"
    else:
        was = ascii(shown)
    return InvalidSettings(f"{name} is {was}; {valid}.")


def missing(name: str, export: str, *, why: str = "") -> str:
    """Return the line for a setting that is not there: its name, and the line to export."""
    return f"{name} is not set{why}: export {export}"


def _given(name: str, *, may_be_empty: bool = False, secret: bool = False) -> str | None:
    """Return a value as it stands, or None; raise InvalidSettings for what no setting can be."""
    value = os.environ.get(name)
    if value is None:
        return None
    if not value and not may_be_empty:
        raise _refusal(name, value, "leave it out, or give it a value")
    if len(value) > LONGEST:
        raise _refusal(name, value, f"valid are up to {LONGEST} characters", secret=secret)
    if len(value) > 1 and value[0] == value[-1] and value[0] in QUOTES:
        raise _refusal(name, value, "the quotes are a part of it: take them away", secret=secret)
    if not value.isprintable():
        raise _refusal(name, value, "valid is what can be printed, on one line", secret=secret)
    return value
