"""What came of many clients, in one line."""

from collections import Counter
from collections.abc import Sequence

_ENDS = ("timed out", "refused", "no reply", "failed")


def summary(kind: str, outcomes: Sequence[str], sent: int) -> str:
    """`burst: 10 clients, 9 replies, 1 timed out`, from the outcomes' texts; those of which nothing is known are told, too."""
    ends = Counter(map(_end, outcomes))
    replies, done = ends["reply"], ends["done"]
    words = [f"{'burst' if kind == 'one' else kind}: {sent} clients"]
    if replies or (outcomes and not done):
        words.append(f"{replies} {'reply' if replies == 1 else 'replies'}")
    words += [f"{ends[end]} {end}" for end in ("done", *_ENDS) if ends[end]]
    if len(outcomes) < sent:
        words.append(f"{sent - len(outcomes)} without a word")
    return ", ".join(words)


def _end(text: str) -> str:
    """How that client ended: what went wrong, "reply", or "done" for one who wanted none."""
    return next((end for end in _ENDS if text.startswith(end)), "reply" if ", repl" in text else "done")
