"""Every kind of change of a schema: who is harmed by it, who is not, and what they are told."""

import pytest

from tests.support.contracts import PLACE, a_contract, answering, compared, taking, thing

TEXT = {"type": "string"}
INTEGER = {"type": "integer"}
CAT = {
    "type": "object",
    "properties": {"kind": {"const": "cat"}, "lives": INTEGER},
    "required": ["kind"],
}
DOG = {"type": "object", "properties": {"kind": {"const": "dog"}}, "required": ["kind"]}

# What the tighter schema allows, the looser one allows too. So who sends is harmed by the way from
# looser to tighter, who reads by the way back, and nobody by the other two.
LOOSER_AND_TIGHTER = {
    "required": (thing(TEXT, required=False), thing(TEXT)),
    "null": (thing({"type": ["string", "null"]}), thing(TEXT)),
    "null as an alternative": (thing({"anyOf": [TEXT, {"type": "null"}]}), thing(TEXT)),
    "null as a value": (thing({"enum": ["a", None]}), thing({"enum": ["a"]})),
    "types": (thing({"type": ["string", "integer"]}), thing(TEXT)),
    "any type": (thing({}), thing(TEXT)),
    "fractions": (thing({"type": "number"}), thing(INTEGER)),
    "values": (thing({"enum": ["a", "b"]}), thing({"enum": ["a"]})),
    "listed values": (thing(TEXT), thing({"type": "string", "enum": ["a"]})),
    "a constant": (thing({"enum": ["a", "b"]}), thing({"const": "a"})),
    "format": (thing(TEXT), thing({"type": "string", "format": "date"})),
    "pattern": (thing(TEXT), thing({"type": "string", "pattern": "^a"})),
    "maximum": (thing(INTEGER | {"maximum": 9}), thing(INTEGER | {"maximum": 8})),
    "a maximum at all": (thing(INTEGER), thing(INTEGER | {"maximum": 8})),
    "exclusiveMaximum": (thing(INTEGER), thing(INTEGER | {"exclusiveMaximum": 8})),
    "minimum": (thing(INTEGER | {"minimum": 1}), thing(INTEGER | {"minimum": 2})),
    "a minimum at all": (thing(INTEGER), thing(INTEGER | {"minimum": 0})),
    "exclusiveMinimum": (thing(INTEGER), thing(INTEGER | {"exclusiveMinimum": 0})),
    "maxLength": (thing(TEXT | {"maxLength": 9}), thing(TEXT | {"maxLength": 8})),
    "a maxLength at all": (thing(TEXT), thing(TEXT | {"maxLength": 8})),
    "minLength": (thing(TEXT | {"minLength": 1}), thing(TEXT | {"minLength": 2})),
    "maxItems": (thing({"type": "array"}), thing({"type": "array", "maxItems": 2})),
    "minItems": (thing({"type": "array"}), thing({"type": "array", "minItems": 2})),
    "items": (thing({"type": "array"}), thing({"type": "array", "items": TEXT})),
    "multipleOf": (thing({"multipleOf": 0.01}), thing({"multipleOf": 0.1})),
    "a multipleOf at all": (thing(INTEGER), thing(INTEGER | {"multipleOf": 2})),
    "further fields": (thing(TEXT), thing(TEXT) | {"additionalProperties": False}),
    "what further fields are": (thing(TEXT), thing(TEXT) | {"additionalProperties": INTEGER}),
    "alternatives": ({"anyOf": [CAT, DOG]}, CAT),
    "alternatives that are apart": ({"oneOf": [CAT, DOG]}, {"oneOf": [CAT]}),
    "fields of an alternative": (
        {"anyOf": [DOG, CAT]},
        {"anyOf": [CAT | {"required": ["kind", "lives"]}, DOG]},
    ),
    "parts of allOf": ({"allOf": [thing(TEXT)]}, {"allOf": [thing(TEXT), thing({"minLength": 1})]}),
    "nothing at all": (thing({}), thing(False)),
}

