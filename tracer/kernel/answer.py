"""The one word for "the kernel cannot say": `NotAvailable`.

A number that is not known is never 0 and never a guess: every question in `tracer.kernel` is answered by the thing
asked for, or by a `NotAvailable` that says why. Ordinary absence (the process is gone, this is not Linux, there is no
netlink) is an answer, not an exception.
"""

from typing import NamedTuple, NoReturn, TypeAlias, TypeVar

T = TypeVar("T")


class NotAvailable(NamedTuple):
    """No answer, and the reason in a few words for a person.

    It is neither true nor false: `if depth:` would read "not known" as a number, so it raises TypeError.
    Ask `isinstance(answer, NotAvailable)`, or `answer is True`.
    """

    why: str

    def __bool__(self) -> NoReturn:
        raise TypeError("not available is neither true nor false: ask isinstance(answer, NotAvailable)")


Answer: TypeAlias = T | NotAvailable

GONE = NotAvailable("gone")
NOT_LINUX = NotAvailable("not Linux")
