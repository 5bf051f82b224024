"""Codes: a hook as one class supplies it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """A hook as one class supplies it."""

    hook: str
    owner: str
    module: str
    file: str
    line: int
    framework: bool


UNKNOWN = Code("?", "?", "", "", 0, False)  # what a code without a definition stands for
