"""Telephone numbers: what is a Brazilian mobile, however it is written."""

import pytest

from notifications.phones import masked, normalised


@pytest.mark.parametrize(
    "written",
    [
        "5511987654321",
        "+5511987654321",
        "+55 (11) 98765-4321",
        "55 11 98765.4321",
        "11987654321",
        "(11) 98765-4321",
        "011 98765-4321",
        "551187654321",
        "1187654321",
        "+55 11 8765-4321",
    ],
)
def test_a_mobile_is_13_digits_with_country_code_and_ninth_digit(written):
    assert normalised(written) == "5511987654321"


def test_an_area_code_of_55_is_no_country_code():
    assert normalised("55987654321") == "5555987654321"


@pytest.mark.parametrize(
    "written",
    [
        "",
        " ",
        "phone",
        "551132654321",  # a landline
        "1132654321",
        "5510987654321",  # no area code
        "55119876543210",
        "14155552671",
        "+1 415 555 2671",
        "+351 912 345 678",
        "5511987654321 ext. 5",
        "5511987654321;5511987654322",
        "5511987654321@c.us",
        "٥٥١١٩٨٧٦٥٤٣٢١",
        "5511987654321" + "0" * 300,
    ],
)
def test_anything_else_is_refused(written):
    with pytest.raises(ValueError, match="is no"):
        normalised(written)


def test_of_a_number_the_last_four_digits_are_shown():
    assert masked("5511987654321") == "…4321"
