"""What a backend may raise besides the errors of the rules."""

from django.core.exceptions import ImproperlyConfigured


class InvalidBackendError(ImproperlyConfigured):
    """A setting names a backend or an option that does not exist; the message says which do."""


class ConcurrencyError(Exception):
    """A condition of a commit did not hold: something moved since it was read.

    Nothing of the commit was written. Reading again and deciding again is the cure.
    """


class SignInRefused(Exception):
    """The identity provider gives no token for that name and password; the message says why."""


class MessageRejected(Exception):
    """A message cannot be sent, for a reason of its own; the message says which."""


class BackendUnavailable(Exception):
    """A backend did not answer in time or cannot be reached; trying later may help.

    A commit that raises this may have taken effect, as with any lost answer.
    """
