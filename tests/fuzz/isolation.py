"""A check of our own: what one user can read, another cannot find."""

import httpx
import schemathesis
from schemathesis import Case, CheckContext, Response

from accounts.development_tokens import issue

STRANGER = f"Bearer {issue('a-stranger')}"
_OWN = {"cardId", "requestId"}


@schemathesis.check
def strangers_find_nothing(context: CheckContext, response: Response, case: Case) -> None:
    """Ask again for what a user was shown of its own, as somebody else; fail unless it is 404.

    Without the query: a cursor is for the user who was given it, and another's is a 400.
    """
    reads = case.method == "GET" and not case.path.startswith("/v1/admin/")
    if not reads or response.status_code != 200 or not _OWN & set(case.path_parameters):
        return
    url, _, _ = str(response.request.url).partition("?")
    again = httpx.get(url, headers={"Authorization": STRANGER}, timeout=30, verify=False)  # noqa: S501  # there is no TLS to verify
    assert again.status_code == 404, f"A stranger gets {again.status_code} at {url}"
