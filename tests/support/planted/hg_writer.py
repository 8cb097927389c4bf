"""usage: hg_writer.py REPOSITORY NAME MOST STOPFILE

Commits to REPOSITORY through a command server, which is far quicker than a process for each commit:
at most MOST times, or until STOPFILE exists. Every third commit is amended, every seventh stripped.
"""
import os
import struct
import subprocess
import sys


class CommandServer:
    """Mercurial's own protocol: `hg help internals.wireprotocol` has none of it; wiki/CommandServer."""

    def __init__(self, repository):
        self.repository = repository
        environment = {"PATH": "/usr/bin:/bin", "HGRCPATH": "", "HGPLAIN": "1", "HGUSER": "storm",
                       "LC_ALL": "C.UTF-8", "HGENCODING": "utf-8"}
        self.process = subprocess.Popen(
            ["hg", "--config", "ui.timeout=120", "--config", "extensions.strip=",
             "--config", "experimental.evolution=", "serve", "--cmdserver", "pipe"],
            cwd=repository, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._read()  # hello

    def _read(self):
        header = self.process.stdout.read(5)
        channel, length = struct.unpack(">cI", header)
        return channel, self.process.stdout.read(length)

    def run(self, *words):
        arguments = b"\0".join(os.fsencode(word) for word in words)
        self.process.stdin.write(b"runcommand\n" + struct.pack(">I", len(arguments)) + arguments)
        self.process.stdin.flush()
        while True:
            channel, data = self._read()
            if channel == b"r":
                return struct.unpack(">i", data)[0]

    def end(self):
        self.process.stdin.close()
        self.process.wait()


def main():
    repository, name, most, stop_file = sys.argv[1:]
    server = CommandServer(repository)
    path = os.path.join(repository, "storm." + name)
    for i in range(int(most)):
        if os.path.exists(stop_file):
            break
        with open(path, "a", encoding="ascii") as out:
            out.write("%s %d\n" % (name, i))
        status = server.run("commit", "-q", "-A", "-m", "%s %d" % (name, i), path)
        if status not in (0, 1):  # 1: the other writer's strip took the change along
            sys.exit("commit: %d" % status)
        if i % 3 == 2:
            server.run("commit", "-q", "--amend", "-m", "%s %d, amended" % (name, i), path)
        if i % 7 == 6:
            server.run("strip", "-q", "--no-backup", "--keep", "-r", "tip")
    server.end()


main()
