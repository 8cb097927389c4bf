"""Drills of copies of PostgreSQL clusters: what passes, what does not, and what says nothing."""
import os
import pathlib
import shutil

from drill_case import reseal
from faults import adopt_orphans, reap_orphans, waits_at_eventfd
from postgres import BINARIES, MAJOR, Cluster, file_name
from postgres_drill_case import PostgresDrillCase
from support import (ENVIRONMENT, RESTORE, descendants, main, make_mounts_private, must, run,
                     wait_for)

HOSTILE = ("host=/evil", "-rf", "a/../b", "x' \\' \"y\" $(id) %41", "line\nbreak", "ünï")

SHOP = """
CREATE EXTENSION pg_trgm;
CREATE TABLE item (id int PRIMARY KEY, name text, kind varchar CHECK (kind IN ('a', 'b')));
CREATE INDEX ON item USING gin (name gin_trgm_ops);
INSERT INTO item SELECT i, 'name ' || i, 'a' FROM generate_series(1, 1000) AS i;
CREATE TABLE "odd
table" (t text); INSERT INTO "odd
table" VALUES (E'a\\tb\\nc\\\\d'), (NULL), ('');
CREATE TABLE parts (i int) PARTITION BY RANGE (i);
CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (100);
INSERT INTO parts VALUES (1), (2);
CREATE UNLOGGED TABLE quick AS SELECT 1 AS one;
CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM item;
INSERT INTO item VALUES (2000, 'after the view', 'b');
CREATE MATERIALIZED VIEW empty AS SELECT * FROM item WITH NO DATA;
CREATE SEQUENCE numbers; SELECT nextval('numbers') FROM generate_series(1, 7);
SELECT lo_from_bytea(0, 'a large object');
CREATE TABLE placed (i int) TABLESPACE "the tablespace"; INSERT INTO placed VALUES (1);
ALTER DATABASE shop SET default_transaction_read_only = on;
"""

ROLES = """
CREATE ROLE alice LOGIN PASSWORD 'of alice'; CREATE ROLE "bob ""x"" \\! id"; GRANT alice TO "bob ""x"" \\! id";
ALTER ROLE alice SET search_path = a, "B c"; ALTER ROLE alice SET statement_timeout = '1ms';
COMMENT ON ROLE alice IS 'it''s \\ hers';
CREATE TABLESPACE "the tablespace" OWNER alice LOCATION '{}';
CREATE DATABASE shop OWNER alice;
"""


def setUpModule():
    make_mounts_private()
    adopt_orphans()


def fill(cluster):
    place = cluster.sockets / "tablespace"
    place.mkdir()
    os.chown(place, cluster.user.pw_uid, cluster.user.pw_gid)
    cluster.sql(ROLES.format(place))
    cluster.sql(SHOP, "shop")
    for name in HOSTILE:
        cluster.create_database(name)
        cluster.sql("CREATE TABLE one AS SELECT 1 AS one", name)
    cluster.sql("CREATE TABLE in_template (i int)", "template1")
    return place


