"""Names that break systems: those of `tests/names.json`, which every suite reads."""

import json
import pathlib

_GROUPS = json.loads((pathlib.Path(__file__).parents[1] / "names.json").read_text("utf-8"))


def _group(group):
    # A long name stands as what it repeats.
    return {
        title: name if isinstance(name, str) else name["of"] * name["times"]
        for title, name in _GROUPS[group].items()
    }


SIGNED = _group("signed")
SHOWN = _group("shown")
NAMES = [*SIGNED.values(), *SHOWN.values()]
