"""`python -m contract.gate`: whether openapi.yaml keeps what the released contract promised."""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path

from contract.gate.document import UnreadableContract, parse, read_text
from contract.gate.report import report
from contract.gate.verdict import judge, objection

ROOT = Path(__file__).resolve().parents[2]
BROKEN = 1
UNREADABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Judge what the command line names, print the verdict and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        released, current = read_text(options.released), read_text(options.current)
        verdict = judge(
            parse(released, str(options.released)),
            parse(current, str(options.current)),
            read_text(options.changelog),
        )
    except UnreadableContract as error:
        return _fail(str(error), UNREADABLE)
    if not verdict.passes:
        return _fail(report(verdict))
    print(report(verdict))
    if options.release:
        refused = objection(verdict, differs=released != current)
        if refused is not None:
            return _fail(f"Not released: {refused}.")
        options.released.write_text(current, encoding="utf-8")
        print(f"Released as {verdict.current}.")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m contract.gate",
        description="Fail if openapi.yaml breaks clients of the released contract, unless a new "
        "major version says so in its changelog. With --release, make it the released one. "
        "Exit status: 0 it passes, 1 it does not, 2 a file cannot be read.",
    )
    parser.add_argument("--released", type=Path, default=ROOT / "contract" / "released.yaml")
    parser.add_argument("--current", type=Path, default=ROOT / "openapi.yaml")
    parser.add_argument("--changelog", type=Path, default=ROOT / "CHANGELOG.md")
    parser.add_argument("--release", action="store_true", help="write the released contract")
    return parser


def _fail(why: str, status: int = BROKEN) -> int:
    print(why, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
