"""The example project as a process that evaluates a Python expression for each line.

A line is the `repr` of an expression and of its names; so is the answer, of what came of it.
"""

import ast
import os
import sys

sys.path.insert(0, sys.argv[1])
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"

import django  # noqa: E402

django.setup()

from django.conf import settings  # noqa: E402
from django.core.files.base import ContentFile  # noqa: E402
from django.core.files.storage import storages  # noqa: E402
from photos.storage import EdgeStorage  # noqa: E402
from storages.backends.s3 import S3Storage  # noqa: E402

KNOWN = {
    "ContentFile": ContentFile,
    "EdgeStorage": EdgeStorage,
    "S3Storage": S3Storage,
    "options": lambda alias: settings.STORAGES[alias]["OPTIONS"],
    "storages": storages,
}

for line in sys.stdin:
    expression, names = ast.literal_eval(line)
    try:
        answer = ("value", eval(expression, KNOWN, names))
    except Exception as error:
        answer = ("error", f"{type(error).__name__}: {error}")
    print(repr(answer), flush=True)
