"""The remote parameters: their paths, defaults, ranges, and what makes no sense."""

from dataclasses import fields
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel.parameters import PARAMETERS, Parameters, default_texts, parse
from tests.unit.building import money

LIMITS = ["limits/lowTier", "limits/mediumTier", "limits/highTier"]
POINTS = [
    "scoring/paymentBonusMin",
    "scoring/paymentBonusMax",
    "scoring/latePenaltyMild",
    "scoring/latePenaltyModerate",
    "scoring/latePenaltySevere",
]
THRESHOLD, COOLDOWN = "approval/autoApproveThreshold", "approval/cooldownDays"
SWITCH, HOURS = "whatsapp/notificationsEnabled", "whatsapp/approvalExpiryHours"
EVERY = [*LIMITS, THRESHOLD, COOLDOWN, *POINTS, SWITCH, HOURS]


def test_the_defaults_are_those_of_the_domain():
    assert default_texts() == {
        "limits/lowTier": "2000.00",
        "limits/mediumTier": "5000.00",
        "limits/highTier": "10000.00",
        "approval/autoApproveThreshold": "500",
        "approval/cooldownDays": "30",
        "scoring/paymentBonusMin": "10",
        "scoring/paymentBonusMax": "50",
        "scoring/latePenaltyMild": "20",
        "scoring/latePenaltyModerate": "50",
        "scoring/latePenaltySevere": "100",
        "whatsapp/notificationsEnabled": "true",
        "whatsapp/approvalExpiryHours": "24",
    }


def test_every_parameter_has_a_path_of_its_own():
    assert sorted(PARAMETERS) == sorted(EVERY)
    assert sorted(field for field, _ in PARAMETERS.values()) == sorted(
        field.name for field in fields(Parameters)
    )


def test_the_defaults_can_be_read_back():
    assert Parameters(**dict(parse(*item) for item in default_texts().items())) == Parameters()


@given(st.sampled_from(LIMITS), st.integers(10_000, 999_999_999).map(money))
def test_a_limit_is_from_100_dollars_to_the_largest_amount(path, limit):
    assert parse(path, str(limit)) == (PARAMETERS[path][0], limit)


@pytest.mark.parametrize("path", LIMITS)
@pytest.mark.parametrize("text", ["99.99", "0", "-100", "10000000.00", "1e99", "-Infinity"])
def test_a_limit_outside_that_is_refused(path, text):
    with pytest.raises(ValueError, match="not between"):
        parse(path, text)


@pytest.mark.parametrize(
    ("path", "lowest", "highest"),
    [
        (THRESHOLD, 0, 1001),
        (COOLDOWN, 0, 3650),
        (HOURS, 1, 8760),
        *((path, 0, 1000) for path in POINTS),
    ],
)
def test_a_whole_number_has_its_range(path, lowest, highest):
    field = PARAMETERS[path][0]
    assert parse(path, str(lowest)) == (field, lowest)
    assert parse(path, str(highest)) == (field, highest)
    for outside in (lowest - 1, highest + 1):
        with pytest.raises(ValueError, match="not between"):
            parse(path, str(outside))


@pytest.mark.parametrize("path", EVERY)
@pytest.mark.parametrize(
    "text", ["", " ", "much", "NaN", "sNaN", "Infinity", "1,000", "5 0", "0x1F4", "--5", "9" * 5000]
)
def test_nonsense_is_a_value_error(path, text):
    with pytest.raises(ValueError):  # noqa: PT011  # its message differs by what is wrong
        parse(path, text)


@given(st.sampled_from(EVERY), st.text())
def test_no_text_does_worse_than_a_value_error(path, text):
    try:
        field, value = parse(path, text)
    except ValueError:
        return
    assert isinstance(value, type(getattr(Parameters(), field)))


@pytest.mark.parametrize("path", [THRESHOLD, COOLDOWN, HOURS, *POINTS])
@pytest.mark.parametrize("text", ["10.0", "1.5", "1e1"])
def test_a_whole_number_has_no_fraction(path, text):
    with pytest.raises(ValueError):  # noqa: PT011  # int's own message
        parse(path, text)


def test_a_switch_is_given_in_the_words_of_every_switch():
    for text in ("true", "True", "on", "1", "yes"):
        assert parse(SWITCH, text) == ("notifications_enabled", True)
    for text in ("false", "FALSE", "off", "0", "no"):
        assert parse(SWITCH, text) == ("notifications_enabled", False)
    for text in ("2", "-1", "maybe", " on"):
        with pytest.raises(ValueError, match="none of on, true, yes, 1, off"):
            parse(SWITCH, text)


def test_an_unknown_path_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"limits/lowTier.*scoring/latePenaltySevere"):
        parse("limits/lowteir", "100")


def test_the_highest_limit_is_that_of_any_tier():
    assert Parameters().highest_limit == 10_000
    assert Parameters(low_tier_limit=Decimal(20_000)).highest_limit == 20_000
