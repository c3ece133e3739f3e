"""Where the settings have their values from."""

import json
import os
import pathlib

from django.core.exceptions import ImproperlyConfigured

PROJECT = pathlib.Path(__file__).resolve().parents[1]
LOCAL = PROJECT / "local"


def value(name, default=None):
    """A variable of the environment; on a developer's machine, else what was made in `local/`."""
    if name in os.environ:
        return os.environ[name]
    made = LOCAL / "secrets.json"
    found = json.loads(made.read_text()).get(name, default) if made.exists() else default
    if found is None:
        raise ImproperlyConfigured(f"{name} is not set; README.md says where settings are from")
    return found
