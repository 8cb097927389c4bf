"""Dumps of running PostgreSQL clusters: every database is accounted for, whatever it is called, and
what a copy says that it has is what its snapshot had."""
import os
import pwd
import re
import shutil
import subprocess

from postgres import BINARIES, CLEAN
from postgres_case import PostgresCase
from support import main, make_hg, must, run, validate, wait_for

EVIL = ["host=/evil", "postgresql://evil/x", "-rf", "a/../b", "../../etc/x", "new\nline", "it's \"q\"",
        "back\\slash", "%s%n", "$(id)", "a b", "é", "..", "x" * 63]


class DumpTest(PostgresCase):
    def test_D34_databases_of_any_name_are_dumped_whole(self):
        for name in EVIL:
            self.database(name)
        done = self.dump_cluster()
        self.assert_published(done)
        for name in EVIL:
            self.assertEqual(self.rows(name), {"public.t": 100}, name)
            self.assertEqual(self.restored(name), self.live(name), name)
        record = self.record()
        self.assertEqual(record["fingerprint"]["databases"], len(EVIL) + 2)
        self.assertEqual(record["fingerprint"]["method"], "dump")
        self.assertEqual(record["verified"]["by"], "pg_restore")
        self.assertRegex(record["verified"]["version"], r"^[0-9]+\.[0-9]+$")
        self.assertFalse(os.path.exists("/etc/x"))

    def test_all_that_a_database_can_hold_is_in_its_dump(self):
        self.cluster.sql("CREATE ROLE app LOGIN PASSWORD 'secret'; CREATE ROLE readers")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE app, readers")
        name = self.database("rich", """
            CREATE EXTENSION pg_trgm;
            CREATE TABLE "odd
            name" (id serial PRIMARY KEY, t text, b bytea, j jsonb);
            INSERT INTO "odd
            name" (t, b, j) SELECT 'x' || i, decode(md5(i::text), 'hex'), '{"a": 1}'
            FROM generate_series(1, 1000) i;
            CREATE INDEX ON "odd
            name" USING gin (t gin_trgm_ops);
            CREATE MATERIALIZED VIEW m AS SELECT count(*) FROM "odd
            name";
            CREATE MATERIALIZED VIEW empty AS SELECT 1 WITH NO DATA;
            CREATE UNLOGGED TABLE u AS SELECT generate_series(1, 10) x;
            CREATE TABLE p (x int) PARTITION BY RANGE (x);
            CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (10);
            INSERT INTO p SELECT generate_series(0, 9);
            SELECT lo_from_bytea(0, 'large object');
            GRANT SELECT ON u TO readers;
            ALTER DATABASE rich SET work_mem = '8MB';
            ALTER DATABASE rich OWNER TO app;
            ALTER TABLE p OWNER TO app""")
        self.addCleanup(self.cluster.psql, "-c", "DROP OWNED BY app, readers", database="postgres")
        self.addCleanup(self.drop, name)
        self.assert_published(self.dump_cluster())
        self.assertEqual(self.restored(name), self.live(name))
        self.assertEqual(self.rows(name), {'public."odd\n            name"': 1000, "public.u": 10,
                                           "public.p1": 10})
        text = (self.copy() / "data/globals.sql").read_text()
        self.assertIn("CREATE ROLE app;", text)
        self.assertIn("SCRAM-SHA-256", text)
        self.assertEqual(os.stat(self.copy() / "data/globals.sql").st_mode & 0o777, 0o600)

    def test_what_is_in_no_dump_comes_along(self):
        """A file-level backup may leave the data directory out: so the copy has all of it."""
        for name in ("server.key", "mine/notes"):
            path = self.cluster.data / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("bytes")
            self.addCleanup(path.unlink)
        os.chown(self.cluster.data / "server.key", self.cluster.user.pw_uid, self.cluster.user.pw_gid)
        make_hg(self.cluster.data / "mine/repository", 1)
        self.addCleanup(shutil.rmtree, self.cluster.data / "mine/repository")
        self.assert_published(self.dump(self.manifest(), "-k", "postgres"))
        found = {str(path.relative_to(self.copy() / "data/files"))
                 for path in (self.copy() / "data/files").rglob("*") if path.is_file()}
        self.assertEqual(found, {"postgresql.conf", "postgresql.auto.conf", "pg_hba.conf", "pg_ident.conf",
                                 "server.key", "mine/notes", "mine/repository/c0"})
        self.assertIn(f"f 0644 {self.cluster.user.pw_uid} {self.cluster.user.pw_gid} - files/server.key",
                      (self.copy() / "owners").read_text())

    def test_D22_functions_of_others_are_not_run_with_the_rights_of_who_asks(self):
        """Who may make an operator in a database that is asked first (CVE-2018-1058) could become
        superuser by it, and then, with COPY TO PROGRAM, the cluster's owner."""
        self.cluster.sql("CREATE ROLE mallory LOGIN")
        self.addCleanup(self.cluster.psql, "-c", "DROP OWNED BY mallory CASCADE; DROP ROLE mallory;"
                        "REVOKE CREATE ON SCHEMA public FROM public")
        trap = """CREATE FUNCTION public.trap({0}) RETURNS bool LANGUAGE plpgsql AS $$
            BEGIN IF (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) THEN
            ALTER ROLE mallory SUPERUSER; END IF; RETURN $1::text = $2::text; END $$;
            CREATE OPERATOR public.= (FUNCTION = public.trap, LEFTARG = {1}, RIGHTARG = {2});"""
        pairs = [("oid", "int4"), ("name", "text"), ("text", "name"), ("name", "unknown")]
        text = "SET ROLE mallory;" + "".join(trap.format(f"{a}, {b}", a, b) for a, b in pairs[:3])
        text += """CREATE FUNCTION public.current_setting(varchar) RETURNS text LANGUAGE plpgsql AS $$
            BEGIN ALTER ROLE mallory SUPERUSER; RETURN 'x'; END $$;"""
        for database in ("postgres", self.database("app")):
            self.cluster.sql("GRANT CREATE ON SCHEMA public TO public;" + text, database)
        self.assert_published(self.dump_cluster())
        self.assert_published(self.dump_cluster("--pg-method", "basebackup"))
        self.assertEqual(self.cluster.sql("SELECT rolsuper FROM pg_roles WHERE rolname = 'mallory'"), "f\n")

    def test_values_are_written_in_one_way_whatever_the_server_is_set_to(self):
        self.cluster.sql("ALTER SYSTEM SET datestyle = 'SQL, DMY'; ALTER SYSTEM SET timezone = 'Asia/Tokyo'")
        self.cluster.sql("SELECT pg_reload_conf()")
        self.addCleanup(self.cluster.sql, "SELECT pg_reload_conf()")
        self.addCleanup(self.cluster.sql, "ALTER SYSTEM RESET ALL")
        self.cluster.sql("CREATE ROLE soon VALID UNTIL '2031-02-01 00:00:00+00'; "
                         "ALTER ROLE ALL SET work_mem = '7MB'")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE soon; ALTER ROLE ALL RESET work_mem")
        self.assert_published(self.dump_cluster())
        self.assertIn("VALID UNTIL '2031-02-01 00:00:00+00'", (self.copy() / "data/globals.sql").read_text())
        cluster = (self.copy() / "data/cluster").read_text()
        self.assertIn("\ntimezone Asia%2FTokyo\n", cluster)
        self.assertIn("\ndatestyle SQL%2C%20DMY\n", cluster)
        self.assertIn("\ndata_checksums off\n", cluster)
        self.assertIn("work_mem=7MB", str(self.record()["notes"]))

    def test_a_role_with_another_encoding_loses_no_letter(self):
        name = self.database("snowman \u2603")
        self.cluster.sql("CREATE TABLE \"\u2603\" AS SELECT '\u2603' AS x", name)
        self.cluster.sql("ALTER ROLE postgres SET client_encoding = 'LATIN1'")
        self.addCleanup(self.cluster.sql, "ALTER ROLE postgres RESET client_encoding")
        self.assert_published(self.dump_cluster())
        self.assertEqual(self.rows(name), {"public.t": 100, 'public."\u2603"': 1})
        self.assertEqual(self.restored(name).count("\n\u2603\n"), 1)

    def test_roles_that_come_and_go_stop_no_dump_and_each_that_is_named_in_one_is_made(self):
        name = self.database("app")
        writer = self.start("sh", "-c", """
            i=0
            while [ -e "$1" ]; do
              i=$((i + 1))
              echo "CREATE ROLE r$i; GRANT SELECT ON t TO r$i;"
              echo "SELECT pg_sleep(0.2); DROP OWNED BY r$i; DROP ROLE r$i;"
            done | "$2" -Xqd "$3"
            """, "sh", self.src, BINARIES / "psql", self.cluster.where(name), env=CLEAN,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for(lambda: self.cluster.sql("SELECT count(*) FROM pg_roles WHERE rolname ~ '^r[0-9]'") != "0\n",
                 "a role", writer)
        for _ in range(3):
            self.assert_published(self.dump_cluster())
            made = set(re.findall(r"CREATE ROLE (\S+);", (self.copy() / "data/globals.sql").read_text()))
            named = set(re.findall(r"GRANT SELECT ON TABLE public.t TO (\S+);", self.restored(name)))
            self.assertLessEqual(named, made)
        self.assertIsNone(writer.poll())

    def test_counts_are_exact_under_a_storm(self):
        """pgbench moves money while every copy is made: in each the sums agree, and the counts are
        those of what was dumped."""
        name = self.database("bench", "SELECT 1")
        where = ["-h", str(self.cluster.sockets), "-p", str(self.cluster.port), "-U", "postgres"]
        must(BINARIES / "pgbench", "-i", "-q", "-s", "3", *where, name, env=CLEAN)
        storm = self.start(BINARIES / "pgbench", "-n", "-c", "4", "-T", "100", *where, name, env=CLEAN)
        history = lambda: int(self.cluster.sql("SELECT count(*) FROM pgbench_history", name))
        wait_for(lambda: history() > 100, "writers", storm)
        seen = []
        for _ in range(3):
            before = history()
            self.assert_published(self.dump_cluster("--keep", "9"))
            rows = self.rows(name)
            self.assertLessEqual(before, rows["public.pgbench_history"])
            self.assertLessEqual(rows["public.pgbench_history"], history())
            self.assertEqual(rows["public.pgbench_accounts"], 300000)
            text = self.restored(name)
            tables = dict(re.findall(r"COPY (public\.\w+) [^\n]*;\n((?:.*\n)*?)\\\.\n", text))
            for table, count in rows.items():
                self.assertEqual(tables[table].count("\n"), count, table)
            sums = [sum(int(line.split("\t")[column]) for line in tables[table].splitlines())
                    for table, column in (("public.pgbench_accounts", 2), ("public.pgbench_tellers", 2),
                                          ("public.pgbench_branches", 1),
                                          ("public.pgbench_history", 3))]
            self.assertEqual(len(set(sums)), 1, sums)
            seen.append(rows["public.pgbench_history"])
        self.assertIsNone(storm.poll(), "the storm ended before the dumps")
        self.assertEqual(seen, sorted(set(seen)), "nothing was written meanwhile")

    def test_every_night_is_a_new_copy_and_the_source_is_left_as_it_is(self):
        self.database("app")
        before = self.cluster.sql("SELECT pg_current_wal_lsn()").split()
        self.assert_published(self.dump_cluster())
        done = self.dump_cluster("--json")
        self.assert_published(done)
        item = done.json_lines()[0]
        self.assertEqual(item["status"], "copied")
        validate(item, "result")
        self.assertEqual(len(self.generations()), 2)
        self.assertEqual(self.cluster.sql("SELECT count(*) FROM pg_stat_activity "
                                          "WHERE application_name ~ 'repo-backup|pg_dump|psql' "
                                          "AND pid <> pg_backend_pid()").strip(), "0")
        self.assertTrue(before)

    def test_D36_the_environment_of_the_caller_leads_nowhere(self):
        self.database("app")
        home = self.tmp / "home"
        home.mkdir()
        (home / ".psqlrc").write_text("DROP TABLE t;\n")
        self.assert_published(self.dump_cluster(env={
            **os.environ, "PGHOSTADDR": "127.0.0.9", "PGHOST": "/evil", "PGSERVICE": "evil",
            "PGOPTIONS": "-c statement_timeout=1", "PGPASSWORD": "x", "PGDATABASE": "evil",
            "PGSSLMODE": "verify-full", "PGUSER": "evil", "PGPORT": "1", "HOME": str(home),
            "PGCLIENTENCODING": "LATIN1", "PGAPPNAME": "evil"}))
        self.assertEqual(self.rows("app"), {"public.t": 100})

    def test_clusters_of_several_users_are_dumped_in_one_run(self):
        other = self.new_cluster("other", user="nobody", superuser="nobody", port=5499)
        other.start()
        other.sql("CREATE TABLE t AS SELECT generate_series(1, 7) x")
        self.database("app")
        self.assert_published(self.dump(self.manifest(self.cluster, other), "-j", "2"))
        self.assertEqual(self.rows("app"), {"public.t": 100})
        self.assertEqual(self.rows("postgres", other), {"public.t": 7})

    def test_tablespaces_are_named_and_dumped(self):
        place = self.folder / "space"
        place.mkdir()
        os.chown(place, self.cluster.user.pw_uid, self.cluster.user.pw_gid)
        self.cluster.psql("-c", f"CREATE TABLESPACE ts LOCATION '{place}'")
        self.addCleanup(self.cluster.psql, "-c", "DROP TABLESPACE ts")
        self.database("app", "CREATE TABLE t TABLESPACE ts AS SELECT generate_series(1, 5) x")
        self.assert_published(self.dump_cluster())
        self.assertEqual(self.rows("app"), {"public.t": 5})
        self.assertIn(f"LOCATION '{place}'", (self.copy() / "data/globals.sql").read_text())
        self.assertTrue([note for note in self.record()["notes"] if "tablespaces" in note])

    def test_a_table_that_is_emptied_meanwhile_is_never_empty_in_a_dump(self):
        """It has rows whenever anybody looks; a TRUNCATE between a snapshot and a lock would show."""
        name = self.database("churn", "CREATE TABLE t (x int)")
        fill = self.tmp / "fill.sql"
        fill.write_text("BEGIN; TRUNCATE t; INSERT INTO t SELECT generate_series(1, 1000); COMMIT;\n")
        writer = self.start(BINARIES / "pgbench", "-n", "-R", "8", "-T", "100", "-f", fill, "-h",
                            self.cluster.sockets, "-p", str(self.cluster.port), "-U", "postgres", name,
                            env=CLEAN)
        wait_for(lambda: self.cluster.sql("SELECT count(*) FROM t", name).strip() == "1000", "writer",
                 writer)
        for _ in range(3):
            self.assert_published(self.dump_cluster())
            self.assertEqual(self.rows(name), {"public.t": 1000})
            self.assertEqual(self.restored(name).count("\n1000\n"), 1)
        self.assertIsNone(writer.poll())


class NoTraceTest(PostgresCase):
    def test_D31_secrets_are_in_no_command_line_no_log_and_no_result(self):
        """A role that needs a password gets it from the owner's .pgpass, and nobody sees it."""
        secret = "s3cr3t-of-this-test"
        self.cluster.sql(f"CREATE ROLE backup SUPERUSER LOGIN PASSWORD '{secret}'")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE backup")
        hba = self.cluster.data / "pg_hba.conf"
        before = hba.read_text()
        self.addCleanup(lambda: (hba.write_text(before), self.cluster.psql("-c", "SELECT pg_reload_conf()")))
        hba.write_text("local all backup scram-sha-256\n" + before)
        self.cluster.sql("SELECT pg_reload_conf()")
        real = pwd.getpwnam("postgres").pw_dir
        pgpass = os.path.join(real, ".pgpass")
        self.assertFalse(os.path.lexists(pgpass))
        self.addCleanup(lambda: os.path.lexists(pgpass) and os.unlink(pgpass))

        done = self.dump_cluster("--pg-role", "backup")
        self.assert_code(done, 3)
        self.assertIn("no password supplied", done.text + done.message)

        with open(pgpass, "w", encoding="utf-8") as file:
            file.write(f"{self.cluster.sockets}:{self.cluster.port}:*:backup:{secret}\n")
        os.chown(pgpass, self.cluster.user.pw_uid, self.cluster.user.pw_gid)
        os.chmod(pgpass, 0o644)
        done = self.dump_cluster("--pg-role", "backup")
        self.assert_code(done, 3)
        self.assertIn("has group or world access", done.text + done.message)

        os.chmod(pgpass, 0o600)
        trace = self.tmp / "trace"
        done = self.dump_cluster("--pg-role", "backup", before=(
            "strace", "-f", "-qq", "-e", "trace=execve", "-v", "-s", "100000", "-o", trace))
        self.assert_published(done)
        self.assertIn("pg_dump", trace.read_text(errors="replace"))
        self.assertNotIn(secret, trace.read_text(errors="replace"))
        self.assertNotIn(secret, done.text + done.message)
        self.assertEqual(run("grep", "-rlF", secret, self.to).code, 1)


if __name__ == "__main__":
    main()
