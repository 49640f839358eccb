"""Bodies: what is read, and what is refused before any field is looked at."""

import json
from typing import Any

import pytest

from tests.support.api import Customer, expect, invalid

MOST_BYTES = 64 * 1024
UNREADABLE: dict[str, bytes] = {
    "null": b"null",
    "a list": b'[{"amount": 1}]',
    "text": b'"amount"',
    "a number": b"1",
    "true": b"true",
    "cut short": b'{"amount": 1',
    "a trailing comma": b'{"amount": 1,}',
    "two objects": b'{"amount": 1}{"amount": 1}',
    "single quotes": b"{'amount': 1}",
    "a form": b"amount=1",
    "a comment": b'{"amount": 1} // one',
    "NaN": b'{"amount": NaN}',
    "Infinity": b'{"amount": Infinity}',
    "-Infinity": b'{"amount": -Infinity}',
    "NaN in an ignored field": b'{"amount": 1, "other": NaN}',
    "a leading zero": b'{"amount": 01}',
    "not UTF-8": b'{"amount": 1, "merchant": "caf\xe9"}',
    "UTF-16": '{"amount": 1}'.encode("utf-16"),
    "a raw control character": b'{"amount": 1, "merchant": "a\x00b"}',
    "an endless list": b"[" * 60_000,
    "endless objects": b'{"amount":' * 6_000,
    "an exponent beyond any number": b'{"amount": 1e' + b"9" * 30 + b"}",
    "an integer of many digits": b'{"amount": ' + b"9" * 60_000 + b"}",
}
REPEATING = {
    "the same value": '{"amount": 1, "amount": 1}',
    "another value": '{"amount": 1, "amount": 2}',
    "null": '{"amount": 1, "amount": null}',
    "an escape": '{"amount": 1, "\\u0061mount": 2}',
    "an ignored field": '{"amount": 1, "other": 1, "other": 1}',
    "within an object": '{"amount": 1, "other": {"a": 1, "a": 2}}',
    "within a list": '{"amount": 1, "other": [[{"a": 1, "a": 2}]]}',
}


def spend(customer: Customer, card_id: str, content: Any, **options: Any) -> Any:
    path = f"/v1/cards/{card_id}/transactions/purchases"
    return customer.post(path, content=content, **options)


def nested(depth: int) -> str:
    """Return an object so many levels deep, itself counted."""
    return '{"amount": 1, "other": ' + "[" * (depth - 1) + "]" * (depth - 1) + "}"


def of_size(size: int) -> str:
    start = '{"amount": 1, "other": "'
    return f'{start}{"x" * (size - len(start) - 2)}"}}'


@pytest.mark.parametrize("content", UNREADABLE.values(), ids=UNREADABLE)
def test_what_is_not_a_json_object_is_refused(customer: Customer, content: bytes) -> None:
    card_id = customer.card()

    invalid(spend(customer, card_id, content))


def test_an_empty_body_counts_as_an_empty_object(customer: Customer) -> None:
    expect(customer.post("/v1/users", key=""), 201)


def test_an_empty_body_lacks_what_is_required(customer: Customer) -> None:
    card_id = customer.card()

    invalid(spend(customer, card_id, None), "amount")


def test_unknown_fields_are_ignored(customer: Customer) -> None:
    card_id = customer.card()

    answer = spend(customer, card_id, '{"amount": 1, "status": "failed", "": [], "__proto__": {}}')

    assert expect(answer, 201)["transaction"]["status"] == "completed"


@pytest.mark.parametrize("depth", [2, 32])
def test_a_body_may_be_nested_32_levels_deep(customer: Customer, depth: int) -> None:
    card_id = customer.card()

    expect(spend(customer, card_id, nested(depth)), 201)


def test_a_body_nested_deeper_is_refused(customer: Customer) -> None:
    card_id = customer.card()

    invalid(spend(customer, card_id, nested(33)))


def test_a_body_may_have_64_kib(customer: Customer) -> None:
    card_id = customer.card()

    expect(spend(customer, card_id, of_size(MOST_BYTES)), 201)


@pytest.mark.parametrize("size", [MOST_BYTES + 1, 2_000_000])
def test_a_larger_body_is_refused(customer: Customer, size: int) -> None:
    card_id = customer.card()

    invalid(spend(customer, card_id, of_size(size)))


@pytest.mark.parametrize("content", REPEATING.values(), ids=REPEATING)
def test_a_name_given_twice_in_one_object_is_refused(customer: Customer, content: str) -> None:
    card_id = customer.card()

    invalid(spend(customer, card_id, content))

    assert customer.transactions(card_id) == []


def test_a_name_may_be_in_several_objects(customer: Customer) -> None:
    card_id = customer.card()

    expect(
        spend(customer, card_id, '{"amount": 1, "a": {"a": {}}, "b": [{"a": 1}, {"a": 1}]}'), 201
    )


def test_a_byte_order_mark_is_no_part_of_a_body(customer: Customer) -> None:
    card_id = customer.card()

    expect(spend(customer, card_id, b"\xef\xbb\xbf" + b'{"amount": 1}'), 201)
    expect(customer.post("/v1/users", key="", content=b"\xef\xbb\xbf"), 200)
    invalid(spend(customer, card_id, b"\xef\xbb\xbf\xef\xbb\xbf" + b'{"amount": 1}'))


def test_a_chunked_body_is_not_taken_for_empty(customer: Customer) -> None:
    answer = customer.post("/v1/users", key="", content=iter([b'{"email": ', b'"x@y.example"}']))

    invalid(answer)


def test_a_chunked_body_is_read_or_refused_as_such(customer: Customer) -> None:
    card_id = customer.card()

    answer = spend(customer, card_id, iter([b'{"amount"', b": 12.5", b"}"]))

    if answer.status_code == 400:
        assert "amount" not in invalid(answer).get("details", {})
    else:
        assert expect(answer, 201)["transaction"]["amount"] == 12.5


def test_a_chunked_body_has_the_same_limit(customer: Customer) -> None:
    card_id = customer.card()
    content = of_size(MOST_BYTES + 1).encode()

    answer = spend(customer, card_id, iter([content[:1000], content[1000:]]))

    invalid(answer)


def test_refused_bodies_leave_nothing_behind(customer: Customer) -> None:
    card_id = customer.card()

    for content in ('{"amount": 1', '{"amount": "1"}', json.dumps({"amount": -1}), "{}"):
        invalid(spend(customer, card_id, content))

    assert customer.transactions(card_id) == []
