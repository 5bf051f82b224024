"""A server that serves three requests, and does in between what makes it hard to watch.

hostile.py WAY [CLASS [MORE]]

It prints its pid and its address; everything else that it prints is the same in every run.
"""

import os
import resource
import signal
import subprocess
import sys
import threading

hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16) if sys.argv[1] == "few_descriptors" else (64, hard))

import socket  # noqa: E402
import socketserver  # noqa: E402

NOBODY = 65534
MANY = 300


class Handler(socketserver.StreamRequestHandler):
    def handle(self):
        line = self.rfile.readline()
        if line == b"execute\n":
            for thread in {*threading.enumerate()} - {threading.main_thread(), threading.current_thread()}:
                thread.join()  # clients have their replies before the threads that serve them are over
            os.execlp("cat", "cat")
        self.wfile.write(line.upper())


def close_all(server):
    """As a daemon does, but for its own; there is room for more descriptors then."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (4096, hard))
    os.closerange(3, server.fileno())
    os.closerange(server.fileno() + 1, 4096)


# ---- the ways: what is done before the requests are served, and behind the yield after that


def close_everything(server):
    close_all(server)
    yield


def append(server):
    """Open a file for appending until it has every number up to 300."""
    close_all(server)
    while os.open("mine", os.O_CREAT | os.O_WRONLY | os.O_APPEND) < MANY:
        pass
    yield
    say(os.stat("mine").st_size, "bytes")


def swap_recording(server):
    """Put a file of its own in the recording's place, and close everything."""
    recording = os.environ.get("TRACER_RECORDING")
    if recording:
        os.rename(recording, recording + ".moved")
        open(recording, "x").close()
    close_all(server)
    yield
    say(os.stat(recording).st_size if recording else 0, "bytes")


def take_terminal(server):
    """Make a terminal of every number up to 300."""
    close_all(server)
    ours, its = os.openpty()
    for number in range(its + 1, MANY):
        os.dup2(its, number)
    os.set_blocking(ours, False)
    yield
    try:
        say("came", os.read(ours, 100))
    except BlockingIOError:
        say("nothing came")


def reopen_stdio(server):
    """Close standard input, output and error, and make one file of all three."""
    for number in range(3):
        os.close(number)
    os.dup(os.dup(os.open("log", os.O_CREAT | os.O_RDWR | os.O_APPEND)))
    yield
    say("in the log")
    print("in the log, too", file=sys.stderr)


def leave_stdio(server):
    """Close them, and let whatever comes next have their numbers: the connections, that is."""
    for number in range(3):
        os.close(number)
    yield
    sys.stdout = sys.stderr = None


def drop_privileges(server):
    os.setgroups([])
    os.setgid(NOBODY)
    os.setuid(NOBODY)
    yield
    say(os.getresuid(), os.getresgid())


def time_out(server):
    socket.setdefaulttimeout(20)
    yield
    say(socket.getdefaulttimeout(), socket.socket().gettimeout())


def replace_fork(server):
    counted = []
    real = os.fork
    os.fork = lambda: counted.append("os") or real()
    server.handle_request()
    os.fork = real
    socketserver.os.fork = lambda: counted.append("socketserver.os") or real()
    yield 2
    say(*counted)
    os.fork = real


def replace_thread(server):
    class Counted(threading.Thread):
        started = 0

        def start(self):
            Counted.started += 1
            super().start()

    real, threading.Thread = threading.Thread, Counted
    yield
    threading.Thread = real
    say(Counted.started)


def spawn(server):
    """Start a child by a call that neither forks nor executes where we could see it."""
    child = os.posix_spawn(sys.executable, [sys.executable, "-c", CHILD], os.environ)
    say(os.waitpid(child, 0)[1])
    yield


def change_directory(server):
    """Nothing that was named from the old place can be found from the new one."""
    import beside  # it lies in a folder that PYTHONPATH names so

    os.chdir("/")
    say(beside.__file__, *[path for path in sys.path if "lib" not in path], __file__, sys.argv)
    say(subprocess.run([sys.executable, "-c", CHILD], check=True).returncode)
    yield


def execute(server):
    """Go on as a program that ends with its input."""
    yield
    os.execlp("cat", "cat")


