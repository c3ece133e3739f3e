"""The AWS command line."""

import bucket


def names(text):
    return [line[31:] for line in text.splitlines() if line]


def test_ls(aws):
    alice = aws("ALICEKEY")
    assert [line.split()[-1] for line in alice("s3", "ls").splitlines()] == ["files", "media", "mount"]
    assert names(alice("s3", "ls", "s3://files/users/")) == ["alice/"]
    assert names(alice("s3", "ls", "--recursive", "s3://files")) == bucket.SEEN["ALICEKEY"]
    pages = alice("s3", "ls", "--recursive", "--page-size=5", "s3://files/public/odd/")
    assert names(pages) == sorted(bucket.ODD)
    denied = alice("s3", "ls", "s3://private", fails=True)
    assert "403" in denied or "AccessDenied" in denied


def test_cp_and_sync(aws, tmp_path):
    alice = aws("ALICEKEY")
    alice("s3", "cp", "s3://files/users/alice/a.txt", "one.txt")
    assert (tmp_path / "one.txt").read_bytes() == bucket.content("users/alice/a.txt")
    alice("s3", "sync", "s3://files/public/odd", "odd")
    for key in bucket.ODD:
        file = tmp_path / "odd" / key.removeprefix("public/odd/")
        assert file.read_bytes() == bucket.content(key)
    assert alice("s3", "sync", "s3://files/public/odd", "odd") == ""
    alice("s3", "sync", "s3://files/users", "users")
    found = [each for each in (tmp_path / "users").rglob("*") if each.is_file()]
    assert sorted(str(each.relative_to(tmp_path)) for each in found) == bucket.ALICE
