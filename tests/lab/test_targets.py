"""Targets are read and written as text."""

import pytest

from tracer.lab.targets import Target, target_of


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("tcp:127.0.0.1:43211", Target("tcp", "127.0.0.1", 43211)),
        ("udp:localhost:53", Target("udp", "localhost", 53)),
        ("tcp:[::1]:8000", Target("tcp", "::1", 8000)),
        ("unix:/tmp/a:b c/socket", Target("unix", path="/tmp/a:b c/socket")),
        ("unix-datagram:socket", Target("unix-datagram", path="socket")),
    ],
)
def test_a_target_is_written_as_it_is_read(text: str, target: Target) -> None:
    assert Target.parse(text) == target
    assert str(target) == text
    assert target.is_stream == (target.transport in ("tcp", "unix"))


@pytest.mark.parametrize(
    "text", ["", "127.0.0.1:80", "http:127.0.0.1:80", "tcp", "tcp:80", "tcp::80", "tcp:host", "tcp:host:", "tcp:host:x"]
)
def test_what_is_no_target_is_named_in_the_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no target"):
        Target.parse(text)


@pytest.mark.parametrize("port", ["0", "65536", "-1", "1.5"])
def test_a_port_is_a_port(port: str) -> None:
    with pytest.raises(ValueError, match="needs a host and a port, as in tcp:"):
        Target.parse(f"tcp:127.0.0.1:{port}")


def test_a_unix_target_needs_a_path() -> None:
    with pytest.raises(ValueError, match="needs a path, as in unix:"):
        Target.parse("unix:")


@pytest.mark.parametrize(
    ("family", "kind", "address", "target"),
    [
        ("inet", "stream", "127.0.0.1:8000", "tcp:127.0.0.1:8000"),
        ("inet", "stream", "0.0.0.0:8000", "tcp:127.0.0.1:8000"),
        ("inet", "datagram", "127.0.0.2:53", "udp:127.0.0.2:53"),
        ("inet6", "stream", "[::]:8000", "tcp:[::1]:8000"),
        ("inet6", "stream", "[::1]:8000", "tcp:[::1]:8000"),
        ("unix", "stream", "/tmp/socket", "unix:/tmp/socket"),
        ("unix", "datagram", "/tmp/socket", "unix-datagram:/tmp/socket"),
        ("inet", "stream", "192.0.2.1:8000", None),
        ("inet", "stream", "127.0.0.1:0", None),
        ("inet", "stream", "", None),
        ("unix", "stream", "socket", None),
        ("unix", "stream", "@abstract", None),
        ("", "", "<Address>", None),
        ("16", "datagram", "127.0.0.1:8000", None),
    ],
)
def test_where_a_recorded_server_is_reached(family: str, kind: str, address: str, target: str | None) -> None:
    assert target_of(family, kind, address) == (Target.parse(target) if target is not None else None)
