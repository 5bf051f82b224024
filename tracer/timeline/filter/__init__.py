r"""The filter language: which calls are meant, in holds, views and lessons alike.

    before finish_request & peer:53122        handle & (raised | duration>5ms) & !#3        after get_request & nth:3

    & | ! ()   ! binds tighter than &, and & tighter than |
    hook       `handle`, `Thread.start`, `Router.dispatch` (the program's own); `before handle`, `after handle`; `before`, `after`;
               or a client's step: `connect`, `receive`
    key        a row of KEYS, with an operator and a value: `owner:EchoHandler`, `reply>=500`; `#3` is `connection:3`.
               Alone it says that there is one: `connection`, `raised`, `request`
    value      in "quotation marks" where it has spaces or operators in it; there \" is a quotation mark and \\ a backslash

A term about what is not known is neither true nor false, and so is its negation; a filter matches where it is true. How a call ended
is known after it only. `nth:3` is true the third time that all the rest of its conjunction is: see `Counter`.

A hold asks about a call once before it and once after it, at the hooks that `Filter.may_match`; a view asks about both of every row.
No client is ever held, so a hold names none of their steps.
"""

from .call import Call as Call
from .call import When as When
from .call import call_of as call_of
from .keys import KEYS as KEYS
from .nodes import Counter as Counter
from .nodes import Filter as Filter
from .nodes import Joined as Joined
from .nodes import Point as Point
from .parse import FilterError as FilterError
from .parse import parse as parse
from .parse import parse_hold as parse_hold
