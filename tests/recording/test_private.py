"""Small files that are a person's own."""

import os
import stat
from pathlib import Path

import pytest

from tracer.recording.private import make_folder, read, write


def test_what_is_written_is_read_and_its_owners_alone(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    make_folder(folder)
    make_folder(folder)
    write(folder / "x", b"one")
    write(folder / "x", b"other")
    assert (read(folder / "x"), read(folder / "x", 2)) == (b"other", b"ot")
    assert [stat.S_IMODE(path.stat().st_mode) for path in (folder, folder / "x")] == [0o700, 0o600]
    assert list(folder.iterdir()) == [folder / "x"]


def test_what_is_no_file_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path):
        with pytest.raises(OSError, match="it is no file"):
            read(path)


def test_a_file_that_cannot_be_replaced_stays_and_nothing_is_left_over(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(IsADirectoryError):
        write(tmp_path / "x", b"one")
    assert list(tmp_path.iterdir()) == [tmp_path / "x"]
