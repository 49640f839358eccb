"""Every kind of change of an operation beside its schemas: which break clients, and which pass."""

import pytest

from tests.support.contracts import (
    PARAMETER,
    PLACE,
    a_contract,
    answering,
    compared,
    given,
    json_content,
    taking,
    thing,
)

TEXT = {"type": "string"}
BEARER = {"type": "http", "scheme": "bearer"}
API_KEY = {"type": "apiKey", "in": "header", "name": "X-Key"}
SCHEMES = {"securitySchemes": {"token": BEARER, "key": API_KEY}}


def guarded(*ways):
    """Return a contract whose operation needs one of these ways to be let in."""
    return a_contract({"security": list(ways)}, components=SCHEMES)


def answers(*statuses):
    return a_contract({"responses": {status: {"description": ""} for status in statuses}})


def headed(name="ETag", **header):
    described = {"schema": TEXT} | header
    return a_contract({"responses": {"200": {"description": "", "headers": {name: described}}}})


def at(*paths, method="post", **operation):
    described = a_contract(operation)["paths"]["/things/{id}"]["post"]
    return a_contract(paths={path: {method: described} for path in paths})


def in_both(media_type):
    return a_contract(
        {
            "requestBody": {"content": {media_type: {"schema": TEXT}}},
            "responses": {
                "200": {"description": "", "content": json_content(TEXT) | {media_type: {}}}
            },
        }
    )


HIGHEST = {"name": "highest", "in": "query", "schema": {"type": "integer", "maximum": 9}}
HIGHER = HIGHEST | {"schema": {"type": "integer", "maximum": 10}}
KEY = {"name": "Idempotency-Key", "in": "header"}
LISTED = {"type": "array", "items": TEXT}

