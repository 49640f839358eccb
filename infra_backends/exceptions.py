"""What a backend may raise besides the errors of the rules."""

from infra_backends.failures import Failure


class BackendFailure(Exception):
    """A backend did not do what it was asked; `failure` says what that means."""

    def __init__(self, message: str, failure: Failure) -> None:
        self.failure = failure
        super().__init__(message)


class ConcurrencyError(BackendFailure):
    """Others were in the way of a commit, of which nothing was written.

    Something has moved since it was read, as a rule: reading and deciding again is the cure.
    """

    def __init__(self, message: str, failure: Failure = Failure.MOVED) -> None:
        super().__init__(message, failure)


class SignInRefused(Exception):
    """The identity provider gives no token for that name and password; the message says why."""


class MessageRejected(Exception):
    """A message cannot be sent, for a reason of its own; the message says which."""


class BackendUnavailable(BackendFailure):
    """A backend did not do it, and trying later may help.

    A commit that raises this may have taken effect only if `failure` is UNKNOWN.
    """

    def __init__(self, message: str, failure: Failure = Failure.AWAY) -> None:
        super().__init__(message, failure)


class BackendRefused(BackendUnavailable):
    """A backend answers, and refuses: `code` is its own name of the reason, `said` its words."""

    def __init__(self, asked: str, code: str, said: str = "") -> None:
        self.code = code
        self.said = said
        super().__init__(": ".join(filter(None, (asked, code, said))), Failure.REFUSED)
