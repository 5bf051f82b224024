"""The spans of every context: records in one column, and for each frame (a **chunk**) the shape that says what they mean.

A **place** is a position in the column of values; `chunk` is the number of a chunk in order of arrival. A span is a number within
its context, from 0 in the order of entering.

Rules of this file:
1. No clock, no I/O; it knows codes, not hooks.
2. A value is stored once, as it came. Text is kept apart: its value becomes its place in `texts` and its length.
"""

import sys
from array import array
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from tracer.probe.frames import KIND_MASK, PAYLOADS, RAISE, RETURN, TEXT, word

from .contexts import Context
from .lifetimes import FOREVER
from .shapes import NONE, OPEN, Move, Node

_RECORD = 16
_LENGTH_BITS = 24  # no frame is longer
_TEXTS = tuple(word(PAYLOADS[name][0], TEXT) for name in ("peer", "error", "request_line"))
_NAMES = {number: name for name, (number, _) in PAYLOADS.items()}


@dataclass(frozen=True, slots=True)
class Span:
    """One hook call, as recorded. `how` is OPEN, LOST, RETURN or RAISE (see shapes.py); `end` is None while it is OPEN."""

    number: int
    code: int
    begin: int
    end: int | None
    how: int
    parent: int  # -1: none
    depth: int


