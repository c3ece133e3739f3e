"""The core as a subprocess that answers one JSON line for each JSON line.

The program is `crates/core/examples/peer.rs`. Build it with
`cargo build -p cloakroom-core --example peer`, or name another build in CLOAKROOM_PEER.
"""

import json
import os
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parents[2]


class CoreProcess:
    """Call it with an operation and its fields; it returns the answer as a dict."""

    def __enter__(self):
        target = os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")
        default = pathlib.Path(target) / "debug" / "examples" / "peer"
        program = pathlib.Path(os.environ.get("CLOAKROOM_PEER", default))
        if not program.exists():
            raise FileNotFoundError(
                f"{program} is missing; run `cargo build -p cloakroom-core --example peer` first"
            )
        self._process = subprocess.Popen(
            [program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            bufsize=1,
        )
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait(timeout=10)

    def __call__(self, op, **fields):
        self._process.stdin.write(json.dumps({"op": op, **fields}) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise EOFError(f"the core process ended with status {self._process.wait()} on `{op}`")
        return json.loads(line)


def verify(core, credentials, signed, method, now, regions=()):
    """Asks whether `signed`, which has a URL and headers, holds at `now` under one known key.

    The key is for `regions`, or for any when there are none."""
    secrets = {
        "secret_access_key": credentials.secret_access_key,
        "session_token": credentials.session_token,
        "regions": list(regions),
    }
    return core(
        "verify",
        method=method,
        url=signed.url,
        headers=signed.headers,
        now=now.strftime("%Y%m%dT%H%M%SZ"),
        keys={credentials.access_key_id: secrets},
    )
