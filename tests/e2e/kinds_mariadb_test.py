#!/usr/bin/env python3
"""MariaDB as kinds/mariadb.json has it, with a real server of Debian's on a private socket."""
import json
import os
import shutil
import subprocess
import unittest

from kinds_case import SHIPPED, KindsCase
from support import Case, as_user, main, must, read_json, run, wait_for

OWNER = 4323

SCHEMA = """
CREATE DATABASE app; USE app;
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100)) CHARSET utf8mb4;
INSERT INTO t (v) VALUES ('a'), ('b'), ('ü'), (NULL), ('quo''te\\n'), ('a private row');
CREATE TABLE pairs (a INT, b INT); INSERT INTO pairs VALUES (0, 0);
CREATE TABLE log (n INT);
CREATE TABLE `my;sam` (id INT, raw BLOB) ENGINE=MyISAM; INSERT INTO `my;sam` VALUES (1, X'00ff');
CREATE VIEW v AS SELECT * FROM t;
CREATE TABLE versions (id INT PRIMARY KEY, v INT) WITH SYSTEM VERSIONING;
INSERT INTO versions VALUES (1, 1); UPDATE versions SET v = 2;
CREATE TABLE exact (a FLOAT, b FLOAT(7,2)); INSERT INTO exact VALUES (0.1, 12345.67), (1.5e30, NULL);
CREATE PROCEDURE p() SELECT 1;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'x');
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
CREATE USER bob@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON app.* TO bob@'%';
"""

# What belongs to others than the one who loads a dump: a server that does not know them yet takes the
# role for a user, shows the views in other words, and refuses views on views.
DEFINERS = """
USE app;
CREATE USER web@localhost; GRANT SELECT, EXECUTE, TRIGGER ON app.* TO web@localhost;
CREATE USER nobody@localhost;
CREATE USER member@localhost; CREATE ROLE `th``e rôle`;
GRANT SELECT, EXECUTE, TRIGGER ON app.* TO `th``e rôle`;
GRANT `th``e rôle` TO member@localhost; SET DEFAULT ROLE `th``e rôle` FOR member@localhost;
CREATE DEFINER=web@localhost VIEW of_web AS SELECT id FROM t;
CREATE DEFINER=web@localhost SQL SECURITY INVOKER VIEW of_invoker AS SELECT id FROM t;
CREATE DEFINER=nobody@localhost VIEW of_nobody AS SELECT id FROM t;
CREATE DEFINER=nobody@localhost VIEW `a view on of_web` AS SELECT * FROM of_web;
CREATE DEFINER=member@localhost VIEW of_member AS SELECT id FROM t;
CREATE DEFINER=`th``e rôle` VIEW of_role AS SELECT id FROM t;
CREATE DEFINER=web@localhost PROCEDURE p_web() SELECT 1;
CREATE DEFINER=`th``e rôle` FUNCTION f_role() RETURNS INT RETURN 1;
CREATE DEFINER=web@localhost TRIGGER tr_web BEFORE INSERT ON log FOR EACH ROW SET @a = 1;
CREATE DEFINER=`th``e rôle` TRIGGER tr_role AFTER INSERT ON log FOR EACH ROW SET @b = 1;
CREATE DEFINER=web@localhost EVENT e_web ON SCHEDULE EVERY 1 DAY DO SELECT 1;
CREATE DEFINER=`th``e rôle` EVENT e_role ON SCHEDULE EVERY 1 DAY DO SELECT 1;
CREATE DEFINER=web@localhost VIEW of_function AS SELECT f_role() AS f;
"""

# Each transaction changes both columns and adds a row: a state in between has unequal numbers.
STORM = """
CREATE PROCEDURE app.storm()
BEGIN
  DECLARE n INT DEFAULT 0;
  WHILE n < 1000000 DO
    START TRANSACTION;
    UPDATE app.pairs SET a = a + 1;
    INSERT INTO app.log VALUES (n);
    UPDATE app.pairs SET b = b + 1;
    COMMIT;
    SET n = n + 1;
  END WHILE;
END
"""


