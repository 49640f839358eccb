"""HTTP proxies in front of a server, set up as the documents say."""

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import httpx

from tests.support.answering import serving
from tests.support.ports import free_port
from tests.support.store import LeftOut

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 60.0
STOP_SECONDS = 60.0
OF_ONE_CONNECTION = {"connection", "host", "keep-alive", "transfer-encoding"}

DOCUMENTED = (ROOT / "docs/operations.md").read_text().partition("For nginx:\n")[2].split("```")[1]
DOCUMENTED_UPSTREAM = "http://127.0.0.1:8000"
AS_OLD = f"location / {{ proxy_pass {DOCUMENTED_UPSTREAM}; proxy_http_version 1.0; }}"
"""What nginx was before 1.29.7 without a word on it."""

SURROUNDINGS = """
daemon off; master_process off; pid {folder}/nginx.pid; error_log stderr;
events {{ }}
http {{
    access_log off;
    client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi; scgi_temp_path {folder}/scgi;
    uwsgi_temp_path {folder}/uwsgi;
    server {{ listen 127.0.0.1:{port}; {location} }}
}}
"""


@contextlib.contextmanager
def nginx(upstream: str, location: str = DOCUMENTED) -> Iterator[str]:
    """Have nginx pass on to a server; the value is where it listens.

    Raises LeftOut where nginx is not installed.
    """
    program = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        raise LeftOut("nginx is not installed")
    assert DOCUMENTED_UPSTREAM in location
    port, location = free_port(), location.replace(DOCUMENTED_UPSTREAM, upstream)
    with tempfile.TemporaryDirectory(prefix="financial-api-nginx-") as folder:
        configuration = Path(folder) / "nginx.conf"
        configuration.write_text(SURROUNDINGS.format(folder=folder, port=port, location=location))
        process = subprocess.Popen([program, "-p", folder, "-c", str(configuration)])
        url = f"http://127.0.0.1:{port}"
        try:
            _wait_for(url, process)
            yield url
        finally:
            process.terminate()
            process.wait(STOP_SECONDS)


def _wait_for(url: str, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError):
            httpx.get(url, timeout=START_SECONDS)
            return
        time.sleep(0.02)
    raise AssertionError("nginx did not start")


def documented_headers(address: str, host: str = "localhost") -> dict[str, str]:
    """Return what the documented nginx sets in a request from an address for a host, over HTTP."""
    values = {"$proxy_add_x_forwarded_for": address, "$scheme": "http", "$host": host}
    set_there = re.findall(r"proxy_set_header (\S+) (\S+);", DOCUMENTED)
    return {name: values[variable] for name, variable in set_there}


@contextlib.contextmanager
def like_nginx(upstream: str) -> Iterator[str]:
    """Pass on to a server with the headers of the documented nginx, where there may be none."""

    class Handler(BaseHTTPRequestHandler):
        def pass_on(self) -> None:
            headers = {
                name: value
                for name, value in self.headers.items()
                if name.lower() not in OF_ONE_CONNECTION
            }
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = httpx.request(
                self.command,
                upstream + self.path,
                headers=headers | documented_headers(self.client_address[0]),
                content=body,
                timeout=30,
            )
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                if name.lower() not in OF_ONE_CONNECTION:
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_POST = do_PATCH = pass_on  # noqa: N815  # named by the base class

        def log_message(self, *_: Any) -> None:
            pass

    with serving(Handler) as url:
        yield url