# What both send and read otherwise, whichever way the change goes.
OTHERWISE = {
    "field renamed": (thing(TEXT), {"type": "object", "properties": {"remark": TEXT}}),
    "field gone": (thing(TEXT, required=False), {"type": "object"}),
    "type": (thing(TEXT), thing(INTEGER)),
    "format": (thing(TEXT | {"format": "date"}), thing(TEXT | {"format": "date-time"})),
    "pattern": (thing(TEXT | {"pattern": "^a"}), thing(TEXT | {"pattern": "^b"})),
    "values": (thing({"enum": ["a"]}), thing({"enum": ["b"]})),
    "multipleOf": (thing(INTEGER | {"multipleOf": 2}), thing(INTEGER | {"multipleOf": 3})),
    "items": (thing({"type": "array", "items": TEXT}), thing({"type": "array", "items": INTEGER})),
    "nested field": (thing(thing(TEXT)), thing(thing(INTEGER))),
    "field of a list": (
        thing({"type": "array", "items": thing(TEXT)}),
        thing({"type": "array", "items": thing(INTEGER)}),
    ),
    "alternative": ({"anyOf": [CAT, TEXT]}, {"anyOf": [CAT, INTEGER]}),
    "what the gate does not know": (
        thing(TEXT | {"not": {"const": "a"}}),
        thing(TEXT | {"not": {"const": "b"}}),
    ),
    "what the gate does not know, new": (thing({}), thing({"if": TEXT, "then": {"minLength": 1}})),
    "readOnly": (thing(TEXT), thing(TEXT | {"readOnly": True})),
    "discriminator": (
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"cat": "C"}}},
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"tom": "C"}}},
    ),
}

HARMLESS = {
    "new field": (
        {"type": "object"},
        thing(TEXT, required=False),
    ),
    "new field beside any others": (
        {"type": "object", "additionalProperties": {}},
        thing(TEXT, required=False) | {"additionalProperties": True},
    ),
    "descriptions and examples": (
        thing(TEXT),
        thing(TEXT | {"description": "Words.", "examples": ["a"], "title": "Note", "x-a": 1}),
    ),
    "deprecation": (thing(TEXT), thing(TEXT | {"deprecated": True})),
    "order of fields": (
        {"type": "object", "properties": {"a": TEXT, "b": TEXT}, "required": ["a", "b"]},
        {"required": ["b", "a"], "properties": {"b": TEXT, "a": TEXT}, "type": "object"},
    ),
    "order of values": (thing({"enum": ["a", "b"]}), thing({"enum": ["b", "a"]})),
    "order of types": (thing({"type": ["string", "null"]}), thing({"type": ["null", "string"]})),
    "order of alternatives": ({"oneOf": [CAT, DOG]}, {"oneOf": [DOG, CAT]}),
    "null said in another way": (
        thing({"type": ["string", "null"], "maxLength": 9, "format": "date"}),
        thing({"anyOf": [TEXT | {"maxLength": 9, "format": "date"}, {"type": "null"}]}),
    ),
    "values said in another way": (
        thing({"enum": ["a", "b", None]}),
        thing({"oneOf": [{"enum": ["a"]}, {"const": "b"}, {"type": "null"}]}),
    ),
    "a type that the values have": (thing({"enum": ["a"]}), thing(TEXT | {"enum": ["a"]})),
    "types said one by one": (
        thing({"type": ["string", "integer"], "minimum": 1}),
        thing({"anyOf": [INTEGER | {"minimum": 1}, TEXT]}),
    ),
    "what counts for one type only, said beside it": (
        thing(
            {
                "type": ["string", "number", "array", "object", "boolean"],
                "pattern": "^a",
                "format": "date",
                "multipleOf": 2,
                "items": TEXT,
                "required": ["a"],
                "maxLength": 5,
                "minimum": 5,
                "maxItems": 5,
            }
        ),
        thing(
            {
                "anyOf": [
                    TEXT | {"pattern": "^a", "format": "date", "maxLength": 5},
                    {"type": "number", "multipleOf": 2, "format": "date", "minimum": 5},
                    {"type": "array", "items": TEXT, "maxItems": 5},
                    {"type": "object", "required": ["a"]},
                    {"type": "boolean"},
                ]
            }
        ),
    ),
    "one part": (thing(TEXT), {"allOf": [thing(TEXT)]}),
    "parts": (
        {"allOf": [thing(TEXT), {"properties": {"other": INTEGER}, "required": ["other"]}]},
        {
            "type": "object",
            "properties": {"note": TEXT, "other": INTEGER},
            "required": ["note", "other"],
        },
    ),
    "true and what allows anything": (thing({}), thing(True)),
    "a limit that is none": (thing(TEXT), thing(TEXT | {"minLength": 0})),
    "numbers written otherwise": (
        thing(INTEGER | {"maximum": 9}),
        thing(INTEGER | {"maximum": 9.0}),
    ),
    "a default where there was none": (thing(TEXT), thing(TEXT | {"default": "a"})),
    "a discriminator that is said": (
        {"oneOf": [CAT, DOG]},
        {"oneOf": [CAT, DOG], "discriminator": {"propertyName": "kind", "mapping": {"cat": "C"}}},
    ),
}


def broken_for_senders(before, after):
    return compared(a_contract(taking(before)), a_contract(taking(after)))[0]


def broken_for_readers(before, after):
    return compared(a_contract(answering(before)), a_contract(answering(after)))[0]


