#!/usr/bin/env python3
"""A user-defined kind for real: SQLite databases, as kinds/sqlite.json has them, with writers at work."""
import json
import os
import re
import shutil
import sqlite3
import struct
import subprocess
import sys

from kinds_case import SHIPPED, KindsCase
from support import (DUMP, REPORT, RESTORE, SCAN, TOP, main, make_svn, must, read_json, run, validate,
                     wait_for)

OWNER = 4321

# Moves amounts between two tables, a transaction each: their sum is always the same. Says how many
# transactions were committed, each time before it goes on.
WRITER = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], timeout=60, isolation_level=None)
n = 0
while True:
    db.execute("BEGIN IMMEDIATE")
    db.execute("UPDATE a SET n = n - 1")
    db.execute("INSERT INTO log VALUES (?)", (n,))
    db.execute("UPDATE b SET n = n + 1")
    db.execute("COMMIT")
    n += 1
    print(n, flush=True)
"""


def make_database(path, journal, rows=2000):
    db = sqlite3.connect(path, isolation_level=None)
    db.execute(f"PRAGMA journal_mode={journal}")
    db.execute("CREATE TABLE a (n)")
    db.execute("CREATE TABLE b (n)")
    db.execute("CREATE TABLE log (n)")
    db.execute("CREATE TABLE rows (i INTEGER PRIMARY KEY, text)")
    db.execute("INSERT INTO a VALUES (1000000)")
    db.execute("INSERT INTO b VALUES (0)")
    db.execute("BEGIN")
    db.executemany("INSERT INTO rows VALUES (?, ?)", ((i, "x" * 100) for i in range(rows)))
    db.execute("COMMIT")
    db.close()


class SqliteTest(KindsCase):
    def setUp(self):
        super().setUp()
        self.ship("sqlite", signature={
            "magic": {"glob": ["*.db", "*.sqlite"], "hex": "53514c69746520666f726d6174203300"},
            "paths": [str(self.src)]})
        self.app = self.src / "app"
        self.app.mkdir()

    def write_to(self, path):
        """Starts a writer; returns a function that says how much it has committed."""
        told = self.tmp / f"{path.name}.told"
        process = self.start(sys.executable, "-c", WRITER, path, stdout=self.open_for(told))

        def committed():
            self.assertIsNone(process.poll())
            return told.read_bytes().count(b"\n")
        wait_for(committed, "a transaction", process)
        return committed

    def open_for(self, path):
        file = open(path, "wb")
        self.addCleanup(file.close)
        return file

    def check(self, path, rows=2000):
        """The copy is one state of the database: returns how many transactions it has."""
        with sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True) as db:
            self.assertEqual(db.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
            (a,), (b,) = db.execute("SELECT n FROM a").fetchone(), db.execute("SELECT n FROM b").fetchone()
            self.assertEqual(a + b, 1000000)
            (logged,) = db.execute("SELECT count(*) FROM log").fetchone()
            self.assertEqual(logged, b)
            self.assertEqual(db.execute("SELECT count(*) FROM rows").fetchone(), (rows,))
        db.close()
        return b

    def test_a_copy_under_writers_is_one_state_and_its_drill_passes(self):
        names = {"wal.db": "WAL", "delete.sqlite": "DELETE"}
        for name, journal in names.items():
            make_database(self.app / name, journal)
        (self.app / "notes.txt").write_text("no database")
        must("chown", "-R", f"{OWNER}:{OWNER}", self.app)
        self.app.chmod(0o700)
        writers = {name: self.write_to(self.app / name) for name in names}
        before = {name: committed() for name, committed in writers.items()}
        line = self.one(self.dump_items(("sqlite", self.app)))
        after = {name: committed() for name, committed in writers.items()}
        self.assertEqual(line["status"], "copied")
        self.assertEqual(line["fingerprint"]["matches"], 2)
        data = self.data(self.app)
        self.assertEqual({each.name for each in data.iterdir()}, set(names))
        for name in names:
            copied = self.check(data / name)
            self.assertLessEqual(before[name], copied)
            # What was committed and not told yet is one.
            self.assertLessEqual(copied, after[name] + 1)
        self.assert_whole()
        record = read_json(data.parent / "item.json")
        self.assertEqual(record["kind"], "sqlite")
        self.assertIn("sqlite-dump", record["verified"]["by"])
        self.assertRegex(record["verified"]["version"], r"^3\.\d+")

        done = self.drill()
        self.assert_code(done, 0)
        drilled = [each for each in done.json_lines() if each["message_type"] == "drill"]
        self.assertEqual(len(drilled), 1, f"{done}")
        self.assertIn("a change of it was noticed", drilled[0]["compared"])

    def test_the_four_tools_from_the_scan_to_the_report(self):
        make_database(self.app / "x.db", "WAL")
        make_svn(self.src / "svn")
        manifest = self.tmp / "scanned.json"
        must(SCAN, "--kinds-dir", self.kinds, "-q", "-o", manifest, self.src)
        self.assert_code(run(DUMP, "--to", self.to, "--kinds-dir", self.kinds, manifest), 0)
        self.assertEqual(set(self.current()), {os.fsencode(self.app), os.fsencode(self.src / "svn")})
        self.check(self.data(self.app) / "x.db")
        self.assert_code(self.drill(), 0)
        done = run(REPORT, "--from", self.to, "--json")
        items = {item["path"]: item for item in json.loads(done.text)["items"]}
        self.assertEqual(items[str(self.app)]["kind"], "sqlite")
        # The directory may hold more than its databases; what the copy has all of may be left out.
        done = run(REPORT, "--from", self.to, "--excludes", "tar")
        self.assertIn(str(self.src / "svn"), done.text)
        self.assertNotIn(str(self.app), done.text)
        self.assertIn("not all of the directory", done.message)

    def test_restore_gives_files_owners_and_modes_back(self):
        make_database(self.app / "x.db", "DELETE")
        (self.app / "x.db").chmod(0o640)
        must("chown", "-R", f"{OWNER}:{OWNER}", self.app)
        self.one(self.dump_items(("sqlite", self.app)))
        # The machine is another one, on which nobody has defined the kind.
        done = run(RESTORE, "--from", self.to, "restore", self.app, "--to", self.tmp / "back")
        self.assert_code(done, 0)
        self.assertIn("RESTORE.md of the copy says how they are loaded", done.text)
        self.check(self.tmp / "back" / "x.db")
        st = (self.tmp / "back" / "x.db").stat()
        self.assertEqual((st.st_uid, st.st_gid, st.st_mode & 0o777), (OWNER, OWNER, 0o640))
        text = (self.data(self.app).parent / "RESTORE.md").read_text()
        self.assertIn("remove NAME-wal", text)

    def test_unchanged_databases_are_not_dumped_again_and_a_wal_is_a_change(self):
        make_database(self.app / "x.db", "WAL")
        (self.app / "other.txt").write_text("one")
        item = ("sqlite", self.app)
        self.let_settle()
        self.one(self.dump_items(item))
        (self.app / "other.txt").write_text("two")
        self.assertEqual(self.one(self.dump_items(item))["status"], "unchanged")
        db = sqlite3.connect(self.app / "x.db", isolation_level=None)
        self.addCleanup(db.close)
        size = (self.app / "x.db").stat()
        db.execute("INSERT INTO log VALUES (1)")
        self.assertEqual((self.app / "x.db").stat().st_mtime_ns, size.st_mtime_ns,
                         "the change is in the log alone")
        self.assertEqual(self.one(self.dump_items(item))["status"], "copied")
        with sqlite3.connect(f"file:{self.data(self.app) / 'x.db'}?immutable=1", uri=True) as copy:
            self.assertEqual(copy.execute("SELECT count(*) FROM log").fetchone(), (1,))
        copy.close()

    def let_settle(self):
        """Files that changed within two seconds before a look are looked at again (docs/design.md)."""
        two_minutes = 120
        for each in self.app.iterdir():
            st = each.stat()
            os.utime(each, (st.st_atime - two_minutes, st.st_mtime - two_minutes))
        newest = max(each.stat().st_ctime for each in self.app.iterdir())
        probe = self.tmp / "clock"

        def is_old():
            probe.write_text("x")
            return probe.stat().st_ctime - newest > 3.5
        wait_for(is_old, "files that lie still")

    def test_a_wal_database_that_nobody_has_open_is_copied(self):
        make_database(self.app / "x.db", "WAL")
        self.assertFalse((self.app / "x.db-wal").exists())
        self.one(self.dump_items(("sqlite", self.app)))
        self.assertEqual(self.check(self.data(self.app) / "x.db"), 0)

    def leave_half_a_transaction(self):
        """x.db with a journal that is to be rolled back."""
        make_database(self.app / "x.db", "DELETE")
        writer = self.start(sys.executable, "-c", """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("PRAGMA cache_size=1")
