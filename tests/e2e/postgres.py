"""PostgreSQL clusters for tests: made by initdb, owned by whom one likes, on sockets of their own."""
import glob
import os
import pathlib
import pwd
import shutil
import tempfile

from support import must, run, wait_for

MAJOR = max((int(path.split("/")[-2]) for path in glob.glob("/usr/lib/postgresql/*/bin")), default=0)
BINARIES = pathlib.Path(f"/usr/lib/postgresql/{MAJOR}/bin")
# Nothing of what the caller has set reaches a tool.
CLEAN = {"PATH": f"{BINARIES}:/usr/bin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}
QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "autovacuum=off")


def file_name(database):
    """What the files of this database are called in a copy."""
    plain = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"
    name = os.fsencode(database)
    return "".join(chr(c) if c in plain or (c == ord("-") and i > 0) else f"%{c:02X}"
                   for i, c in enumerate(name))


def conninfo(database, **more):
    """A connection string that leads to this database, whatever it is called."""
    def value(text):
        return "'" + str(text).replace("\\", "\\\\").replace("'", "\\'") + "'"
    return " ".join(f"{key}={value(text)}" for key, text in {"dbname": database, **more}.items())


class Cluster:
    """A data directory and its server. `folder` is made; it lies where `user` can come to."""

    def __init__(self, folder, user="postgres", superuser="postgres", port=5432):
        self.data = pathlib.Path(folder)
        self.user = pwd.getpwnam(user)
        self.superuser = superuser
        self.port = port
        self.sockets = pathlib.Path(tempfile.mkdtemp(prefix="repo-backup-pg.", dir="/tmp"))
        os.chown(self.sockets, self.user.pw_uid, self.user.pw_gid)

    def as_owner(self, *argv, **keywords):
        keywords.setdefault("env", CLEAN)
        keywords.setdefault("cwd", "/")
        return must(*self.owner(), *argv, **keywords)

    def owner(self):
        """Put before a command: it runs as the cluster's owner."""
        return ["setpriv", "--reuid", str(self.user.pw_uid), "--regid", str(self.user.pw_gid),
                "--clear-groups", "--"]

    def make(self, *options):
        """Runs initdb."""
        self.data.mkdir(mode=0o700)
        os.chown(self.data, self.user.pw_uid, self.user.pw_gid)
        self.as_owner(BINARIES / "initdb", "-D", self.data, "-U", self.superuser, "-A", "trust",
                      "-E", "UTF8", "--no-locale", "--no-sync", *options)
        return self

    def start(self, *settings):
        """Starts the server, which accepts connections when this returns. Settings: "fsync=off"."""
        words = ["listen_addresses=''", f"unix_socket_directories={self.sockets}",
                 f"port={self.port}", *QUICK, *settings]
        self.as_owner(BINARIES / "pg_ctl", "-D", self.data, "-l", self.log, "-s", "-w", "-o",
                      " ".join(f"-c {word}" for word in words), "start")
        return self

    @property
    def log(self):
        return self.sockets / "log"

    def stop(self, mode="fast"):
        self.as_owner(BINARIES / "pg_ctl", "-D", self.data, "-m", mode, "-s", "-w", "stop")

    def is_up(self):
        return run(BINARIES / "pg_isready", "-q", "-h", self.sockets, "-p", str(self.port)).code == 0

    def remove(self):
        """Ends the server where it runs, and removes all."""
        run(*self.owner(), BINARIES / "pg_ctl", "-D", self.data, "-m", "immediate", "-s",
            "-w", "stop", env=CLEAN, cwd="/")
        shutil.rmtree(self.data, ignore_errors=True)
        shutil.rmtree(self.sockets, ignore_errors=True)

    def where(self, database="postgres"):
        return conninfo(database, host=self.sockets, port=self.port, user=self.superuser)

    def psql(self, *options, database="postgres", **keywords):
        """What psql says, as it ended."""
        keywords.setdefault("env", CLEAN)
        return run(BINARIES / "psql", "-X", "-q", "-A", "-t", "-w", "-v", "ON_ERROR_STOP=1",
                   "-d", self.where(database), *options, **keywords)

    def sql(self, text, database="postgres"):
        """Runs statements, which must work; returns what they say."""
        done = self.psql(database=database, input=text.encode())
        if done.code != 0:
            raise RuntimeError(f"could not prepare the test: {done}")
        return done.text

    def create_database(self, name, *words):
        quoted = '"' + name.replace('"', '""') + '"'
        self.psql("-c", " ".join(("CREATE DATABASE", quoted, *words)))
        return name

    def dump_of(self, database, *options):
        """All that a database holds, as SQL that is the same for the same database."""
        return must(BINARIES / "pg_dump", "--restrict-key=test", "-C", "-w", *options, "-d",
                    self.where(database), env=CLEAN)

    def globals(self, *options):
        text = must(BINARIES / "pg_dumpall", "-g", "-w", *options, "-l", "postgres", "-h",
                    self.sockets, "-p", str(self.port), "-U", self.superuser, env=CLEAN)
        return "\n".join(line for line in text.splitlines() if "restrict" not in line)

    def databases(self):
        """Those that can be dumped."""
        names = self.psql("-0", "-c", "SELECT datname FROM pg_database WHERE datallowconn AND "
                          "datname <> 'template0'").out.split(b"\0")
        return [os.fsdecode(name) for name in names if name and name != b"\n"]

    def wait_until_up(self, process=None):
        wait_for(self.is_up, f"the server of {self.data}", process)
