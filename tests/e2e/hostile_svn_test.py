"""Hostile Subversion repositories: what stands in place of their files, locks, hooks, SQL."""
import shutil
import sqlite3
import sys

import hostile
from hostile import Row, place_rows
from hostile_parts import OWNER, TOKEN, Trap, put_link
from support import as_user, main, must

HOOKS = ("start-commit", "pre-commit", "post-commit", "pre-revprop-change",
         "post-revprop-change", "pre-lock", "post-lock", "pre-unlock", "post-unlock")


class SvnPlacesTest(hostile.HostileCase):
    kinds = ("svn",)
    rows = tuple(row for place, path, status in (
        ("rev_file", "db/revs/0/1", "failed"),
        ("shard", "db/revs/0", "failed"),
        ("revprop", "db/revprops/0/1", "failed"),
        ("txn_current", "db/txn-current", "failed"),
        ("transactions", "db/transactions", "failed"),
        ("write_lock", "db/write-lock", "failed"),
        ("rep_cache", "db/rep-cache.db", "failed"),
        ("current", "db/current", "scan"),
        ("format", "format", "scan"),
        ("conf", "conf", "copied"),
        ("passwords", "conf/passwd", "copied"),
        ("hooks", "hooks", "copied"),
        ("hook", "hooks/post-commit", "copied"),
        ("locks", "locks", "copied"),
        ("lock_file", "locks/db-logs.lock", "copied"),
    ) for row in place_rows("svn", place, path, status, status, path))

    def test_D20_what_is_left_out_is_told(self):
        self.assert_left_out_is_told()


def of_the_victim(path):
    return lambda repository, outside: put_link(repository / path, outside.private / path)


class SvnPrivateTest(hostile.HostileCase):
    """Links into the private repository of somebody else."""
    kinds = ("svn",)
    rows = (
        Row("svn", "D19", "db_of_the_victim", of_the_victim("db"), "scan", ("db",)),
        Row("svn", "D19", "revisions_of_the_victim", of_the_victim("db/revs"), "failed",
            ("db/revs", "link")),
        Row("svn", "D19", "uuid_of_the_victim", of_the_victim("db/uuid"), "scan", ("db/uuid",)),
        Row("svn", "D19", "fsfs_conf_of_the_victim", of_the_victim("db/fsfs.conf"), "failed",
            ("db/fsfs.conf", "link")),
        Row("svn", "D19", "conf_of_the_victim", of_the_victim("conf"), "copied"),
    )

    @classmethod
    def prepare(cls):
        cls.outside.private = cls.outside.add_private("svn", cls.outside.top / "private")
        (cls.outside.private / "conf/passwd").write_bytes(TOKEN)


HOLD = """
import fcntl, sys
files = [open(path, "r+b") for path in sys.argv[1:]]
for file in files:
    fcntl.flock(file, fcntl.LOCK_EX)
    fcntl.lockf(file, fcntl.LOCK_EX)
print("held", flush=True)
sys.stdin.read()
"""
FOR_EVER = """(WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n)
               SELECT '' AS hash, x AS revision, 0 AS offset, 0 AS size, 0 AS expanded_size
               FROM n)"""


def sql(repository, *commands):
    with sqlite3.connect(repository / "db/rep-cache.db", isolation_level=None) as database:
        for command in commands:
            database.execute(command)
    database.close()


def trigger(repository, _):
    sql(repository, f"CREATE TRIGGER evil BEFORE INSERT ON rep_cache BEGIN "
                    f"SELECT count(*) FROM {FOR_EVER}; END")


def view(repository, _):
    sql(repository, "DROP TABLE rep_cache", f"CREATE VIEW rep_cache AS SELECT * FROM {FOR_EVER}")


def nothing(*_):
    pass


class SvnLocksTest(hostile.HostileCase):
    """Locks that are held for ever, and a database that has no end."""
    kinds = ("svn",)
    options = ("--max-time", "12s", "-j", "8")
    rows = (
        Row("svn", "D11", "db_logs_lock_held", nothing, "copied"),
        Row("svn", "D11", "write_lock_held", nothing, "copied"),
        Row("svn", "D11", "txn_current_lock_held", nothing, "copied"),
        Row("svn", "D11", "rep_cache_locked", nothing, "copied",
            ("rep-cache.db is left out", "svnadmin build-repcache")),
        Row("svn", "D22", "trigger_in_rep_cache", trigger, "copied"),
        Row("svn", "D22", "view_without_end_in_rep_cache", view, "failed", ("--max-time",)),
    )

    @classmethod
    def begin(cls):
        held = (cls.src / "svn/db_logs_lock_held/locks/db-logs.lock",
                cls.src / "svn/write_lock_held/db/write-lock",
                cls.src / "svn/txn_current_lock_held/db/txn-current-lock",
                cls.src / "svn/rep_cache_locked/db/rep-cache.db")
        for path in held:
            path.touch()
            shutil.chown(path, OWNER, OWNER)
        cls.hold(*as_user(OWNER), sys.executable, "-c", HOLD, *held)

    def test_D22_the_trigger_would_never_end(self):
        """The control."""
        path = self.tmp / "rep-cache.db"
        shutil.copy(self.src / "svn/trigger_in_rep_cache/db/rep-cache.db", path)
        database = sqlite3.connect(path)
        database.set_progress_handler(lambda: 1, 1_000_000)  # interrupts after so many steps
        with self.assertRaisesRegex(sqlite3.OperationalError, "interrupted"):
            database.execute("INSERT INTO rep_cache VALUES ('x', 1, 0, 0, 0)")
        database.close()


class SvnHooksTest(hostile.HostileCase):
    kinds = ("svn",)

    @staticmethod
    def all_hooks(repository, outside):
        for name in HOOKS:
            outside.trap.put(repository / "hooks" / name)
        (repository / "conf/hooks-env").write_text("[default]\nPATH = /tmp\n")

    def has_all_hooks(self, data):
        for name in HOOKS:
            self.assertEqual((data / "hooks" / name).stat().st_mode & 0o777, 0o700, name)

    rows = (Row("svn", "D22", "hooks_of_every_name", all_hooks, "copied", (), has_all_hooks),)

    @classmethod
    def prepare(cls):
        cls.outside.trap = Trap(cls.outside)

    def test_D22_none_has_run(self):
        self.assertFalse(self.outside.trap.ran.exists())

    def test_D22_they_run_where_the_owner_commits(self):
        control = self.tmp / "control"
        must("cp", "-a", self.src / "svn/hooks_of_every_name", control)
        self.outside.trap.assert_works(self, "svn", "mkdir", "-m", "x", "--non-interactive",
                                       f"file://{control}/new", cwd="/")


if __name__ == "__main__":
    main()