BREAKS = {
    "path gone": (
        at("/things/{id}"),
        a_contract(paths={}),
        f"clients that call {PLACE} will find nothing there any more",
    ),
    "path renamed": (
        at("/things/{id}"),
        at("/items/{id}"),
        f"clients that call {PLACE} will find nothing there any more: "
        "`changeThing` is POST /items/{id} now",
    ),
    "method gone": (
        at("/things/{id}"),
        at("/things/{id}", method="put", operationId="other"),
        f"clients that call {PLACE} will find nothing there any more",
    ),
    "operationId renamed": (
        a_contract(),
        a_contract({"operationId": "updateThing"}),
        f"generated clients that call `changeThing` for {PLACE} will not find it any more: "
        "it is `updateThing` now",
    ),
    "parameter gone": (
        a_contract(given({"name": "sort"})),
        a_contract(),
        f"clients that send the query parameter `sort` to {PLACE} will not be heard: it is gone",
    ),
    "new required parameter": (
        a_contract(),
        a_contract(given({"name": "sort", "required": True})),
        f"clients that leave the query parameter `sort` out of {PLACE} are refused: "
        "it is new and required",
    ),
    "new required header": (
        a_contract(),
        a_contract(given(KEY | {"required": True})),
        f"clients that leave the header `Idempotency-Key` out of {PLACE} are refused: "
        "it is new and required",
    ),
    "parameter required": (
        a_contract(given({"name": "sort"})),
        a_contract(given({"name": "sort", "required": True})),
        f"clients that leave the query parameter `sort` out of {PLACE} are refused: "
        "it is required now",
    ),
    "parameter narrowed": (
        a_contract(given(HIGHER)),
        a_contract(given(HIGHEST)),
        f"clients that send the query parameter `highest` to {PLACE} may be refused: "
        "it has `maximum` 9, and had 10",
    ),
    "parameter of the path narrowed": (
        a_contract(),
        a_contract({"parameters": [PARAMETER | {"schema": {"type": "string", "format": "uuid"}}]}),
        f"clients that send the path parameter `id` to {PLACE} may be refused: "
        "it has `format` uuid, and had none",
    ),
    "parameter moved": (
        a_contract(given({"name": "sort"})),
        a_contract(given({"name": "sort", "in": "header"})),
        f"clients that send the query parameter `sort` to {PLACE} will not be heard: it is gone",
    ),
    "parameter written otherwise": (
        a_contract(given({"name": "ids", "schema": LISTED})),
        a_contract(given({"name": "ids", "schema": LISTED, "explode": False})),
        f"clients that send the query parameter `ids` to {PLACE} may be refused: "
        "it is written in another manner",
    ),
    "parameter's default": (
        a_contract(given({"name": "sort", "schema": TEXT | {"default": "oldest"}})),
        a_contract(given({"name": "sort", "schema": TEXT | {"default": "newest"}})),
        f"clients that leave the query parameter `sort` out of {PLACE} mean something else by it: "
        'it has `default` "newest", and had "oldest"',
    ),
    "parameter of the path renamed": (
        at("/things/{id}"),
        at("/things/{thingId}", parameters=[PARAMETER | {"name": "thingId"}]),
        f"generated clients that give {PLACE} its parameter `id` by name will have to call it "
        "`thingId`",
    ),
    "body gone": (
        a_contract(taking(TEXT)),
        a_contract(),
        f"clients that send the body to {PLACE} will not be heard: it is gone",
    ),
    "new required body": (
        a_contract(),
        a_contract(taking(TEXT, required=True)),
        f"clients that leave the body out of {PLACE} are refused: it is new and required",
    ),
    "body required": (
        a_contract(taking(TEXT)),
        a_contract(taking(TEXT, required=True)),
        f"clients that leave the body out of {PLACE} are refused: it is required now",
    ),
    "body's media type gone": (
        a_contract(taking(TEXT)),
        a_contract({"requestBody": {"content": {"text/plain": {"schema": TEXT}}}}),
        f"clients that send `application/json` to {PLACE} are refused: it is gone",
    ),
    "body encoded otherwise": (
        a_contract(taking(TEXT)),
        a_contract(
            {
                "requestBody": {
                    "content": {"application/json": {"schema": TEXT, "encoding": {"a": {}}}}
                }
            }
        ),
        f"clients that send the body to {PLACE} may be refused: "
        "it is encoded in another way as `application/json`",
    ),
    "status gone": (
        answers("200", "202"),
        answers("200"),
        f"clients that expect 202 of {PLACE} will not get it any more",
    ),
    "new status of success": (
        answers("200"),
        answers("200", "202"),
        f"clients that know how {PLACE} succeeds may meet 202, which they do not know",
    ),
    "status that its class described": (
        a_contract(answering(thing(TEXT), "4XX")),
        a_contract(
            {
                "responses": answering(thing(TEXT), "4XX")["responses"]
                | answering({"type": "object"}, "404")["responses"]
            }
        ),
        f"clients that read `note` of {PLACE} 404 will not find it any more",
    ),
    "answer's media type gone": (
        in_both("text/plain"),
        a_contract(
            answering(TEXT)
            | taking(TEXT)
            | {"requestBody": in_both("text/plain")["paths"]["/things/{id}"]["post"]["requestBody"]}
        ),
        f"clients that expect `text/plain` of {PLACE} 200 will not get it any more",
    ),
    "answer's new media type": (
        a_contract(answering(TEXT)),
        a_contract(
            {
                "responses": {
                    "200": {"description": "", "content": json_content(TEXT) | {"text/plain": {}}}
                }
            }
        ),
        f"clients that read `text/plain` of {PLACE} 200 may meet it unasked, "
        "since `Accept` is not negotiated",
    ),
    "answer encoded otherwise": (
        a_contract(answering(TEXT)),
        a_contract(
            answering(TEXT, content={"application/json": {"schema": TEXT, "encoding": {"a": {}}}})
        ),
        f"clients that read the body of {PLACE} 200 may meet what it never was: "
        "it is encoded in another way as `application/json`",
    ),
    "answer's header gone": (
        headed(),
        answers("200"),
        f"clients that read the header `ETag` of {PLACE} 200 will not find it any more",
    ),
    "answer's header optional": (
        headed(required=True),
        headed(),
        f"clients that read the header `ETag` of {PLACE} 200 may not find it any more: "
        "it is optional now",
    ),
    "answer's header otherwise": (
        headed(),
        headed(schema={"type": ["string", "integer"]}),
        f"clients that read the header `ETag` of {PLACE} 200 may meet what it never was: "
        "it is `integer` or `string`, and was `string`",
    ),
    "answer's links": (
        answers("200"),
        a_contract({"responses": {"200": {"description": "", "links": {"a": {}}}}}),
        f"clients that read the body of {PLACE} 200 may meet what it never was: "
        "it has other `links`, of which it cannot be told what it changes",
    ),
    "credentials needed": (
        a_contract(components=SCHEMES),
        guarded({"token": []}),
        f"clients that call {PLACE} with no credentials are refused: it needs `token`",
    ),
    "credentials of another kind": (
        guarded({"token": []}),
        guarded({"key": []}),
        f"clients that call {PLACE} with `token` are refused: it needs `key`",
    ),
    "a way in shut": (
        guarded({"token": []}, {"key": []}),
        guarded({"token": []}),
        f"clients that call {PLACE} with `key` are refused: it needs `token`",
    ),
    "further credentials": (
        guarded({"token": []}),
        guarded({"token": [], "key": []}),
        f"clients that call {PLACE} with `token` are refused: it needs `key` and `token`",
    ),
    "scope needed": (
        guarded({"token": []}),
        guarded({"token": ["write"]}),
        f"clients that call {PLACE} with `token` are refused: it needs `token` and `token (write)`",
    ),
    "credentials needed by all": (
        a_contract(components=SCHEMES),
        a_contract(components=SCHEMES, security=[{"token": []}]),
        f"clients that call {PLACE} with no credentials are refused: it needs `token`",
    ),
    "server gone": (
        a_contract(servers=[{"url": "/"}, {"url": "/old"}]),
        a_contract(servers=[{"url": "/"}]),
        "clients that call the server /old are not told of it any more",
    ),
    "server of an operation": (
        a_contract(),
        a_contract({"servers": [{"url": "/other"}]}),
        f"clients of {PLACE} may break: its `servers` is otherwise, "
        "and it cannot be told what that changes",
    ),
    "callbacks": (
        a_contract({"callbacks": {"done": {"{$url}": {"post": {}}}}}),
        a_contract(),
        f"clients of {PLACE} may break: its `callbacks` is otherwise, "
        "and it cannot be told what that changes",
    ),
    "webhook otherwise": (
        a_contract(webhooks={"done": {"post": {"operationId": "a"}}}),
        a_contract(webhooks={"done": {"post": {"operationId": "b"}}}),
        "those whom the webhook `done` calls may meet what they do not know",
    ),
    "webhook gone": (
        a_contract(webhooks={"done": {"post": {}}}),
        a_contract(),
        "those whom the webhook `done` calls may meet what they do not know",
    ),
}