@unittest.skipUnless(shutil.which("mariadbd", path="/usr/sbin:/usr/bin"), "needs mariadb-server")
class MariadbTest(KindsCase):
    @classmethod
    def setUpClass(cls):
        """One server for all tests: as another user, with a socket in a folder of its own."""
        cls.top = Case.make_tmp(cls.addClassCleanup)
        os.chmod(cls.top, 0o755)
        for name in ("sockets", "src"):
            (cls.top / name).mkdir(mode=0o755)
        cls.datadir = cls.top / "src" / "mysql"
        cls.socket = cls.top / "sockets" / "server.sock"
        must("chown", f"{OWNER}:{OWNER}", cls.top / "sockets", cls.top / "src")
        must(*as_user(OWNER), "mariadb-install-db", "--no-defaults", "--skip-name-resolve",
             "--auth-root-authentication-method=normal", "--skip-test-db",
             f"--datadir={cls.datadir}")
        cls.log = open(cls.top / "log", "wb")
        cls.addClassCleanup(cls.log.close)
        cls.server = subprocess.Popen(
            [*as_user(OWNER), "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={cls.datadir}",
             f"--socket={cls.socket}", "--skip-networking", "--pid-file=pid",
             "--innodb-flush-log-at-trx-commit=2", "--max-allowed-packet=64M"], stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls.end_server)
        wait_for(lambda: cls.client("SELECT 1").code == 0, "the server", cls.server)
        for text in (SCHEMA, DEFINERS):
            cls.sql(text)
        # As Debian's server has it: the owner of the data directory by the socket. His number is
        # his name here, since the machine knows none.
        cls.sql(f"CREATE USER '{OWNER}'@localhost; GRANT ALL ON *.* TO '{OWNER}'@localhost")

    @classmethod
    def end_server(cls):
        cls.server.terminate()
        cls.server.wait()

    @classmethod
    def client(cls, text, *options):
        return run("mariadb", "--no-defaults", "--user=root", f"--socket={cls.socket}", "-N", "-B",
                   *options, input=text.encode())

    @classmethod
    def sql(cls, text, *options):
        done = cls.client(text, *options)
        if done.code != 0:
            raise RuntimeError(f"could not prepare the test: {done}")
        return done.text

    def setUp(self):
        super().setUp()
        self.src = self.top / "src"
        text = (SHIPPED / "mariadb.json").read_text()
        text = text.replace("/run/mysqld/mysqld.sock", str(self.socket))
        text = text.replace("/run/mysqld", str(self.socket.parent))
        text = text.replace("/var/lib/mysql", str(self.datadir))
        self.ship("mariadb")
        self.define(json.loads(text))
        self.item = ("mariadb", self.datadir)

    def edit(self, name, old, new):
        """As somebody changes a file of the kind."""
        path = self.kinds / name
        text = path.read_text()
        self.assertIn(old, text)
        path.write_text(text.replace(old, new))

    def fails(self, *words):
        line = self.one(self.dump_items(self.item), 3)
        for word in words:
            self.assertIn(word, line["error"])
        return line

    def copied(self):
        line = self.one(self.dump_items(self.item))
        self.assertEqual(line["status"], "copied")
        return line

    def test_a_dump_under_a_storm_is_one_state_and_its_drill_gives_the_same_back(self):
        self.sql(STORM, "--delimiter=//")
        # More than the 24 MiB that mariadb-dump takes by default; as text of a dump it is twice as
        # large, and more than the 16 MiB that a server and its client take.
        self.sql("CREATE TABLE app.large (b LONGBLOB);"
                 "INSERT INTO app.large VALUES (REPEAT('x', 26000000))")
        self.addCleanup(self.sql, "DROP TABLE app.large; DROP PROCEDURE app.storm")
        storm = self.start("mariadb", "--no-defaults", "--user=root", f"--socket={self.socket}",
                           "-e", "CALL app.storm()")
        wait_for(lambda: int(self.sql("SELECT a FROM app.pairs")) > 100, "the storm", storm)
        before = int(self.sql("SELECT a FROM app.pairs"))
        line = self.one(self.dump_items(self.item))
        after = int(self.sql("SELECT a FROM app.pairs"))
        self.assertIsNone(storm.poll())
        storm.kill()
        storm.wait()
        self.assertEqual(line["status"], "copied")
        self.assertIn("1 tables without transactions: MyISAM", line["fingerprint"]["state"])
        self.assertRegex(line["fingerprint"]["identity"],
                         f"^{self.datadir}/\nmade 2[0-9-]+T[0-9:]+Z")
        self.assert_whole()
        done = self.drill()
        self.assert_code(done, 0)
        drilled, = self.lines_of(done, "drill")
        self.assertIn("a change of it was noticed", drilled["compared"])

        a, b, rows = self.counts_of(self.data(self.datadir) / "all.sql")
        self.assertEqual(a, b)
        self.assertEqual(a, rows)
        self.assertLessEqual(before, a)
        self.assertLessEqual(a, after)

    def counts_of(self, dump):
        """What another server says of the tables of the storm, once the dump was fed to it."""
        folder = self.tmp / "other"
        folder.mkdir()
        must("chown", f"{OWNER}:{OWNER}", folder)
        must(*as_user(OWNER), "mariadb-install-db", "--no-defaults", "--skip-name-resolve",
             "--auth-root-authentication-method=normal", "--skip-test-db", f"--datadir={folder}/d")
        server = self.start(*as_user(OWNER), "/usr/sbin/mariadbd", "--no-defaults",
                            f"--datadir={folder}/d", f"--socket={folder}/s", "--skip-networking",
                            "--max-allowed-packet=1G", "--pid-file=pid", stdout=self.log, stderr=self.log)
        client = ["mariadb", "--no-defaults", "--user=root", f"--socket={folder}/s",
                  "--max-allowed-packet=1G", "-N", "-B"]
        wait_for(lambda: run(*client, "-e", "SELECT 1").code == 0, "the other server", server)
        with open(dump, "rb") as text:
            must(*client, stdin=text)
        self.assertEqual(must(*client, "-e", "SELECT v FROM app.t WHERE id = 3").strip(), "ü")
        self.assertEqual(must(*client, "-e", "SELECT v FROM app.versions FOR SYSTEM_TIME ALL"
                              " ORDER BY v").split(), ["1", "2"])
        # The role that owns the function is one, in the server that was restored, too.
        self.assertEqual(must(*client, "-e", "SELECT DEFINER FROM information_schema.ROUTINES"
                              " WHERE ROUTINE_NAME = 'f_role'").strip(), "th`e rôle")
        counts = must(*client, "-e",
                      "SELECT a, b, (SELECT COUNT(*) FROM app.log) FROM app.pairs").split()
        server.terminate()
        server.wait()
        return [int(each) for each in counts]

    def test_a_socket_that_leads_to_another_server_fails_the_item(self):
        other = self.src / "other"
        shutil.copytree(self.datadir / "mysql", other / "mysql")
        for name in ("aria_log_control", "ibdata1"):
            (other / name).write_text("x")
        must("chown", "-R", f"{OWNER}:{OWNER}", other)
        self.addCleanup(shutil.rmtree, other)
        line = self.one(self.dump_items(("mariadb", other)), 3)
        self.assertIn(f"and not in {other}", line["error"])

    def test_D10_a_dump_that_is_cut_off_is_no_copy(self):
        self.one(self.dump_items(self.item))
        before = (self.data(self.datadir) / "all.sql").read_bytes()
        ask = self.kinds / "mariadb-ask"
        text = ask.read_text()
        ask.write_text(text.replace("$dump_options\n", "$dump_options | head -c 100000\n"))
        line = self.one(self.dump_items(self.item), 3)
        self.assertIn("-- Dump completed*", line["error"])
        self.assertEqual((self.data(self.datadir) / "all.sql").read_bytes(), before)

    def test_D10_a_dump_that_no_server_takes_does_not_pass_the_drill(self):
        self.one(self.dump_items(self.item))
        # As a program that writes the dump wrongly would: all that was recorded agrees with it.
        self.edit("mariadb-ask", "$dump_options\n",
                  "$dump_options | sed 's/^INSERT INTO `t` VALUES/& wrong/'\n")
        self.one(self.dump_items(self.item))
        done = self.drill()
        self.assert_code(done, 3)
        drilled, = self.lines_of(done, "drill")
        self.assertEqual(drilled["state"], "failed")
        self.assertRegex(drilled["error"], r"ERROR 1064 .* at line [0-9]+: You have an error in your SQL")
        self.assertNotIn(b"private row", done.out + done.err, "nothing of a row gets into logs")

    def compared(self, copy, again):
        """What the drill's comparison says of two dumps."""
        (self.tmp / "all.sql").write_bytes(copy)
        (self.tmp / "again.sql").write_bytes(again)
        return run(self.kinds / "mariadb-drill", "compare", self.tmp / "all.sql", self.tmp)

    def test_a_difference_is_told_in_the_words_of_both_dumps_and_without_rows(self):
        head = (b"-- MariaDB dump 10.19  Distrib %s\n--\n-- Host: %s    Database:\n"
                b"-- Server version\t%s\n\n-- Current Database: `app`\n\nUSE `app`;\n")
        copy = head % (b"10.11.1", b"web1", b"10.11.1")
        again = head % (b"10.11.2", b"localhost", b"10.11.2-log")
        table = b"\n-- Dumping data for table `t`\n\nINSERT INTO `t` VALUES\n(1,'a private %s');\n"
        view = b"\n-- Final view structure for view `v`\n/*!50001 VIEW `v` AS select %s\\n `i` */;\n"
        last = b"-- Dump completed\n"
        same = table % b"row"
        self.assert_code(self.compared(copy + same + last, again + same + last), 0)

        done = self.compared(copy + same + view % b"`t`." + last, again + same + view % b"`app`." + last)
        self.assert_code(done, 1)
        self.assertEqual(done.err.decode().splitlines(), [
            'they differ at line 16 of all.sql, after "-- Current Database: `app`" and'
            ' "-- Final view structure for view `v`"',
            "the copy: /*!50001 VIEW `v` AS select `t`.\\n `i` */;",
            "a server restored from it: /*!50001 VIEW `v` AS select `app`.\\n `i` */;"])

        # Of a long line it is the part that differs.
        long = b"x" * 5000
        done = self.compared(copy + view % (long + b"ONE" + long), again + view % (long + b"TWO" + long))
        self.assertIn(b"xONEx", done.err)
        self.assertIn(b"xTWOx", done.err)
        self.assertLess(len(done.err), 700)

        done = self.compared(copy + same + last, again + table % b"secret" + last)
        self.assert_code(done, 1)
        self.assertIn(b'line 13 of all.sql, after "-- Current Database: `app`" and'
                      b' "-- Dumping data for table `t`"', done.err)
        self.assertNotIn(b"private", done.err)

        for one, two in ((copy + same, again + same + last), (copy + same + last, again + same)):
            done = self.compared(one, two)
            self.assert_code(done, 1)
            self.assertIn(b"line 14 of all.sql", done.err)
            self.assertIn(b": (nothing)\n", done.err)
            self.assertIn(b": -- Dump completed\n", done.err)

    def test_D10_an_account_that_does_not_see_all_databases_makes_no_dump(self):
        """mariadb-dump leaves out in silence what its account may not see."""
        self.sql("CREATE DATABASE secretdb; CREATE TABLE secretdb.t (a INT);"
                 "CREATE USER lim@localhost IDENTIFIED BY 'password';"
                 "GRANT ALL ON app.* TO lim@localhost; GRANT ALL ON mysql.* TO lim@localhost")
        self.addCleanup(self.sql, "DROP DATABASE secretdb; DROP USER lim@localhost")
        options = self.tmp / "options"
        options.write_text("[client]\nuser=lim\npassword=password\n")
        options.chmod(0o600)
        kind = read_json(self.kinds / "mariadb.json")
        self.define({**kind, "secrets": {"file": str(options), "at": "/secrets/mariadb.cnf"}})
        self.fails("lim@localhost may not see all",
                   "GRANT EVENT, SELECT, SHOW DATABASES, SHOW VIEW, TRIGGER ON *.*")
        self.sql("GRANT EVENT, SELECT, SHOW DATABASES, SHOW VIEW ON *.* TO lim@localhost")
        self.fails("GRANT TRIGGER ON *.*")
        self.sql("GRANT TRIGGER ON *.* TO lim@localhost; REVOKE ALL ON mysql.* FROM lim@localhost")
        self.copied()
        dump = (self.data(self.datadir) / "all.sql").read_text(errors="replace")
        self.assertIn("-- Current Database: `secretdb`", dump)

    def test_a_data_directory_that_the_server_reaches_through_a_link(self):
        real = self.datadir.with_name("real")
        self.datadir.rename(real)
        self.datadir.symlink_to(real)

        def undo():
            self.datadir.unlink()
            real.rename(self.datadir)
        self.addCleanup(undo)
        self.item = ("mariadb", real)
        self.fails(f"its data in {self.datadir}/ and not in {real}", 'in place of "{source}"')
        self.edit("mariadb.json", "{source}", str(self.datadir))
        self.copied()

    def test_broken_views_are_named_and_can_be_left_out(self):
        self.sql("USE app; CREATE TABLE gone (i INT); CREATE VIEW `bro-ken` AS SELECT * FROM gone;"
                 "CREATE VIEW spoilt AS SELECT * FROM `bro-ken`; DROP TABLE gone;"
                 "CREATE DEFINER=ghost@localhost VIEW of_ghost AS SELECT id FROM t")
        self.addCleanup(self.sql, "DROP VIEW app.`bro-ken`, app.spoilt, app.of_ghost")
        self.fails("broken views, which end a dump: app.bro-ken app.spoilt (")
        self.edit("mariadb-options", "--hex-blob\n",
                  "--hex-blob\n--ignore-table=app.bro-ken --ignore-table=app.spoilt\n")
        state = self.copied()["fingerprint"]["state"]
        self.assertIn("left out, a broken view: app.bro-ken\n", state)

    def test_D10_values_that_a_dump_rounds_are_no_copy_unless_somebody_says_so(self):
        self.sql("USE app; CREATE TABLE `ro'unded` (`a``b` FLOAT, c FLOAT);"
                 "INSERT INTO `ro'unded` VALUES (16777216, 1), (16777217, NULL), (0.1, 2)")
        # The old row counts, what the server makes of others does not.
        self.sql("USE app; CREATE TABLE old (a FLOAT, g FLOAT AS (a * 1234567)) WITH SYSTEM VERSIONING;"
                 "INSERT INTO old (a) VALUES (16777216); UPDATE old SET a = 1")
        self.addCleanup(self.sql, "DROP TABLE app.`ro'unded`, app.old")
        lost = "2 FLOAT values that a dump rounds: app.ro'unded.a`b"
        error = self.fails(lost, "1 FLOAT values that a dump rounds: app.old.a")["error"]
        self.assertNotIn("old.g", error)
        self.assertNotIn("unded.c", error)
        self.assertNotIn("exact.", error)
        self.edit("mariadb-options", "inexact=refuse", "inexact=record")
        self.fails(lost)
        self.edit("mariadb.json", '"directory"', '"files"')
        self.assertIn(lost, self.copied()["fingerprint"]["state"])

    def test_D10_old_rows_that_no_dump_has_are_told(self):
        self.sql("CREATE TABLE app.by_transaction (id INT, s BIGINT UNSIGNED GENERATED ALWAYS AS ROW START,"
                 "e BIGINT UNSIGNED GENERATED ALWAYS AS ROW END, PERIOD FOR SYSTEM_TIME (s, e))"
                 "WITH SYSTEM VERSIONING ENGINE=InnoDB")
        self.addCleanup(self.sql, "DROP TABLE app.by_transaction")
        self.fails("its times are transactions: app.by_transaction")
        self.edit("mariadb-options", "history=yes\n", "history=no\n")
        self.fails("lacks the history of app.by_transaction", "lacks the history of app.versions")

    def test_a_new_server_in_the_same_place_is_another_one(self):
        first = self.copied()
        self.sql("ALTER TABLE mysql.global_priv FORCE")
        second = self.copied()
        self.assertNotEqual(first["fingerprint"]["identity"], second["fingerprint"]["identity"])
        self.assertTrue(any("identity" in note for note in second["notes"]), second)


if __name__ == "__main__":
    main()
