"""Tokens that a test signs itself, and a real HTTP server of the keys to verify them by."""

import base64
import contextlib
import functools
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from financial_api.kernel import clock
from infra_backends.identity.cognito import Backend
from tests.support.emulators import REGION

POOL_ID = f"{REGION}_Test12345"
CLIENT_ID = "client1of1the1tests"
ISSUER = f"https://cognito-idp.{REGION}.amazonaws.com/{POOL_ID}"
ABSENT = object()
"""Stands for a claim that a token leaves out."""

STOP_SECONDS = 60.0


def claims(**changes: Any) -> dict[str, Any]:
    """Return the claims of a good ID token, changed; `ecosystem_id` and `role` are custom ones."""
    now = int(clock.now().timestamp())
    given: dict[str, Any] = {
        "sub": "5f0c2b1e-93b4-4a7e-8a55-0d5f3e6b7a10",
        "iss": ISSUER,
        "aud": CLIENT_ID,
        "token_use": "id",
        "iat": now,
        "exp": now + 3600,
        "cognito:username": "user@test.com",
        "custom:ecosystemId": "user-001",
        "email": "user@test.com",
        "email_verified": True,
    }
    names = {"ecosystem_id": "custom:ecosystemId", "role": "custom:role"}
    given |= {names.get(name, name): value for name, value in changes.items()}
    return {name: value for name, value in given.items() if value is not ABSENT}


class Signer:
    """A key pair under an id, and what it signs."""

    def __init__(self, key_id: str, private: rsa.RSAPrivateKey | None = None) -> None:
        self.key_id = key_id
        self._private = private or rsa.generate_private_key(public_exponent=65537, key_size=2048)

    @property
    def jwk(self) -> dict[str, Any]:
        """The public key as a key set has it."""
        described = jwt.algorithms.RSAAlgorithm.to_jwk(self._private.public_key(), as_dict=True)
        return {**described, "kid": self.key_id, "use": "sig", "alg": "RS256"}

    def token(self, **changes: Any) -> str:
        return self.sign(json.dumps(claims(**changes)).encode())

    def sign(self, payload: bytes, **header: Any) -> str:
        header = {"kid": self.key_id} | header
        return jwt.PyJWS().encode(payload, self._private, algorithm="RS256", headers=header)

    def token_of_shared_secret(self) -> str:
        """Return a token in HS256, whose secret is the public key in PEM."""
        secret = self._private.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        signed = unsigned({"alg": "HS256", "kid": self.key_id})
        return f"{signed}.{encoded(hmac.digest(secret, signed.encode(), hashlib.sha256))}"

    def as_if(self, key_id: str) -> "Signer":
        """Return a signer with this key, who says that it is another one."""
        return Signer(key_id, self._private)


_signers = functools.cache(Signer)


def signer(key_id: str = "key-1") -> Signer:
    """Return the signer of that id, made once for each process."""
    return _signers(key_id)


def unsigned(header: dict[str, Any]) -> str:
    """Return header and payload of a good token, without a signature."""
    return f"{encoded(json.dumps(header).encode())}.{encoded(json.dumps(claims()).encode())}"


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class KeyServer:
    """Serves `body` with `status`, counts how often, and freezes when it is told to."""

    def __init__(self) -> None:
        self.status = 200
        self.body = b""
        self.requests = 0
        self._counting = threading.Lock()
        self._flowing = threading.Event()
        self._flowing.set()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        self.serve(signer())

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/keys.json"

    def serve(self, *signers: Signer) -> None:
        """Serve the keys of these signers from now on."""
        self.body = json.dumps({"keys": [each.jwk for each in signers]}).encode()

    def freeze(self) -> None:
        """Take connections and requests from now on, and answer none."""
        self._flowing.clear()

    def go_away(self) -> None:
        """Refuse connections from now on."""
        if self._thread.is_alive():
            self._flowing.set()
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(STOP_SECONDS)

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                with server._counting:
                    server.requests += 1
                server._flowing.wait()
                with contextlib.suppress(ConnectionError):
                    self.send_response(server.status)
                    self.send_header("Content-Length", str(len(server.body)))
                    self.end_headers()
                    self.wfile.write(server.body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        return Handler


@contextlib.contextmanager
def key_server() -> Iterator[KeyServer]:
    server = KeyServer()
    try:
        yield server
    finally:
        server.go_away()


def backend_of(keys: KeyServer, **options: Any) -> Backend:
    """Return a backend that verifies by the served keys; all but keys is out of its reach."""
    return Backend(
        region=REGION,
        user_pool_id=POOL_ID,
        client_id=CLIENT_ID,
        keys_url=keys.url,
        endpoint_url="http://127.0.0.1:1",
        **options,
    )
