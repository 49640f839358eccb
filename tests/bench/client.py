"""The CPU of one call of DynamoDB: boto3's client and the lean one, in turns.

    python -m tests.bench.client [CALLS]

The answers come from a process of its own, which knows one answer and no more.
"""

import json
import multiprocessing
import os
import socket
import statistics
import sys
import threading
import time
import zlib
from typing import Any

from infra_backends.aws.service import Service
from infra_backends.persistence.dynamodb.client import DynamoDBClient

ROUNDS = 9
KEYS = 3
ITEM = {
    "cardId": {"S": "0197a0f4-0000-7000-8000-000000000000"},
    "ecosystemId": {"S": "user-001"},
    "balance": {"N": "12.5"},
    "limit": {"N": "2000"},
    "status": {"S": "active"},
    "createdAt": {"S": "2026-03-01T12:30:15.123456Z"},
    "version": {"N": "3"},
}
REQUEST = {
    "acme-cards": {
        "Keys": [{"cardId": {"S": f"card-{number}"}} for number in range(KEYS)],
        "ConsistentRead": True,
    }
}


def answer() -> bytes:
    body = json.dumps({"Responses": {"acme-cards": [ITEM] * KEYS}, "UnprocessedKeys": {}}).encode()
    head = f"Content-Length: {len(body)}\r\nx-amz-crc32: {zlib.crc32(body)}\r\n"
    return f"HTTP/1.1 200 OK\r\n{head}\r\n".encode() + body


def serve(listening: socket.socket) -> None:
    """Give each request of each connection the same answer."""

    def talk(connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stream = connection.makefile("rb")
        while line := stream.readline():
            length = 0
            while line != b"\r\n":
                name, _, value = line.partition(b":")
                length = int(value) if name.lower() == b"content-length" else length
                line = stream.readline()
            stream.read(length)
            connection.sendall(told)

    told = answer()
    while True:
        connection, _ = listening.accept()
        threading.Thread(target=talk, args=(connection,), daemon=True).start()


def microseconds(client: Any, calls: int) -> float:
    """Return the CPU of one call."""
    began = time.process_time()
    for _ in range(calls):
        client.batch_get_item(RequestItems=REQUEST)
    return (time.process_time() - began) / calls * 1e6


def main(calls: int) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = multiprocessing.get_context("fork").Process(target=serve, args=(listening,))
        server.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        boto3 = Service("dynamodb", region="us-east-1", endpoint_url=url).client()
        lean = DynamoDBClient(Service("dynamodb", region="us-east-1", endpoint_url=url).client())
        rounds = [(microseconds(boto3, calls), microseconds(lean, calls)) for _ in range(ROUNDS)]
        server.terminate()
        server.join()
    generic, own = (statistics.median(column) for column in zip(*rounds, strict=True))
    ratios = sorted(two / one for one, two in rounds)
    print(f"boto3 {generic:.0f} µs, lean {own:.0f} µs of CPU a call")
    print(f"ratio {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2000)
