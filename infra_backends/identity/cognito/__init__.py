"""Accounts in a Cognito user pool, and the ID tokens that it signs."""

from infra_backends.identity.cognito.backend import Backend

__all__ = ["Backend"]
