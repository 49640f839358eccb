"""A store in the memory of one process: the smallest thing that is a backend in full."""

from infra_backends.persistence.memory.backend import Backend

__all__ = ["Backend"]
