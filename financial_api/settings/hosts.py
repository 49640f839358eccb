"""Which hosts a process serves."""

from financial_api.kernel import environment

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")


def hosts_served(*, allow_mock_tokens: bool) -> list[str]:
    """Return what ALLOWED_HOSTS names, else loopback where development tokens are taken, or any.

    Any is as good as another where a token proves something: no URL is built from the Host header.
    """
    return environment.words(
        "ALLOWED_HOSTS",
        LOOPBACK if allow_mock_tokens else ("*",),
        pattern=r"\*|\.?[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*|\[[0-9A-Fa-f:.]+\]",
        valid="hosts without a port, .example.com for all below, or *",
    )
