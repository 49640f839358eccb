"""JSON with money that never passes through a float."""

import contextlib
import json
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel.encoding import RepeatedName, canonical, dumps, loads
from financial_api.kernel.money import dollars
from tests.unit.building import money

amounts = st.integers(-(10**18), 10**18).map(money)
documents = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | amounts | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@given(amounts)
def test_money_keeps_every_cent(amount):
    text = dumps(amount)
    assert text.decode() == format(amount, "f")
    assert loads(text) == amount
    assert isinstance(loads(text), Decimal)


def test_money_is_a_number_with_its_own_digits():
    assert dumps({"amount": Decimal("1.10"), "limit": Decimal("5000.00")}) == (
        b'{"amount":1.10,"limit":5000.00}'
    )


@given(documents)
def test_a_document_survives_being_written_and_read(document):
    assert loads(dumps(document)) == document


@given(documents)
def test_the_standard_library_reads_the_same(document):
    assert json.loads(dumps(document), parse_float=Decimal) == document


@given(documents)
def test_the_canonical_form_is_the_same_document(document):
    assert loads(canonical(document)) == document


@given(st.dictionaries(st.text(), amounts | st.dictionaries(st.text(), amounts), min_size=2))
def test_the_canonical_form_does_not_depend_on_the_order_of_keys(document):
    backwards = {key: _reversed(value) for key, value in reversed(document.items())}
    assert canonical(backwards) == canonical(document)


def _reversed(value):
    return dict(reversed(value.items())) if isinstance(value, dict) else value


def test_a_fraction_is_read_as_written():
    assert loads("0.1") == Decimal("0.1")
    assert str(loads("10.00")) == "10.00"
    assert loads("1e2") == Decimal("1e2")


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", '{"amount": NaN}', "[Infinity]"])
def test_nan_and_infinity_are_not_json(text):
    with pytest.raises(ValueError, match="is not JSON"):
        loads(text)


@pytest.mark.parametrize(
    "text", ["", "{", "{'a': 1}", "01", "1.", "[1,]", '{"a" 1}', "nul", "\ufeff{}", "9" * 5000]
)
def test_what_is_not_json_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011  # its message is the parser's
        loads(text)


@pytest.mark.parametrize(
    "text", ['{"a": 1, "a": 1}', '{"a": 1, "\\u0061": 2}', '[{"b": {"a": 1, "c": 2, "a": null}}]']
)
def test_an_object_gives_a_name_once(text):
    with pytest.raises(RepeatedName):
        loads(text)


@given(st.binary(max_size=40))
def test_no_bytes_do_worse_than_a_value_error(text):
    with contextlib.suppress(ValueError):
        loads(text)


@pytest.mark.parametrize("text", ["1e99999999999999999999", "-1e-99999999999999999999"])
def test_an_exponent_that_no_decimal_has_is_a_value_error(text):
    with pytest.raises(ValueError):  # noqa: PT011  # any message
        loads(text)


def test_nesting_without_end_is_a_recursion_error():
    with pytest.raises(RecursionError):
        loads("[" * 100_000)


@pytest.mark.parametrize(
    ("value", "rounded"),
    [("0.004", "0.00"), ("0.005", "0.01"), ("1.005", "1.01"), ("2.675", "2.68"), (7, "7.00")],
)
def test_dollars_are_rounded_half_up_to_the_cent(value, rounded):
    assert str(dollars(value)) == rounded


@given(st.integers(-(10**12), 10**12))
def test_dollars_of_whole_cents_are_themselves(whole_cents):
    assert dollars(money(whole_cents)) == money(whole_cents)


@given(st.integers(0, 10**13))
def test_dollars_of_a_tenth_of_a_cent_are_the_nearest_cent(tenths):
    nearest = (tenths + 5) // 10
    assert dollars(Decimal(tenths).scaleb(-3)) == money(nearest)
