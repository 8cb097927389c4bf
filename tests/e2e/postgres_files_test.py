"""Clusters that are copied as files: those that were shut down, and base backups of running ones."""
import os
import pathlib
import shutil

from postgres import BINARIES, CLEAN, Cluster
from postgres_case import PostgresCase
from support import content_of, main, must, run, wait_for


class FilesCase(PostgresCase):
    def with_tablespace(self, cluster, place):
        place.mkdir()
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        os.chown(place, cluster.user.pw_uid, cluster.user.pw_gid)
        cluster.psql("-c", "CREATE TABLESPACE ts LOCATION '" + str(place).replace("'", "''") + "'")
        cluster.sql("CREATE TABLE t TABLESPACE ts AS SELECT generate_series(1, 1000) x")
        return cluster.sql("SELECT oid FROM pg_tablespace WHERE spcname = 'ts'").strip()

    def started_copy(self, cluster, relink=()):
        """The copy's files, taken elsewhere and started there, as somebody would do by hand."""
        place = self.folder / "by-hand"
        self.addCleanup(shutil.rmtree, place, ignore_errors=True)
        shutil.copytree(self.copy(cluster) / "data", place, symlinks=True)
        must("chown", "-hR", "postgres:postgres", place)
        for oid in relink:
            link = place / "pgdata/pg_tblspc" / oid
            link.unlink()
            link.symlink_to(place / "tablespaces" / oid)
        copied = Cluster(place / "pgdata", port=5777)
        self.addCleanup(copied.remove)
        return copied.start()


class ShutDownTest(FilesCase):
    def test_one_that_was_shut_down_is_copied_with_its_tablespaces_and_its_log(self):
        log = self.folder / "wal"
        self.addCleanup(shutil.rmtree, log, ignore_errors=True)
        log.mkdir()
        os.chown(log, self.cluster.user.pw_uid, self.cluster.user.pw_gid)
        cold = self.new_cluster("cold", "--data-checksums", "-X", str(log))
        cold.start()
        oid = self.with_tablespace(cold, self.folder / "a = b c")
        cold.stop()
        before = content_of(cold.data)
        self.assert_published(self.dump_cluster(cluster=cold))
        self.assertEqual(content_of(cold.data), before)
        record = self.record(cold)
        self.assertEqual(record["fingerprint"]["method"], "files")
        self.assertEqual(record["verified"]["by"], "pg_checksums")
        copied = self.started_copy(cold, [oid])
        self.assertEqual(copied.sql("SELECT count(*) FROM t"), "1000\n")
        self.assertFalse((self.copy(cold) / "data/pgdata/pg_wal").is_symlink())

    def test_it_is_unchanged_until_it_was_started(self):
        cold = self.new_cluster("quiet")
        self.assert_published(self.dump_cluster(cluster=cold))
        must("touch", "-d", "10 minutes ago", cold.data / "postgresql.conf")
        manifest = self.manifest(cold)
        self.assert_published(self.dump(manifest))
        done = self.wait_until_settled(manifest)
        self.assertIn("unchanged", done.text)
        cold.start()
        cold.sql("CREATE TABLE t (x int)")
        self.assert_published(self.dump(manifest))
        self.assertEqual(self.record(cold)["fingerprint"]["method"], "dump")
        cold.stop()
        done = self.dump(manifest)
        self.assert_published(done)
        self.assertNotIn("unchanged", done.text.splitlines()[0])
        self.assertEqual(self.record(cold)["fingerprint"]["method"], "files")

    def wait_until_settled(self, manifest):
        """What changed within two seconds is copied again: until then it is no miss."""
        def settled():
            done = self.dump(manifest)
            self.assert_code(done, 0)
            return done if "unchanged" in done.text.splitlines()[0] else None
        return wait_for(settled, "a copy that is taken for the same")

    def test_D38_a_page_that_rotted_in_a_stopped_cluster_fails_it(self):
        cold = self.new_cluster("rotten", "--data-checksums")
        cold.start()
        path = cold.sql("CREATE TABLE t AS SELECT i, repeat('x', 100) FROM generate_series(1, 9000) i;"
                        "CHECKPOINT; SELECT pg_relation_filepath('t')").strip()
        cold.stop()
        with open(cold.data / path, "r+b") as file:
            file.seek(8192 * 10 + 4000)
            file.write(b"rot")
        done = self.dump_cluster(cluster=cold)
        self.assert_code(done, 3)
        self.assertIn("checksum", done.text)
        self.assertEqual(self.current(), {})

    def test_configuration_that_lies_elsewhere_comes_along(self):
        """As Debian has it: postgresql.conf and pg_hba.conf in /etc, named when it was started."""
        etc = self.folder / "etc"
        etc.mkdir(mode=0o755)
        self.addCleanup(shutil.rmtree, etc)
        split = self.new_cluster("split")
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.move(split.data / name, etc / name)
        with open(etc / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"data_directory='{split.data}'\nhba_file='{etc}/pg_hba.conf'\n"
                       f"ident_file='{etc}/pg_ident.conf'\n")
        must("chown", "-R", "postgres:", etc)
        private = etc / "of-root.conf"
        private.write_text("x")
        private.chmod(0o600)
        split.start(f"config_file={etc}/postgresql.conf")
        for method in ("dump", "basebackup", "files"):
            if method == "files":
                split.stop()
            with self.subTest(method=method):
                self.assert_published(self.dump_cluster(*(("--pg-method", method) if method != "files" else ()),
                                                        cluster=split))
                self.assertEqual(sorted(path.name for path in
                                        (self.copy(split) / "data/configuration").iterdir()),
                                 ["pg_hba.conf", "pg_ident.conf", "postgresql.conf"])
                self.assertIn("of-root.conf is not in this copy", str(self.record(split)["notes"]))

    def test_configuration_that_holds_the_data_directory_is_not_taken_whole(self):
        above = self.new_cluster("above")
        shutil.move(above.data / "postgresql.conf", self.folder / "postgresql.conf")
        self.addCleanup((self.folder / "postgresql.conf").unlink)
        above.start(f"config_file={self.folder}/postgresql.conf")
        self.assert_published(self.dump_cluster(cluster=above))
        self.assertFalse((self.copy(above) / "data/configuration").exists())
        self.assertIn("is not in this copy", str(self.record(above)["notes"]))

    def test_a_part_behind_a_link_is_refused_whatever_way_it_is_copied(self):
        """A database whose folder was moved to another disk: pg_basebackup leaves it out, ends in 0, and
        pg_verifybackup agrees with it."""
        linked = self.new_cluster("linked")
        linked.start()
        linked.create_database("moved")
        oid = linked.sql("SELECT oid FROM pg_database WHERE datname = 'moved'").strip()
        linked.stop()
        elsewhere = self.folder / "elsewhere"
        shutil.move(linked.data / "base" / oid, elsewhere)
        self.addCleanup(shutil.rmtree, elsewhere)
        (linked.data / "base" / oid).symlink_to(elsewhere)
        for start, options in ((False, ()), (True, ("--pg-method", "basebackup"))):
            if start:
                linked.start()
            done = self.dump_cluster(*options, cluster=linked)
            self.assert_code(done, 3)
            self.assertIn(f"base/{oid}", done.text)
            self.assertIn("behind a symbolic link", done.text)
            self.assertEqual(self.current(), {})

    def test_a_tablespace_that_leads_to_what_its_owner_may_not_read_fails_it(self):
        cold = self.new_cluster("thief", user="nobody", superuser="nobody")
        private = self.folder / "private"
        private.mkdir(mode=0o700)
        (private / "PG_15_1").mkdir()
        (private / "PG_15_1/secret").write_text("of root")
        self.addCleanup(shutil.rmtree, private)
        (cold.data / "pg_tblspc/99999").symlink_to(private)
        done = self.dump_cluster(cluster=cold)
        self.assert_code(done, 3)
        self.assertIn("Permission denied", done.text)
        self.assertEqual(run("grep", "-rlF", "of root", self.to).code, 1)


