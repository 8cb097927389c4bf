"""What the tests of dumps of PostgreSQL share: a cluster made once a file, and its manifest."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from postgres import BINARIES, CLEAN, Cluster, file_name
from support import DUMP, Case, read_json, run, wait_for


class PostgresCase(Case):
    """Tests of one running cluster, which is made once for all of them: each makes and drops its
    own databases. `self.cluster` is that; more are made with new_cluster()."""

    settings = ()

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp(prefix="repo-backup-test-pg."))
        cls.addClassCleanup(shutil.rmtree, cls.folder, ignore_errors=True)
        os.chmod(cls.folder, 0o755)
        cls.cluster = Cluster(cls.folder / "main").make()
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start(*cls.settings)

    def new_cluster(self, name, *options, **keywords):
        """A cluster of this test alone, not started."""
        made = Cluster(self.folder / name, **keywords).make(*options)
        self.addCleanup(made.remove)
        return made

    def database(self, name, text="CREATE TABLE t AS SELECT generate_series(1, 100) AS x", *words):
        self.cluster.create_database(name, *words)
        self.addCleanup(self.drop, name)
        self.cluster.sql(text, name)
        return name

    def locked(self, database):
        """A session that holds the table t of this database for itself; it takes more on its stdin."""
        session = subprocess.Popen([BINARIES / "psql", "-Xq", "-d", self.cluster.where(database)],
                                   stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, env=CLEAN)
        self.addCleanup(self._end, session)
        session.stdin.write(b"BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE;\n")
        session.stdin.flush()
        wait_for(lambda: self.has_lock(database, "granted AND mode = 'AccessExclusiveLock'"), "the lock",
                 session)
        return session

    def has_lock(self, database, what):
        """Whether there is such a lock on a table of this database."""
        return self.cluster.sql("SELECT count(*) FROM pg_locks WHERE relation IS NOT NULL AND database = "
                                f"(SELECT oid FROM pg_database WHERE datname = '{database}') "
                                f"AND {what}") != "0\n"

    def drop(self, name, cluster=None):
        quoted = '"' + name.replace('"', '""') + '"'
        (cluster or self.cluster).psql("-c", f"DROP DATABASE IF EXISTS {quoted} WITH (FORCE)")

    def manifest(self, *clusters):
        return self.scan(*(each.data for each in clusters or (self.cluster,)))

    def dump_cluster(self, *options, cluster=None, **keywords):
        return self.dump(self.manifest(cluster or self.cluster), *options, **keywords)

    def dump_argv(self, manifest, *options):
        return [DUMP, "--to", self.to, *options, manifest]

    def copy(self, cluster=None):
        return self.copy_of((cluster or self.cluster).data)

    def rows(self, database, cluster=None):
        """The counts of a copy: {"public.t": 100}."""
        text = (self.copy(cluster) / "data/rows" / file_name(database)).read_bytes()
        lines = [line.split(b"\t", 1) for line in text.splitlines()]
        return {json.loads(name.decode("utf-8", "surrogateescape")): int(count)
                for count, name in lines}

    def dumped(self, cluster=None):
        return sorted(path.name for path in (self.copy(cluster) / "data/databases").iterdir())

    def record(self, cluster=None):
        return read_json(self.copy(cluster) / "item.json")

    def restored(self, database, cluster=None):
        """The SQL that the copy's dump of a database is."""
        done = run(BINARIES / "pg_restore", "--restrict-key=test", "-f", "-",
                   self.copy(cluster) / "data/databases" / file_name(database), env=CLEAN)
        self.assert_code(done, 0)
        return done.text

    def live(self, database, cluster=None):
        """The same, of the database as it is now."""
        done = run(BINARIES / "pg_dump", "--restrict-key=test", "-w", "-d",
                   (cluster or self.cluster).where(database), env=CLEAN)
        self.assert_code(done, 0)
        return done.text

    def assert_published(self, done, code=0):
        self.assert_code(done, code)
        self.assert_whole()
