"""Whether the URLs of Redis and of Celery's brokers are what their libraries take."""

import re
from urllib.parse import urlsplit

from financial_api.kernel.environment import has_host

BROKERS = ("amqp", "amqps", "pyamqp", "redis", "rediss", "sqs")


def is_redis(url: str) -> bool:
    """Return True for what redis-py makes a connection of, to the database that was meant."""
    import redis  # a fifth of what a start takes, for few

    is_socket = url.startswith("unix:///")
    try:
        redis.Redis.from_url(url).connection_pool.make_connection()
    except (TypeError, ValueError):
        return False
    return is_socket or (has_host(url) and _has_database(url))


def are_brokers(urls: str) -> bool:
    """Return True for one or, with `;`, several of which Celery takes the first that answers."""
    return all(map(_is_broker, urls.split(";")))


def _is_broker(url: str) -> bool:
    scheme = url.partition("://")[0]
    if scheme not in BROKERS:
        return False
    if scheme in {"redis", "rediss"}:
        return is_redis(url)
    return url == "sqs://" or has_host(url)


def _has_database(url: str) -> bool:
    """Return True where the path is a database's number, or nothing: another counts as none."""
    return re.fullmatch(r"(/[0-9]{0,4})?", urlsplit(url).path) is not None
