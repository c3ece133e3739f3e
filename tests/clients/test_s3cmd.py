"""s3cmd, which asks in the first version."""

import bucket


def names(text):
    return [line.partition("s3://files/")[2] for line in text.splitlines() if line]


def test_ls(s3cmd):
    alice = s3cmd("ALICEKEY")
    assert [line.split()[-1] for line in alice("ls").splitlines()] == [
        f"s3://{name}" for name in ["files", "media", "mount"]
    ]
    assert names(alice("ls", "s3://files/users/")) == ["users/alice/"]
    assert names(alice("ls", "--recursive", "s3://files")) == bucket.SEEN["ALICEKEY"]
    app = names(s3cmd("APPKEY")("ls", "--recursive", "s3://files"))
    assert app == bucket.OBJECTS
    assert "403" in alice("ls", "s3://private", fails=True)


def test_get_and_sync(s3cmd, tmp_path):
    alice = s3cmd("ALICEKEY")
    alice("get", "s3://files/users/alice/a.txt", "one.txt")
    assert (tmp_path / "one.txt").read_bytes() == bucket.content("users/alice/a.txt")
    (tmp_path / "odd").mkdir()
    alice("sync", "s3://files/public/odd/", "odd/")
    for key in bucket.ODD:
        file = tmp_path / "odd" / key.removeprefix("public/odd/")
        assert file.read_bytes() == bucket.content(key), key
    (tmp_path / "users").mkdir()
    alice("sync", "s3://files/users/", "users/")
    found = [each for each in (tmp_path / "users").rglob("*") if each.is_file()]
    assert sorted(str(each.relative_to(tmp_path)) for each in found) == bucket.ALICE
