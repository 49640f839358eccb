"""Identifiers: UUIDv7 as RFC 9562 lays it out, in order to the microsecond."""

import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel import ids
from tests.unit.building import NOON, TICK, moments

LAST_RANDOM = (1 << 62) - 1


@pytest.fixture
def random_bits():
    """Replaces the source of randomness by the number that the test sets."""

    class Bits:
        value = 0

        def __call__(self, count):
            assert count == 62
            return self.value

    bits = Bits()
    previous = ids.install(bits)
    yield bits
    ids.install(previous)


@given(moments)
def test_the_layout_is_that_of_rfc_9562(moment):
    made = uuid.UUID(ids.new_id(moment))
    assert made.version == 7
    assert made.variant == uuid.RFC_4122
    milliseconds = int.from_bytes(made.bytes[:6], "big")
    assert milliseconds == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // (1000 * TICK)


@given(moments)
def test_the_bits_after_the_version_are_the_fraction_of_the_millisecond(moment):
    fraction = int.from_bytes(uuid.UUID(ids.new_id(moment)).bytes[6:8], "big") & 0xFFF
    assert fraction == int((moment.microsecond % 1000) / 1000 * 4096)


def test_the_example_of_the_rfc_has_its_time(random_bits):
    # Appendix A.6: 22 February 2022, 14:22:22.000 in UTC-5
    random_bits.value = 0x18C4DC0C0C07398F
    moment = datetime(2022, 2, 22, 19, 22, 22, tzinfo=UTC)
    assert ids.new_id(moment) == "017f22e2-79b0-7000-98c4-dc0c0c07398f"


@given(moments, st.integers(1, 10_000_000))
def test_an_id_made_a_microsecond_later_sorts_after_whatever_the_random_bits(moment, microseconds):
    previous = ids.install(lambda _: LAST_RANDOM)
    try:
        earlier = ids.new_id(moment)
        ids.install(lambda _: 0)
        later = ids.new_id(moment + microseconds * TICK)
    finally:
        ids.install(previous)
    assert earlier < later


@given(moments)
def test_an_id_is_one(moment):
    made = ids.new_id(moment)
    assert ids.is_id(made)
    assert str(uuid.UUID(made)) == made


def test_ids_of_one_moment_differ():
    assert len({ids.new_id(NOON) for _ in range(1000)}) == 1000


@given(st.uuids(version=4).map(str) | st.text())
def test_nothing_else_is_an_id(text):
    assert not ids.is_id(text)


@pytest.mark.parametrize(
    "change",
    [
        str.upper,
        lambda text: text.replace("-", ""),
        lambda text: f"{{{text}}}",
        lambda text: f"urn:uuid:{text}",
        lambda text: text + "\n",
        lambda text: " " + text,
        lambda text: text[:-1],
        lambda text: text[:-1] + "g",
        lambda text: text[:14] + "6" + text[15:],
        lambda text: text[:19] + "7" + text[20:],
    ],
)
def test_an_id_has_one_spelling(change):
    made = "0192d3c4-ab12-7abc-8def-0123456789ab"
    assert ids.is_id(made)
    assert not ids.is_id(change(made))
