"""Does a long history slow anything down?

Measures a dashboard and pages of a card's transactions with 10 and with 100,000 of them, through
the services, and prints the ratios. Run it with a settings module of your choice:

    DATA_DIR=$(mktemp -d) python -m tests.bench.history
"""

import os
import statistics
import time
from collections.abc import Callable
from decimal import Decimal

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "financial_api.settings.local")
django.setup()

from django.conf import settings  # noqa: E402
from django.core.management import call_command  # noqa: E402

from accounts.callers import Caller, Identity  # noqa: E402
from accounts.services import dashboard, register  # noqa: E402
from cards.services import request_card  # noqa: E402
from financial_api.application.commands import Submission  # noqa: E402
from financial_api.kernel import clock, ids  # noqa: E402
from financial_api.kernel.idempotency import IdempotencyKey  # noqa: E402
from infra_backends import persistence  # noqa: E402
from infra_backends.persistence.commit import MOST_ITEMS, Commit  # noqa: E402
from transactions.entities import Transaction, TransactionType  # noqa: E402
from transactions.services import transactions_of  # noqa: E402

SHORT, LONG = 10, 100_000
REPEATS = 300


def customer_with(length: int) -> tuple[Identity, str]:
    """Register a user with a card and so many transactions on it."""
    name = f"bench-{ids.new_id(clock.now())}"
    identity = Identity(subject=name, ecosystem_id=name, email=f"{name}@test.local")
    caller = Caller(identity)
    register(caller, None)
    submission = Submission(IdempotencyKey.of(name, "card"), "card", lambda _: b"")
    card = request_card(caller, "default-credit-card", submission).result.card
    for start in range(0, length, MOST_ITEMS):
        now = clock.now()
        persistence.commit(
            Commit(
                now=now,
                adds=[
                    Transaction(
                        transaction_id=ids.new_id(now + step * clock.TICK),
                        ecosystem_id=name,
                        card_id=card.card_id,
                        type=TransactionType.PURCHASE if step % 2 else TransactionType.PAYMENT,
                        amount=Decimal("1.00"),
                        timestamp=now + step * clock.TICK,
                    )
                    for step in range(min(MOST_ITEMS, length - start))
                ],
            )
        )
    return identity, card.card_id


def measured(ask: Callable[[], object]) -> float:
    """Return the median time of a question in microseconds."""
    times = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        ask()
        times.append(time.perf_counter() - started)
    return statistics.median(times) * 1e6


def questions(identity: Identity, card_id: str, length: int) -> dict[str, Callable[[], object]]:
    owner = identity.ecosystem_id
    deep = None
    for _ in range(min(length, 50_000) // 100):
        deep = transactions_of(owner, card_id, None, deep, 100).next_position
    return {
        "dashboard": lambda: dashboard(identity),
        "first page": lambda: transactions_of(owner, card_id, None, None, 10),
        "first page, filtered": lambda: transactions_of(
            owner, card_id, TransactionType.PURCHASE, None, 5
        ),
        "deep page": lambda: transactions_of(owner, card_id, None, deep, 10),
    }


def main() -> None:
    if settings.DATABASES:
        call_command("migrate", verbosity=0)
    short = questions(*customer_with(SHORT), SHORT)
    long = questions(*customer_with(LONG), LONG)
    print(f"{settings.PERSISTENCE['BACKEND']}, median of {REPEATS}")
    print(f"{'':22}{SHORT:>10,} rows{LONG:>10,} rows  ratio")
    for name, ask in short.items():
        few, many = measured(ask), measured(long[name])
        print(f"{name:22}{few:>12.0f} µs{many:>12.0f} µs  {many / few:.2f}")


if __name__ == "__main__":
    main()
