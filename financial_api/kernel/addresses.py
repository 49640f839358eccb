"""Where a request comes from: addresses as servers and proxies write them."""

import functools
import ipaddress
import re
from ipaddress import IPv4Address, IPv6Address

_SIX = r"([\da-f:.]+)"
_PORT = r"(?::\d{1,5})?"
_WRITTEN = re.compile(
    rf'"?(?:(?:::ffff:)?([\d.]+){_PORT}|\[{_SIX}\]{_PORT}|{_SIX})"?', re.ASCII | re.IGNORECASE
)
"""Azure's gateway, IIS and RSGI add a port, load balancers of AWS where they are told to.

No proxy names a zone of its own machine (`fe80::1%eth0`), and a zone may be any text.
"""


LONGEST = 64
"""How long an address may be, with all that is written round it."""


def canonical(text: str) -> IPv4Address | IPv6Address:
    """Return the address that a text is, or raise ValueError.

    A socket that listens on both versions writes those of version 4 as `::ffff:203.0.113.7` (RFC
    4291, section 2.5.5.2): they are of version 4.
    """
    address = ipaddress.ip_address(text)
    return (address.version == 6 and address.ipv4_mapped) or address


def client_address(connection: str, forwarded: str, proxies: int) -> str:
    """Return the address that a request came from.

    `connection` is who connected, which stays what it is where it is no address (a socket of Unix
    has none), `forwarded` the values of X-Forwarded-For, joined with commas, and `proxies` the
    number of proxies that are trusted. Each of them appends whom it heard from, so the client's own
    address stands as many places from the end as there are such proxies; anything before it is
    hearsay. Where that place says nothing (`unknown`, by Squid), the client is somewhere behind the
    next one. RFC 7239's Forwarded is not read: a proxy that appends to X-Forwarded-For passes on a
    Forwarded of the client's own.
    """
    hops = forwarded.split(",")
    trusted = hops[len(hops) - proxies :] if proxies <= len(hops) else []
    written = [text.strip() for text in [*trusted, connection]]
    return next(
        (at for text in written if len(text) <= LONGEST and (at := _read(text))), connection
    )


@functools.lru_cache(maxsize=4096)
def _read(text: str) -> str:
    """Return the address that was written, or nothing where none was."""
    match = _WRITTEN.fullmatch(text)
    if match is None:
        return ""
    try:
        return str(canonical(match[match.lastindex or 0]))
    except ValueError:
        return ""


def network_of(address: str) -> str:
    """Return the /64 that an address of version 6 lies in; any other text as it is.

    Each link has a /64, and who is on it takes any address there (RFC 7421).
    """
    try:
        prefix = ipaddress.IPv6Interface(f"{address}/64")
    except ValueError:
        return address
    return str(prefix.network)
