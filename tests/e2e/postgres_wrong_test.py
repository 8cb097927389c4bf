"""Servers and files that are not what they seem: refused with the reason, and current stays."""
import os
import pathlib
import shutil
import signal

from postgres import BINARIES, CLEAN, MAJOR
from postgres_case import PostgresCase
from support import main, must, read_json, run, wait_for


class WrongTest(PostgresCase):
    def assert_refused_item(self, done, *words):
        self.assert_code(done, 3)
        self.assertRegex(done.text, r"(?m)^FAILED +postgres ")
        for word in words:
            self.assertIn(word, done.text)
        self.assertEqual(self.current(), {})
        self.assert_whole()

    def claim(self, liar, **lines):
        """A postmaster.pid for a cluster that does not run: the running one's, with other lines."""
        text = (self.cluster.data / "postmaster.pid").read_text().splitlines()
        for number, line in lines.items():
            text[int(number[1:]) - 1] = str(line)
        (liar.data / "postmaster.pid").write_text("\n".join(text) + "\n")
        # Before the cluster is removed: its process is not this cluster's to be ended.
        self.addCleanup((liar.data / "postmaster.pid").unlink, missing_ok=True)

    def test_D35_another_cluster_at_the_socket(self):
        """The postmaster.pid of one cluster names the socket of another one of the same owner."""
        liar = self.new_cluster("liar")
        self.claim(liar, _2=liar.data)
        ids = [run(BINARIES / "pg_controldata", each.data, env=CLEAN).text.split(
            "Database system identifier:")[1].split()[0] for each in (self.cluster, liar)]
        self.assert_refused_item(self.dump_cluster(cluster=liar), "serves another cluster", *ids)

    def test_D35_a_copy_of_the_data_directory_with_the_same_identifier(self):
        twin = self.folder / "twin"
        self.addCleanup(shutil.rmtree, twin)
        must("cp", "-a", self.cluster.data, twin)
        manifest = self.scan(twin)
        self.assert_refused_item(self.dump(manifest), "has another data directory",
                                 str(self.cluster.data))

    def test_D35_a_socket_of_somebody_else_is_opened_with_the_owners_rights(self):
        """An owner who names the socket of a cluster that he may not use gets nothing of it."""
        private = self.folder / "private"
        private.mkdir(mode=0o700)
        self.addCleanup(shutil.rmtree, private)
        os.chown(private, self.cluster.user.pw_uid, self.cluster.user.pw_gid)
        liar = self.new_cluster("thief", user="nobody", superuser="postgres")
        self.claim(liar, _5=private)
        self.assert_refused_item(self.dump_cluster(cluster=liar), "Permission denied")

    def test_D35_links_magic_and_odd_folders_in_postmaster_pid(self):
        liar = self.new_cluster("odd")
        for folder, word in (("relative", "names no socket"), ("/proc/1/root/tmp", "cannot"),
                             ("", "names no socket"), ("/../tmp", ""),
                             ("/tmp/" + "x" * 300, "too long"), ("/tmp\x1b[2J", "No such file")):
            self.claim(liar, _5=folder)
            done = self.dump_cluster(cluster=liar)
            self.assert_code(done, 3)
            self.assertNotIn(b"\x1b", done.out + done.err)
            self.assertEqual(self.current(), {}, folder)
            if word != "cannot":
                self.assertIn(word, done.text, folder)

    def test_D37_a_cluster_that_crashed_is_refused(self):
        crashed = self.new_cluster("crashed")
        crashed.start()
        pid = int((crashed.data / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not crashed.is_up(), "the end of the server")
        self.assert_refused_item(self.dump_cluster(cluster=crashed), "its server crashed", "Start it")
        (crashed.data / "postmaster.pid").unlink()
        self.assert_refused_item(self.dump_cluster(cluster=crashed), "in production", "crashed")

    def test_D37_live_files_that_somebody_copied_are_refused(self):
        copied = self.folder / "copied"
        self.addCleanup(shutil.rmtree, copied)
        must("cp", "-a", self.cluster.data, copied)
        (copied / "postmaster.pid").unlink()
        self.assert_refused_item(self.dump(self.scan(copied)), "in production", "crashed")

    def test_D38_a_page_that_rotted_fails_its_database_alone(self):
        """With checksums, as found by the server while it reads the table for the dump."""
        sick = self.new_cluster("sick", "--data-checksums")
        sick.start()
        sick.create_database("good")
        sick.sql("CREATE TABLE t AS SELECT 1 AS x", "good")
        sick.create_database("bad")
        sick.sql("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 9000) i", "bad")
        path = sick.sql("CHECKPOINT; SELECT pg_relation_filepath('t')", "bad").strip()
        sick.stop()
        with open(sick.data / path, "r+b") as file:
            file.seek(8192 * 10 + 4000)
            file.write(b"rot")
        sick.start()
        done = self.dump_cluster(cluster=sick)
        self.assert_code(done, 3)
        self.assertIn("database bad is not in this copy", done.text)
        self.assertIn("invalid page in block 10", done.text)
        self.assertEqual(self.rows("good", sick), {"public.t": 1})
        self.assertEqual(len(read_json(self.copy(sick) / "item.json")["missing"]), 1)

    def test_D10_globals_that_are_cut_by_a_full_disk_are_never_published(self):
        """pg_dumpall ends in 0 with an empty file on a full disk (postgres_space_test.py fills one)."""
        for lie in ("exit 0", "echo '-- half'; exit 0"):
            with self.subTest(lie=lie):
                self.with_program("pg_dumpall", f"#!/bin/sh\n{lie}\n")

    def with_program(self, name, text):
        """Runs a dump with another program in place of PostgreSQL's own, seen by it alone."""
        planted = self.folder / f"planted-{name}"
        planted.write_text(text)
        planted.chmod(0o755)
        target = pathlib.Path(f"/usr/lib/postgresql/{MAJOR}/bin/{name}")
        done = self.dump_cluster(before=(
            "unshare", "-m", "--propagation", "private", "sh", "-c",
            'mount --bind "$1" "$2" && shift 2 && exec "$@"', "sh", planted, target))
        self.assert_refused_item(done, "is cut, though it told success")

    def test_no_programs_of_its_version(self):
        old = self.new_cluster("old")
        (old.data / "PG_VERSION").write_text("14\n")
        self.claim(old)
        self.assert_refused_item(self.dump_cluster(cluster=old),
                                 "apt-get install postgresql-client-14")

    def test_a_database_that_is_locked_for_good_is_told_and_the_rest_is_dumped(self):
        """With a lock that is never released; the wait is what --pg-lock-wait says."""
        self.database("good")
        self.database("locked")
        self.locked("locked")
        done = self.dump_cluster("--pg-lock-wait", "1s")
        self.assert_code(done, 3)
        self.assertIn("database locked is not in this copy", done.text)
        self.assertIn("lock timeout", done.text)
        self.assertEqual(self.rows("good"), {"public.t": 100})


if __name__ == "__main__":
    main()
