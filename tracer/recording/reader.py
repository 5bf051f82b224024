"""Bytes in, frames out: the incremental decoder of a recording.

Rules of this file:
1. No I/O: whoever has bytes feeds them, in pieces of any size; the frames that come out are the same.
2. No bytes make it raise.

A frame can be torn anywhere in the file: its writer was killed within the write, and others went on behind it. So after damage
the next MARK is looked for from the second byte of what was bad. A frame that is incomplete where the bytes end may still be on
its way, and is damage only when a complete frame lies behind its beginning: appends are atomic towards each other.
"""

import json
from typing import Any, TypeAlias

from tracer.probe.frames import EVENTS, FACT, HEADER, LARGEST, MARK
from tracer.probe.stdlib import crc32

#: The context that wrote it, and its content: the bytes of an events frame, or the fields of a fact.
Frame: TypeAlias = tuple[int, bytes | dict[str, Any]]

_GOOD, _BAD, _SHORT = range(3)
_BODY = 8  # where the bytes that the CRC covers begin
_decode_json = json.JSONDecoder().decode


class Reader:
    """Decodes one recording. `damaged` counts regions that no frame could be read from, `damaged_bytes` their bytes."""

    def __init__(self) -> None:
        self.damaged = 0
        self.damaged_bytes = 0
        self._rest = b""
        self._within_damage = False

    @property
    def pending(self) -> bytes:
        """What may be the beginning of a frame that is still being written."""
        return self._rest

    def feed(self, data: bytes) -> list[Frame]:
        """The frames that are complete now that `data` has come, in file order."""
        if not data:
            return []
        data = self._rest + data if self._rest else data
        frames: list[Frame] = []
        append = frames.append
        unpack, header_size = HEADER.unpack_from, HEADER.size
        view = memoryview(data)
        at, size = 0, len(data)
        while at < size:
            start = at + header_size
            if start <= size:
                mark, crc, length, kind, context = unpack(data, at)
                end = start + length
                if end <= size and mark == MARK and length <= LARGEST and crc32(view[at + _BODY : end]) == crc:
                    if kind == EVENTS:
                        append((context, data[start:end]))
                    elif kind == FACT:
                        fields = _fact(data[start:end])
                        if fields is None:
                            self._damage(end - at)
                            at = end
                            continue
                        append((context, fields))
                    self._within_damage = False
                    at = end
                    continue
            following = self._after(view, data, at)
            if following is None:
                break
            self._damage(following - at)
            at = following
        view.release()
        self._rest = data[at:]
        return frames

    def finish(self) -> None:
        """Nothing more will come: what is incomplete is damage."""
        if self._rest:
            self._damage(len(self._rest))
            self._rest = b""

    def _after(self, view: memoryview, data: bytes, at: int) -> int | None:
        """Where to go on when no frame could be read at `at`; None: wait there for more bytes."""
        verdict = _examine(view, data, at)
        following = data.find(MARK, at + 1)
        if verdict == _SHORT:
            while following >= 0 and _examine(view, data, following) != _GOOD:
                following = data.find(MARK, following + 1)
            return following if following >= 0 else None
        if following >= 0:
            return following
        for length in range(len(MARK) - 1, 0, -1):  # the mark itself may be cut
            if len(data) - length > at and data.endswith(MARK[:length]):
                return len(data) - length
        return len(data)

    def _damage(self, size: int) -> None:
        if not self._within_damage:
            self.damaged += 1
            self._within_damage = True
        self.damaged_bytes += size


def _examine(view: memoryview, data: bytes, at: int) -> int:
    """Whether a frame begins at `at`: it does, it does not, or there are too few bytes to tell."""
    remaining = len(data) - at
    if remaining < HEADER.size:
        mark = data[at : at + len(MARK)]
        return _SHORT if MARK.startswith(mark) else _BAD
    mark, crc, length, _, _ = HEADER.unpack_from(data, at)
    if mark != MARK or length > LARGEST:
        return _BAD
    if remaining < HEADER.size + length:
        return _SHORT
    return _GOOD if crc32(view[at + _BODY : at + HEADER.size + length]) == crc else _BAD


def _fact(content: bytes) -> dict[str, Any] | None:
    """The fields of a fact; None if it is none, though its CRC is right."""
    try:
        fields = _decode_json(content.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) else None
