"""The ways that control may take through a function: at which of its calls it can be, after the calls that were recorded before.

Rules of this file:
1. It knows syntax, not recordings: whether a call in the text may be a recorded one, and what came of that, is the caller's to say.
2. Every way counts that the calls before allow. Only exceptions of signals' handlers, which may come between any two, do not.
"""

import ast
import builtins
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias

Outcome: TypeAlias = Literal["returned", "raised", ""]  # "": not known

_MOST = 4000  # nodes: a function that has more is too big to be followed
_SAFE = (ast.Name, ast.Constant, ast.Attribute, ast.Tuple, ast.List, ast.Dict, ast.Not, ast.expr_context, ast.UnaryOp, ast.keyword)
_DEFERRED = (ast.Lambda, ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_LOOPS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


@dataclass(frozen=True, slots=True)
class Called:
    """What is known of a call that was recorded."""

    fits: Callable[[ast.Call], bool]  # whether that call in the text may be it
    outcome: Outcome = ""
    error: str = ""  # the name of the exception's class
    truth: bool | None = None  # of what it returned


@dataclass(slots=True)
class _Node:
    next: list[tuple[int, bool]] = field(default_factory=list)  # where control may go on; True: with an exception that is not known
    call: ast.Call | None = None
    returned: tuple[int, int] = (-1, -1)  # where it goes from the call, if that is true, and if it is not
    raised: int = -1
    handlers: list[tuple[ast.expr | None, int]] = field(default_factory=list)  # of an exception that comes here
    outer: int = -1  # where it goes if none takes it


@dataclass(frozen=True, slots=True)
class _Ways:
    """Where control goes from a statement."""

    next: int
    raised: int
    returned: int
    broken: int = -1
    continued: int = -1


class TooBig(Exception):  # noqa: N818 - an answer
    """The function cannot be followed."""


class Flow:
    """The ways through one function."""

    def __init__(self, function: ast.FunctionDef | ast.AsyncFunctionDef, is_site: Callable[[ast.Call], bool]) -> None:
        self._nodes: list[_Node] = []
        self._is_site = is_site
        end = self._new()
        self._entry = self._block(function.body, _Ways(end, end, end))

    def sites(self, calls: Sequence[Called], whole: bool) -> list[ast.Call]:
        """The calls in the text that the last of `calls` may be; with `whole` the others are all that came before it."""
        entry = [self._entry] if whole else range(len(self._nodes))
        at = self._closed({(node, "") for node in entry})
        for called in calls[:-1]:
            at = self._closed({(to, error) for node, _ in at for to, error in self._behind(self._nodes[node], called)})
        found = {id(call): call for node, _ in at if (call := self._nodes[node].call) is not None and calls[-1].fits(call)}
        return list(found.values())

    def _behind(self, node: _Node, called: Called) -> Iterator[tuple[int, str]]:
        if node.call is None or not called.fits(node.call):
            return
        if called.outcome != "raised":
            yes, no = node.returned
            yield from ((to, "") for to in {True: (yes,), False: (no,), None: (yes, no)}[called.truth])
        if called.outcome != "returned":
            yield node.raised, called.error

    def _closed(self, begun: set[tuple[int, str]]) -> set[tuple[int, str]]:
        """These places, and wherever control may come from them without a call."""
        found, waiting = set(begun), list(begun)
        while waiting:
            place, error = waiting.pop()
            for one in self._on(self._nodes[place], error):
                if one not in found:
                    found.add(one)
                    waiting.append(one)
        return found

    def _on(self, node: _Node, error: str) -> Iterator[tuple[int, str]]:
        for to, unknown in node.next:
            yield to, "" if unknown else error
        for types, to in node.handlers:
            takes = _takes(types, error)
            if takes is not False:
                yield to, error
            if takes:
                return
        if node.outer >= 0:
            yield node.outer, error

    # -- building: from the end, so that each statement knows where it goes ------------------------------------------------

    def _new(self, *to: int) -> int:
        if len(self._nodes) >= _MOST:
            raise TooBig
        self._nodes.append(_Node([(one, False) for one in to]))
        return len(self._nodes) - 1

    def _risk(self, to: int, raised: int) -> int:
        """Something that may raise, nobody knows what."""
        at = self._new(to)
        self._nodes[at].next.append((raised, True))
        return at

    def _block(self, statements: Sequence[ast.stmt], ways: _Ways) -> int:
        at = ways.next
        for statement in reversed(statements):
            at = self._statement(statement, replace(ways, next=at))
        return at

    def _statement(self, statement: ast.stmt, ways: _Ways) -> int:
        match statement:
            case ast.If(test=test, body=body, orelse=orelse):
                return self._test(test, self._block(body, ways), self._block(orelse, ways), ways)
            case ast.While(test=test, body=body, orelse=orelse):
                head = self._new()
                within = self._block(body, replace(ways, next=head, broken=ways.next, continued=head))
                self._nodes[head].next.append((self._test(test, within, self._block(orelse, ways), ways), False))
                return head
            case ast.For(target=target, iter=items, body=body, orelse=orelse):
                head = self._new()
                within = self._block(body, replace(ways, next=head, broken=ways.next, continued=head))
                after = self._block(orelse, ways)
                self._nodes[head].next += [(within, False), (after, False), (ways.raised, True)]
                return self._expressions([items, target], head, ways)
            case ast.Try() | ast.TryStar():
                return self._try(statement, ways)
            case ast.With(items=items, body=body):
                # What it manages may take the exception, and its end may raise one.
                raised = self._risk(ways.next, ways.raised)
                self._nodes[raised].next.append((ways.raised, False))
                within = self._block(body, replace(ways, next=self._risk(ways.next, ways.raised), raised=raised))
                return self._risk(self._expressions([item.context_expr for item in items], within, ways), ways.raised)
            case ast.Return(value=value):
                return self._expressions([value] if value else [], ways.returned, ways)
            case ast.Raise():
                return self._expressions([*ast.iter_child_nodes(statement)], self._risk(ways.raised, ways.raised), ways)
            case ast.Break():
                return ways.broken
            case ast.Continue():
                return ways.continued
            case ast.Match(subject=subject, cases=cases):
                branches = [self._block(case.body, ways) for case in cases]
                return self._expressions([subject], self._risk(self._new(*branches, ways.next), ways.raised), ways)
            case ast.AsyncFor() | ast.AsyncWith():
                raise TooBig
            case ast.Assign(targets=targets, value=value):
                return self._expressions([value, *targets], ways.next, ways)
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef() | ast.Pass() | ast.Global() | ast.Nonlocal():
                return ways.next
            case ast.Expr(value=value):
                return self._expressions([value], ways.next, ways)
        return self._risk(self._expressions([*ast.iter_child_nodes(statement)], ways.next, ways), ways.raised)

    def _try(self, statement: ast.Try | ast.TryStar, ways: _Ways) -> int:
        inner = ways
        if statement.finalbody:
            known: dict[int, int] = {-1: -1}
            for to in (ways.next, ways.raised, ways.returned, ways.broken, ways.continued):
                if to not in known:
                    known[to] = self._block(statement.finalbody, replace(ways, next=to))
            inner = _Ways(*(known[to] for to in (ways.next, ways.raised, ways.returned, ways.broken, ways.continued)))
        dispatch = self._new()
        node = self._nodes[dispatch]
        node.outer = inner.raised
        node.handlers = [(handler.type, self._block(handler.body, inner)) for handler in statement.handlers]
        return self._block(statement.body, replace(inner, raised=dispatch, next=self._block(statement.orelse, inner)))

    def _test(self, test: ast.expr, yes: int, no: int, ways: _Ways) -> int:
        """A condition: one of two ways behind it."""
        match test:
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return self._test(operand, no, yes, ways)
            case ast.BoolOp(op=ast.And(), values=values):
                for value in reversed(values):
                    yes = self._test(value, yes, no, ways)
                return yes
            case ast.BoolOp(values=values):
                for value in reversed(values):
                    no = self._test(value, yes, no, ways)
                return no
            case ast.Constant(value=value):
                return yes if value else no
            case ast.Call() if self._is_site(test):
                return self._call(test, (yes, no), ways)
        return self._expressions([test], self._new(yes, no), ways)

    def _call(self, call: ast.Call, returned: tuple[int, int], ways: _Ways) -> int:
        at = self._new()
        node = self._nodes[at]
        node.call, node.returned, node.raised = call, returned, ways.raised
        return self._expressions([call.func, *call.args, *call.keywords], at, ways)

    def _expressions(self, parts: Sequence[ast.AST], to: int, ways: _Ways) -> int:
        """Parts that are worked out one after the other."""
        for part in reversed(parts):
            to = self._expression(part, to, ways)
        return to

    def _expression(self, part: ast.AST, to: int, ways: _Ways) -> int:
        if isinstance(part, ast.Call) and self._is_site(part):
            return self._call(part, (to, to), ways)
        if isinstance(part, _DEFERRED):
            return to
        if isinstance(part, ast.Await | ast.Yield | ast.YieldFrom):
            raise TooBig
        if isinstance(part, ast.BoolOp):
            for value in reversed(part.values[1:]):
                to = self._new(self._expression(value, to, ways), to)
            return self._expression(part.values[0], to, ways)
        if isinstance(part, ast.IfExp):
            return self._test(part.test, self._expression(part.body, to, ways), self._expression(part.orelse, to, ways), ways)
        if isinstance(part, _LOOPS):
            head = self._new(to)
            self._nodes[head].next += [(self._expressions([*ast.iter_child_nodes(part)], head, ways), False), (ways.raised, True)]
            return head
        if not isinstance(part, _SAFE):
            to = self._risk(to, ways.raised)
        if isinstance(part, ast.Tuple | ast.List) and isinstance(part.ctx, ast.Store):
            to = self._risk(to, ways.raised)
        return self._expressions([*ast.iter_child_nodes(part)], to, ways)


def _takes(types: ast.expr | None, error: str) -> bool | None:
    """Whether `except types` takes an exception of that class; None: that cannot be told."""
    if types is None:
        return True
    names = types.elts if isinstance(types, ast.Tuple) else [types]
    said = {_takes_one(name.id if isinstance(name, ast.Name) else "", error) for name in names}
    return True if True in said else None if None in said else False


def _takes_one(name: str, error: str) -> bool | None:
    if name == "BaseException" or (error and name == error):
        return True
    wanted, raised = _exception(name), _exception(error)
    return issubclass(raised, wanted) if wanted is not None and raised is not None else None


def _exception(name: str) -> type[BaseException] | None:
    """The exception class that Python itself has by that name."""
    found = getattr(builtins, name, None)
    return found if isinstance(found, type) and issubclass(found, BaseException) else None
