"""Serves the bare view as the service is served: python -m tests.bench.bare_server PORT THREADS"""

import sys

from financial_api.management.production_server import production_server

if __name__ == "__main__":
    port, threads = map(int, sys.argv[1:])
    production_server(
        "tests.bench.bare:application", "127.0.0.1", port, workers=1, threads=threads
    ).serve()
