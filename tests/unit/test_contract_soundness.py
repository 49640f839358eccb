"""What a change of schema refuses or newly allows is always told, whatever the schemas are."""

import json

import jsonschema
from hypothesis import given, settings
from hypothesis import strategies as st

from contract.gate.document import Document
from contract.gate.schemas import changes
from tests.support.schema_pairs import pairs, values

NOWHERE = Document("a document without components", {})


def changes_between(before, after):
    return changes(NOWHERE, NOWHERE, (before,), (after,))


def any_of(schema):
    """Return a schema with `anyOf` for `oneOf`, which is no other to those who read."""
    return json.loads(json.dumps(schema).replace('"oneOf"', '"anyOf"'))


def fits(value, schema):
    return jsonschema.Draft202012Validator(schema).is_valid(value)


@settings(max_examples=200)
@given(pairs, st.data())
def test_what_is_refused_and_was_not_is_told_to_those_who_send_it(pair, data):
    before, after = pair
    sent = data.draw(st.lists(values(before), min_size=3, max_size=6))
    if any(fits(value, before) and not fits(value, after) for value in sent):
        assert any(change.senders for change in changes_between(before, after))


@settings(max_examples=200)
@given(pairs, st.data())
def test_what_may_come_and_could_not_is_told_to_those_who_read_it(pair, data):
    before, after = map(any_of, pair)
    answered = data.draw(st.lists(values(after), min_size=3, max_size=6))
    if any(fits(value, after) and not fits(value, before) for value in answered):
        assert any(change.readers for change in changes_between(*pair))


@settings(max_examples=200)
@given(pairs)
def test_a_schema_that_stays_has_no_changes(pair):
    for schema in pair:
        assert changes_between(schema, schema) == []
