"""From a setting to a backend: what is wrong is said with the setting's name and what is valid."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from financial_api.kernel.environment import InvalidSettings
from financial_api.kernel.parameters import Parameters
from infra_backends import events, identity, persistence, remote_config
from infra_backends.checks import refuse_to_start
from infra_backends.handler import InvalidBackendError
from infra_backends.persistence.memory.backend import Backend as MemoryBackend

STATIC = "infra_backends.config.static"
CONTRACTS = {
    "PERSISTENCE": (persistence, "infra_backends.persistence.memory"),
    "IDENTITY": (identity, "infra_backends.identity.local"),
    "EVENTS": (events, "infra_backends.events.local"),
    "REMOTE_CONFIG": (remote_config, STATIC),
}


def fault(settings, name, value):
    """Return what is said when the setting is used."""
    setattr(settings, name, value)
    with pytest.raises(InvalidBackendError) as refusal:
        CONTRACTS[name][0].validate()
    assert isinstance(refusal.value, ImproperlyConfigured)
    return str(refusal.value)


@pytest.mark.parametrize("name", CONTRACTS)
@pytest.mark.parametrize("value", [None, {}, "infra_backends.x", {"OPTIONS": {}}])
def test_a_setting_that_names_no_backend_is_told_which_there_are(settings, name, value):
    said = fault(settings, name, value)
    assert name in said
    assert CONTRACTS[name][1] in said


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_misspelt_backend_is_told_which_there_are(settings, name):
    path = CONTRACTS[name][1][:-1]
    said = fault(settings, name, {"BACKEND": path})
    assert f"{name}['BACKEND']" in said
    assert repr(path) in said
    assert CONTRACTS[name][1] in said


@pytest.mark.parametrize("name", CONTRACTS)
def test_a_misspelt_option_is_told_which_are_valid(settings, name):
    said = fault(settings, name, {"BACKEND": CONTRACTS[name][1], "OPTIONS": {"COLOUR": "red"}})
    assert f"{name}['OPTIONS'] has 'COLOUR'" in said
    assert "valid for this backend" in said


def test_the_valid_options_are_named(settings):
    said = fault(settings, "IDENTITY", {"BACKEND": CONTRACTS["IDENTITY"][1], "OPTIONS": {"X": 1}})
    assert "'ACCEPT_DEVELOPMENT_TOKENS', 'DISABLED_ACCOUNTS'" in said
    said = fault(settings, "EVENTS", {"BACKEND": CONTRACTS["EVENTS"][1], "OPTIONS": {"X": 1}})
    assert said.endswith("none.")


def test_an_option_in_small_letters_is_misspelt(settings):
    said = fault(settings, "REMOTE_CONFIG", {"BACKEND": STATIC, "OPTIONS": {"values": {}}})
    assert "'VALUES'" in said


def test_a_misspelt_part_of_the_setting_is_told_which_are_valid(settings):
    said = fault(settings, "REMOTE_CONFIG", {"BACKEND": STATIC, "OPTOINS": {}})
    assert "'OPTOINS'" in said
    assert "'BACKEND' and 'OPTIONS'" in said


def test_a_backend_of_another_contract_is_refused(settings):
    said = fault(settings, "REMOTE_CONFIG", {"BACKEND": CONTRACTS["EVENTS"][1]})
    assert "ConfigBackend" in said


def test_a_module_without_a_backend_is_refused(settings):
    assert STATIC in fault(settings, "REMOTE_CONFIG", {"BACKEND": "infra_backends.config.base"})


def test_what_is_no_backend_is_not_among_those_named(settings):
    said = fault(settings, "PERSISTENCE", {})
    assert "infra_backends.persistence.memory" in said
    for other in ("base", "commit", "repositories"):
        assert f"persistence.{other}" not in said


def test_a_backend_is_built_once_and_again_when_its_setting_changes(settings):
    settings.PERSISTENCE = {"BACKEND": "infra_backends.persistence.memory"}
    first = persistence.get()
    assert isinstance(first, MemoryBackend)
    assert persistence.get() is first
    settings.PERSISTENCE = {"BACKEND": "infra_backends.persistence.memory"}
    assert persistence.get() is not first


def test_options_reach_the_backend(settings):
    settings.PERSISTENCE = {
        "BACKEND": "infra_backends.persistence.memory",
        "OPTIONS": {"OUTBOX_SHARDS": 3},
    }
    assert persistence.outbox.shards == 3


@pytest.mark.parametrize("backend", ["memory", "orm", "dynamodb"])
@pytest.mark.parametrize("shards", [0, -3])
def test_without_a_shard_nothing_starts(settings, backend, shards):
    region = {"REGION": "us-east-1"} if backend == "dynamodb" else {}
    settings.PERSISTENCE = {
        "BACKEND": f"infra_backends.persistence.{backend}",
        "OPTIONS": {"OUTBOX_SHARDS": shards, **region},
    }

    with pytest.raises(InvalidSettings, match=rf"'OUTBOX_SHARDS'\] is {shards}; valid is 1"):
        refuse_to_start()


def test_the_static_configuration_has_the_defaults(settings):
    settings.REMOTE_CONFIG = {"BACKEND": STATIC}
    assert remote_config.parameters() == Parameters()


def test_the_static_configuration_has_what_its_values_say_and_the_defaults_else(settings):
    settings.REMOTE_CONFIG = {
        "BACKEND": STATIC,
        "OPTIONS": {"VALUES": {"limits/lowTier": "150", "approval/cooldownDays": 7}},
    }
    parameters = remote_config.parameters()
    assert (parameters.low_tier_limit, parameters.cooldown_days) == (150, 7)
    assert parameters.high_tier_limit == 10_000


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("limits/lowTier", "99", "not between 100"),
        ("limits/lowTier", "", "not between 100"),
        ("limits/lowteir", "200", "known are limits/lowTier"),
    ],
)
def test_a_senseless_static_value_is_refused_with_its_place(settings, path, text, said):
    settings.REMOTE_CONFIG = {"BACKEND": STATIC, "OPTIONS": {"VALUES": {path: text}}}
    with pytest.raises(InvalidBackendError) as refusal:
        remote_config.get()
    assert f"REMOTE_CONFIG['OPTIONS']['VALUES']['{path}']" in str(refusal.value)
    assert said in str(refusal.value)


def test_static_values_that_contradict_each_other_are_refused_with_their_places(settings):
    values = {"scoring/paymentBonusMin": "60"}
    settings.REMOTE_CONFIG = {"BACKEND": STATIC, "OPTIONS": {"VALUES": values}}
    with pytest.raises(InvalidBackendError) as refusal:
        refuse_to_start()
    assert str(refusal.value) == (
        "REMOTE_CONFIG['OPTIONS']['VALUES']['scoring/paymentBonusMin', 'scoring/paymentBonusMax']:"
        " not in ascending order"
    )


@pytest.mark.parametrize("path", ["", ".static"])
def test_an_empty_or_relative_backend_is_told_which_there_are(settings, path):
    assert STATIC in fault(settings, "REMOTE_CONFIG", {"BACKEND": path})


@pytest.mark.parametrize("options", [None, []])
def test_options_that_are_no_mapping_are_refused_with_the_setting(settings, options):
    said = fault(settings, "REMOTE_CONFIG", {"BACKEND": STATIC, "OPTIONS": options})
    assert "REMOTE_CONFIG" in said
