"""The project of `examples/django`, before an edge and a store of its own."""

import ast
import contextlib
import json
import os
import pathlib
import subprocess
import sys
import time
import urllib.error
import urllib.request

from ceph_cluster import free_port
from edge import Edge, EmbeddedStore

HERE = pathlib.Path(__file__).resolve().parent
PROJECT = HERE.parents[1] / "examples" / "django"

#: Has what `requirements.txt` of the project names.
PYTHON = os.environ.get("CLOAKROOM_DJANGO_PYTHON", sys.executable)

SECRETS = {
    "STORE_ACCESS_KEY_ID": EmbeddedStore.access_key_id,
    "STORE_SECRET_ACCESS_KEY": EmbeddedStore.secret_access_key,
    "EDGE_SECRET_ACCESS_KEY": "the site's own key to the edge, and no one else's",
    "VISITOR_SECRET": "the key of one user, who is not the first one",
    "UPLOADS_SEAL_SECRET": "nothing is uploaded by the function in these tests",
}


class Raised(Exception):
    """What an expression raised."""


class Site:
    """Call it with an expression, and what its names mean, to have the project evaluate it."""

    def __init__(self, folder):
        self._folder = folder
        self._local = folder / "local"

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            store = stack.enter_context(EmbeddedStore(self._folder / "store"))
            assert self.make_local().returncode == 0
            policy = policy_for_tests(self._local, store.endpoint)
            self.edge = stack.enter_context(Edge(policy, SECRETS))
            self._environment = {
                # django-storages would take a session token, too.
                **{name: os.environ[name] for name in os.environ if not name.startswith("AWS_")},
                **json.loads((self._local / "secrets.json").read_text()),
                **SECRETS,
                "DJANGO_DATABASE": str(self._folder / "db.sqlite3"),
                "EDGE_URL": self.edge.endpoint,
                "STORE_URL": store.endpoint,
                "PYTHONDONTWRITEBYTECODE": "1",
            }
            self._process = stack.enter_context(self._evaluating())
            self("storages['default'].store.bucket.create() and None")
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def __call__(self, expression, **names):
        self._process.stdin.write(repr((expression, names)) + "\n")
        self._process.stdin.flush()
        line = self._process.stdout.readline()
        if not line:
            raise ChildProcessError("the project ended; what it said is above")
        kind, what = ast.literal_eval(line)
        if kind == "error":
            raise Raised(what)
        return what

    def make_local(self):
        command = [PYTHON, PROJECT / "make_local.py", self._local]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True)

    def manage(self, *arguments):
        """What a command of `manage.py` prints."""
        command = [PYTHON, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=PROJECT, env=self._environment, stdout=subprocess.PIPE, text=True
        )
        assert done.returncode == 0, done.stdout
        return done.stdout

    @contextlib.contextmanager
    def served(self):
        """The project's pages; gives their address."""
        address = f"127.0.0.1:{free_port()}"
        log = self._folder / "pages.log"
        with open(log, "wb") as output:
            process = subprocess.Popen(
                # django-storages connects anew for each thread.
                [PYTHON, "manage.py", "runserver", "--noreload", "--nothreading", address],
                cwd=PROJECT,
                env=self._environment,
                stdout=output,
                stderr=output,
            )
        try:
            wait_until_answers(f"http://{address}/login", process, log)
            yield f"http://{address}"
        finally:
            process.terminate()
            process.wait(timeout=10)

    @contextlib.contextmanager
    def _evaluating(self):
        process = subprocess.Popen(
            [PYTHON, HERE / "django_process.py", PROJECT],
            env=self._environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait(timeout=10)
            process.stdout.close()


def policy_for_tests(local, store_url):
    """The example's policy, with the store that is here and the key of one user."""
    policy = json.loads((local / "policy.json").read_text())
    policy["stores"]["main"]["endpoint"] = store_url
    policy["keys"]["VISITOR"] = {
        "dialect": "sigv4",
        "secret": "VISITOR_SECRET",
        "principal": {"user": "2"},
    }
    return policy


def wait_until_answers(url, process, log):
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(urllib.error.URLError), urllib.request.urlopen(url):
            return
        time.sleep(0.05)
    raise ChildProcessError(f"the pages are not served:\n{log.read_text()}")
