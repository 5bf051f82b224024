"""Every behaviour test runs twice: on the standard module, which is the oracle, and on ours."""

import importlib
import socket
from types import ModuleType

import pytest


@pytest.fixture(params=["socketserver", "tracer.socketserver"])
def framework(request) -> ModuleType:
    """One of the two frameworks."""
    return importlib.import_module(request.param)


@pytest.fixture
def replace_global(monkeypatch):
    """replace_global(function, name, value): what the function finds as a global; the way a probe looks in."""

    def replace(function, name, value):
        monkeypatch.setitem(function.__globals__, name, value)

    return replace


@pytest.fixture
def connect():
    """connect(server): a client of a TCP or Unix stream server, closed when the test is over."""
    clients = []

    def to(server) -> socket.socket:
        client = socket.socket(server.address_family, server.socket_type)
        clients.append(client)
        client.settimeout(20)
        client.connect(server.server_address)
        return client

    yield to
    for client in clients:
        client.close()
