"""What a program wrote to its terminal, as lines to look at: colours are kept, everything else that acts on a terminal is not.

The text comes in pieces that are cut anywhere. A carriage return goes back to the line's begin, so that a progress bar stays one
line; so do the moves within a line. Where a program moves to another line of its screen, a new line begins here: what it would have
overwritten stays above.

Rules of this file:
1. No I/O, no clock. The lines depend on the text alone, not on where it was cut.
2. No line holds a character that acts on a terminal: sequences are obeyed or left out, other harmful characters shown as their escape.
3. A finished line never changes, and a picture of the lines never does.
"""

import re
from copy import copy
from dataclasses import dataclass

from tracer.recording.text import harmless

from ..marks import DIM, PLAIN
from .line import WIDEST, TextLine, Writing
from .looks import Look, look_after, style_of

PAGE = 1000  # lines; they are forgotten by pages
KEPT = 50_000  # lines
MOST = 32_000_000  # characters in them
_LONGEST_STRING = 1 << 20  # characters: what is longer was no command to a terminal, but bytes that look like the begin of one
_TAB = 8


@dataclass(frozen=True, slots=True, eq=False)
class Lines:
    """The newest lines at one time. Each is known by its number among all lines, from 0."""

    pages: tuple[list[TextLine], ...] = ()  # full but for the last one, which goes on growing behind `finished`
    first: int = 0  # number of the oldest that is kept
    finished: int = 0  # how many lines have ended
    last: TextLine | None = None  # the one that has not; None if nothing is in it

    @property
    def end(self) -> int:
        """The number behind the newest line's."""
        return self.finished + (self.last is not None)

    def __len__(self) -> int:
        return self.end - self.first

    def __getitem__(self, number: int) -> TextLine:
        if number == self.finished and self.last is not None:
            return self.last
        if not self.first <= number < self.finished:
            raise IndexError(number)
        return self.pages[(number - self.first) // PAGE][number % PAGE]


_CSI = r"(?:\x1b\[|\x9b)([0-?]{0,200})([ -/]{0,8})"
_ESCAPE = r"\x1b[ -/]{0,8}"
_TOKEN = re.compile(
    rf"(?P<run>[^\x00-\x1f\x7f-\x9f]+)|(?P<newline>\r?\n)|(?P<csi>{_CSI}([@-~]))|(?P<escape>{_ESCAPE}[0-Z\\-~])|(?P<control>[\s\S])"
)
_BEGUN = re.compile(f"{_CSI}|{_ESCAPE}")
_STRING_BEGINS = "P]X^_"  # behind ESC: DCS, OSC, SOS, PM, APC
_STRING_BEGINS_8BIT = "\x90\x9d\x98\x9e\x9f"
_STRING_ENDS = re.compile("[\x18\x1a\x1b\x9c]")  # CAN, SUB, ESC (of ESC \, or of another sequence), ST
_OSC_ENDS = re.compile("[\x07\n\x18\x1a\x1b\x9c]")  # a line break ends it, too: rather too much text than none for good
_LINE_BREAKS = "\n\x0b\x0c\x84\x85"
_VARIATIONS = re.compile("[\ufe00-\ufe0f]")  # which of two glyphs, and how wide: terminals do not agree
_ALTERNATE = {"47", "1047", "1049"}  # screens


class TerminalText:
    """Lines of the text that was fed so far."""

    def __init__(self, kept: int = KEPT, most: int = MOST) -> None:
        self._most_pages = max(1, kept // PAGE)
        self._most = most
        self._sizes: list[int] = []  # characters in each page
        self._pages: list[list[TextLine]] = []
        self._finished = 0
        self._line = Writing()
        self._look = Look()
        self._style = PLAIN
        # What has begun and not ended where the last piece was cut:
        self._unfinished = ""  # a sequence
        self._string: re.Pattern[str] | None = None  # a string: what ends it
        self._string_length = 0
        self._closed = False

    def feed(self, text: str) -> None:
        """Take in the next piece."""
        if self._unfinished:
            text, self._unfinished = self._unfinished + text, ""
        at, size = 0, len(text)
        while at < size:
            if self._string is not None:
                at = self._skip_string(text, at)
                continue
            match = _TOKEN.match(text, at)
            assert match is not None
            at = match.end()
            kind = match.lastgroup
            if kind == "run":
                self._put(match[0])
            elif kind == "newline":
                self._end_line()
            elif kind == "csi":
                self._csi(match[4], match[5], match[6])
            elif kind == "escape":
                self._escape(match[0][1:])
            elif (begun := _BEGUN.match(text, match.start())) is None:
                self._control(match[0])
            elif begun.end() == size:
                self._unfinished = begun[0]
                return
            else:  # what comes next can be no part of it: it was no sequence
                at = begun.end()

    def close(self, words: str) -> None:
        """Nothing more comes: the last line says so in `words`, which are ours; when this is called again, in others."""
        if self._line and not self._closed:
            self._end_line()
        self._closed = True
        self._line = Writing()
        self._line.put(words, DIM)

    def copy(self) -> "TerminalText":
        """Another one that stands where this one does; what is fed to one is not fed to the other."""
        other = copy(self)
        other._sizes = self._sizes[:]
        other._pages = [*self._pages[:-1], *(page[:] for page in self._pages[-1:])]
        other._line = self._line.copy()
        return other

    def lines(self) -> Lines:
        """The lines now."""
        last = self._line.line() if self._line else None
        return Lines(tuple(self._pages), self._finished - sum(map(len, self._pages)), self._finished, last)

    # -- lines -------------------------------------------------------------------------------------------------------------

    def _put(self, text: str) -> None:
        if not text.isascii():
            text = _VARIATIONS.sub("", harmless(text))
        while text := self._line.put(text, self._style):
            self._end_line()

    def _end_line(self) -> None:
        if not self._pages or len(self._pages[-1]) == PAGE:
            self._turn_page()
        line = self._line.line()
        self._pages[-1].append(line)
        self._sizes[-1] += len(line.text)
        self._finished += 1
        self._line = Writing()

    def _turn_page(self) -> None:
        sizes = self._sizes
        sizes.append(0)
        self._pages.append([])
        too_many = max(0, len(sizes) - self._most_pages)
        while len(sizes) - too_many > 1 and sum(sizes[too_many:]) > self._most:
            too_many += 1
        del self._pages[:too_many], sizes[:too_many]

    def _elsewhere(self) -> None:
        """The program goes on at another line of its screen."""
        if self._line:
            self._end_line()
        self._line.at = 0

    # -- what acts ---------------------------------------------------------------------------------------------------------

    def _control(self, character: str) -> None:
        line = self._line
        if character == "\r":
            line.at = 0
        elif character == "\b":
            line.at = max(0, line.at - 1)
        elif character == "\t":
            line.at = min(WIDEST - 1, line.at + _TAB - line.at % _TAB)
        elif character in _LINE_BREAKS:
            self._end_line()
        elif character in _STRING_BEGINS_8BIT:
            self._begin_string(character == "\x9d")

    def _escape(self, sequence: str) -> None:
        if sequence in _STRING_BEGINS:
            self._begin_string(sequence == "]")
        elif sequence in ("D", "E"):
            self._end_line()
        elif sequence in ("M", "8"):
            self._elsewhere()
        elif sequence == "c":
            self._elsewhere()
            self._look, self._style = Look(), PLAIN

    def _begin_string(self, osc: bool) -> None:
        self._string = _OSC_ENDS if osc else _STRING_ENDS
        self._string_length = 0

    def _skip_string(self, text: str, at: int) -> int:
        """Go on behind the string, or to its last character where that means something by itself."""
        assert self._string is not None
        room = _LONGEST_STRING - self._string_length
        match = self._string.search(text, at, at + room)
        if match is None:
            end = min(len(text), at + room)
            self._string_length += end - at
            if self._string_length >= _LONGEST_STRING:
                self._string = None
            return end
        self._string = None
        return match.start() if match[0] in "\n\x1b" else match.end()

    def _csi(self, parameters: str, between: str, final: str) -> None:
        line = self._line
        if between or parameters[:1] in ("<", "=", ">"):
            return
        if parameters[:1] == "?":
            if final in "hl" and _ALTERNATE.intersection(parameters[1:].split(";")):
                self._elsewhere()
            return
        if final == "m":
            self._look = look_after(self._look, parameters)
            self._style = style_of(self._look)
            return
        number = _first_number(parameters)
        if final in "G`":
            line.at = min(WIDEST, number or 1) - 1
        elif final == "C":
            line.at = min(WIDEST - 1, line.at + (number or 1))
        elif final == "D":
            line.at = max(0, line.at - (number or 1))
        elif final in "KJ" and not number:
            line.erase_behind()
        elif final == "K" and number == 1:
            line.erase_before()
        elif final == "K" and number == 2:
            self._line = Writing()
            self._line.at = line.at
        elif final in "HfABEFdJu":
            self._elsewhere()


def _first_number(parameters: str) -> int | None:
    """The first parameter; None if it is left out, or 0, which means the same."""
    first = parameters.partition(";")[0]
    return int(first) if first.isdecimal() and int(first) else None