class BaseBackupTest(FilesCase):
    def test_a_base_backup_is_of_one_moment_verified_and_starts(self):
        oid = self.with_tablespace(self.cluster, self.folder / "space = x")
        self.addCleanup(self.cluster.psql, "-c", "DROP TABLESPACE ts")
        self.addCleanup(self.cluster.psql, "-c", "DROP TABLE t")
        self.assert_published(self.dump_cluster("--pg-method", "basebackup"))
        record = self.record()
        self.assertEqual(record["fingerprint"]["method"], "basebackup")
        self.assertEqual(record["verified"]["by"], "pg_verifybackup")
        link = self.copy() / "data/pgdata/pg_tblspc" / oid
        self.assertEqual(os.readlink(link), f"../../tablespaces/{oid}")
        self.assertEqual(run(BINARIES / "pg_verifybackup", self.copy() / "data/pgdata", env=CLEAN).code, 0)
        copied = self.started_copy(self.cluster)
        self.assertEqual(copied.sql("SELECT count(*) FROM t"), "1000\n")

    def test_one_byte_that_was_lost_on_the_way_is_noticed(self):
        """pg_basebackup is followed by something that damages what it wrote."""
        program = pathlib.Path(BINARIES / "pg_basebackup")
        planted = self.folder / "planted"
        planted.write_text(f'#!/bin/sh\n{self.spare_program()} "$@" || exit\n'
                           "printf x | dd of=/staging/pgdata/global/1262 bs=1 seek=5000 "
                           "conv=notrunc 2>/dev/null\n")
        planted.chmod(0o755)
        done = self.dump_cluster("--pg-method", "basebackup", before=(
            "unshare", "-m", "--propagation", "private", "sh", "-c",
            'mount --bind "$2" "$3" && mount --bind "$1" "$2" && shift 3 && exec "$@"', "sh",
            planted, program, self.spare_program()))
        self.assert_code(done, 3)
        self.assertIn("checksum mismatch", done.text)
        self.assertEqual(self.current(), {})

    @staticmethod
    def spare_program():
        """Another program of PostgreSQL's, in whose place the real one is seen."""
        return pathlib.Path(BINARIES / "pg_recvlogical")

    def test_without_the_right_to_replicate_it_is_refused(self):
        self.cluster.sql("CREATE ROLE plain LOGIN")
        self.addCleanup(self.cluster.psql, "-c", "DROP ROLE plain")
        done = self.dump_cluster("--pg-method", "basebackup", "--pg-role", "plain")
        self.assert_code(done, 3)
        self.assertIn("pg_basebackup", done.text)
        self.assertEqual(self.current(), {})


if __name__ == "__main__":
    main()