HARMLESS = {
    "new path": (at("/things/{id}"), at("/things/{id}", "/more/{id}"), ["is new"]),
    "new method": (
        a_contract(),
        a_contract(
            paths={
                "/things/{id}": a_contract()["paths"]["/things/{id}"]
                | {"get": a_contract()["paths"]["/things/{id}"]["post"]}
            }
        ),
        ["is new"],
    ),
    "name where there was none": (
        a_contract({"operationId": ""}),
        a_contract(),
        ["is called `changeThing`"],
    ),
    "words": (a_contract(), a_contract({"summary": "A", "description": "B", "x-a": 1}), []),
    "tags and deprecation": (a_contract(), a_contract({"tags": ["A"], "deprecated": True}), []),
    "examples": (
        a_contract(answering(TEXT)),
        a_contract(
            {
                "responses": {
                    "200": {
                        "description": "Other words.",
                        "content": {"application/json": {"schema": TEXT, "examples": {"a": {}}}},
                    }
                }
            }
        ),
        [],
    ),
    "new optional parameter": (
        a_contract(),
        a_contract(given({"name": "sort"})),
        ["the query parameter `sort` is new"],
    ),
    "parameter optional": (
        a_contract(given({"name": "sort", "required": True})),
        a_contract(given({"name": "sort"})),
        ["the query parameter `sort` is optional"],
    ),
    "parameter widened": (
        a_contract(given(HIGHEST)),
        a_contract(given(HIGHER)),
        ["the query parameter `highest` has `maximum` 10, and had 9"],
    ),
    "order of parameters": (
        a_contract(given({"name": "a"}, {"name": "b"})),
        a_contract(given({"name": "b"}, {"name": "a"})),
        [],
    ),
    "header in other letters": (
        a_contract(given(KEY)),
        a_contract(given(KEY | {"name": "idempotency-key"})),
        [],
    ),
    "parameter of a path's every operation": (
        a_contract(),
        a_contract(
            paths={
                "/things/{id}": {
                    "parameters": [PARAMETER],
                    "post": a_contract({"parameters": []})["paths"]["/things/{id}"]["post"],
                }
            }
        ),
        [],
    ),
    "parameter by reference": (
        a_contract(),
        a_contract(
            {"parameters": [{"$ref": "#/components/parameters/Id"}]},
            components={"parameters": {"Id": PARAMETER}},
        ),
        [],
    ),
    "manner said in words": (
        a_contract(given({"name": "sort"})),
        a_contract(given({"name": "sort", "style": "form", "explode": True})),
        [],
    ),
    "new optional body": (a_contract(), a_contract(taking(TEXT)), ["the body is new"]),
    "body optional": (
        a_contract(taking(TEXT, required=True)),
        a_contract(taking(TEXT)),
        ["the body is optional"],
    ),
    "body's new media type": (
        a_contract(taking(TEXT)),
        a_contract({"requestBody": {"content": json_content(TEXT) | {"text/plain": {}}}}),
        ["`text/plain` is new"],
    ),
    "body by reference": (
        a_contract(taking(TEXT)),
        a_contract(
            {"requestBody": {"$ref": "#/components/requestBodies/Text"}},
            components={"requestBodies": {"Text": taking(TEXT)["requestBody"]}},
        ),
        [],
    ),
    "new status of an error": (
        answers("200"),
        answers("200", "404", "503"),
        ["404 is new", "503 is new"],
    ),
    "order of statuses": (answers("200", "404"), answers("404", "200"), []),
    "answer by reference": (
        a_contract(answering(TEXT)),
        a_contract(
            {"responses": {"200": {"$ref": "#/components/responses/Text"}}},
            components={"responses": {"Text": answering(TEXT)["responses"]["200"]}},
        ),
        [],
    ),
    "a class for its statuses": (answers("200", "404"), answers("200", "4XX"), ["4XX is new"]),
    "body where there was none": (
        answers("200"),
        a_contract(answering(TEXT)),
        ["`application/json` is new"],
    ),
    "answer's new header": (answers("200"), headed(), ["the header `ETag` is new"]),
    "answer's header required": (
        headed(),
        headed(required=True),
        ["the header `ETag` is required"],
    ),
    "answer's header in other letters": (headed(), headed("etag"), []),
    "no credentials any more": (
        guarded({"token": []}),
        guarded(),
        ["may be called with no credentials"],
    ),
    "another way in": (
        guarded({"token": []}),
        guarded({"token": []}, {"key": []}),
        ["may be called with `key` or `token`"],
    ),
    "scheme renamed": (
        guarded({"token": []}),
        a_contract(
            {"security": [{"bearer": []}]},
            components={"securitySchemes": {"bearer": BEARER | {"description": "Words."}}},
        ),
        [],
    ),
    "new server": (
        a_contract(),
        a_contract(servers=[{"url": "/"}, {"url": "/new"}]),
        ["the server /new is new"],
    ),
    "new webhook": (
        a_contract(),
        a_contract(webhooks={"done": {"post": {}}}),
        ["the webhook `done` is new"],
    ),
}


