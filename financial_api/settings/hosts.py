"""Which hosts a process serves unless the environment says otherwise."""


def hosts_by_default(*, allow_mock_tokens: bool) -> list[str]:
    """Return the names of loopback where development tokens are taken, and else any.

    Any is as good as another where a token proves something: no URL is built from the Host header.
    """
    return ["localhost", "127.0.0.1", "[::1]"] if allow_mock_tokens else ["*"]