def cases(table):
    return pytest.mark.parametrize(("one", "other"), table.values(), ids=table)


@cases(LOOSER_AND_TIGHTER)
def test_narrowing_breaks_those_who_send(one, other):
    assert broken_for_senders(one, other)


@cases(LOOSER_AND_TIGHTER)
def test_widening_breaks_those_who_read(one, other):
    assert broken_for_readers(other, one)


@cases(LOOSER_AND_TIGHTER)
def test_widening_is_harmless_to_those_who_send(one, other):
    assert broken_for_senders(other, one) == []


@cases(LOOSER_AND_TIGHTER)
def test_narrowing_is_harmless_to_those_who_read(one, other):
    assert broken_for_readers(one, other) == []


@cases(OTHERWISE)
def test_what_is_otherwise_breaks_those_who_send(one, other):
    assert broken_for_senders(one, other)


@cases(OTHERWISE)
def test_what_is_otherwise_breaks_those_who_read(one, other):
    assert broken_for_readers(one, other)


@cases(HARMLESS)
def test_what_changes_nothing_for_anyone_passes(one, other):
    assert broken_for_senders(one, other) == []
    assert broken_for_readers(one, other) == []


def test_a_new_required_field_breaks_those_who_do_not_send_it_and_nobody_who_reads():
    before, after = {"type": "object"}, thing(TEXT)
    assert broken_for_readers(before, after) == []
    assert broken_for_senders(before, after) == [
        f"clients that leave `note` out of {PLACE} are refused: it is new and required"
    ]


def test_a_new_field_breaks_those_who_were_told_that_there_are_no_others():
    before = {"type": "object", "additionalProperties": False}
    after = thing(TEXT) | {"additionalProperties": False}
    assert broken_for_readers(before, after)


def test_a_new_field_that_is_none_of_the_further_ones_breaks_those_who_read_them():
    before = {"type": "object", "additionalProperties": INTEGER}
    after = before | thing(TEXT, required=False)
    assert broken_for_readers(before, after)
    assert broken_for_readers(before, before | thing(INTEGER, required=False)) == []


@pytest.mark.parametrize("new", [{"default": 50}, {}], ids=["another", "none"])
def test_another_default_breaks_those_who_leave_the_field_out(new):
    before, after = thing(INTEGER | {"default": 20}), thing(INTEGER | new)
    (broken,) = broken_for_senders(before, after)
    assert broken.startswith(f"clients that leave `note` out of {PLACE} mean something else by it")
    assert broken_for_readers(before, after) == []


CATLIKE = CAT | {"properties": {"kind": TEXT, "lives": INTEGER}}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"oneOf": [CAT]}, {"oneOf": [CAT, CATLIKE]}),
        ({"anyOf": [CAT, CATLIKE]}, {"oneOf": [CAT, CATLIKE]}),
        (
            {"oneOf": [CAT, thing(INTEGER | {"maximum": 1})]},
            {"oneOf": [CAT, thing(INTEGER | {"maximum": 2})]},
        ),
    ],
    ids=["new", "anyOf", "wider"],
)
def test_what_may_fit_two_alternatives_of_one_of_may_be_refused(before, after):
    assert any("allows only one" in broken for broken in broken_for_senders(before, after))


