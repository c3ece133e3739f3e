"""Weighs what would be sent to Lambda: tells the bytes of a file or folder, and of its zip."""

import io
import pathlib
import sys
import zipfile

# What a virtual environment has of its own.
NOT_SENT = {"__pycache__", "_distutils_hack", "pip", "pkg_resources", "setuptools"}


def main():
    """Reads and packs what the argument names."""
    root = pathlib.Path(sys.argv[1])
    files = [root] if root.is_file() else sorted(root.rglob("*"))
    packed, size = io.BytesIO(), 0
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in files:
            name = file.relative_to(root.parent)
            if file.is_file() and NOT_SENT.isdisjoint(name.parts):
                size += file.stat().st_size
                archive.write(file, name)
    print(size, packed.getbuffer().nbytes)


main()