class Spans:
    """Folds the frames of all contexts."""

    def __init__(self) -> None:
        self.root = Node(None, 0)
        self.values = array("q")
        self.texts = bytearray()
        self.moves: list[Move] = []  # of each chunk
        self.offsets = array("q")  # place of each chunk's first value
        self.bases = array("q")  # number of each chunk's first span
        self.owners: list[Context] = []  # whose each chunk is
        self._around = array("q")  # the spans that are open before each chunk, outermost first, one chunk's behind the other's
        self._around_starts = array("q", [0])  # where those of each chunk begin, and where the last one's end
        self.shapes: list[Move] = []  # every move there is
        self.events = 0  # hooks entered, returned or raised
        self.lost = 0  # records that are missing in a context
        self._text_words: dict[bytes, int] = {_bytes(one): one for one in _TEXTS}

    def feed(self, context: Context, content: bytes) -> None:
        """Fold one events frame of `context`."""
        if len(content) & (_RECORD - 1) != 8:
            content = content[: 8 + max(-1, len(content) - 8) // _RECORD * _RECORD]  # no writer makes one
        column = array("q", content)
        if sys.byteorder == "big":
            column.byteswap()
        if len(column) < 3:
            return
        words, values = column[1::2], column[2::2]
        for text_word in self._text_words:
            if text_word in content:
                self._mask(content, words, values)
                break
        first = column[0]
        gap = first - context.known
        if gap < 0:  # written twice, or in part
            words, values = words[-gap:], values[-gap:]
            if not words:
                return
        node = context.node
        move = node.moves.get(words.tobytes())
        if move is None:
            if self._learn_texts(words):
                self.feed(context, content)
                return
            move = node.moves[words.tobytes()] = Move(node, words)
            self.shapes.append(move)
        if gap > 0:
            context.lost += gap
            self.lost += gap
        context.known = first + (len(column) >> 1)
        if not move.positions:
            return
        move.used += 1
        self.events += move.events
        offset = len(self.values)
        chunk = len(self.moves)
        base = context.spans
        self.values.extend(values)
        self.moves.append(move)
        self.offsets.append(offset)
        self.bases.append(base)
        self.owners.append(context)
        context.chunks.append(chunk)
        stack = context.stack
        self._around.extend(stack)
        self._around_starts.append(len(self._around))
        if move.kept != len(stack) or move.opened:
            context.stack = stack[: move.kept] + tuple([base + span for span in move.opened])
        context.spans = base + len(move.codes)
        context.node = move.target
        last = values[move.positions[-1]]
        if last > context.last:
            context.last = last
        if not context.defined and values[move.positions[0]] < context.t:
            context.t = values[move.positions[0]]

    def _learn_texts(self, words: "array[int]") -> bool:
        """Whether there is a text that only newer writers know; from now on we know that its bytes are no words."""
        for one in words:
            if one >= 0 and one & KIND_MASK == TEXT and _bytes(one) not in self._text_words:
                self._text_words[_bytes(one)] = one
                return True
        return False

    def _mask(self, content: bytes, words: "array[int]", values: "array[int]") -> None:
        """Move texts out of the records: their bytes are neither words nor values. The first masked word is minus their number."""
        find, text_words, count = content.find, self._text_words, len(words)
        start = 8
        while True:
            found = [place for text_word in text_words if (place := find(text_word, start)) >= 0]
            if not found:
                return
            place = min(found)
            position, odd = divmod(place - 8, _RECORD)
            if odd or position >= count:  # bytes that only look like one
                start = place + 1
                continue
            start = place + _RECORD
            position += 1
            length = values[position - 1]
            records = min(max(0, -(-length // _RECORD)), count - position)
            length = max(0, min(length, records * _RECORD, (1 << _LENGTH_BITS) - 1))
            values[position - 1] = len(self.texts) << _LENGTH_BITS | length
            if records:
                self.texts += content[start : start + length]
                if records > 1:
                    words[position : position + records] = array("q", bytes(8 * records))
                words[position] = -records
                start += records * _RECORD
            if start >= len(content):
                return

    # -- one span or event -------------------------------------------------------------------------------------------------

    def locate(self, context: Context, span: int) -> tuple[int, int]:
        """Which of the context's chunks a span begins in, and its number there."""
        chunks, bases = context.chunks, self.bases
        index = bisect_right(chunks, span, key=bases.__getitem__) - 1
        return index, span - bases[chunks[index]]

    def span(self, context: Context, span: int) -> Span:
        """The span with that number."""
        index, local = self.locate(context, span)
        return self.span_in(context, index, local)

    def span_in(self, context: Context, index: int, local: int) -> Span:
        """The span that is number `local` of the context's chunk `index`."""
        chunk = context.chunks[index]
        move, offset, base = self.moves[chunk], self.offsets[chunk], self.bases[chunk]
        number, how, end = base + local, move.how[local], None
        if how != OPEN:
            end = self.values[offset + move.ends[local]]
        else:
            later = self._later_end(context, index, number, move.depths[local])
            if later is not None:
                chunk, position, how = later
                end = self.values[self.offsets[chunk] + position]
        parent = move.parents[local]
        if parent >= 0:
            parent += base
        else:
            parent = self._around[self._around_starts[chunk] + ~parent] if parent != NONE else -1
        return Span(number, move.codes[local], self.values[offset + move.begins[local]], end, how, parent, move.depths[local])

    def beyond(self, context: Context, span: int) -> int:
        """The first of the context's spans that began when that one had ended; as many as there are if it is open, or the last."""
        index, local = self.locate(context, span)
        chunk = context.chunks[index]
        move = self.moves[chunk]
        position = move.ends[local]
        if move.how[local] == OPEN:
            later = self._later_end(context, index, span, move.depths[local])
            if later is None:
                return context.spans
            chunk, position, _ = later
        return self.bases[chunk] + bisect_left(self.moves[chunk].begins, position)

    def code(self, context: Context, span: int) -> int:
        """The code of a span."""
        index, local = self.locate(context, span)
        return self.moves[context.chunks[index]].codes[local]

    def parent(self, context: Context, span: int) -> int:
        """The span around a span; -1: none."""
        index, local = self.locate(context, span)
        return self.reference(context, index, self.moves[context.chunks[index]].parents[local])

    def reference(self, context: Context, index: int, span: int) -> int:
        """The number of the span that a reference in the move of chunk `index` means; -1 for NONE."""
        if span >= 0:
            return self.bases[context.chunks[index]] + span
        return self._around[self._around_starts[context.chunks[index]] + ~span] if span != NONE else -1

    def around(self, context: Context, index: int) -> "array[int]":
        """The spans that are open before the context's chunk `index`, outermost first."""
        chunk = context.chunks[index]
        return self._around[self._around_starts[chunk] : self._around_starts[chunk + 1]]

    def _is_around(self, chunk: int, span: int, depth: int) -> bool:
        """Whether a span, around which so many are, is open before a chunk."""
        place = self._around_starts[chunk] + depth
        return place < self._around_starts[chunk + 1] and self._around[place] == span

    def begin(self, context: Context, span: int) -> int:
        """When a span began."""
        index, local = self.locate(context, span)
        chunk = context.chunks[index]
        return self.values[self.offsets[chunk] + self.moves[chunk].begins[local]]

    def begin_payloads(self, context: Context, span: int) -> dict[str, int | str]:
        """What a span's ENTER carries."""
        index, local = self.locate(context, span)
        chunk = context.chunks[index]
        return self.payloads(chunk, self.moves[chunk].begins[local])

    def end_payloads(self, context: Context, span: int) -> dict[str, int | str]:
        """What a span's RETURN or RAISE carries; nothing if it has none."""
        index, local = self.locate(context, span)
        chunk = context.chunks[index]
        move = self.moves[chunk]
        position, how = move.ends[local], move.how[local]
        if how == OPEN:
            later = self._later_end(context, index, span, move.depths[local])
            if later is not None:
                chunk, position, how = later
        return self.payloads(chunk, position) if how in (RETURN, RAISE) else {}

    def _later_end(self, context: Context, index: int, span: int, depth: int) -> tuple[int, int, int] | None:
        """Where a span ended that was open behind its chunk `index`: (chunk, position, how); None: it is open."""
        if _is_open(context.stack, span, depth):
            return None
        chunks, last = context.chunks, index + 1
        if last + 1 < len(chunks) and self._is_around(chunks[last + 1], span, depth):  # most end in the next chunk
            last = bisect_left(chunks, True, last + 2, key=lambda chunk: not self._is_around(chunk, span, depth)) - 1
        chunk = chunks[last]
        position, how = next((position, how) for closed, position, how in self.moves[chunk].closed if closed == depth)
        return chunk, position, how

    def payloads(self, chunk: int, position: int) -> dict[str, int | str]:
        """What the event at that position of a chunk carries."""
        found: dict[str, int | str] = {}
        for payload in self.moves[chunk].payloads.get(position, ()):
            name = _NAMES.get(payload.number)
            if name is not None:
                value = self.values[self.offsets[chunk] + payload.position]
                found[name] = self.text(value) if payload.text else value
        return found

    def text(self, value: int) -> str:
        """The text that a value of `values` stands for; "" for -1, which stands for none."""
        if value < 0:
            return ""
        start, length = value >> _LENGTH_BITS, value & (1 << _LENGTH_BITS) - 1
        return self.texts[start : start + length].decode("utf-8", "replace")

    # -- a context at a time -----------------------------------------------------------------------------------------------

    def chunk_at(self, context: Context, t: int) -> int:
        """The last of the context's chunks that has an event at or before `t`; -1: none."""
        return bisect_right(context.chunks, t, key=self._chunk_begin) - 1

    def _chunk_begin(self, chunk: int) -> int:
        return self.values[self.offsets[chunk] + self.moves[chunk].positions[0]]

    def stack_at(self, context: Context, t: int) -> list[tuple[int, int, int]]:
        """The spans open at `t`, outermost first: (number, code, begin)."""
        index, event = self._event_at(context, t)
        if index < 0:
            return []
        chunk = context.chunks[index]
        move, offset, base, values = self.moves[chunk], self.offsets[chunk], self.bases[chunk], self.values
        reference = move.tops[event] if event >= 0 else (-len(self.around(context, index)) or NONE)
        found: list[tuple[int, int, int]] = []
        while reference >= 0:
            found.append((base + reference, move.codes[reference], values[offset + move.begins[reference]]))
            reference = move.parents[reference]
        if reference != NONE:
            for span in reversed(self.around(context, index)[: ~reference + 1]):
                found.append((span, self.code(context, span), self.begin(context, span)))
        found.reverse()
        return found

    def newest_event(self, context: Context, t: int) -> tuple[int, int]:
        """The span and the kind of the context's newest event at or before `t`; (-1, -1): none, or one of no call that is known."""
        index, event = self._event_at(context, t)
        if event < 0:
            return -1, -1
        move = self.moves[context.chunks[index]]
        span = self.reference(context, index, move.event_spans[event])
        return (span, move.kinds[event]) if span >= 0 else (-1, -1)

    def next_event(self, context: Context, t: int) -> int:
        """The time of the context's first event after `t`; FOREVER: none is recorded."""
        index, event = self._event_at(context, t)
        if index >= 0:
            chunk = context.chunks[index]
            positions = self.moves[chunk].positions
            if event + 1 < len(positions):
                return self.values[self.offsets[chunk] + positions[event + 1]]
        return self._chunk_begin(context.chunks[index + 1]) if index + 1 < len(context.chunks) else FOREVER

    def last_event(self, context: Context, t: int) -> int:
        """The time of the context's newest event at or before `t`; -1: none is recorded."""
        index, event = self._event_at(context, t)
        if event < 0:
            return -1
        chunk = context.chunks[index]
        return self.values[self.offsets[chunk] + self.moves[chunk].positions[event]]

    def _event_at(self, context: Context, t: int) -> tuple[int, int]:
        """The context's newest event at or before `t`: which of its chunks it is in, and its number there; -1: none."""
        index = self.chunk_at(context, t)
        if index < 0:
            return -1, -1
        offset, values = self.offsets[context.chunks[index]], self.values
        positions = self.moves[context.chunks[index]].positions
        return index, bisect_right(positions, t, key=lambda position: values[offset + position]) - 1

    def count_at(self, context: Context, t: int) -> int:
        """How many of the context's spans had begun at `t`."""
        index = self.chunk_at(context, t)
        if index < 0:
            return 0
        chunk = context.chunks[index]
        offset, values = self.offsets[chunk], self.values
        begun = bisect_right(self.moves[chunk].begins, t, key=lambda position: values[offset + position])
        return self.bases[chunk] + begun

    def events_at(self, context: Context, t: int) -> int:
        """How many of the context's spans had begun at `t`, and how many had ended, together."""
        index, event = self._event_at(context, t)
        if event < 0:
            return 0
        chunk = context.chunks[index]
        move = self.moves[chunk]
        begun = self.bases[chunk] + bisect_right(move.begins, move.positions[event])
        top = move.tops[event]
        depth = 0 if top == NONE else move.depths[top] + 1 if top >= 0 else -top
        return 2 * begun - depth

    @property
    def memory(self) -> int:
        """Bytes in the columns: for whoever wants to know what a recording costs."""
        columns = (self.values, self.offsets, self.bases, self._around, self._around_starts)
        return sum(column.itemsize * len(column) for column in columns) + len(self.texts)


def _is_open(stack: tuple[int, ...], span: int, depth: int) -> bool:
    """Whether a span, around which so many are, is one of those of a stack."""
    return depth < len(stack) and stack[depth] == span


def _bytes(one: int) -> bytes:
    return one.to_bytes(8, "little", signed=True)
