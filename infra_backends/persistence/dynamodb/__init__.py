"""DynamoDB, without the ORM: one batch read and one transaction for each command."""

from infra_backends.persistence.dynamodb.backend import Backend

__all__ = ["Backend"]
