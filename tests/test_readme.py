"""What the README shows is what the program prints."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_the_example_is_the_output_of_its_command():
    """Line for line, from the recording that is checked in."""
    shown = subprocess.run(
        [sys.executable, "-m", "tracer", "show", "screenshots/forking.tracer"],
        capture_output=True, text=True, timeout=60, check=True, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    example = README.split("$ tracer show screenshots/forking.tracer\n")[1].split("```")[0]
    lines = [line for line in example.splitlines() if line != "…"]
    assert len(lines) > 10
    printed = shown.stdout.splitlines()
    first = printed.index(lines[0])
    assert printed[first : first + len(lines)] == lines


def test_the_two_commands_stand_there_once():
    """The gate runs the second one verbatim."""
    commands = [line for line in README.splitlines() if line.startswith("python3 -m venv")]
    assert [command.rpartition("/")[2] for command in commands] == ["tracer demo", "python -m pytest"]