@pytest.mark.parametrize(("before", "after", "told"), BREAKS.values(), ids=BREAKS)
def test_a_break_is_told_by_what_it_does_to_whom(before, after, told):
    assert compared(before, after)[0] == [told]


@pytest.mark.parametrize(("before", "after", "told"), HARMLESS.values(), ids=HARMLESS)
def test_a_harmless_change_passes_and_is_told(before, after, told):
    assert compared(before, after) == ([], told)


def test_statuses_that_break_alike_are_told_as_one():
    def both(schema):
        responses = (answering(schema, status)["responses"] for status in ("200", "201"))
        return a_contract({"responses": {k: v for one in responses for k, v in one.items()}})

    assert compared(both(thing(TEXT)), both({"type": "object"}))[0] == [
        f"clients that read `note` of {PLACE} 200 and 201 will not find it any more"
    ]


# Lists of values that clients were told may grow.


def listing(path, values, status="200"):
    schema = {"enum": values}
    for name in reversed(path.split(".")):
        schema = {"type": "object", "properties": {name.removesuffix("[]"): schema}}
        if name.endswith("[]"):
            (inner,) = schema["properties"].values()
            schema["properties"] = {name[:-2]: {"type": "array", "items": inner}}
    return a_contract(answering(schema, status))


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("error.code", "409"),
        ("error.code", "5XX"),
        ("event.eventType", "200"),
        ("events[].eventType", "200"),
    ],
)
def test_a_list_that_grows_may_grow_and_not_shrink_out_of_sight(path, status):
    before, after = listing(path, ["A"], status), listing(path, ["A", "B"], status)
    assert compared(before, after) == ([], [f"`{path}` may be `B`"])
    assert compared(before, a_contract({"responses": {status: {"description": ""}}}))[0]


@pytest.mark.parametrize(("path", "status"), [("error.code", "200"), ("error.kind", "409")])
def test_no_other_list_may_grow(path, status):
    broken, _ = compared(listing(path, ["A"], status), listing(path, ["A", "B"], status))
    assert len(broken) == 1


def test_the_list_of_codes_may_not_become_another_kind_of_thing():
    before = listing("error.code", ["A"], "409")
    assert compared(before, listing("error.code", ["A", None], "409"))[0]
