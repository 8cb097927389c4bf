"""Databases that cannot be dumped: each is told, none ends another, and green means all of them."""
from postgres_case import PostgresCase
from support import RESTORE, main, read_json, run, validate, wait_for


class MissingTest(PostgresCase):
    def setUp(self):
        super().setUp()
        self.database("good")

    def assert_missing(self, done, database, *words):
        """The item has failed, is named, and the copy has all the rest."""
        self.assert_code(done, 3)
        self.assertRegex(done.text, r"(?m)^FAILED +postgres ")
        for word in (f"database {database} is not in this copy", *words):
            self.assertIn(word, done.text)
        self.assert_whole()
        self.assertEqual(self.rows("good"), {"public.t": 100})
        record = self.record()
        validate(record, "item")
        self.assertEqual(len(record["missing"]), 1, record["missing"])
        self.assertLessEqual({path.name for path in (self.copy() / "data/rows").iterdir()}, set(self.dumped()))
        self.assertIn(database, record["missing"][0])
        item = read_json(max(self.to.glob("control/runs/*.json")))["items"][0]
        self.assertEqual(item["status"], "failed")
        self.assertEqual(item["generation"], record["generation"])

    def test_D34_one_that_allows_no_connections(self):
        self.database("closed")
        self.cluster.psql("-c", "ALTER DATABASE closed ALLOW_CONNECTIONS false")
        self.assert_missing(self.dump_cluster(), "closed", "ALLOW_CONNECTIONS false")
        listed = run(RESTORE, "list", "--from", self.to, "--stale", "30d")
        self.assert_code(listed, 3)
        self.assertIn("INCOMPLETE: lacks 1", listed.text)
        self.assertIn("MISSING: database closed", run(RESTORE, "show", self.cluster.data, "--from",
                                                      self.to).text)
        self.assertIn("THIS COPY LACKS SOMETHING", (self.copy() / "RESTORE.md").read_text())
        done = self.dump_cluster("--pg-acknowledge", "closed")
        self.assert_published(done)
        self.assertIn("database closed is not in this copy", str(self.record()["notes"]))
        self.assertNotIn("missing", self.record())
        self.assert_published(self.dump_cluster("--pg-acknowledge", f"closed@{self.cluster.data}"))
        self.assert_missing(self.dump_cluster("--pg-acknowledge", "closed@/elsewhere"), "closed")

    def test_D34_one_that_an_interrupted_drop_left(self):
        self.database("half")
        self.cluster.psql("-c", "UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'half'")
        self.assert_missing(self.dump_cluster(), "half", "DROP DATABASE that was interrupted")
        self.cluster.psql("-c", "UPDATE pg_database SET datconnlimit = -1 WHERE datname = 'half'")

    def test_D34_one_that_the_role_may_not_connect_to(self):
        self.database("private")
        self.cluster.sql("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader;"
                         "REVOKE CONNECT ON DATABASE private FROM public")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE reader")
        self.assert_missing(self.dump_cluster("--pg-role", "reader"), "private", "CONNECT privilege")

    def test_what_only_a_superuser_sees_is_missing_where_another_role_asks(self):
        self.cluster.sql("CREATE ROLE reader LOGIN; GRANT pg_read_all_data TO reader")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE reader")
        self.database("remote", "CREATE EXTENSION postgres_fdw; CREATE SERVER s FOREIGN DATA WRAPPER "
                      "postgres_fdw; CREATE USER MAPPING FOR postgres SERVER s OPTIONS (password 'x')")
        done = self.dump_cluster("--pg-role", "reader")
        self.assert_code(done, 3)
        self.assertIn("database remote: passwords of its user mappings are for superusers alone", done.text)
        self.assert_published(self.dump_cluster())

    def test_a_role_that_may_not_read_passwords_gets_no_copy(self):
        self.cluster.sql("CREATE ROLE plain LOGIN")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE plain")
        done = self.dump_cluster("--pg-role", "plain")
        self.assert_code(done, 3)
        self.assertIn("pg_authid", done.text)
        self.assertEqual(self.current(), {})

    def test_D34_template0_that_somebody_lets_in_is_no_exception_any_more(self):
        self.cluster.psql("-c", "ALTER DATABASE template0 ALLOW_CONNECTIONS true")
        self.addCleanup(self.cluster.psql, "-c", "ALTER DATABASE template0 ALLOW_CONNECTIONS false")
        self.assert_published(self.dump_cluster())
        self.assertIn("template0", self.dumped())

    def test_a_whole_copy_outlives_any_number_of_incomplete_ones(self):
        self.database("other")
        self.assert_published(self.dump_cluster("--keep", "2"))
        whole = self.record()["generation"]
        self.cluster.psql("-c", "ALTER DATABASE other ALLOW_CONNECTIONS false")
        for _ in range(4):
            self.assert_missing(self.dump_cluster("--keep", "2"), "other")
        older = [read_json(each / "item.json") for each in self.to.glob("older/*/*/*")]
        self.assertEqual(sorted("missing" in each for each in older), [False, True])
        self.assertIn(whole, [each["generation"] for each in older])
        self.cluster.psql("-c", "ALTER DATABASE other ALLOW_CONNECTIONS true")
        self.assert_published(self.dump_cluster("--keep", "2"))
        self.assertEqual(len(self.generations()), 2)

    def test_D34_one_that_is_dropped_during_the_dump_is_no_failure(self):
        """A table is locked until the dump waits for it; then its database is dropped."""
        self.database("victim")
        self.locked("victim")
        manifest = self.manifest()
        dump = self.start(*self.dump_argv(manifest))
        wait_for(lambda: self.has_lock("victim", "NOT granted"), "the dump", dump)
        self.cluster.psql("-c", "DROP DATABASE victim WITH (FORCE)")
        done = self.finish(dump)
        self.assert_published(done)
        self.assertIn("victim was dropped", str(self.record()["notes"]))
        self.assertNotIn("victim", self.dumped())

    def test_D34_one_that_is_made_during_the_dump_is_in_the_copy(self):
        session = self.locked("good")
        manifest = self.manifest()
        dump = self.start(*self.dump_argv(manifest))
        wait_for(lambda: self.has_lock("good", "NOT granted"), "the dump", dump)
        self.database("late")
        self.cluster.sql("CREATE ROLE late_too")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE late_too")
        session.stdin.write(b"COMMIT;\n")
        session.stdin.close()
        self.assert_published(self.finish(dump))
        self.assertIn("late", self.dumped())
        self.assertIn("CREATE ROLE late_too;", (self.copy() / "data/globals.sql").read_text())


if __name__ == "__main__":
    main()