class PassTest(PostgresDrillCase):
    @classmethod
    def fill(cls):
        cls.place = fill(cls.cluster)

    @staticmethod
    def look(top):
        return {path: (st.st_ino, st.st_mtime_ns, st.st_ctime_ns, st.st_size)
                for folder, folders, files in os.walk(top)
                for path in [folder] + [os.path.join(folder, each) for each in folders + files]
                for st in [os.lstat(path)]}

    def test_R1_R3_a_cluster_with_all_that_is_odd_passes_and_the_live_one_is_not_touched(self):
        self.cluster.sql("CHECKPOINT")
        before = self.look(self.place)
        generations = self.seen_generations()
        result = self.assert_passes()
        self.assertEqual(self.look(self.place), before)
        self.assertEqual(self.seen_generations(), generations)
        said = "\n".join(result["compared"])
        for word in (f"PostgreSQL {MAJOR}", "rows of 9 databases", "the data of 9 databases are equal",
                     "schemas that are written in another way", "what was altered is noticed",
                     "roles and tablespaces"):
            self.assertIn(word, said)

    def test_D36_what_the_caller_has_set_for_postgres_reaches_nothing(self):
        self.assert_passes(env={
            **ENVIRONMENT, "PGHOSTADDR": "127.0.0.9", "PGHOST": str(self.cluster.sockets),
            "PGPORT": "1", "PGUSER": "nobody", "PGSERVICE": "x", "PGDATABASE": "y", "PGPASSWORD": "z",
            "PGOPTIONS": "-c nonsense=1", "PGCLIENTENCODING": "LATIN1", "PGDATA": "/nowhere"})

    def test_R9_a_path_that_is_too_long_for_a_socket(self):
        scratch = self.tmp / ("long" * 30)
        scratch.mkdir()
        self.assertEqual(self.drill_it("--scratch", scratch)["state"], "passed")
        self.assert_scratch_is_empty(scratch / "repo-backup-drill")

    def test_R1_a_row_less_in_the_copy(self):
        self.change_rows("shop", lambda rows: rows.replace(b"7\tname 7\ta\n", b""))
        self.assert_fails("database shop: rows are not as counted",
                          '< 1001 "public.item" > 1000 "public.item"'.replace(" \"", "\t\""))

    def test_R1_a_table_that_cannot_be_read(self):
        self.change_rows("shop", lambda rows: rows.replace(b"7\tname 7\ta\n", b"7\tname 7\n"))
        self.assert_fails('database shop: pg_restore: error: COPY failed for table "item"')

    def test_R1_a_database_without_counts(self):
        (self.copy / "data/rows" / file_name("-rf")).unlink()
        reseal(self.copy)
        self.assert_fails("data/rows/%2Drf: ")

    def test_R10_counts_of_another_day(self):
        rows = self.copy / "data/rows/shop"
        rows.write_bytes(rows.read_bytes().replace(b"1001\t", b"1002\t"))
        reseal(self.copy)
        self.assert_fails("fingerprint is not the recorded one: rows")

    def test_R10_the_archive_of_another_database(self):
        shutil.rmtree(self.archive("-rf"))
        shutil.copytree(self.archive("host=/evil"), self.archive("-rf"))
        reseal(self.copy)
        self.assert_fails('database "host=/evil" already exists')

    def test_R10_a_comparison_that_always_says_equal_fails_itself(self):
        self.make_all_equal()
        self.assert_fails("a row was taken away from ", "and nothing noticed it")

    def test_R7_a_role_that_cannot_be_made(self):
        globals_file = self.copy / "data/globals.sql"
        text = globals_file.read_text()
        globals_file.write_text(text.replace("ALTER ROLE alice WITH", "ALTER ROLE nobody WITH"))
        reseal(self.copy)
        self.assert_fails('roles and tablespaces: ', 'role "nobody" does not exist')

    def test_R2_no_line_of_the_globals_is_a_command_of_psqls(self):
        globals_file = self.copy / "data/globals.sql"
        text = globals_file.read_text()
        for line in ("\\! id", "SELECT 1 \\g |id", "COPY pg_authid TO PROGRAM 'id';"):
            with self.subTest(line):
                globals_file.write_text(text.replace("\nCREATE ROLE alice;", f"\n{line}\nCREATE ROLE alice;"))
                reseal(self.copy)
                self.assert_fails("globals.sql: ", "pg_dumpall does not write")

    def test_A2_globals_that_are_cut_off(self):
        globals_file = self.copy / "data/globals.sql"
        text = globals_file.read_text()
        globals_file.write_text(text[:text.index("ALTER ROLE alice")])
        reseal(self.copy)
        self.assert_fails("globals.sql: its last line is missing")

    def test_R6_an_extension_that_is_not_here(self):
        (control,) = pathlib.Path("/usr/share/postgresql").glob("*/extension/pg_trgm.control")
        folder = control.parent
        # A file that is bound over would still be there.
        hidden = self.tmp / "extension"
        shutil.copytree(folder, hidden, ignore=shutil.ignore_patterns("pg_trgm*"))
        must("mount", "--bind", hidden, folder)
        self.addCleanup(must, "umount", folder)
        self.assert_not_run("something is missing on this machine", "pg_trgm")

    def test_R6_another_major_version(self):
        programs = self.tmp / "programs"
        shutil.copytree(BINARIES, programs)
        must("mount", "-t", "tmpfs", "none", "/usr/lib/postgresql")
        self.addCleanup(must, "umount", "/usr/lib/postgresql")
        shutil.copytree(programs, f"/usr/lib/postgresql/{MAJOR - 1}/bin")
        self.assert_not_run(f"apt-get install postgresql-{MAJOR}")

    def test_R5_a_scratch_place_that_is_too_small(self):
        scratch = self.tmp / "small"
        scratch.mkdir()
        self.mount(scratch, "100m")
        self.assert_not_run("it needs about", "--scratch", options=("--scratch", scratch))
        self.assert_scratch_is_empty(scratch / "repo-backup-drill")
        must("umount", scratch)
        self.mount(scratch, "500m")
        drilling = self.start(RESTORE, "--drill", self.source, "--from", self.to, "--scratch", scratch)
        wait_for(lambda: list(scratch.glob("*/postgres.*/cluster/postmaster.pid")), "a server", drilling)
        with open(scratch / "of somebody else", "wb") as other:
            try:
                while other.write(b"x" * 65536):
                    other.flush()
            except OSError:
                pass
        done = self.finish(drilling)
        self.assert_code(done, 3)
        self.assertRegex(done.text, "NOT RUN .*(No space left|would fill the file system|no room)")
        (scratch / "of somebody else").unlink()
        self.assert_scratch_is_empty(scratch / "repo-backup-drill")
        proof = self.proof_of(self.source)
        self.assertEqual((proof["bad"], proof["unusable"]), ({}, {}))

    def mount(self, place, size):
        must("mount", "-t", "tmpfs", "-o", f"size={size}", "none", place)
        self.addCleanup(run, "umount", "-l", place)

    def test_R4_killed_at_any_moment_it_leaves_nothing_that_works_on(self):
        for moment in ("", "/data/rows", "/cluster", "/cluster/postmaster.pid", "/cluster/base/*/2619",
                       "/globals.last.sql", "/rows.now", "/one", "/schema.now"):
            with self.subTest(moment=moment):
                drilling = self.start(RESTORE, "--drill", self.source, "--from", self.to)
                pattern = f"control/drill/postgres.*{moment}"
                wait_for(lambda p=pattern, d=drilling: list(self.to.glob(p))
                         or d.poll() is not None, pattern)
                self.assertIsNone(drilling.poll(), "it has ended before")
                drilling.kill()
                wait_for(lambda: all(waits_at_eventfd(pid) for pid, _ in descendants(os.getpid())
                                     if not self.is_of_the_cluster(pid)),
                         "the end of all that the drill began")
                drilling.communicate()
        self.assert_passes()
        wait_for(lambda: all(self.is_of_the_cluster(pid) for pid, _ in descendants(os.getpid())),
                 "the end of all")
        reap_orphans()

    def is_of_the_cluster(self, pid):
        """The server of the test itself, whose parent has ended."""
        try:
            return os.stat(f"/proc/{pid}").st_uid == self.cluster.user.pw_uid
        except FileNotFoundError:
            return True


