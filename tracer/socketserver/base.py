"""BaseServer: the loop every server runs, and the hooks the loop calls.

One turn of serve_forever(), and everything it may call (indented: called from the line above):

    select                            waits for a request, at most poll_interval seconds
    _handle_request_noblock           if one is there
        get_request                   what came, and from whom
        verify_request                is it wanted? If not: shutdown_request, and that is all
        process_request               do the work, here or (with a mix-in) in a thread or a child process
            finish_request            builds a RequestHandlerClass: its setup(), handle(), finish() are the work
            shutdown_request
                close_request
        handle_error                  if process_request raised an Exception; then shutdown_request
    service_actions                   at the end of every turn, whether there was a request or not

Two rules for this file:

1. Whatever one kind of server does differently from another is a method, called through self: a subclass replaces the
   method, never the loop.
2. No socket is made, read or closed here. A request is whatever get_request() returns.
"""

from __future__ import annotations

import selectors
import sys
import threading
import traceback
from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from socket import socket as _socket

# One server waits for one descriptor. poll() needs no descriptor of its own for that; epoll and kqueue do.
_ServerSelector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)


class BaseServer:
    """What all servers share. It can be instantiated, but it cannot serve: that takes fileno() and get_request().

    For the caller:
        the constructor, serve_forever(), handle_request(), shutdown(), server_close(), and `with server:`

    You may override (the caller never calls these):
        verify_request(), process_request(), handle_error(), service_actions(), handle_timeout(), server_activate(),
        server_close(), get_request(), shutdown_request(), close_request()

    For the framework (override with care, and call super()):
        finish_request(), _handle_request_noblock()

    A subclass that serves something new brings fileno() and get_request(); handle_request() asks for `socket` as well.
    """

    # Seconds that handle_request() waits before it calls handle_timeout(); None: for ever. It limits neither
    # serve_forever() nor a handler: a client that connects and says nothing has all the time in the world.
    timeout: float | None = None

    if TYPE_CHECKING:
        # What is missing here, and a subclass must bring.
        socket: _socket

        def fileno(self) -> int: ...
        def get_request(self) -> tuple[Any, Any]: ...

    def __init__(
        self,
        server_address: Any,
        RequestHandlerClass: Callable[[Any, Any, Any], object],  # noqa: N803
    ) -> None:
        """Keep the two arguments. Extend it if you must, and call it."""
        self.server_address = server_address
        self.RequestHandlerClass = RequestHandlerClass
        # The loop and shutdown() talk through these two. The event starts cleared: "not shut down" is also what a
        # server says that has never served, so shutdown() before the first serve_forever() waits.
        self.__shutdown_request = False
        self.__is_shut_down = threading.Event()

    # -- For the caller ------------------------------------------------------------------------------------------------

    def serve_forever(self, poll_interval: float = 0.5) -> None:
        """Serve requests until shutdown() is called, or until something raises.

        It does not call handle_request(): it has its own select loop, ignores `timeout` and never calls
        handle_timeout(). An exception ends it that comes out of get_request() (unless an OSError), verify_request(),
        service_actions(), or handle_error(); so does whatever is no Exception, as KeyboardInterrupt and SystemExit,
        from any hook that runs in this thread.

        A shutdown() is noticed when select() returns, so within poll_interval seconds. 0 would spin on the processor,
        None would notice it at the next client only.
        """
        self.__is_shut_down.clear()
        try:
            with _ServerSelector() as selector:
                selector.register(self, selectors.EVENT_READ)
                while not self.__shutdown_request:
                    waiting = selector.select(poll_interval)
                    # shutdown() came during select(): the client that came with it is left waiting (bpo-35017).
                    if self.__shutdown_request:
                        break
                    if waiting:
                        self._handle_request_noblock()
                    self.service_actions()
        finally:
            # However the loop ends, the next one may run. But a shutdown() that comes after this line leaves its flag
            # behind, and the next serve_forever() of this server returns without serving anybody.
            self.__shutdown_request = False
            self.__is_shut_down.set()

    def shutdown(self) -> None:
        """Ask serve_forever(), in another thread, to end, and wait until it has.

        It waits for ever where no other thread can end the loop: in the loop's own thread (any hook, a handler of a
        server without threads, a signal handler), in a forked child, before the first serve_forever(), and with a loop
        of handle_request() calls. It closes nothing: the listening socket goes on taking connections until
        server_close(), which comes after it.
        """
        self.__shutdown_request = True
        self.__is_shut_down.wait()

    def handle_request(self) -> None:
        """Serve one request, or call handle_timeout() if none comes in time.

        The time is `timeout` or the socket's own timeout, whichever is shorter; it is the wait for a request, not the
        time to serve it. A request that verify_request() refuses is the one request too. service_actions() is never
        called from here, and serve_forever() never comes here.
        """
        # settimeout() on the socket was the way to get out of here before there was `timeout`.
        limits = [limit for limit in (self.socket.gettimeout(), self.timeout) if limit is not None]
        remaining = min(limits, default=None)
        deadline = None if remaining is None else monotonic() + remaining

        with _ServerSelector() as selector:
            selector.register(self, selectors.EVENT_READ)
            # More than one turn only if select() returns early with nothing.
            while not selector.select(remaining):
                if deadline is not None:
                    remaining = deadline - monotonic()
                    if remaining < 0:
                        return self.handle_timeout()
            return self._handle_request_noblock()

    def __enter__(self) -> Self:
        """Return the server itself."""
        return self

    def __exit__(self, *args: object) -> None:
        """Call server_close(), and no more.

        No shutdown(): a serve_forever() that still runs in another thread finds its socket closed and spins, for the
        selector calls a closed descriptor ready and get_request()'s OSError is passed over in silence.
        """
        self.server_close()

    # -- One request: for the framework --------------------------------------------------------------------------------

    def _handle_request_noblock(self) -> None:
        """Take one request and see it through. Both loops call it when the selector says that a request is there.

        It can block all the same, in get_request(): another process may have taken the client from a shared listener,
        and a TLS listener shakes hands there.
        """
        try:
            request, client_address = self.get_request()
        except OSError:
            # The client may have left between select() and here. The price: no error is ever seen, not even "too many
            # open files", which comes again at once, and again.
            return
        # Outside the try below: if it raises, the loop ends, and nobody closes the request.
        if not self.verify_request(request, client_address):
            self.shutdown_request(request)
            return
        try:
            self.process_request(request, client_address)
        except Exception:
            self.handle_error(request, client_address)
            self.shutdown_request(request)
        except BaseException:
            # KeyboardInterrupt and SystemExit are no errors of a request: nothing to report, and they end the loop.
            self.shutdown_request(request)
            raise

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Do the work: build a RequestHandlerClass, whose constructor does all of it.

        Called by process_request(), or by what it starts: with a mix-in it runs in the request's own thread or
        process. Extend it for what belongs there, as a TLS handshake.
        """
        self.RequestHandlerClass(request, client_address, self)

    # -- You may override ----------------------------------------------------------------------------------------------

    def server_activate(self) -> None:
        """Make the server ready for clients. Called by TCPServer's constructor, after server_bind(); not by this one.

        TCPServer listens here, UDPServer has nothing to do.
        """

    def server_close(self) -> None:
        """Give back what the server holds. Called by the program, by `with`, and by a constructor that failed.

        A constructor that failed calls it before a subclass's own attributes are there: give those a default in the
        class. TCPServer closes its socket, the mix-ins then wait for their threads or children.
        """

    def service_actions(self) -> None:
        """Do what is due. Called by serve_forever() at the end of each turn: after each request and each idle wait.

        It is no clock: it does not run while a request is served in the loop's thread, nor under handle_request().
        An exception here ends the loop. ForkingMixIn collects its children here.
        """

    def handle_timeout(self) -> None:
        """Nobody came. Called by handle_request() when its time is up; never under serve_forever().

        ForkingMixIn collects its children here.
        """

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Say whether to serve this request. Called in the loop's thread, after get_request(), mix-in or not.

        No is any false value, a forgotten `return` as well. The client has been connected all the while and may have
        sent its request; refused, it sees its connection end. An exception here ends the loop and leaves the request
        open. Slow work here is a queue at the door, even with ThreadingMixIn.
        """
        return True

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a request that has been let in. Called in the loop's thread; this is where a mix-in leaves it.

        Without a mix-in the loop does the work itself and sees nobody else meanwhile. An Exception from here, so also
        from shutdown_request(), goes to handle_error(), and then shutdown_request() is called (again).
        """
        self.finish_request(request, client_address)
        self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        """End a request: its work is done, or refused, or has failed. Called in whichever thread or process did it.

        TCPServer tells the client first that nothing more will come.
        """
        self.close_request(request)

    def close_request(self, request: Any) -> None:
        """Give back what a request holds, in this process. Called by shutdown_request(), or alone by a forking parent.

        TCPServer closes the connection's socket.
        """

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Report the Exception now being handled: a request has failed. This one prints it and lets the server go on.

        Called for any Exception out of process_request(): building the handler, setup(), handle(), finish(), and
        starting the thread or child. With a mix-in, it runs where the work ran. Not called for what is no Exception,
        nor for get_request(), verify_request() and service_actions(). If it raises in the loop's thread, the loop ends
        and the request stays open.
        """
        rule = "-" * 40
        print(rule, file=sys.stderr)
        print("Exception occurred during processing of request from", client_address, file=sys.stderr)
        traceback.print_exc()
        print(rule, file=sys.stderr)
