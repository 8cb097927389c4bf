"""When the servers beside this end: with their standard input, so that none outlives its test."""
import os
import sys
import threading


def announce(port):
    """The first line on stdout: the port. From then on the server answers."""
    print(port, flush=True)


def exit_with_stdin():
    """Ends this process, at once, when stdin is closed."""

    def wait():
        while os.read(sys.stdin.fileno(), 4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()
