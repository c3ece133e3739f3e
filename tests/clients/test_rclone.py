"""rclone."""

import json

import bucket


def test_ls_and_copy(rclone, tmp_path):
    alice = rclone("ALICEKEY")
    assert sorted(alice("lsf", "edge:").split()) == ["files/", "media/", "mount/"]
    assert alice("lsf", "edge:files/users").split() == ["alice/"]
    listed = alice("lsf", "--recursive", "--files-only", "edge:files/public/odd").splitlines()
    assert sorted(listed) == sorted(key.removeprefix("public/odd/") for key in bucket.ODD)
    alice("copy", "edge:files/users", "users")
    found = [each for each in (tmp_path / "users").rglob("*") if each.is_file()]
    assert sorted(str(each.relative_to(tmp_path)) for each in found) == bucket.ALICE
    alice("check", "edge:files/users", "users")
    size = json.loads(rclone("APPKEY")("size", "--json", "edge:files"))
    assert size["count"] == len(bucket.OBJECTS)
