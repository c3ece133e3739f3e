"""The system of `cargo xtask dev`, for test suites that bring a policy of their own."""

import contextlib
import json
import os
import pathlib
import signal
import subprocess

from free_ports import free_ports

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]


@contextlib.contextmanager
def running(data, make_policy, secrets):
    """What `cargo xtask dev --json` says, and the policy that it runs.

    `make_policy` is given the URLs of the store, the app and the edge.
    """
    edge, uploads, store, app = free_ports(4)
    policy = make_policy(*(f"http://127.0.0.1:{port}" for port in (store, app, edge)))
    file = data / "policy.json"
    file.write_text(json.dumps(policy))
    xtask = os.environ.get("CLOAKROOM_XTASK")
    command = [xtask] if xtask else ["cargo", "xtask"]
    ports = [f"--edge-port={edge}", f"--uploads-port={uploads}"]
    ports += [f"--store-port={store}", f"--app-port={app}"]
    process = subprocess.Popen(
        [*command, "dev", "--json", "--data", data / "run", "--policy", file, *ports],
        cwd=REPOSITORY,
        env={**os.environ, **secrets},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        assert line, "the system did not start"
        yield {**json.loads(line), "policy": policy}
    finally:
        process.send_signal(signal.SIGINT)
        process.stdout.close()
        process.wait(timeout=30)
