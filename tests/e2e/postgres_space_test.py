"""A target that fills up during a dump of PostgreSQL, in steps of 4 KiB: pg_dump and pg_dumpall end
in 0 with what a full disk has cut (measured), and never does such a copy become the current one."""
import os
import re

from faults import FaultCase
from postgres import BINARIES, CLEAN
from postgres_case import PostgresCase
from support import main, make_mounts_private, must, run

BLOCK = 4096


def setUpModule():
    make_mounts_private()


class FullDiskTest(PostgresCase, FaultCase):
    def setUp(self):
        super().setUp()
        disk = self.tmp / "disk"
        disk.mkdir()
        must("mount", "-t", "tmpfs", "-o", "size=64m", "none", disk)
        self.addCleanup(run, "umount", "-l", disk)
        self.to = disk / "backup"
        self.filler = disk / "filler"
        # What no compression makes smaller: a few blocks, and not a whole number of them.
        self.database("app", """CREATE TABLE t AS
            SELECT i, decode(md5(i::text) || md5((i + 7)::text), 'hex') b FROM generate_series(1, 900) i""")
        self.night = self.manifest()

    def dump_with(self, blocks):
        """A dump that finds so many blocks free from its first write on. The code."""
        running, process = self.stopped(self.night, "--keep", "1", paths=[self.staged()],
                                        inject=["mkdirat:signal=SIGSTOP:when=1"])
        self.assertIsNotNone(process)
        with open(self.filler, "wb", buffering=0) as file:
            free = os.statvfs(self.filler.parent).f_bavail
            os.posix_fallocate(file.fileno(), 0, max(free - blocks, 1) * BLOCK)
        done = self.resume(running, process)
        self.filler.unlink()
        return done

    def staged(self):
        return self.to / f"control/staging/postgres.{self.copy().name}"

    def assert_restorable(self):
        """Every dump of the copy is whole, and has the rows that are said to be in it."""
        for folder in (self.copy() / "data/databases").iterdir():
            done = run(BINARIES / "pg_restore", "-f", "-", folder, env=CLEAN)
            self.assert_code(done, 0)
            for table, rows in re.findall(r"COPY (\w+\.\w+) [^\n]*;\n((?:.*\n)*?)\\\.\n", done.text):
                self.assertEqual(self.rows(folder.name)[table], rows.count("\n"), table)
        text = (self.copy() / "data/globals.sql").read_text()
        self.assertIn("-- PostgreSQL database cluster dump complete", text)
        self.assertEqual(self.dumped(), ["app", "postgres", "template1"])

    def test_D5_D10_a_disk_that_fills_up_in_steps_of_a_block(self):
        self.assert_published(self.dump(self.night))
        size = sum(-(-each.lstat().st_size // BLOCK) for each in self.copy().rglob("*")
                   if each.is_file())
        fitted = []
        for blocks in range(0, size + 12):
            before = self.record()["generation"]
            done = self.dump_with(blocks)
            if done.code == 0:
                fitted.append(blocks)
                self.assertGreater(self.record()["generation"], before)
            else:
                self.assert_code(done, 3)
                self.assertIn("No space left on device", done.text + done.message)
            self.assertNotIn("missing", self.record())
            self.assert_restorable()
            self.assert_copies_are_whole()
        self.assertIn(size + 11, fitted)
        self.assertNotIn(0, fitted)
        self.assertEqual(fitted, list(range(fitted[0], size + 12)))
        self.assert_published(self.dump(self.night))


if __name__ == "__main__":
    main()
