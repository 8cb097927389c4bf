"""repo-scan among PostgreSQL clusters: what is found, told apart and left alone. The clusters are
made by hand, as initdb makes them; what real servers leave is in probe_postgres_real_test."""
import json
import os
import pathlib
import re
import shutil
import struct

from support import (DUMP, REPORT, SCAN, Case, main, make_hg, make_mounts_private, make_svn, must,
                     read_json, run, validate)

FOLDERS = ("base", "global", "pg_commit_ts", "pg_dynshmem", "pg_logical/snapshots",
           "pg_multixact/members", "pg_notify", "pg_replslot/slot", "pg_serial", "pg_snapshots",
           "pg_stat", "pg_stat_tmp", "pg_subtrans", "pg_tblspc", "pg_twophase",
           "pg_wal/archive_status", "pg_xact")
IN_PRODUCTION = 6


def setUpModule():
    make_mounts_private()


def make_cluster(path, databases=3, identifier=42):
    path = pathlib.Path(path)
    for each in FOLDERS:
        (path / each).mkdir(parents=True)
    (path / "PG_VERSION").write_text("15\n")
    (path / "global/pg_control").write_bytes(
        struct.pack("=QIIi", identifier, 1300, 202209061, IN_PRODUCTION).ljust(8192, b"\0"))
    for number in range(databases):
        database = path / f"base/{16384 + number}"
        database.mkdir()
        (database / "PG_VERSION").write_text("15\n")
    return path


