"""A provider of identities: a server of a JWKS, as far as we ask one."""

import json
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

from tests.trust.signing import signer


def jwks(*kids: str, algorithm: str = "ES256") -> bytes:
    return json.dumps({"keys": [signer(algorithm).jwk(kid=kid) for kid in kids]}).encode()


class Idp:
    """A server of a JWKS, which counts who asks, and fails when it is told to."""

    def __init__(self) -> None:
        self.asked = 0
        self.status = 200
        self.body = jwks("a", "b")
        idp = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                idp.asked += 1
                self.send_response(idp.status)
                if idp.status == 302:
                    self.send_header("Location", f"{idp.url}/elsewhere")
                self.send_header("Content-Length", str(len(idp.body)))
                self.end_headers()
                self.wfile.write(idp.body)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"
        self._thread = Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
