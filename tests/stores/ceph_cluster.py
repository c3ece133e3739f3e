"""Ceph's object gateway: one monitor, one OSD that keeps its objects in memory, and radosgw.

Needs root and the programs of Debian's packages ceph-mon, ceph-osd, ceph-common and radosgw. All
files are in one folder, all ports are free ones of 127.0.0.1.
"""

import base64
import json
import os
import secrets
import struct
import subprocess
import time
import urllib.error
import urllib.request
import uuid

from free_ports import free_port

START_LIMIT = 120
STOP_LIMIT = 10
AS_GATEWAY = ["--name=client.gateway"]

CONFIGURATION = """
[global]
fsid = {fsid}
mon host = [v2:127.0.0.1:{monitor}]
keyring = {folder}/keyring
run dir = {folder}
admin socket =
log file = {folder}/$name.log
log to stderr = false
mon cluster log file = {folder}/cluster.log
crash dir = {folder}

[mon]
mon data = {folder}/mon
mon allow pool size one = true
mon warn on pool no redundancy = false
# Each change of the cluster waits this long for others; a second by default.
paxos propose interval = 0.01
paxos min wait = 0.01

[osd]
osd data = {folder}/osd
osd objectstore = memstore
# A gigabyte by default; when it is full, whoever writes waits.
memstore device bytes = 4294967296
osd class load list = *
osd class default list = *
public bind addr = 127.0.0.1
public addr = 127.0.0.1
cluster addr = 127.0.0.1

[client.gateway]
rgw data = {folder}
rgw frontends = beast endpoint=127.0.0.1:{gateway}
rgw s3 auth use sts = true
# The gateway gives the last one's reason for a refusal, and `sts` knows one only.
rgw s3 auth order = local, sts
rgw sts key = {sts_key}
"""

# One placement group a pool: the gateway creates seven pools, and each group takes time.
POOLS = """
[global]
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
"""


class CephCluster:
    """Runs while it is entered; `endpoint` is the gateway's."""

    def __init__(self, folder):
        self._folder = folder
        self._conf = folder / "ceph.conf"
        self._running = []
        self._gateway_port = free_port()
        self.endpoint = f"http://127.0.0.1:{self._gateway_port}"
        # The gateway knows no region until a zone group names one, and then takes any.
        self.region = "us-east-1"

    def __enter__(self):
        try:
            self._start()
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_):
        self._stop()

    def create_user(self, name):
        """A user with an access key; its id is its name."""
        created = self._admin("user", "create", f"--uid={name}", f"--display-name={name}")
        key = created["keys"][0]
        return key["access_key"], key["secret_key"]

    def create_role(self, name, user, policy):
        """A role that `user` may assume; returns its ARN."""
        trust = {
            "Effect": "Allow",
            "Principal": {"AWS": [f"arn:aws:iam:::user/{user}"]},
            "Action": ["sts:AssumeRole"],
        }
        role = f"--role-name={name}"
        created = self._admin(
            "role", "create", role, f"--assume-role-policy-doc={policy_document(trust)}"
        )
        allowed = f"--policy-doc={policy_document(policy)}"
        self._admin("role-policy", "put", role, "--policy-name=all", allowed)
        return created["Arn"]

    def _admin(self, *arguments):
        output = self._run("radosgw-admin", *AS_GATEWAY, *arguments)
        return json.loads(output) if output.startswith("{") else output

    def _start(self):
        fsid, monitor = str(uuid.uuid4()), free_port()
        self._conf.write_text(
            POOLS
            + CONFIGURATION.format(
                fsid=fsid,
                folder=self._folder,
                monitor=monitor,
                gateway=self._gateway_port,
                sts_key=secrets.token_hex(8),
            )
        )
        self._write_keyring()
        monmap = self._folder / "monmap"
        address = f"[v2:127.0.0.1:{monitor}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monmap)
        self._run("ceph-mon", "--mkfs", "--id=a", "--monmap", monmap)
        self._spawn("ceph-mon", "--id=a")
        self._run("ceph", "--connect-timeout=30", "osd", "new", fsid)
        (self._folder / "osd").mkdir()
        self._run("ceph-osd", "--id=0", "--mkfs", "--osd-uuid", fsid)
        self._spawn("ceph-osd", "--id=0")
        self._spawn("radosgw", *AS_GATEWAY)
        self._wait_for_gateway()

    def _write_keyring(self):
        everything = {"mon": "allow *", "osd": "allow *", "mgr": "allow *"}
        entities = {
            "mon.": {"mon": "allow *"},
            "client.admin": everything,
            "client.gateway": everything,
            "osd.0": {"mon": "allow profile osd", "osd": "allow *"},
        }
        text = ""
        for entity, capabilities in entities.items():
            text += f"[{entity}]\n\tkey = {cephx_key()}\n"
            text += "".join(f'\tcaps {name} = "{caps}"\n' for name, caps in capabilities.items())
        (self._folder / "keyring").write_text(text)

    def _wait_for_gateway(self):
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            self._require_running()
            try:
                with urllib.request.urlopen(self.endpoint, timeout=5):
                    return
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        raise TimeoutError(f"radosgw did not answer within {START_LIMIT} s\n{self._logs()}")

    def _require_running(self):
        for process in self._running:
            if process.poll() is not None:
                raise ChildProcessError(f"{process.args[0]} ended by itself\n{self._logs()}")

    def _run(self, program, *arguments):
        command = [program, "--conf", self._conf, *arguments]
        done = subprocess.run(command, capture_output=True, text=True, timeout=START_LIMIT)
        if done.returncode != 0:
            raise ChildProcessError(f"{program} failed: {done.stderr}\n{self._logs()}")
        return done.stdout

    def _spawn(self, program, *arguments):
        with open(self._folder / f"{program}.out", "wb") as output:
            command = [program, "--foreground", "--conf", self._conf, *arguments]
            self._running.append(subprocess.Popen(command, stdout=output, stderr=output))

    def _stop(self):
        for process in reversed(self._running):
            # There is nothing to save: the OSD is in memory.
            process.kill()
            process.wait(timeout=STOP_LIMIT)
        self._running.clear()

    def _logs(self):
        files = [*self._folder.glob("*.out"), *self._folder.glob("*.log")]
        return "\n".join(f"--- {file.name}\n{file.read_text()[-1500:]}" for file in sorted(files))


def policy_document(statement):
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def cephx_key():
    """A key as `ceph-authtool` makes it: type 1 (AES), time of creation, length, 16 bytes."""
    header = struct.pack("<hiih", 1, int(time.time()), 0, 16)
    return base64.b64encode(header + os.urandom(16)).decode()
