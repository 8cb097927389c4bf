#!/usr/bin/env python3
"""MariaDB as kinds/mariadb.json has it, with a real server of Debian's on a private socket."""
import os
import shutil
import subprocess
import unittest

from kinds_case import SHIPPED, KindsCase
from support import Case, as_user, main, must, run, wait_for

OWNER = 4323

SCHEMA = """
CREATE DATABASE app; USE app;
CREATE TABLE t (id INT PRIMARY KEY AUTO_INCREMENT, v VARCHAR(100)) CHARSET utf8mb4;
INSERT INTO t (v) VALUES ('a'), ('b'), ('ü'), (NULL), ('quo''te\\n');
CREATE TABLE pairs (a INT, b INT); INSERT INTO pairs VALUES (0, 0);
CREATE TABLE log (n INT);
CREATE TABLE `my;sam` (id INT, raw BLOB) ENGINE=MyISAM; INSERT INTO `my;sam` VALUES (1, X'00ff');
CREATE VIEW v AS SELECT * FROM t;
CREATE PROCEDURE p() SELECT 1;
CREATE TRIGGER tr BEFORE INSERT ON t FOR EACH ROW SET NEW.v = CONCAT(NEW.v, 'x');
CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM log;
CREATE USER bob@'%' IDENTIFIED BY 'secret'; GRANT SELECT ON app.* TO bob@'%';
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
        for name in ("run", "src"):
            (cls.top / name).mkdir(mode=0o755)
        cls.datadir = cls.top / "src" / "mysql"
        cls.socket = cls.top / "run" / "mysqld.sock"
        must("chown", f"{OWNER}:{OWNER}", cls.top / "run", cls.top / "src")
        must(*as_user(OWNER), "mariadb-install-db", "--no-defaults", "--skip-name-resolve",
             "--auth-root-authentication-method=normal", "--skip-test-db",
             f"--datadir={cls.datadir}")
        cls.log = open(cls.top / "log", "wb")
        cls.addClassCleanup(cls.log.close)
        cls.server = subprocess.Popen(
            [*as_user(OWNER), "/usr/sbin/mariadbd", "--no-defaults", f"--datadir={cls.datadir}",
             f"--socket={cls.socket}", "--skip-networking", "--pid-file=pid",
             "--innodb-flush-log-at-trx-commit=2"], stdout=cls.log, stderr=cls.log)
        cls.addClassCleanup(cls.end_server)
        wait_for(lambda: cls.client("SELECT 1").code == 0, "the server", cls.server)
        for text in (SCHEMA, ):
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
        self.ship("mariadb")
        (self.kinds / "mariadb.json").write_text(text)
        self.item = ("mariadb", self.datadir)

    def test_a_dump_under_a_storm_is_one_state_and_its_drill_gives_the_same_back(self):
        self.sql(STORM, "--delimiter=//")
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
        self.assertEqual(line["fingerprint"]["identity"].rstrip("/"), str(self.datadir))
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
                            "--pid-file=pid", stdout=self.log, stderr=self.log)
        client = ["mariadb", "--no-defaults", "--user=root", f"--socket={folder}/s", "-N", "-B"]
        wait_for(lambda: run(*client, "-e", "SELECT 1").code == 0, "the other server", server)
        with open(dump, "rb") as text:
            must(*client, stdin=text)
        self.assertEqual(must(*client, "-e", "SELECT v FROM app.t WHERE id = 3").strip(), "ü")
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

    def test_a_dump_that_lost_a_row_of_its_end_does_not_pass_the_drill(self):
        self.one(self.dump_items(self.item))
        # As a program that writes the dump wrongly would: all that was recorded agrees with it.
        ask = self.kinds / "mariadb-ask"
        ask.write_text(ask.read_text().replace("$dump_options\n",
                                               "$dump_options | sed 's/^CREATE TABLE `t` (/&&/'\n"))
        self.one(self.dump_items(self.item))
        done = self.drill()
        self.assert_code(done, 3)
        drilled, = self.lines_of(done, "drill")
        self.assertEqual(drilled["state"], "failed")
        self.assertIn("You have an error in your SQL syntax", drilled["error"])


if __name__ == "__main__":
    main()
