"""Opening and following a file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracer.probe.frames import MARK, fact
from tracer.recording.follow import Follower, NotARecording

HEADER = fact(0, type="header", version=1)
CODE = fact(1, type="code", id=1, hook="handle")
END = fact(0, type="end", t=1)


def refusal(path: Path) -> str:
    with pytest.raises(NotARecording) as caught:
        Follower(path)
    return str(caught.value)


def test_a_file_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "run.tracer"
    path.write_bytes(HEADER + CODE[:10])
    with Follower(path) as follower, path.open("ab") as writer:
        assert follower.read() == [(0, {"type": "header", "version": 1})]
        assert follower.read() == []
        assert follower.at_end
        writer.write(CODE[10:])
        writer.flush()
        assert not follower.at_end
        assert follower.read() == [(1, {"type": "code", "id": 1, "hook": "handle"})]
        assert not follower.ended
        writer.write(END)
        writer.flush()
        assert follower.read() == [(0, {"type": "end", "t": 1})]
        assert follower.ended


def test_a_call_reads_no_more_than_it_may(tmp_path: Path) -> None:
    path = tmp_path / "run.tracer"
    path.write_bytes(HEADER + CODE * 1000)
    with Follower(path) as follower:
        follower.read()
        path.write_bytes(HEADER + CODE * 3000)
        sizes = []
        while not follower.at_end:
            sizes.append(len(follower.read(limit=10 * len(CODE))))
    assert sum(sizes) == 2000
    assert max(sizes) <= 11


def test_every_prefix_of_a_recording_is_one(tmp_path: Path) -> None:
    path = tmp_path / "run.tracer"
    data = HEADER + CODE
    for size in range(1, len(data) + 1):
        path.write_bytes(data[:size])
        with Follower(path) as follower:
            assert len(follower.read()) == (size >= len(HEADER)) + (size == len(data))


def test_a_recording_that_begins_with_damage(tmp_path: Path) -> None:
    path = tmp_path / "run.tracer"
    path.write_bytes(HEADER[:30] + CODE)
    with Follower(path) as follower:
        assert len(follower.read()) == 1
        assert follower.reader.damaged == 1


def test_what_is_no_recording_is_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    assert refusal(path) == f"{path}: no such file"
    path.write_bytes(b"")
    assert refusal(path) == f"{path} is empty"
    path.write_bytes(b"just text\n" * 100)
    assert refusal(path) == f"{path} is not a recording"
    path.write_bytes(b"text that ends like a mark" + MARK[:2])
    assert refusal(path) == f"{path} is not a recording"
    assert refusal(tmp_path) == f"{tmp_path} is a directory"
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    assert refusal(pipe) == f"{pipe} is not a recording"
    assert refusal(tmp_path / "\x1b[31m") == f"{tmp_path}/\\x1b[31m: no such file"
    assert "\n" not in refusal(tmp_path / "a\nb")


def test_a_newer_format_is_refused_with_the_cure(tmp_path: Path) -> None:
    path = tmp_path / "run.tracer"
    path.write_bytes(fact(0, type="header", version=2) + CODE)
    assert refusal(path) == f"{path} was written by a newer tracer (format 2); this one reads 1: update tracer"


def test_a_frame_larger_than_a_piece_is_no_end(tmp_path):
    """A source of three megabytes is one frame: what comes behind it is read, too."""
    path = tmp_path / "large.tracer"
    large = fact(0, type="source", file="f", text="x" * 3_000_000)
    path.write_bytes(fact(0, type="header", version=1) + large + fact(0, type="end", t=1))
    with Follower(path) as follower:
        kinds = []
        while frames := follower.read():
            kinds += [content["type"] for _, content in frames]
        assert kinds == ["header", "source", "end"]
        assert follower.reader.damaged == 0
