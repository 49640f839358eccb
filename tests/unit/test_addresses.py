"""Whose address a request has, in the forms that servers and proxies write one."""

import pytest

from financial_api.kernel import addresses
from financial_api.kernel.addresses import LONGEST, client_address
from financial_api.kernel.loopback import is_loopback

CONNECTION = "192.0.2.1"

FORMS = {
    "nginx, Apache, HAProxy, Envoy, Traefik, Caddy, AWS": ("203.0.113.7", "203.0.113.7"),
    "any of them, of version 6": ("2001:db8::1", "2001:db8::1"),
    "version 6 at length": ("2001:0DB8:0:0:0:0:0:1", "2001:db8::1"),
    "Azure's gateway, IIS, AWS told to write ports": ("203.0.113.7:51234", "203.0.113.7"),
    "the same, of version 6": ("[2001:db8::1]:51234", "2001:db8::1"),
    "IIS told to write no port": ("[2001:db8::1]", "2001:db8::1"),
    "a proxy that listens on both versions": ("::ffff:203.0.113.7", "203.0.113.7"),
    "the same in hexadecimal": ("::FFFF:cb00:7107", "203.0.113.7"),
    "the same with a port": ("[::ffff:203.0.113.7]:51234", "203.0.113.7"),
    "the same as some write it": ("::ffff:203.0.113.7:51234", "203.0.113.7"),
    "quoted, as RFC 7239 has it": ('"[2001:db8::1]:4711"', "2001:db8::1"),
    "with blanks around": (" \t203.0.113.7 ", "203.0.113.7"),
}

NO_ADDRESSES = {
    "nothing": "",
    "blanks": "  ",
    "Squid that was told to": "unknown",
    "hidden by RFC 7239": "_hidden",
    "nginx of who came over a socket of Unix": "unix:",
    "a name": "localhost",
    "a zone": "fe80::1%eth0",
    "a zone in brackets, as IIS writes it": "[fe80::1%11]:51234",
    "a zone of any text": "::1%<b>",
    "a zone of an address of version 4": "::ffff:203.0.113.7%x",
    "a port that is none": "203.0.113.7:http",
    "a port too long": "203.0.113.7:512345",
    "more numbers than an address has": "203.0.113.7.9",
    "a number too large": "203.0.113.256",
    "digits that are not ASCII": "٢٠٣.0.113.7",
    "version 6 with a port that cannot be told": "2001:db8:1:2:3:4:5:6:51234",
    "a bracket alone": "[2001:db8::1",
    "what RFC 7239 writes around one": "for=203.0.113.7",
    "a network": "203.0.113.0/24",
}


@pytest.mark.parametrize(("written", "meant"), FORMS.values(), ids=FORMS)
def test_what_the_proxy_heard_from_is_read_as_it_writes_it(written: str, meant: str) -> None:
    assert client_address(CONNECTION, written, 1) == meant
    assert client_address(CONNECTION, f"198.51.100.9,{written}", 1) == meant
    assert client_address(CONNECTION, f"198.51.100.9, {written}, 10.0.0.2", 2) == meant


@pytest.mark.parametrize("written", NO_ADDRESSES.values(), ids=NO_ADDRESSES)
def test_where_the_proxy_names_no_address_it_is_the_next_one(written: str) -> None:
    assert client_address(CONNECTION, written, 1) == CONNECTION
    assert client_address(CONNECTION, f"198.51.100.9, {written}", 1) == CONNECTION
    assert client_address(CONNECTION, f"198.51.100.9, {written}, 10.0.0.2:80", 2) == "10.0.0.2"
    assert client_address(CONNECTION, f"198.51.100.9, {written}, {written}", 2) == CONNECTION


def test_what_came_before_the_trusted_proxies_is_hearsay() -> None:
    assert client_address(CONNECTION, "203.0.113.7", 0) == CONNECTION
    assert client_address(CONNECTION, "203.0.113.7", 2) == CONNECTION
    assert client_address(CONNECTION, "198.51.100.8, 198.51.100.9, 203.0.113.7", 1) == "203.0.113.7"


@pytest.mark.parametrize(
    ("connection", "meant"),
    [
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("203.0.113.7:51234", "203.0.113.7"),
        ("[::ffff:203.0.113.7]:51234", "203.0.113.7"),
        ("2001:DB8::0:1", "2001:db8::1"),
        ("", ""),
        ("unix:/run/api.socket", "unix:/run/api.socket"),
    ],
)
def test_who_connected_is_written_alike_on_every_socket(connection: str, meant: str) -> None:
    assert client_address(connection, "", 0) == meant
    assert client_address(connection, "unknown", 1) == meant


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "::ffff:127.0.0.1"])
def test_this_machines_own_addresses_are_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "::ffff:203.0.113.7", "loopback"])  # noqa: S104
def test_no_other_is(host: str) -> None:
    assert not is_loopback(host)


def test_what_is_too_long_for_an_address_is_not_looked_at() -> None:
    before = addresses._read.cache_info().currsize

    assert client_address("192.0.2.1", "1" * (LONGEST + 1), 1) == "192.0.2.1"
    assert addresses._read.cache_info().currsize <= before + 1
