"""The edge under workerd, with a policy of the tests' own, and what it needs around it."""

import contextlib
import dataclasses
import json
import os
import pathlib
import re
import shutil
import socket
import socketserver
import subprocess
import tempfile
import threading
import time
import tomllib
from urllib.parse import urlsplit

from core_process import REPOSITORY
from free_ports import free_port

STOP_LIMIT = 10


class Edge:
    """The bundle of `cargo xtask build edge`, started as `cargo xtask dev` starts it."""

    def __init__(self, policy, secrets):
        self._port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._port}"
        wrangler = tomllib.loads((REPOSITORY / "wrangler.toml").read_text())
        self._config = {
            "port": self._port,
            "bundle": str(REPOSITORY / "build" / "edge"),
            "settings": {"compatibilityDate": wrangler["compatibility_date"]},
            "bindings": {**secrets, "POLICY": json.dumps(policy)},
        }

    def __enter__(self):
        self._folder = pathlib.Path(tempfile.mkdtemp(prefix="cloakroom-edge-"))
        self._log = open(self._folder / "edge.log", "w+b")
        self._process = subprocess.Popen(
            ["node", REPOSITORY / "crates/xtask/src/dev/edge.mjs"],
            cwd=REPOSITORY,
            env={
                **os.environ,
                "EDGE_CONFIG": json.dumps(self._config),
                "TMPDIR": str(self._folder),
            },
            stdout=self._log,
            stderr=self._log,
        )
        deadline = time.monotonic() + 60
        while f"ready {self.endpoint}" not in self.log():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.log()
                self.__exit__()
                raise ChildProcessError(f"build the edge with `cargo xtask build edge`:\n{said}")
            time.sleep(0.05)
        return self

    def __exit__(self, *_):
        self._process.terminate()
        try:
            self._process.wait(timeout=STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._log.close()
        shutil.rmtree(self._folder)

    def log(self):
        return (self._folder / "edge.log").read_text()

    def entry(self, answer):
        """The log's line about a request; the log may lag behind the answer."""
        request_id = answer.headers["x-request-id"]
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            for line in whole_lines(self.log()):
                if request_id in line:
                    return json.loads(line[line.index("{") : line.rindex("}") + 1])
            time.sleep(0.05)
        raise TimeoutError(f"the log lacks {request_id}")


def whole_lines(log):
    """The lines of a log that is being written: the last one may be there in part."""
    return log.split("\n")[:-1]


class EmbeddedStore:
    """The store of development. CLOAKROOM_STORE names another build of it."""

    region = "us-east-1"
    access_key_id = "EMBEDDEDSTORE"
    secret_access_key = "the embedded store's own secret"

    def __init__(self, folder, *options):
        self._folder = folder
        self._options = options

    def __enter__(self):
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target"))
        program = os.environ.get("CLOAKROOM_STORE", target / "debug" / "cloakroom-store")
        self._process = subprocess.Popen(
            [
                *(program, "--data", self._folder, "--port", "0", "--region", self.region),
                *self._options,
            ],
            env={
                **os.environ,
                "STORE_ACCESS_KEY_ID": self.access_key_id,
                "STORE_SECRET_ACCESS_KEY": self.secret_access_key,
            },
            stdout=subprocess.PIPE,
            text=True,
        )
        ready = self._process.stdout.readline()
        if not ready.startswith("ready "):
            raise ChildProcessError("the embedded store did not start; what it said is above")
        self.endpoint = ready.split()[1]
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._process.terminate()
        self._process.wait(timeout=STOP_LIMIT)
        self._process.stdout.close()


@dataclasses.dataclass(frozen=True)
class Call:
    """The head of a request, as it went over the wire."""

    method: str
    target: str
    headers: dict[str, str]


class Recorder:
    """Stands before a store and notes what it is asked; the bytes pass as they are."""

    def __init__(self, endpoint):
        self._store = endpoint
        self._calls = []
        # All that ever went to the store.
        self.signatures = set()

    def __enter__(self):
        recorder = self

        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                recorder._forward(self.request)

        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def take(self):
        """What it was asked since the last time."""
        calls, self._calls = self._calls, []
        return calls

    def _forward(self, asking):
        address = urlsplit(self._store)
        with socket.create_connection((address.hostname, address.port)) as answering:
            back = threading.Thread(target=pump, args=(answering, asking), daemon=True)
            back.start()
            received = b""
            # Either side may hang up at any time.
            with contextlib.suppress(OSError):
                body = 0
                while chunk := asking.recv(65536):
                    received += chunk
                    received, body = received[body:], max(0, body - len(received))
                    while b"\r\n\r\n" in received:
                        head, received = received.split(b"\r\n\r\n", 1)
                        text = head.decode("latin-1")
                        self.signatures.update(re.findall(r"(?i:sig|signature)=([0-9a-f]+)", text))
                        call = parse(text)
                        self._calls.append(call)
                        # What looks like a head in a body is none.
                        body = int(call.headers.get("content-length", 0))
                        received, body = received[body:], max(0, body - len(received))
                    answering.sendall(chunk)
                answering.shutdown(socket.SHUT_RDWR)
            back.join()


def pump(source, sink):
    with contextlib.suppress(OSError):
        while chunk := source.recv(65536):
            sink.sendall(chunk)
        sink.shutdown(socket.SHUT_RDWR)


def parse(head):
    line, *lines = head.split("\r\n")
    method, target, _ = line.split(" ")
    headers = (each.split(":", 1) for each in lines)
    return Call(method, target, {name.lower(): value.strip() for name, value in headers})


FOREIGN = re.compile(r"x-(amz|trans|openstack|object|rgw|timestamp|account|container)|server$|date-")
SIGNATURE = re.compile(r"temp_url_|X-Amz-Signature|AWS4-HMAC|\b[0-9a-f]{64}\b", re.IGNORECASE)


def keeps_quiet(answer, secrets):
    """Nothing in the answer's head tells of the store, nor in the text of a refusal."""
    assert not [name for name in answer.headers if FOREIGN.match(name)], answer.headers
    text = json.dumps(answer.headers) + ("" if answer.accepted else answer.body.decode())
    assert not SIGNATURE.search(text), text
    assert not [secret for secret in secrets if secret in text], text
