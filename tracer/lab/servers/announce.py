"""What the demo servers share: telling the address."""

from tracer.socketserver import BaseServer


def announce(name: str, server: BaseServer) -> None:
    """Write where the server listens, in one line that reaches a pipe at once."""
    address = server.server_address
    if not isinstance(address, str):
        host, port = address[:2]
        address = f"{host}:{port}"
    print(f"{name}: listening on {address}", flush=True)
