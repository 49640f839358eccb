"""Serves the bare view as the service is served: python -m tests.bench.bare_server PORT"""

import os
import sys

from financial_api.serving.server import production_server

if __name__ == "__main__":
    port = int(sys.argv[1])
    os.environ["PORT"] = str(port)
    production_server(
        "tests.bench.bare:application",
        "127.0.0.1",
        port,
        workers=1,
        connections=256,
        keep_alive_seconds=60,
    ).serve()
