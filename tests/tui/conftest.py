import os

os.environ["TEXTUAL_ANIMATIONS"] = "none"  # read when Textual is imported

import pytest


@pytest.fixture(autouse=True)
def _colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a terminal that has colours."""
    monkeypatch.delenv("NO_COLOR", raising=False)
