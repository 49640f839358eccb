"""When the gate lets a document pass, what it says, and what it takes to release one."""

import pytest
import yaml

from contract.gate.__main__ import ROOT, main
from contract.gate.document import UnreadableContract, parse, read_text
from contract.gate.report import report
from contract.gate.verdict import judge
from contract.gate.versions import Version, entries, version_of
from tests.support.contracts import PLACE, a_contract, answering, read, taking, thing

TEXT = {"type": "string"}
BEFORE = answering(thing(TEXT))
WITHOUT_NOTE = answering({"type": "object"})


def judged(before=BEFORE, after=BEFORE, version="1.0.0", changelog=""):
    return judge(read(a_contract(before)), read(a_contract(after, version=version)), changelog)


# The committed contract.


def committed(name):
    return parse(read_text(ROOT / name), name)


def test_openapi_yaml_keeps_the_released_contract():
    released, current = committed("contract/released.yaml"), committed("openapi.yaml")
    verdict = judge(released, current, read_text(ROOT / "CHANGELOG.md"))
    assert verdict.passes, report(verdict)


def test_the_changelog_tells_of_the_released_version():
    version = version_of(committed("contract/released.yaml"))
    assert entries(read_text(ROOT / "CHANGELOG.md"), version)


@pytest.mark.parametrize("schema", ["Transaction", "Error"])
def test_a_field_gone_from_the_committed_contract_is_found(schema):
    released, current = committed("openapi.yaml"), committed("openapi.yaml")
    name, _ = current.root["components"]["schemas"][schema]["properties"].popitem()
    broken = judge(released, current, "").breaks
    assert broken
    assert all(one.subject.rpartition(".")[2] == name for one in broken)


# Versions and the changelog.

NAMED = f"""# Changelog

## [2.0.0] - 2026-02-01

### Removed

- `note` of `{PLACE}`: nobody wrote any.

## [1.0.0] - 2026-01-01

- The first.
"""


def test_without_breaks_it_passes_whatever_the_version():
    for version in ("1.0.0", "1.0.1", "1.1.0", "2.0.0"):
        assert judged(version=version).passes


def test_a_break_does_not_pass():
    assert not judged(after=WITHOUT_NOTE).passes


def test_a_break_passes_in_a_new_major_version_that_names_it():
    assert judged(after=WITHOUT_NOTE, version="2.0.0", changelog=NAMED).passes


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.1.0"])
def test_a_break_does_not_pass_in_another_version_that_names_it(version):
    changelog = NAMED.replace("2.0.0", version)
    assert not judged(after=WITHOUT_NOTE, version=version, changelog=changelog).passes


@pytest.mark.parametrize(
    "changelog",
    [
        "",
        NAMED.replace("2.0.0", "2.1.0"),
        NAMED.replace("2.0.0", "Unreleased"),
        NAMED.replace("`note`", "note"),
        NAMED.replace("`note`", "`remark`"),
        NAMED.replace(PLACE, "POST /things"),
        NAMED.replace("- `note`", "`note`"),
    ],
    ids=["none", "elsewhere", "unreleased", "unquoted", "other", "place", "no entry"],
)
def test_a_new_major_version_that_does_not_name_the_break_does_not_pass(changelog):
    verdict = judged(after=WITHOUT_NOTE, version="2.0.0", changelog=changelog)
    assert not verdict.passes
    assert [one.subject for one in verdict.unnamed] == ["note"]


def test_each_of_several_breaks_has_to_be_named():
    after = {"operationId": "other"} | WITHOUT_NOTE
    verdict = judged(after=after, version="2.0.0", changelog=NAMED)
    assert [one.subject for one in verdict.unnamed] == ["changeThing"]


def test_one_entry_may_name_a_thing_of_every_operation():
    changelog = NAMED.replace(f"`{PLACE}`", "every operation")
    assert judged(after=WITHOUT_NOTE, version="2.0.0", changelog=changelog).passes


def test_an_entry_may_go_over_several_lines():
    changelog = NAMED.replace("`note` of", "`note`\n  of")
    assert judged(after=WITHOUT_NOTE, version="2.0.0", changelog=changelog).passes


@pytest.mark.parametrize("version", ["0.9.9", "1.2.2", "1.1.9"])
def test_a_version_does_not_go_back(version):
    released = read(a_contract(BEFORE, version="1.2.3"))
    verdict = judge(released, read(a_contract(BEFORE, version=version)), "")
    assert not verdict.passes
    assert f"{version} is before the released 1.2.3" in report(verdict)


def test_versions_are_compared_as_numbers():
    assert Version.parse("10.0.0", "") > Version.parse("9.10.0", "") > Version.parse("9.9.0", "")


# What is said.