def test_alternatives_that_any_of_may_share_are_harmless_to_those_who_send():
    assert broken_for_senders({"anyOf": [CAT]}, {"anyOf": [CAT, CATLIKE]}) == []


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (thing(TEXT), {"type": "object"}, "`note` of {} will not find it any more"),
        (
            thing(thing(TEXT)),
            thing(thing(TEXT, required=False)),
            "`note.note` of {} may not find it any more: it is optional now",
        ),
        (
            thing({"type": "array", "items": TEXT}),
            thing({"type": "array", "items": {"type": ["string", "null"]}}),
            "`note[]` of {} may meet `null`, which it never was",
        ),
        (
            thing({"enum": ["a"]}),
            thing({"enum": ["a", "b"]}),
            "`note` of {} may meet the new value `b`, and break if they know all of them",
        ),
        (
            thing(INTEGER | {"maximum": 1}),
            thing(INTEGER),
            "`note` of {} may meet what it never was: it has no `maximum` any more, and had 1",
        ),
        (
            thing(TEXT),
            thing(INTEGER),
            "`note` of {} may meet what it never was: it is `integer`, and was `string`",
        ),
        (
            TEXT,
            {"type": ["string", "number"]},
            "the body of {} may meet what it never was: "
            "it is `number` or `string`, and was `string`",
        ),
        (
            CAT,
            {"anyOf": [CAT, thing(TEXT)]},
            "the body of {} may meet an `object` of `note`, which it never was",
        ),
        (
            {"type": "object", "additionalProperties": {"type": "integer", "maximum": 1}},
            {"type": "object", "additionalProperties": {"type": "integer", "maximum": 2.5}},
            "`*` of {} may meet what it never was: it has `maximum` 2.5, and had 1",
        ),
    ],
)
def test_those_who_read_are_told_what_they_meet(before, after, told):
    expected = f"clients that read {told.format(f'{PLACE} 200')}"
    assert broken_for_readers(before, after) == [expected]


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        (thing(TEXT), {"type": "object"}, "send `note` to {} will not be heard: it is gone"),
        (
            thing(TEXT, required=False),
            thing(TEXT),
            "leave `note` out of {} are refused: it is required now",
        ),
        (
            thing({"enum": ["a", 5]}),
            thing({"enum": ["a"]}),
            "send `note` to {} are refused when it is `5`",
        ),
        (
            thing({"type": ["string", "null"]}),
            thing(TEXT),
            "send `note` to {} are refused when it is `null`",
        ),
        (
            thing({"anyOf": [CAT, DOG, {"type": "null"}]}),
            thing({"anyOf": [CAT, DOG]}),
            "send `note` to {} are refused when it is `null`",
        ),
        (
            thing(TEXT | {"maxLength": 100}),
            thing(TEXT | {"maxLength": 50}),
            "send `note` to {} may be refused: it has `maxLength` 50, and had 100",
        ),
        (
            thing(TEXT),
            thing(TEXT | {"pattern": "^a"}),
            "send `note` to {} may be refused: it has `pattern` ^a, and had none",
        ),
    ],
)
def test_those_who_send_are_told_what_is_refused(before, after, told):
    assert broken_for_senders(before, after) == [f"clients that {told.format(PLACE)}"]


# References.


def with_components(schema, **schemas):
    return a_contract(answering(schema), components={"schemas": schemas})


def to(name):
    return {"$ref": f"#/components/schemas/{name}"}


def test_a_component_may_be_renamed_and_written_out():
    named = with_components(to("Thing"), Thing=thing(to("Words")), Words=TEXT)
    renamed = with_components(to("Item"), Item=thing(to("Text")), Text=TEXT)
    written_out = a_contract(answering(thing(TEXT)))
    for other in (renamed, written_out):
        assert compared(named, other) == ([], [])
        assert compared(other, named) == ([], [])


def test_a_change_behind_a_reference_is_told_wherever_it_is_met():
    both = {"type": "object", "properties": {"one": to("Thing"), "other": to("Thing")}}
    before = with_components(both, Thing=thing(TEXT))
    broken, _ = compared(before, with_components(both, Thing=thing(TEXT, required=False)))
    assert [words.split("`")[1] for words in broken] == ["one.note", "other.note"]


def test_what_stands_beside_a_reference_counts():
    schema = thing(to("Words") | {"maxLength": 9})
    broken, _ = compared(
        with_components(schema, Words=TEXT), with_components(thing(to("Words")), Words=TEXT)
    )
    assert len(broken) == 1


def test_a_change_within_what_the_gate_does_not_know_is_found_behind_its_reference():
    schema = thing({"not": to("Words")})
    before = with_components(schema, Words=TEXT)
    assert compared(before, with_components(schema, Words=INTEGER))[0]
    renamed = with_components(thing({"not": to("Text")}), Text=TEXT)
    assert compared(before, renamed) == ([], [])


def tree(leaf, **fields):
    children = {"type": "array", "items": {"anyOf": [to("Tree"), {"type": "null"}]}}
    properties = {"children": children, "leaf": leaf, "twig": to("Twig")}
    return {"type": "object", "properties": properties | fields}


TWIG = {"type": "object", "properties": {"tree": to("Tree")}, "not": thing(to("Twig"))}


def test_what_holds_itself_is_compared_to_its_end():
    before = with_components(to("Tree"), Tree=tree(TEXT), Twig=TWIG)
    assert compared(before, before) == ([], [])
    broken, harmless = compared(
        before, with_components(to("Tree"), Tree=tree(INTEGER, fruit=TEXT), Twig=TWIG)
    )
    assert any(f"clients that read `leaf` of {PLACE} 200" in words for words in broken)
    assert "`fruit` is new" in harmless


@pytest.mark.parametrize(
    "unfit",
    [
        {"A": {"$ref": "#/components/schemas/A"}},
        {"A": {"allOf": [to("B")]}, "B": {"anyOf": [TEXT, to("A")]}},
    ],
)
def test_what_is_made_of_itself_is_no_schema(unfit):
    with pytest.raises(ValueError, match=r"#/components/schemas/\w is made of itself"):
        compared(*[with_components(to("A"), **unfit)] * 2)
