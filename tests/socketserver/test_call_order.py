"""Every server class calls the same methods in the same order in the same threads and processes as the standard one."""

import json
import subprocess
import sys
from pathlib import Path


def calls_of(framework):
    """What call_order.py has noted."""
    script = Path(__file__).with_name("call_order.py")
    done = subprocess.run([sys.executable, str(script), framework], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_same_calls_in_the_same_order():
    """Twelve classes, served, failed and refused, under both loops: the sequences are equal, method by method."""
    ours, standard = calls_of("tracer.socketserver"), calls_of("socketserver")
    assert len(ours) == 12 * 6
    assert ours == standard


def test_one_forked_request_call_by_call():
    """The sequence in full, for one of them: what a reader of the source expects."""
    calls = calls_of("tracer.socketserver")["ForkingTCPServer, failed under serve_forever"]
    assert {who: outline(lines) for who, lines in calls.items()} == {
        "parent main": """\
TCPServer.__init__
    BaseServer.__init__
    TCPServer.server_bind
    TCPServer.server_activate
BaseServer.__enter__
BaseServer.serve_forever
    TCPServer.fileno
    BaseServer._handle_request_noblock
        TCPServer.get_request
        BaseServer.verify_request
        ForkingMixIn.process_request
            TCPServer.close_request
    ForkingMixIn.service_actions
        ForkingMixIn.collect_children
BaseServer.__exit__
    ForkingMixIn.server_close
        TCPServer.server_close
        ForkingMixIn.collect_children
""",
        "child main": """\
BaseServer.finish_request
    BaseRequestHandler.__init__
        StreamRequestHandler.setup
        StreamRequestHandler.finish
TCPServer.shutdown_request
    TCPServer.close_request
""",
    }


def outline(lines):
    """The calls as indented text."""
    text, depth = "", 0
    for line in lines:
        if line[0] == ">":
            text += "    " * depth + line[2:] + "\n"
        depth += 1 if line[0] == ">" else -1
    return text
