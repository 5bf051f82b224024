"""Ours has the standard module's names, signatures, attributes and class hierarchy."""

import inspect
import socketserver as standard
import sys

import pytest

import tracer.socketserver as ours

NEW_IN_3_12 = {"ForkingUnixStreamServer", "ForkingUnixDatagramServer"}
CLASSES = [*sorted(standard.__all__), "_SocketWriter", "_Threads", "_NoThreads"]

# How _Threads does its work is nobody's business; _threads.join() and len(server._threads) are.
PRIVATE = {"pop_all"}


def own(cls: type) -> dict[str, object]:
    """What a class itself defines, without what Python puts there."""
    made = {"__module__", "__doc__", "__dict__", "__weakref__", "__annotations__", "__orig_bases__", "__parameters__"}
    made |= {"__static_attributes__", "__firstlineno__", "__abstractmethods__", "_abc_impl"}
    return {name: value for name, value in vars(cls).items() if name not in made | PRIVATE}


def test_all_is_the_standard_one():
    """__all__ names what the standard module names, and on 3.11 the two classes that 3.12 brought."""
    assert len(ours.__all__) == len(set(ours.__all__))
    assert set(ours.__all__) == set(standard.__all__) | NEW_IN_3_12
    assert (set(standard.__all__) >= NEW_IN_3_12) == (sys.version_info >= (3, 12))


def test_the_module_can_be_used_as_the_standard_one():
    """What programs reach for beside __all__ is there, and is the same thing."""
    for name in ("os", "selectors", "socket", "sys", "threading", "_ServerSelector"):
        assert getattr(ours, name) is getattr(standard, name)


@pytest.mark.parametrize("name", CLASSES)
def test_same_bases(name):
    """The MRO has the same names in the same order."""
    assert [c.__name__ for c in getattr(ours, name).__mro__] == [c.__name__ for c in getattr(standard, name).__mro__]


@pytest.mark.parametrize("name", CLASSES)
def test_the_same_class_supplies_each_method_and_attribute(name):
    """Each class defines what its standard counterpart defines: signatures alike, plain values equal."""
    mine, theirs = own(getattr(ours, name)), own(getattr(standard, name))
    assert mine.keys() == theirs.keys()
    for attribute, value in theirs.items():
        if inspect.isfunction(value):
            assert shape(mine[attribute]) == shape(value), attribute
        elif attribute != "_threads":
            assert mine[attribute] == value, attribute


def shape(function) -> list[tuple]:
    """A signature without its annotations."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def test_the_two_new_classes_are_the_mix_in_and_the_server():
    """Whether the standard module has them or not, they are made like the others."""
    for name, server in (("Stream", ours.UnixStreamServer), ("Datagram", ours.UnixDatagramServer)):
        assert getattr(ours, f"ForkingUnix{name}Server").__bases__ == (ours.ForkingMixIn, server)


def test_every_class_and_method_is_explained():
    """Public classes and their methods have a docstring of their own."""
    for name in ours.__all__:
        cls = getattr(ours, name)
        assert vars(cls)["__doc__"], name
        for attribute, value in vars(cls).items():
            assert not inspect.isfunction(value) or value.__doc__, f"{name}.{attribute}"
