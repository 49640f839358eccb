"""`python -m examples.walkthrough`: plays the story of the contract against a running server."""

import contextlib
import sys
from argparse import ArgumentParser
from collections.abc import Sequence

from .cast import Casting, DevelopmentCasting, NobodyToCast
from .client import Client, Unreachable
from .report import Report
from .story import play

DIFFERS = 1
UNREACHABLE = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Play the story as the command line says, and return the exit status."""
    options = _parser().parse_args(arguments)
    report = Report(sys.stdout, colour=not options.no_color)
    try:
        with _casting(options.user_pool) as casting, Client(options.base_url) as client:
            as_the_contract_says = play(client, casting, report)
    except NobodyToCast as error:
        return _fail(str(error), DIFFERS)
    except Unreachable as error:
        why = f"{options.base_url} does not answer ({error}). Is the server running there?"
        return _fail(why, UNREACHABLE)
    return 0 if as_the_contract_says else _fail("The server differs from the contract.", DIFFERS)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog=f"python -m {__package__}",
        description="Play the whole story of the HTTP contract against a running server that "
        "accepts development tokens or, with --user-pool, those of an emulator's user pool. "
        "Exit status: 0 as the contract says, 1 something differs, 2 the server cannot be reached.",
    )
    parser.add_argument("--base-url", default="http://127.0.0.1:8000")
    parser.add_argument(
        "--user-pool",
        action="store_true",
        help="give everybody an account in the user pool of the emulator at AWS_ENDPOINT_URL",
    )
    parser.add_argument("--no-color", action="store_true")
    return parser


def _casting(user_pool: bool) -> contextlib.AbstractContextManager[Casting]:
    if not user_pool:
        return contextlib.nullcontext(DevelopmentCasting())
    from .user_pool import UserPoolCasting  # boto3 is for whoever has a pool

    return contextlib.closing(UserPoolCasting())


def _fail(why: str, status: int) -> int:
    print(why, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())