def test_a_failure_says_what_breaks_for_whom_by_operation_and_what_to_do():
    before, after = BEFORE | taking(TEXT), WITHOUT_NOTE | taking(TEXT | {"maxLength": 5})
    assert (
        report(judged(before, after))
        == f"""\
The contract of 1.0.0 is broken: 2 breaks.

{PLACE}
  - clients that send the body to {PLACE} may be refused: it has `maxLength` 5, and had none
  - clients that read `note` of {PLACE} 200 will not find it any more

Take that back. Or, if it has to be, make it a new major version:
set VERSION of SPECTACULAR_SETTINGS in financial_api/settings/base.py to 2.0.0, run make schema,
and name each break under 2.0.0 in CHANGELOG.md, such as
  - `the body` of `{PLACE}`: …
  - `note` of `{PLACE}`: …"""
    )


def test_the_entries_that_it_proposes_make_it_pass():
    before = BEFORE | taking(TEXT)
    after = WITHOUT_NOTE | taking(TEXT | {"maxLength": 5}) | {"operationId": "other"}
    proposed = report(judged(before, after)).partition("such as\n")[2]
    entries_of = "\n".join(line.strip() for line in proposed.splitlines())
    assert judged(before, after, "2.0.0", f"## [2.0.0]\n\n{entries_of}\n").passes


def test_what_breaks_everywhere_is_one_entry():
    def everywhere(operation):
        described = a_contract(operation)["paths"]["/things/{id}"]
        paths = {f"/{place}/{{id}}": described for place in "abcd"}
        return a_contract(paths=paths)

    said = report(judge(read(everywhere(BEFORE)), read(everywhere(WITHOUT_NOTE)), ""))
    assert said.count("will not find it any more") == 4
    assert said.endswith("such as\n  - `note` of every operation that has it: …")


def test_a_new_major_version_is_told_what_its_changelog_lacks():
    said = report(judged(after=WITHOUT_NOTE, version="2.0.0"))
    assert "CHANGELOG.md does not name all of it under 2.0.0" in said
    assert said.endswith(f"  - `note` of `{PLACE}`: …")


def test_a_deliberate_break_is_said_to_be_one():
    said = report(judged(after=WITHOUT_NOTE, version="2.0.0", changelog=NAMED))
    first, *rest = said.splitlines()
    assert first == "2.0.0 breaks the contract of 1.0.0 as its changelog says: 1 break."
    assert f"  - clients that read `note` of {PLACE} 200 will not find it any more" in rest


def test_harmless_changes_are_a_line_each_wherever_they_are_found():
    def twice(schema):
        described = a_contract(answering(schema))["paths"]["/things/{id}"]
        return a_contract(paths={"/things/{id}": described, "/more/{id}": described})

    verdict = judge(read(twice({"type": "object"})), read(twice(thing(TEXT))), "")
    assert (
        report(verdict)
        == f"""\
The contract of 1.0.0 is kept: 2 changes, none of which breaks a client.

Harmless:
  + {PLACE} and 1 operation more: `note` is new"""
    )


def test_nothing_is_said_to_be_nothing():
    assert report(judged()) == "The contract of 1.0.0 is kept: nothing has changed."


# Files that are none.


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("a: [", "it.yaml is no YAML"),
        ("a: \x00", "it.yaml is no YAML"),
        ("", "it.yaml is no OpenAPI document"),
        ("- a", "it.yaml is no OpenAPI document"),
        ("info: {}", "it.yaml: `openapi` is None, and 3.1 is what is read"),
        ("openapi: 3.0.3", "it.yaml: `openapi` is 3.0.3, and 3.1 is what is read"),
        ("openapi: 3.1.0", "it.yaml: `info` is no mapping"),
        ("openapi: 3.1.0\ninfo: {}\npaths: []", "it.yaml: `paths` is no mapping"),
    ],
)
def test_a_text_that_is_no_document_is_refused(text, why):
    with pytest.raises(UnreadableContract, match=why):
        parse(text, "it.yaml")


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        ([], "POST /things/{id} is no mapping"),
        (answering({"$ref": "#/components/schemas/None"}), "/None points at nothing"),
        (answering({"$ref": "other.yaml#/a"}), "other.yaml#/a points out of the document"),
        (answering("string"), "a schema is 'string', and no mapping"),
        (answering({"type": "text"}), "`type` is text, which is none"),
        (answering({"type": "integer", "maximum": "9"}), "`maximum` is 9, and no number"),
        (answering({"enum": "a"}), "`enum` is no list"),
        (answering({"anyOf": [{"const": one} for one in range(101)]}), "more than 100 alternat"),
        ({"responses": {"200": "done"}}, "200 of POST /things/{id} is no mapping"),
        ({"parameters": [{"name": "a"}]}, "the parameter a of /things/{id} is in None"),
        (
            {"parameters": [{"name": "a", "in": "path"}]},
            "/things/{id} has no place for its parameter a",
        ),
        ({"security": [{"token": []}]}, "#/components/securitySchemes/token points at nothing"),
        (
            {"responses": {"200": {"$ref": "#/paths/~1things~1{id}/post/responses/200"}}},
            "/responses/200 refers to itself",
        ),
    ],
)
def test_a_document_that_is_not_in_order_is_refused_with_its_name(operation, why):
    contract = a_contract()
    post = contract["paths"]["/things/{id}"]["post"]
    whole = post | operation if isinstance(operation, dict) else operation
    contract["paths"]["/things/{id}"]["post"] = whole
    with pytest.raises(UnreadableContract) as refusal:
        judge(read(contract, "it.yaml"), read(contract, "it.yaml"), "")
    assert str(refusal.value).startswith("it.yaml: ")
    assert why in str(refusal.value)