class HostileTest(PostgresDrillCase):
    """R2: a restore runs what superusers of the source have written."""

    def with_view(self, body, condition="current_setting('data_directory') LIKE '/staging/%'"):
        """A database with a view that does this when it is refreshed in a drill."""
        self.cluster.sql(f"""
            DROP DATABASE IF EXISTS hostile;""")
        self.cluster.create_database("hostile")
        self.cluster.sql(f"""
            CREATE TABLE seen (i int, t text); INSERT INTO seen VALUES (1, 'as it was');
            CREATE FUNCTION hostile() RETURNS int LANGUAGE plpgsql AS $f$ BEGIN
              IF {condition} THEN {body}; END IF; RETURN 1; END $f$;
            CREATE MATERIALIZED VIEW trap AS SELECT public.hostile();""", "hostile")
        self.dump_to(self.to)

    def test_R2_a_program_that_is_started_reaches_nothing(self):
        mark = self.tmp / "reached"
        os.chmod(self.tmp, 0o777)
        program = (f"touch {mark} /var/tmp/reached.{os.getpid()}; "
                   f"psql -h {self.cluster.sockets} -U postgres -c 'CREATE TABLE reached ()'; "
                   f"echo /proc/[0-9]*; ls {self.to}; ls -l {self.cluster.sockets}; id; env")
        for code in (1, 0):
            command = f"({program}) >/tmp/out 2>&1; exit {code}".replace("'", "''")
            self.with_view(f"COPY (SELECT 1) TO PROGRAM '{command}'")
            result = self.assert_passes()
            said = "materialised view public trap could not be computed and is empty: "
            self.assertEqual(code == 1, any(said in each for each in result["compared"]))  # it does run
        self.assertFalse(mark.exists())
        self.assertFalse(os.path.exists(f"/var/tmp/reached.{os.getpid()}"))
        for database in ("postgres", "hostile"):
            self.assertEqual(self.cluster.sql("SELECT count(*) FROM pg_class WHERE relname = 'reached'",
                                              database), "0\n")

    def test_R2_what_a_program_leaves_in_the_new_data_directory_is_not_given_to_anybody(self):
        for command in ("ln -s /etc link", "mkfifo fifo", "ln PG_VERSION second"):
            with self.subTest(command):
                self.with_view(f"COPY (SELECT 1) TO PROGRAM '{command}'")
                done = self.restore("restore", self.source, "--to", self.tmp / "back", code=1)
                self.assertIn("has in it what no server makes: ", done.text)
                self.assertEqual(sorted(os.listdir(self.tmp)), ["backup", "src"])

    def test_R1_data_that_a_restore_changes(self):
        self.with_view("UPDATE public.seen SET t = 'another'")
        result = self.assert_state("failed", "database hostile: dumped again its data are others: ", "seen")
        self.assertNotIn("==>", str(result))

    def test_R8_one_that_hangs(self):
        self.with_view("PERFORM pg_sleep(1000000)")
        self.assert_not_run("no progress within --timeout", options=("--timeout", "3s"))
        self.assert_scratch_is_empty()


