"""A mount by s3fs: folders are walked and files read as any others."""

import os

import pytest

import bucket


@pytest.mark.parametrize("key", ["ALICEKEY", "APPKEY"])
def test_walk_and_read(s3fs, key):
    root = s3fs(key, "mount")
    folders, files = bucket.folders_and_files(bucket.SEEN[key], "")
    assert sorted(os.listdir(root)) == sorted([*(name.strip("/") for name in folders), *files])
    users = [user for user in ["alice", "bob"] if f"users/{user}/" in str(bucket.SEEN[key])]
    assert sorted(os.listdir(root / "users")) == users
    found = [
        os.path.relpath(os.path.join(folder, name), root)
        for folder, _, names in os.walk(root / "users")
        for name in names
    ]
    assert sorted(found) == [name for name in bucket.SEEN[key] if name.startswith("users/")]
    for name in [*bucket.ALICE, *bucket.MEMBERS, *bucket.ODD]:
        assert (root / name).read_bytes() == bucket.content(name), name
    assert (root / "users/bob").exists() == (key == "APPKEY")
    with pytest.raises(OSError):
        (root / "users/alice/new.txt").write_bytes(b"x")
