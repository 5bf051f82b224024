"""A person's own keys: `keys.toml` in the configuration directory names a key for what a binding does.

    [keys]
    "time.freeze" = "f8"
    "gate.in" = "f11"

What each binding is called, `tracer/tui/app.py` and `tracer/tui/offers.py` say; keys are named as Textual names them.
"""

import os
import tomllib
from collections.abc import Collection
from pathlib import Path

from tracer.recording.text import harmless


def path() -> Path:
    """Where it is looked for: the user's configuration directory."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(configuration) / "tracer" / "keys.toml"


def own_keys(known: Collection[str]) -> tuple[dict[str, str], str]:
    """The person's keys by the binding's name, as far as that is `known`; and in one line what is wrong with the file, or ""."""
    file = path()
    try:
        found = tomllib.loads(file.read_text("utf-8")).get("keys", {})
    except FileNotFoundError:
        return {}, ""
    except (OSError, ValueError) as error:
        return {}, harmless(f"{file}: {error}")
    if not isinstance(found, dict):
        return {}, f"{file}: [keys] is to hold names and keys"
    keys = {name: key for name, key in found.items() if name in known and isinstance(key, str) and key}
    wrong = [name for name in found if name not in keys]
    if wrong:
        return keys, harmless(f"{file}: nothing is called {wrong[0]!r} here, or its key is no text")
    return keys, ""
