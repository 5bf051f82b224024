"""What came of many clients, in one line."""

from collections import Counter
from collections.abc import Sequence

_ENDS = ("timed out", "refused", "no reply", "failed")


def summary(outcomes: Sequence[str], sent: int) -> str:
    """`burst: 10 clients, 9 replies, 1 timed out`, from the outcomes' texts; those of which nothing is known are told, too."""
    ends = Counter(next((end for end in _ENDS if text.startswith(end)), "reply") for text in outcomes)
    replies = ends.pop("reply", 0)
    words = [f"burst: {sent} clients", f"{replies} {'reply' if replies == 1 else 'replies'}"]
    words += [f"{ends[end]} {end}" for end in _ENDS if ends[end]]
    if len(outcomes) < sent:
        words.append(f"{sent - len(outcomes)} without a word")
    return ", ".join(words)