class ScanPostgresTest(Case):
    def found(self, document, key="repositories"):
        return [os.path.relpath(each["path"], self.src) for each in document[key]]

    def scanned(self, *arguments, code=0):
        manifest = self.tmp / "manifest.json"
        done = run(SCAN, "-o", manifest, *arguments, self.src)
        self.assert_code(done, code)
        document = read_json(manifest)
        validate(document, "manifest")
        return done, document

    def test_fifty_clusters_of_300_databases_and_no_database_is_opened(self):
        # 30,000 files and directories: on a disk they would take a minute.
        must("mount", "-t", "tmpfs", "clusters", self.src)
        self.addCleanup(run, "umount", "-l", self.src)
        first = make_cluster(self.src / "pg/00/main", 300)
        for number in range(1, 50):
            (self.src / f"pg/{number:02}").mkdir()
            must("cp", "-al", first, self.src / f"pg/{number:02}/main")
        log = self.tmp / "log"
        manifest = self.tmp / "manifest.json"
        for options in ((), ("--no-leaf-skip",)):
            with self.subTest(options=options):
                must("strace", "-f", "-q", "-y", "-e", "trace=openat,openat2,open", "-o", log, SCAN,
                     "-q", "-o", manifest, *options, self.src)
                document = read_json(manifest)
                self.assertEqual(len(document["repositories"]), 50)
                opened = [line for line in log.read_text().splitlines() if "resumed>" not in line]
                # The log shows what is opened: the data directories …
                self.assertGreaterEqual(sum('"main"' in line for line in opened), 50)
                # … and nothing in them but the files that a probe reads.
                inside = [line for line in opened if re.search(r"/pg/\d\d/main[>/]", line)]
                names = {re.search(r'"([^"]*)"', line)[1] for line in inside}
                self.assertLessEqual(names, {"main", "PG_VERSION", "global/pg_control", "postmaster.pid",
                                             "postmaster.opts"})
                self.assertFalse([line for line in opened if re.search(r"main/base|\"base", line)])
                # The tree, pg, and 50 times NN and main.
                self.assertEqual(document["stats"]["directories"], 102)
                self.assertEqual(document["stats"]["directories_read"], 102)

    def test_what_a_cluster_says_of_itself(self):
        path = make_cluster(self.src / "main", identifier=7711165628169154699)
        (path / "postmaster.pid").write_bytes(
            b"9\n/srv/pg\xff\n1\n5433\n/run/\x1b[2J\n\n1 2\nready   \n")
        (path / "postmaster.opts").write_text('p "-c" "config_file=/etc/postgresql/15/main/p.conf"\n')
        done, document = self.scanned()
        item, = document["repositories"]
        self.assertEqual((item["kind"], item["path"], item["store"]),
                         ("postgres", str(path), str(path)))
        self.assertEqual(item["detail"], {
            "version": "15", "system_identifier": "7711165628169154699",
            "catalog_version": 202209061, "state": "in production", "status": "ready",
            "port": 5433, "socket": "/run/\x1b[2J", "data_directory": "/srv/pg\ufffd",
            "data_directory_b64": "L3Nydi9wZ/8=", "config_file": "/etc/postgresql/15/main/p.conf"})
        self.assertNotIn("\x1b", done.message)

    def test_only_this_kind(self):
        make_cluster(self.src / "main")
        make_hg(self.src / "hg")
        self.assertEqual(self.found(self.scanned("-k", "postgres")[1]), ["main"])
        self.assertEqual(self.found(self.scanned("-k", "svn")[1]), [])
        self.assertEqual(run(SCAN, "-q", "--list", "-k", "postgres", self.src).text,
                         f"{self.src}/main\n")

    def test_repositories_beside_around_and_in_a_data_directory(self):
        make_svn(self.src / "svn")
        make_hg(self.src)
        main_path = make_cluster(self.src / "pg/main")
        make_hg(self.src / "pg/main/ours/hg")
        must("git", "init", "-q", main_path)
        # Nobody puts one there: what PostgreSQL has made is not looked into.
        make_hg(self.src / "pg/main/base/hg")
        for kinds in ((), ("-k", "hg,postgres,svn,git")):
            _, document = self.scanned(*kinds)
            self.assertEqual([(each["kind"], os.path.relpath(each["store"], self.src))
                              for each in document["repositories"]],
                             [("hg", ".hg"), ("git", "pg/main/.git"), ("postgres", "pg/main"),
                              ("hg", "pg/main/ours/hg/.hg"), ("svn", "svn")])

    def test_what_is_told_apart_is_told(self):
        make_cluster(self.src / "live")
        for name, files in (("backup", ("backup_label", "backup_manifest")),
                            ("standby", ("standby.signal",)), ("recovery", ("recovery.signal",)),
                            ("upgraded", ())):
            path = make_cluster(self.src / name)
            for each in files:
                (path / each).touch()
        os.rename(self.src / "upgraded/global/pg_control", self.src / "upgraded/global/pg_control.old")
        done, document = self.scanned()
        self.assertEqual(self.found(document), ["live"])
        self.assertEqual(self.found(document, "pruned"), ["backup", "recovery", "standby", "upgraded"])
        self.assertEqual([each.get("not_looked_at", False) for each in document["pruned"]],
                         [False, True, True, False])
        self.assertIn("not looked at: " + str(self.src / "standby") +
                      " (PostgreSQL standby: its data are its primary's)", done.message)
        self.assertNotIn("base backup of", done.message)
        self.assertIn("base backup of a PostgreSQL cluster", run(SCAN, "-v", self.src).message)
        # Who names one as a root is told.
        self.assertIn("not looked at: " + str(self.src / "backup"), run(SCAN, self.src / "backup").message)
        # Other kinds are looked for as ever.
        self.assertEqual(self.found(self.scanned("-k", "git")[1], "pruned"),
                         ["backup", "recovery", "standby", "upgraded"])

    def test_broken_clusters_are_errors(self):
        for name in ("gone", "fifo", "link"):
            os.remove(make_cluster(self.src / name) / "global/pg_control")
        os.mkfifo(self.src / "fifo/global/pg_control")
        (self.src / "link/global/pg_control").symlink_to("/etc/passwd")
        done, document = self.scanned(code=3)
        self.assertEqual(self.found(document), [])
        self.assertEqual(self.found(document, "errors"),
                         [f"{name}/global/pg_control" for name in ("fifo", "gone", "link")])
        self.assertEqual({each["op"] for each in document["errors"]}, {"probe"})
        self.assertIn("link to /etc/passwd", done.message)

    def test_the_difference_of_two_scans(self):
        old = self.tmp / "old.json"
        for name, identifier in (("stays", 1), ("moves", 2), ("replaced", 3), ("promoted", 4),
                                 ("demoted", 5)):
            make_cluster(self.src / name, identifier=identifier)
        (self.src / "promoted/standby.signal").touch()
        must(SCAN, "-q", "-o", old, self.src)
        # As somebody moves it to another disk.
        must("cp", "-a", self.src / "moves", self.src / "moved")
        shutil.rmtree(self.src / "moves")
        shutil.rmtree(self.src / "replaced")
        make_cluster(self.src / "replaced", identifier=33)
        os.rename(self.src / "promoted/standby.signal", self.src / "demoted/standby.signal")
        told = run(SCAN, "-q", "--diff", old, self.src)
        self.assert_code(told, 0)
        self.assertEqual(
            [re.sub(r" +", " ", line) for line in told.text.replace(f"{self.src}/", "").splitlines()],
            ["unknown postgres demoted (not entered: PostgreSQL standby: its data are its primary's)",
             "moved postgres moves -> moved", "new postgres promoted", "replaced postgres replaced"])

    def test_the_other_tools_take_the_manifest(self):
        make_cluster(self.src / "main")
        make_hg(self.src / "hg")
        manifest = self.scan()
        target = self.tmp / "dump"
        done = run(DUMP, "--json", "--to", target, manifest)
        status = {line["kind"]: line["status"] for line in done.json_lines()
                  if line["message_type"] == "item"}
        # The cluster is no real one: whatever is done with it fails, alone.
        self.assertEqual(status, {"hg": "copied", "postgres": "failed"})
        self.assert_code(done, 3)
        report = run(REPORT, "--json", "--from", target)
        self.assertIn(report.code, (0, 3), report)
        self.assertIn(str(self.src / "main"), json.dumps(json.loads(report.out)))


if __name__ == "__main__":
    main()