def execute_in_thread(server):
    """The same, out of the handler of a fourth request, and of its thread."""
    yield 4


def execute_unseen(server):
    """Go on as an interpreter that ignores its environment."""
    yield
    os.execl(sys.executable, sys.executable, "-I", "-c", CHILD + "import sys; sys.stdin.read()")


def execute_as_nobody(server):
    """Go on as an interpreter that may open nothing of ours."""
    yield from drop_privileges(server)
    interpreter = sys.argv[3]
    os.execl(interpreter, interpreter, "-c", CHILD + "import sys; sys.stdin.read()")


def become_daemon(server):
    """Fork twice, out of the session and away from the terminal. The first process ends at once, or when the last one is ready."""
    told, tell = os.pipe()
    if os.fork():
        os.close(tell)
        if sys.argv[3] == "ready":
            os.read(told, 1)
        os._exit(0)
    os.setsid()
    if os.fork():
        os._exit(0)
    server.fileno()  # a hook
    with open("pid", "w") as file:
        file.write(str(os.getpid()))
    os.chdir("/")
    os.umask(0)
    for number in range(3):
        os.dup2(os.open("/dev/null", os.O_RDWR), number)
    close_all(server)
    yield
    subprocess.run([sys.executable, "-c", CHILD], check=True)


def clear_environment(server):
    """Children do not find the probe: they run without it."""
    say(subprocess.run([sys.executable, "-c", CHILD], env={**os.environ, "PYTHONPATH": ""}, check=True).returncode)
    os.environ.clear()
    say(subprocess.run([sys.executable, "-c", CHILD], check=True).returncode)
    yield


def limit_files(server):
    """No file may grow; who tries it is killed, as the system does unless a program says otherwise."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    yield


def few_descriptors(server):
    """All but three of the sixteen that it may have are taken."""
    taken = [os.dup(0)]
    while taken[-1] < 13:
        taken.append(os.dup(0))
    yield
    say(max(taken))


def hide_files(server):
    os.umask(0o777)
    yield
    os.close(os.open("hidden", os.O_CREAT))
    say(oct(os.stat("hidden").st_mode))


def watch_itself(server):
    """As a debugger, a profiler and a coverage tool do."""
    seen = []

    def note(frame, event, argument):
        if frame.f_code.co_filename == __file__:
            seen.append(f"{event} {frame.f_code.co_name}")
        return note

    sys.settrace(note)
    sys.setprofile(note)
    yield
    say(sys.gettrace() is note, sys.getprofile() is note)
    sys.setprofile(None)
    sys.settrace(None)
    say(*seen)


def wake_up(server):
    """A timer that fires all the time, and writes to a socket when it does."""
    woken = [0]

    def ring(*_):
        woken[0] += 1

    signal.signal(signal.SIGALRM, ring)
    near, far = socket.socketpair()
    far.setblocking(False)
    signal.set_wakeup_fd(far.fileno(), warn_on_full_buffer=False)
    signal.setitimer(signal.ITIMER_REAL, 0.001, 0.001)
    yield
    while not woken[0]:
        signal.pause()
    signal.setitimer(signal.ITIMER_REAL, 0)
    say(set(near.recv(1000)), signal.set_wakeup_fd(-1) == far.fileno())


def interrupt(server):
    """A timer whose exception leaves the wait for a client."""

    def ring(*_):
        raise TimeoutError("rung")

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, 0.02)
    try:
        with type(server)(("127.0.0.1", 0), Handler) as unknown:
            unknown.handle_request()
    except TimeoutError as error:
        say(error, error.__traceback__.tb_next.tb_frame.f_code.co_name)
    yield


CHILD = """
import socketserver
print(socketserver.TCPServer(("127.0.0.1", 0), socketserver.BaseRequestHandler).server_close())
"""


def say(*words):
    print(*words, flush=True)


way = globals()[sys.argv[1]]
with getattr(socketserver, sys.argv[2] if len(sys.argv) > 2 else "TCPServer")(("127.0.0.1", 0), Handler) as server:
    say(os.getpid())
    say(*server.server_address)
    steps = way(server)
    for _ in range(next(steps) or 3):
        server.handle_request()
next(steps, None)
