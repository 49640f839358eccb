"""How does a running server bear 512 requests at once, and how soon does it answer one client?

    make run                                      # or make aws, make serve, in another terminal
    python -m tests.bench.burst [http://127.0.0.1:8000]

Prints how many of 512 requests, sent from 128 threads before any answer is read, were answered how;
and what one of sixty requests on a kept connection takes. Development tokens must be on, and
sixteen customers are made. Throttling counts each customer for itself.
"""

import statistics
import sys
import time
from collections import Counter

from accounts.development_tokens import issue
from tests.support.api import Customer, expect
from tests.support.bursts import THREADS, burst
from tests.support.raw_http import request

AT_ONCE, CUSTOMERS, ON_ONE_CONNECTION = 512, 16, 60
PATHS = ("/health/liveness", "/v1/dashboard", "/v1/cards")


def main(url: str) -> None:
    customers = [Customer(url) for _ in range(CUSTOMERS)]
    for customer in customers:
        customer.card()
    tokens = [issue(customer.ecosystem_id) for customer in customers]
    for path in PATHS:
        requests = [
            request("GET", path, f"Authorization: Bearer {tokens[number % CUSTOMERS]}")
            for number in range(AT_ONCE)
        ]
        started = time.perf_counter()
        answers = Counter(answer[9:12].decode() for answer in burst(url, requests))
        took = time.perf_counter() - started
        print(f"{path}: {dict(answers)} of {AT_ONCE} from {THREADS} threads in {took:.2f} s")
    lone = Customer(url)
    lone.register()
    seconds = []
    for _ in range(ON_ONE_CONNECTION):
        started = time.perf_counter()
        expect(lone.get("/v1/cards"), 200)
        seconds.append(time.perf_counter() - started)
    print(f"on a kept connection: {1000 * statistics.median(seconds):.2f} ms (median)")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000")
