"""The remote parameters: their paths, defaults, ranges, and what makes no sense."""

from dataclasses import fields
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from financial_api.kernel.parameters import (
    ASCENDING,
    PARAMETERS,
    Fault,
    Parameters,
    default_texts,
    parse,
    understood,
)
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
PAGE = Path(__file__).resolve().parents[2] / "docs" / "parameters.md"
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
    assert sorted(field for field, *_ in PARAMETERS.values()) == sorted(
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


@pytest.mark.parametrize(
    ("path", "valid"),
    [
        ("limits/lowTier", "between 100.00 and 9999999.99, in digits with two decimals at most"),
        (COOLDOWN, "between 0 and 3650, in digits alone"),
        (SWITCH, "one of on, true, yes, 1, off, false, no, 0"),
    ],
)
def test_whoever_is_refused_is_told_what_is_valid(path, valid):
    with pytest.raises(ValueError, match=f"^not {valid}$"):
        parse(path, "+7")


def test_a_switch_is_given_in_the_words_of_every_switch():
    for text in ("true", "True", "on", "ON", "1", "yes"):
        assert parse(SWITCH, text) == ("notifications_enabled", True)
    for text in ("false", "FALSE", "off", "Off", "0", "no"):
        assert parse(SWITCH, text) == ("notifications_enabled", False)
    for text in ("2", "-1", "maybe", "o n"):
        with pytest.raises(ValueError, match="not one of on, true, yes, 1, off"):
            parse(SWITCH, text)


@pytest.mark.parametrize("around", ["{}\n", " {}", "{}\r\n", "\t{} ", "\n\n{}\n"])
def test_blanks_and_line_ends_around_a_value_are_no_part_of_it(around):
    for path, text in default_texts().items():
        assert parse(path, around.format(text)) == parse(path, text)


def test_an_unknown_path_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match=r"limits/lowTier.*scoring/latePenaltySevere"):
        parse("limits/lowteir", "100")


def test_what_no_text_is_given_for_has_its_default():
    assert understood({}) == (Parameters(), [])
    assert understood({COOLDOWN: "7"}) == (Parameters(cooldown_days=7), [])


def test_each_fault_is_told_with_its_text_and_the_rest_is_taken():
    texts = {COOLDOWN: "a week", HOURS: None, THRESHOLD: "600", "limits/lowteir": "200"}
    parameters, faults = understood(texts)
    assert parameters == Parameters(auto_approve_threshold=600)
    assert {(*fault.texts.items(), fault.reason.partition(";")[0]) for fault in faults} == {
        ((COOLDOWN, "a week"), "not between 0 and 3650, in digits alone"),
        ((HOURS, None), "missing"),
        (("limits/lowteir", "200"), "unknown parameter"),
    }


@pytest.mark.parametrize(
    "texts",
    [
        {"limits/lowTier": "5000.01"},
        {"limits/mediumTier": "1999.99"},
        {"limits/mediumTier": "10001"},
        {"limits/highTier": "4999.99"},
        {"limits/lowTier": "6000", "limits/mediumTier": "7000", "limits/highTier": "6500"},
        {"limits/lowTier": "6000", "limits/mediumTier": "nonsense"},
        {"scoring/paymentBonusMin": "51"},
        {"scoring/paymentBonusMax": "9"},
        {"scoring/latePenaltyMild": "51"},
        {"scoring/latePenaltyModerate": "101"},
        {"scoring/latePenaltySevere": "49"},
    ],
)
def test_those_that_contradict_each_other_all_have_their_defaults(texts):
    parameters, faults = understood(texts | {COOLDOWN: "7"})
    assert parameters == Parameters(cooldown_days=7)
    [paths] = [paths for paths in ASCENDING if texts.keys() <= set(paths)]
    assert faults[-1] == Fault({path: texts.get(path) for path in paths}, "not in ascending order")


def test_what_is_in_order_with_them_is_refused_with_them_and_nothing_else():
    texts = {"limits/lowTier": "1000", "limits/mediumTier": "900", "limits/highTier": "20000"}
    parameters, [_] = understood(texts | {"scoring/paymentBonusMin": "20"})
    assert parameters == Parameters(payment_bonus_min=20)


def test_equal_ones_do_not_contradict_each_other():
    texts = dict.fromkeys(LIMITS, "3000") | dict.fromkeys(POINTS, "40")
    _, faults = understood(texts)
    assert faults == []


@given(st.dictionaries(st.sampled_from(EVERY), st.integers(0, 1001).map(str)))
def test_whatever_is_given_what_serves_is_in_order(texts):
    parameters, _ = understood(texts)
    for paths in ASCENDING:
        served = [getattr(parameters, PARAMETERS[path][0]) for path in paths]
        assert served == sorted(served)


def test_the_page_of_parameters_is_what_the_code_says():
    printed = StringIO()
    call_command("parameters", stdout=printed)
    assert printed.getvalue() == PAGE.read_text()
