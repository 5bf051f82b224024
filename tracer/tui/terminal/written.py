"""What the program had written at any time of its run, as lines: going back in time costs what was written since a copy, not all."""

from tracer.timeline.outputs import Outputs, Unwritten
from tracer.timeline.units import count

from .text import Lines, TerminalText

_STRIDE = 64  # pieces between two copies


def _unwritten_words(unwritten: Unwritten) -> str:
    """What stands below the output where there is no room for the rest of it."""
    dropped = f": {count(unwritten.dropped, 'character')}" if unwritten.dropped else ""
    return f"… the program's output beyond {unwritten.kept / 1e6:,g} MB is not recorded{dropped}"


class Written:
    """The output of one recording, which may still grow."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._text = TerminalText()
        self._pieces = 0  # that are in the text
        self._copies: list[tuple[int, TerminalText]] = []  # (pieces, the text then), every so often

    def read(self) -> None:
        """Take in what has come, so that it is not all to be done when somebody looks."""
        self._go_to(self._outputs.end)

    def at(self, t: int) -> Lines | None:
        """What had been written at `t`; None: nothing."""
        outputs = self._outputs
        pieces = outputs.before(t)
        unwritten = outputs.unwritten if outputs.unwritten is not None and outputs.unwritten.t <= t else None
        if not pieces and unwritten is None:
            return None
        self._go_to(pieces)
        if unwritten is None:
            return self._text.lines()
        text = self._text.copy()
        text.close(_unwritten_words(unwritten))
        return text.lines()

    def _go_to(self, pieces: int) -> None:
        if pieces < self._pieces:
            begin, copied = next(((at, one) for at, one in reversed(self._copies) if at <= pieces), (0, TerminalText()))
            self._text, self._pieces = copied.copy(), begin
        for text in self._outputs.between(self._pieces, pieces):
            self._text.feed(text)
            self._pieces += 1
            if self._pieces % _STRIDE == 0 and (not self._copies or self._copies[-1][0] < self._pieces):
                self._copies.append((self._pieces, self._text.copy()))
                while self._copies[0][0] < self._outputs.first:  # what came before is kept no longer
                    del self._copies[0]
        self._pieces = pieces  # some may be kept no longer