class MissingTest(PostgresDrillCase):
    dump_code = 3

    @classmethod
    def fill(cls):
        cls.cluster.create_database("closed")
        cls.cluster.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false")

    def test_D34_a_copy_that_is_not_complete_proves_nothing_and_is_restored_with_a_word(self):
        self.assert_not_run("the copy is not complete: database closed is not in this copy")
        target = self.tmp / "back"
        done = self.restore("restore", self.source, "--to", target, code=3)
        self.assertIn("MISSING: database closed is not in this copy", done.text)
        self.assertTrue((target / "PG_VERSION").exists())


class OddTest(PostgresDrillCase):
    """Another first superuser, another encoding, bytes that are no text."""
    superuser = 'The "Boss" \\ \'x\''
    initdb = ("-E", "LATIN1", "-U", "first")
    options = ("--pg-role", superuser)

    @classmethod
    def fill(cls):
        cls.cluster.superuser = "first"  # initdb takes no such name
        cls.cluster.sql("CREATE ROLE other SUPERUSER LOGIN")
        cls.cluster.superuser = "other"
        cls.cluster.sql('ALTER ROLE first RENAME TO "' + cls.superuser.replace('"', '""') + '"')
        cls.cluster.superuser = cls.superuser
        cls.cluster.sql("DROP ROLE other")
        cls.cluster.sql("SET client_encoding = 'UTF8'; CREATE TABLE \"grün\" AS SELECT 'ß' AS t;"
                        "CREATE ROLE postgres LOGIN")
        cls.cluster.create_database("bytes", "ENCODING 'SQL_ASCII' TEMPLATE template0")
        cls.cluster.sql("CREATE TABLE b AS SELECT E'\\xff\\xfe'::text AS t", "bytes")
        cls.cluster.sql("DROP DATABASE postgres", "template1")

    def test_A3_it_passes_and_is_restored(self):
        self.assert_passes()
        os.chmod(self.tmp, 0o711)
        self.restore("restore", self.source, "--to", self.tmp / "back")
        restored = Cluster(self.tmp / "back", self.cluster.user.pw_name, self.superuser)
        self.addCleanup(restored.remove)
        hba = restored.sockets / "hba"
        hba.write_text("local all all trust\n")
        hba.chmod(0o644)
        restored.start(f"hba_file={hba}")
        self.assertEqual(restored.psql("-c", "SELECT encode(t::bytea, 'hex') FROM b",
                                       database="bytes").text, "fffe\n")
        self.assertEqual(restored.psql("-c", "SELECT datname FROM pg_database ORDER BY 1",
                                       database="template1").text, "bytes\ntemplate0\ntemplate1\n")


class EmptyTest(PostgresDrillCase):
    def test_R10_without_any_row_the_schema_is_altered(self):
        result = self.assert_passes()
        self.assertIn("what was altered is noticed", result["compared"])
        self.make_all_equal()
        self.assert_fails("a schema was made", "and nothing noticed it")


if __name__ == "__main__":
    main()
