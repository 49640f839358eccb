"""Development tokens: every form of base64, and nothing but two errors whatever comes."""

import base64
import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from accounts.callers import is_ecosystem_id
from accounts.development_tokens import identify, issue
from accounts.entities import Role
from financial_api.kernel.errors import InvalidToken, TokenExpired
from infra_backends.identity.local import Backend
from tests.unit.building import NOON, an_identity

ecosystem_ids = st.from_regex(r"[A-Za-z0-9_\-.:@]{1,128}", fullmatch=True)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


def token(claims, encode=base64.urlsafe_b64encode):
    text = claims if isinstance(claims, str) else json.dumps(claims)
    return f"mock.{encode(text.encode('utf-8', 'surrogatepass')).decode()}.anything"


def is_refused(text):
    with pytest.raises(InvalidToken) as refusal:
        identify(text)
    return refusal.value.status == 401 and refusal.value.headers == {"WWW-Authenticate": "Bearer"}


@given(ecosystem_ids, st.sampled_from(Role))
def test_an_issued_token_speaks_for_whom_it_was_issued(ecosystem_id, role):
    identity = identify(issue(ecosystem_id, role))
    assert (identity.ecosystem_id, identity.subject) == (ecosystem_id, ecosystem_id)
    assert identity.role is role


def test_an_issued_token_can_go_into_a_header():
    assert issue("user-001").isascii()
    assert issue("user-001").isprintable()
    assert issue("user-001").count(".") == 2


def test_a_token_says_user_and_a_local_address_unless_it_says_otherwise():
    identity = identify(token({"ecosystemId": "user-001"}))
    assert (identity.role, identity.email) == (Role.USER, "user-001@test.local")
    assert identity.email_verified


def test_a_token_with_an_empty_email_has_none():
    assert identify(token({"ecosystemId": "a", "email": ""})).email is None


def test_a_token_may_name_role_and_email():
    identity = identify(token({"ecosystemId": "a", "role": "admin", "email": "a@b.test"}))
    assert (identity.role, identity.email) == (Role.ADMIN, "a@b.test")


@given(ecosystem_ids, st.text(alphabet="ÿþ?>é~", min_size=1, max_size=12))
def test_url_safe_and_plain_base64_padded_or_not_are_the_same(ecosystem_id, email):
    claims = json.dumps({"ecosystemId": ecosystem_id, "email": email}, ensure_ascii=False)
    url_safe, plain = token(claims), token(claims, base64.b64encode)
    assert (
        identify(url_safe)
        == identify(plain)
        == identify(url_safe.replace("=", ""))
        == identify(plain.replace("=", ""))
    )


@pytest.mark.parametrize("ending", ["", "x", "!$%", "signature-of-no-one"])
def test_the_third_part_is_anything(ending):
    assert identify(issue("user-001").rpartition(".")[0] + "." + ending)


@pytest.mark.parametrize(
    "claims",
    [
        {},
        [],
        "null",
        '"text"',
        "{",
        "NaN",
        "[" * 100_000,
        '{"x":' * 100_000,
        {"ecosystemId": ""},
        {"ecosystemId": "a b"},
        {"ecosystemId": "a" * 129},
        {"ecosystemId": 7},
        {"ecosystemId": None},
        {"ecosystemId": ["a"]},
        {"ecosystemId": "a\n"},
        {"ecosystemId": "a", "role": "root"},
        {"ecosystemId": "a", "role": "ADMIN"},
        {"ecosystemId": "a", "role": []},
        {"ecosystemId": "a", "role": {}},
        {"ecosystemId": "a", "role": 1},
        {"ecosystemId": "a", "role": True},
        {"ecosystemId": "a", "email": 7},
        {"ecosystemId": "a", "email": "a" * 255},
        {"ecosystemId": "a", "email": ["a@b.test"]},
        {"ecosystemId": "a", "email": "a@b.test\r\nX: y"},
        {"ecosystemId": "a", "email": "\ud800"},
        {"ecosystemId": "a", "exp": "tomorrow"},
        {"ecosystemId": "a", "exp": True},
        {"ecosystemId": "a", "exp": []},
    ],
)
def test_claims_that_make_no_sense_are_refused(claims):
    assert is_refused(token(claims))


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "..",
        "mock",
        "mock.",
        "mock..",
        "mock..x",
        "mock.e30",
        "mock.e30.x.y",
        "Mock.eyJlY29zeXN0ZW1JZCI6ImEifQ.x",
        "jwt.eyJlY29zeXN0ZW1JZCI6ImEifQ.x",
        " mock.eyJlY29zeXN0ZW1JZCI6ImEifQ.x",
        "mock.eyJlY29zeXN0ZW1JZCI6ImEifQ\n.x",
        "mock.eyJlY29z eXN0ZW1JZCI6ImEifQ.x",
        "mock.A.x",
        "mock.é.x",
        "mock.\ud800.x",
        "mock.\x00.x",
    ],
)
def test_what_is_no_development_token_is_refused(text):
    assert is_refused(text)


@pytest.mark.parametrize(("seconds", "expired"), [(-1, True), (0, True), (1, False)])
def test_a_token_may_have_a_time_to_expire(stopped_clock, seconds, expired):
    text = token({"ecosystemId": "a", "exp": int(NOON.timestamp()) + seconds})
    if expired:
        with pytest.raises(TokenExpired):
            identify(text)
    else:
        assert identify(text).ecosystem_id == "a"


@given(st.text())
@example("mock.\udcff.x")
def test_no_text_does_worse_than_being_refused(text):
    _is_an_identity_or_one_of_two_errors(text)


@given(st.binary())
def test_no_payload_does_worse_than_being_refused(payload):
    _is_an_identity_or_one_of_two_errors(f"mock.{base64.b64encode(payload).decode()}.x")


@given(json_values)
def test_no_document_does_worse_than_being_refused(document):
    _is_an_identity_or_one_of_two_errors(token(document))


@given(
    st.fixed_dictionaries(
        {"ecosystemId": st.just("user-001") | json_values},
        optional={"role": json_values, "email": json_values, "exp": json_values},
    )
)
def test_no_claims_do_worse_than_being_refused(claims):
    _is_an_identity_or_one_of_two_errors(token(claims))


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1E400", "9" * 5000, "-" + "9" * 400])
def test_no_number_does_worse_than_being_refused(number):
    for claim in ("exp", "role", "email", "ecosystemId", "another"):
        _is_an_identity_or_one_of_two_errors(
            token(f'{{"ecosystemId": "user-001", "{claim}": {number}}}')
        )


def _is_an_identity_or_one_of_two_errors(text):
    try:
        identity = identify(text)
    except (InvalidToken, TokenExpired):
        return
    assert is_ecosystem_id(identity.ecosystem_id)
    assert identity.role in set(Role)
    assert identity.email.isprintable()


def test_the_local_backend_refuses_every_token_unless_it_is_told_to_accept_them():
    assert Backend(accept_development_tokens=True).verify(issue("user-001"))
    with pytest.raises(InvalidToken):
        Backend().verify(issue("user-001"))


def test_the_local_backend_without_tokens_says_at_start_that_nobody_could_sign_in():
    assert Backend(accept_development_tokens=True).check() == ()
    [fault] = Backend().check()
    assert "IDENTITY" in fault.hint


def test_the_local_backend_disables_the_accounts_it_is_told_to():
    backend = Backend(disabled_accounts=["user-002"])
    assert backend.is_enabled(an_identity())
    assert not backend.is_enabled(an_identity(ecosystem_id="user-002"))
