"""A demo server and its supervisor, without the screen."""

from tests.probe.kit import until
from tracer.demo import DemoServer


def test_a_server_that_is_held_before_it_listens(tmp_path):
    """There is something to see before there is an address for clients."""
    path = tmp_path / "demo.tracer"
    with DemoServer("tcp", path, ("before server_bind",)) as server:
        assert server.target is None
        assert until(path, lambda fact: fact["type"] == "held")["hook"] == "server_bind"
        assert server.supervisor.do("release_all")
        server.reader.join(30)
        assert str(server.target).startswith("tcp:127.0.0.1:")
    assert server.supervisor.ending.status == 0