db.execute("PRAGMA cache_spill=1")
db.execute("BEGIN IMMEDIATE")
db.execute("UPDATE rows SET text = 'spoilt by half a transaction' || text")
print("half", flush=True)
sys.stdin.read()
""", self.app / "x.db", stdin=subprocess.PIPE)
        self.assertEqual(writer.stdout.readline(), b"half\n")
        writer.kill()
        writer.wait()
        self.assertTrue((self.app / "x.db-journal").exists())

    def test_a_transaction_that_a_killed_writer_has_left_is_rolled_back_in_the_copy(self):
        self.leave_half_a_transaction()
        before = (self.app / "x.db").read_bytes()
        self.one(self.dump_items(("sqlite", self.app)))
        self.check(self.data(self.app) / "x.db")
        with sqlite3.connect(f"file:{self.data(self.app) / 'x.db'}?immutable=1", uri=True) as copy:
            self.assertEqual(copy.execute(
                "SELECT count(*) FROM rows WHERE text LIKE 'spoilt%'").fetchone(), (0,))
        copy.close()
        self.assertEqual((self.app / "x.db").read_bytes(), before, "the source is only read")

    def test_D10_half_a_transaction_over_several_databases_is_no_copy(self):
        """Whether it was committed says another file, by a path that the sandbox has not."""
        self.leave_half_a_transaction()
        other = os.fsencode(self.app / "y.db-mj1234")
        # As SQLite ends a journal: page number, name, its length, its sum, a magic number.
        record = struct.pack(">I", 0) + other + struct.pack(">II", len(other), sum(other))
        with open(self.app / "x.db-journal", "ab") as journal:
            journal.write(record + bytes.fromhex("d9d505f920a163d7"))
        (self.app / "y.db-mj1234").write_bytes(os.fsencode(self.app / "x.db-journal") + b"\0")
        for each in self.app.iterdir():
            os.utime(each, (1e9, 1e9))
        line = self.one(self.dump_items(("sqlite", self.app)), 3)
        self.assertIn("a transaction over several databases was cut off", line["error"])

    def test_D10_a_damage_whose_words_have_a_line_ok_is_one(self):
        path = self.app / "x.db"
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("CREATE TABLE t (a)")
        db.execute('CREATE INDEX "i\nok\nj" ON t (a)')
        db.execute("INSERT INTO t VALUES ('in the table and in the index')")
        db.close()
        raw = path.read_bytes()
        self.assertEqual(raw.count(b"in the index"), 2)
        path.write_bytes(raw.replace(b"in the index", b"on the index", 1))
        line = self.one(self.dump_items(("sqlite", self.app)), 3)
        self.assertIn("missing from index i", line["error"])

    def make_database_with_rules_of_its_own(self):
        path = self.app / "x.db"
        db = sqlite3.connect(path, isolation_level=None)
        db.create_collation("german", lambda a, b: (a > b) - (a < b))
        db.execute("CREATE TABLE t (a TEXT COLLATE german)")
        db.execute("CREATE INDEX i ON t (a)")
        db.execute("BEGIN")
        db.executemany("INSERT INTO t VALUES (?)", ((f"text {i}" * 10,) for i in range(3000)))
        db.execute("COMMIT")
        (root,) = db.execute("SELECT rootpage FROM sqlite_master WHERE name = 't'").fetchone()
        db.close()
        return path, root

    def test_a_database_whose_order_sqlite3_does_not_know_is_read_instead(self):
        path, root = self.make_database_with_rules_of_its_own()
        self.one(self.dump_items(("sqlite", self.app)))
        self.assert_code(self.drill(), 0)
        # And one that cannot be read is none.
        page = 4096
        with open(path, "r+b") as file:
            file.seek((root - 1) * page)
            file.write(b"\xa5" * page)
        line = self.one(self.dump_items(("sqlite", self.app), options=["--full"]), 3)
        self.assertIn("verify", line["error"])

    def test_D39_hostile_names_are_names(self):
        names = ["; id.db", "$(touch owned).db", "-rf.db", "a\nb.db", "quo'te\".db", "{dest}.db",
                 os.fsdecode(b"\xff.db")]
        for name in names:
            make_database(os.path.join(self.app, name), "DELETE", rows=10)
        self.one(self.dump_items(("sqlite", self.app)))
        self.assertEqual(set(os.listdir(self.data(self.app))), set(names))
        for name in names:
            copy = self.tmp / "copy.db"
            shutil.copy(os.path.join(self.data(self.app), name), copy)
            self.check(copy, rows=10)
        self.assert_code(self.drill(), 0)

    def test_a_damaged_database_fails_and_the_copy_before_stays(self):
        make_database(self.app / "x.db", "DELETE")
        good = self.src / "good"
        good.mkdir()
        make_database(good / "y.db", "DELETE")
        items = (("sqlite", self.app), ("sqlite", good))
        self.assert_code(self.dump_items(*items), 0)
        before = (self.data(self.app) / "x.db").read_bytes()
        with open(self.app / "x.db", "r+b") as file:
            file.seek(4096 * 10)
            file.write(b"\xa5" * 4096 * 5)
        done = self.dump_items(*items, options=["--full"])
        self.assert_code(done, 3)
        by_path = {line["path"]: line for line in self.lines_of(done)}
        self.assertEqual(by_path[str(self.app)]["status"], "failed")
        self.assertEqual(by_path[str(good)]["status"], "copied")
        self.assertEqual((self.data(self.app) / "x.db").read_bytes(), before)
        self.assert_whole()

    def test_a_smaller_database_freezes_the_older_copies(self):
        make_database(self.app / "x.db", "DELETE", rows=20000)
        self.one(self.dump_items(("sqlite", self.app)))
        (self.app / "x.db").unlink()
        make_database(self.app / "x.db", "DELETE", rows=10)
        line = self.one(self.dump_items(("sqlite", self.app)))
        self.assertEqual(line["status"], "copied")
        self.assertTrue(any("by more than 50 percent" in note for note in line["notes"]), line)



class ShippedKindsTest(KindsCase):
    """All kinds that are shipped, and the example of docs/kinds.md, are as schema and program want."""

    def test_they_are_taken_together(self):
        names = sorted(each.stem for each in SHIPPED.glob("*.json"))
        self.assertEqual(names, ["mariadb", "oracle", "sqlite", "zodb"])
        for name in names:
            validate(self.ship(name), "kind")
        self.assert_code(self.dump_items(), 0)

    def test_S24_what_looks_like_mariadb_hides_no_repository(self):
        """Whoever may write to a shared directory can make these names there."""
        shared = self.src / "shared"
        make_svn(shared / "svn")
        (shared / "mysql").mkdir()
        for name in ("aria_log_control", "ibdata1"):
            (shared / name).write_text("x")
        self.ship("mariadb")
        manifest = self.tmp / "scanned.json"
        must(SCAN, "--kinds-dir", self.kinds, "-q", "-o", manifest, self.src)
        found = [(each["kind"], each["path"]) for each in read_json(manifest)["repositories"]]
        self.assertEqual(found, [("svn", str(shared / "svn"))])

    def test_the_example_of_the_documentation_is_a_kind(self):
        text = (TOP / "docs" / "kinds.md").read_text(encoding="utf-8")
        example = json.loads(text[text.index("```json") + 7:text.index("```", text.index("```json") + 7)])
        validate(self.define(example), "kind")
        self.assert_code(self.dump_items(), 0)

    def test_each_script_is_one_that_everybody_can_run(self):
        for kind in SHIPPED.glob("*.json"):
            for program in re.findall(r'"\./([^"]+)"', kind.read_text()):
                self.assertEqual((SHIPPED / program).stat().st_mode & 0o777, 0o755, program)


if __name__ == "__main__":
    main()