def test_two_paths_that_are_the_same_are_refused():
    item = a_contract()["paths"]["/things/{id}"]
    other = {"post": item["post"] | {"parameters": []}}
    contract = read(a_contract(paths={"/things/{id}": item, "/things/{other}": other}))
    with pytest.raises(UnreadableContract, match="is also POST"):
        judge(contract, contract, "")


@pytest.mark.parametrize("version", ["1.0", "v1.0.0", "1.0.0-rc.1", 1.0, None])
def test_a_version_that_is_none_is_refused(version):
    with pytest.raises(UnreadableContract, match=r"no version such as 1\.0\.0"):
        judged(version=version)


# The command.


@pytest.fixture
def files(tmp_path):
    """Return the files of a contract, of which the current one may be changed, as options."""
    released = tmp_path / "released.yaml"
    released.write_text(yaml.safe_dump(a_contract(BEFORE)))
    current = tmp_path / "openapi.yaml"
    current.write_text(released.read_text())
    changelog = tmp_path / "CHANGELOG.md"
    changelog.write_text(NAMED)
    return {"released": released, "current": current, "changelog": changelog}


def ran(capsys, files, *options):
    """Return the exit status, and what was said where: on standard output, on standard error."""
    named = [f"--{name}={path}" for name, path in files.items()]
    status = main([*named, *options])
    return status, *capsys.readouterr()


def passed(capsys, files, *options):
    status, out, err = ran(capsys, files, *options)
    assert (status, err) == (0, "")
    return out


def test_the_command_passes_what_keeps_the_contract(capsys, files):
    assert "is kept" in passed(capsys, files)


def test_the_command_takes_the_committed_files_by_itself(capsys):
    assert "is kept" in passed(capsys, {})


def test_the_command_fails_on_a_break(capsys, files):
    files["current"].write_text(yaml.safe_dump(a_contract(WITHOUT_NOTE)))
    status, out, err = ran(capsys, files)
    assert (status, out) == (1, "")
    assert "will not find it any more" in err


@pytest.mark.parametrize("which", ["released", "current", "changelog"])
def test_the_command_names_a_file_that_it_cannot_read(capsys, files, which):
    files[which].unlink()
    status, out, err = ran(capsys, files)
    assert (status, out) == (2, "")
    assert f"{files[which]} cannot be read" in err


def test_a_file_that_is_no_text_is_named(capsys, files):
    files["current"].write_bytes(b"\xff\xfe\xff")
    status, _, err = ran(capsys, files)
    assert status == 2
    assert f"{files['current']} cannot be read" in err


NOTED = answering(thing(TEXT) | {"description": "Words."})


@pytest.mark.parametrize(
    ("operation", "version"), [(NOTED, "1.1.0"), (WITHOUT_NOTE, "2.0.0"), (BEFORE, "1.0.0")]
)
def test_a_release_makes_the_current_document_the_released_one(capsys, files, operation, version):
    files["changelog"].write_text(f"{NAMED}\n## [1.1.0]\n\n- Words.\n")
    files["current"].write_text(yaml.safe_dump(a_contract(operation, version=version)))
    assert f"Released as {version}" in passed(capsys, files, "--release")
    assert files["released"].read_text() == files["current"].read_text()
    assert "nothing has changed" in passed(capsys, files)


@pytest.mark.parametrize(
    ("operation", "version", "why"),
    [
        (WITHOUT_NOTE, "1.0.0", "is broken"),
        (WITHOUT_NOTE, "3.0.0", "does not name all of it under 3.0.0"),
        (NOTED, "0.9.0", "before the released"),
        (NOTED, "1.0.0", "1.0.0 is released and stays as it is"),
        (NOTED, "1.1.0", "CHANGELOG.md says nothing of 1.1.0"),
    ],
)
def test_a_release_is_refused(capsys, files, operation, version, why):
    before = files["released"].read_text()
    files["current"].write_text(yaml.safe_dump(a_contract(operation, version=version)))
    status, _, err = ran(capsys, files, "--release")
    assert status == 1
    assert why in err
    assert files["released"].read_text() == before
