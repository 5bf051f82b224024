"""Reading a filter, from left to right; what is wrong in it is said in one line, at its character."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from unicodedata import combining, east_asian_width

from tracer.probe.hooks import HOOKS
from tracer.recording.steps import STEPS
from tracer.recording.text import harmless

from .call import WHENS
from .keys import BARE, KEYS, QUOTED, unquoted
from .nodes import Filter, Node, Not, Point, Term, join

LONGEST = 1000  # characters, of the normal form too
DEEPEST = 50  # parentheses

_SPACE = re.compile(r"\s*")
_WORD = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_OPERATOR = re.compile(r">=|<=|=|>|<|:")
_MEANT = {"and": "&", "or": "|", "not": "!"}


class FilterError(ValueError):
    """What is wrong with a text that should be a filter, and what would be right."""

    def __init__(self, message: str, text: str, position: int) -> None:
        super().__init__(message)
        self.text = text
        self.position = position  # of the character that is wrong, from 0; the text's length: something is missing at its end

    def pointed(self) -> str:
        """The text with a caret under what is wrong: two lines, for a terminal."""
        before = harmless(self.text[: self.position])
        width = sum(0 if combining(one) else 2 if east_asian_width(one) in "WF" else 1 for one in before)
        return f"{before}{harmless(self.text[self.position :])}\n{' ' * width}^"


def parse(text: str, own: Collection[str] | None = None) -> Filter:
    """The filter that a text means. Raises FilterError.

    `own` are the names of the program's own hooks; None: any name with a dot may be one.
    """
    return _parse(text, own, steps=True)


def _parse(text: str, own: Collection[str] | None, steps: bool) -> Filter:
    if len(text) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST} characters", text[: LONGEST + 1], LONGEST)
    found = Filter(_Parser(text, own, steps).whole())
    if len(str(found)) > LONGEST:
        raise FilterError(f"a filter has at most {LONGEST} characters when it is written out", text, len(text))
    return found


def parse_hold(text: str, own: Collection[str] | None = None) -> Filter:
    """The same for a hold, which is for no client. Raises FilterError, also where no call can ever match."""
    found = _parse(text, own, steps=False)
    if found.hooks() == set():
        raise FilterError("no call can ever be that (how one ends is known only after it)", text, 0)
    return found


class _Parser:
    """Reads one text. `place` is where the next word or sign begins."""

    def __init__(self, text: str, own: Collection[str] | None, steps: bool) -> None:
        self.text = text
        self.own = own
        self.steps = steps  # whether it may name those of clients
        self.place = 0
        self._go(0)

    def whole(self) -> Node:
        """The whole text."""
        node = self._either(0)
        if self.place < len(self.text):
            raise self._surplus()
        return node

    def _either(self, depth: int) -> Node:
        parts = [self._both(depth)]
        while self._take("|"):
            parts.append(self._both(depth))
        return join(parts, "|")

    def _both(self, depth: int) -> Node:
        parts = [self._not(depth)]
        while self._take("&"):
            parts.append(self._not(depth))
        return join(parts, "&")

    def _not(self, depth: int) -> Node:
        negated = False
        while self._take("!"):
            negated = not negated
        start = self.place
        node = self._inside(start, depth + 1) if self._take("(") else self._term()
        if isinstance(node, Term) and node.key == "nth" and (negated or depth):
            raise self._error("nth counts for a conjunction of the whole filter: it cannot stand in parentheses or behind '!'", start)
        if not negated:
            return node
        return node.part if isinstance(node, Not) else Not(node)

    def _inside(self, start: int, depth: int) -> Node:
        """What stands in the parentheses that began at `start`."""
        if depth > DEEPEST:
            raise self._error(f"parentheses can stand {DEEPEST} deep, no deeper", start)
        node = self._either(depth)
        if not self._take(")"):
            raise self._surplus() if self.place < len(self.text) else self._error("this '(' is never closed", start)
        return node

    def _term(self) -> Node:
        start = self.place
        if self._take("#"):
            return self._valued("connection", ":")
        word = self._word()
        if not word:
            raise self._error("a hook or a key should stand here, such as handle or peer:53122", start)
        if self._is_keyed(word):
            return self._keyed(word, start)
        if word not in WHENS:
            return Point("", self._hook(word, start))
        return Point(word, self._hook_behind(word))

    def _hook_behind(self, when: str) -> str:
        """The hook's name behind `before` or `after`; "" if those stand alone."""
        start, hook = self.place, self._word()
        if not hook and self.text[start : start + 1] in ("", "&", "|", ")"):
            return ""
        if hook in WHENS or hook in KEYS or not hook:
            term = hook in KEYS or self.text[start] in "(!#"
            cure = f"; or write: {when} & {_token(self.text, start)}" if term else ""
            raise self._error(f"a hook's name belongs behind '{when}', such as {when} handle{cure}", start)
        if self._is_keyed(hook):
            raise self._no_key(hook, start)
        return self._hook(hook, start)

    def _is_keyed(self, word: str) -> bool:
        """Whether the word that was just read is a key, or used like one."""
        return word in KEYS or (bool(word) and _OPERATOR.match(self.text, self.place) is not None)

    def _hook(self, word: str, start: int) -> str:
        if word in HOOKS or (word in STEPS and self.steps) or ("." in word if self.own is None else word in self.own):
            return word
        if word in _MEANT:
            raise self._error(f"write '{_MEANT[word]}' for {word}", start)
        if word in STEPS:
            raise self._error(f"{word} is what a client does: nobody can hold that", start)
        near = get_close_matches(word[:40], (*HOOKS, *(STEPS if self.steps else ()), *(self.own or ()), *KEYS, *WHENS), 1)
        cure = f"did you mean {near[0]}?" if near else "hooks are handle, get_request, select and so on"
        raise self._error(f"there is no hook '{word:.40}'; {cure}", start)

    def _keyed(self, word: str, start: int) -> Term:
        key, place = KEYS.get(word), self.place
        if key is None:
            raise self._no_key(word, start)
        found = _OPERATOR.match(self.text, place)
        if found is None:
            if key.optional:
                return Term(word)
            raise self._error(f"{word} needs a value, such as {key.example}", place)
        if found[0] not in key.tests:
            raise self._error(f"'{found[0]}' cannot follow {word}: write it like {key.example}", place)
        self._go(found.end())
        return self._valued(word, found[0])

    def _valued(self, word: str, operator: str) -> Term:
        key, start = KEYS[word], self.place
        found = QUOTED.match(self.text, start) or BARE.match(self.text, start)
        if found is None and self._take('"'):
            raise self._error("this quotation mark is never closed", start)
        if found is None or found[0] == '""':
            raise self._error(f"{word} needs a value, such as {key.example}", start)
        try:
            value = key.value(unquoted(found[0]))
        except ValueError as error:
            raise self._error(f"{error}, such as {key.example}", start) from None
        self._go(found.end())
        return Term(word, operator, value)

    def _go(self, place: int) -> None:
        """Go on at a place, behind the spaces that stand there."""
        found = _SPACE.match(self.text, place)
        self.place = found.end() if found else place

    def _take(self, sign: str) -> bool:
        """Whether that sign comes next; it is read then."""
        if not self.text.startswith(sign, self.place):
            return False
        self._go(self.place + 1)
        return True

    def _word(self) -> str:
        """The word that comes next, and is read; "" if none does."""
        found = _WORD.match(self.text, self.place)
        if found is None:
            return ""
        self._go(found.end())
        return found[0]

    def _surplus(self) -> FilterError:
        """What is wrong with what follows a term."""
        start, word = self.place, self._word()
        if self.text[start] == ")":
            return self._error("this ')' closes nothing", start)
        return self._error(f"write '{_MEANT[word]}' for {word}" if word in _MEANT else "an '&' or '|' is missing here", start)

    def _no_key(self, word: str, start: int) -> FilterError:
        return self._error(f"there is no key '{word:.40}'; the keys are {', '.join(KEYS)}", start)

    def _error(self, message: str, position: int) -> FilterError:
        return FilterError(message, self.text, position)


def _token(text: str, place: int) -> str:
    """What stands there up to the next space."""
    return harmless(text[place:].split(maxsplit=1)[0][:40])
