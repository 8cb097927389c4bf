"""Drills and restores of copies that are a cluster's files: shut down, or a base backup."""
import os
import re
import shutil

from drill_case import reseal
from postgres import Cluster
from postgres_drill_case import PostgresDrillCase
from support import main, make_mounts_private, run

HOSTILE = "x' \\' \"y\"\n$(id)"


def setUpModule():
    make_mounts_private()


class FilesCase(PostgresDrillCase):
    options = ()
    initdb = ("--data-checksums",)

    @classmethod
    def fill(cls):
        cluster = cls.cluster
        cls.place = cluster.sockets / "tablespace"
        cls.place.mkdir()
        os.chown(cls.place, cluster.user.pw_uid, cluster.user.pw_gid)
        cluster.sql(f"CREATE TABLESPACE placed LOCATION '{cls.place}'")
        cluster.sql("CREATE TABLE item AS SELECT i, 'name ' || i AS name "
                    "FROM generate_series(1, 1000) AS i; CREATE INDEX item_i ON item (i);"
                    "CREATE TABLE far (i int) TABLESPACE placed; INSERT INTO far VALUES (42);"
                    "CREATE TABLE empty ();"
                    # What a server of the drill's must not take over.
                    "ALTER SYSTEM SET archive_command = 'touch /tmp/archived';"
                    "ALTER SYSTEM SET shared_preload_libraries = 'auto_explain';")
        cluster.create_database(HOSTILE)
        cluster.create_database("closed")
        cluster.sql("CREATE TABLE inside AS SELECT 1 AS one", "closed")
        cluster.sql("ALTER DATABASE closed ALLOW_CONNECTIONS false")
        cls.file = cluster.sql("CHECKPOINT; SELECT pg_relation_filepath('item')").strip()
        cls.index = cluster.sql("SELECT pg_relation_filepath('item_i')").strip()

    def asked(self, target):
        """What the restored files answer."""
        restored = Cluster(target, self.cluster.user.pw_name)
        self.addCleanup(restored.remove)
        hba = restored.sockets / "hba"
        hba.write_text("local all all trust\n")
        hba.chmod(0o644)
        restored.start(f"hba_file={hba}", "shared_preload_libraries=")
        return restored.sql("SELECT count(*), (SELECT i FROM far) FROM item").strip()

    def flip(self, path, at):
        file = self.copy / "data/pgdata" / path
        with open(file, "r+b") as opened:
            opened.seek(at)
            byte = opened.read(1)
            opened.seek(at)
            opened.write(bytes([byte[0] ^ 1]))
        reseal(self.copy)


    def start_by_hand(self):
        """RESTORE.md as it stands, but for the place."""
        os.chmod(self.tmp, 0o711)
        target = self.tmp / "by hand"
        text = (self.copy / "RESTORE.md").read_text(encoding="utf-8")
        blocks = re.findall(r"(?m)(?:^    .*\n)+", text)
        script = re.sub(r"(?m)^    ", "", "".join(blocks)).replace(
            f"T='{self.source}'\n", f"T='{target}'\n")
        done = run("sh", "-c", script, cwd=self.copy)
        self.assert_code(done, 0)
        self.assertIn("It is in place.", done.text)
        self.assertIn("closed", done.text)
        self.assertEqual(self.asked(target), "1000|42")


class ShutDownTest(FilesCase):
    @classmethod
    def fill(cls):
        super().fill()
        cls.cluster.stop()

    def test_A4_it_starts_and_every_row_is_read(self):
        result = self.assert_passes()
        said = "\n".join(result["compared"])
        for word in ("checksums of all pages", "a server starts on the files",
                     "every row of 5 databases is read", "pg_amcheck", "what was altered is noticed"):
            self.assertIn(word, said)

    def test_D38_a_page_that_is_another(self):
        self.flip(self.file, 8000)
        self.assert_fails("pg_checksums: ", "checksum verification failed")

    def test_R10_a_count_that_never_changes_fails_itself(self):
        self.make_all_equal()
        self.assert_fails("a row was taken away, and nothing noticed it")

    def test_A4_files_that_are_not_there(self):
        (self.copy / "data/pgdata" / self.file).unlink()
        reseal(self.copy)
        self.assert_fails("")

    def test_A4_restored_they_start(self):
        os.chmod(self.tmp, 0o711)
        target = self.tmp / "back"
        done = self.restore("restore", self.source, "--to", target)
        self.assertRegex(done.text, f"tablespace \\d+ is in tablespaces of the data directory \\(it was in {self.place}\\)")
        st = target.stat()
        self.assertEqual((oct(st.st_mode), st.st_uid), ("0o40700", self.cluster.user.pw_uid))
        self.assertEqual(self.asked(target), "1000|42")
        self.assertEqual(sorted(os.listdir(self.tmp)), ["back", "backup", "src"])

    def test_A4_by_hand_they_start(self):
        self.start_by_hand()


class ElsewhereTest(FilesCase):
    """Without checksums, and as Debian has it: the configuration is not in the data directory."""
    initdb = ()

    @classmethod
    def fill(cls):
        super().fill()
        cls.cluster.stop()
        etc = cls.cluster.sockets / "etc"
        etc.mkdir()
        for name in ("postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
            shutil.move(cls.cluster.data / name, etc / name)
        with open(etc / "postgresql.conf", "a", encoding="utf-8") as file:
            file.write(f"data_directory='{cls.cluster.data}'\nhba_file='{etc}/pg_hba.conf'\n"
                       f"ident_file='{etc}/pg_ident.conf'\n")
        os.chmod(etc, 0o755)
        cls.cluster.start(f"config_file={etc}/postgresql.conf")
        cls.cluster.stop()

    def test_A4_it_is_drilled_restored_and_started_with_a_configuration_of_its_own(self):
        self.assert_passes()
        os.chmod(self.tmp, 0o711)
        target = self.tmp / "back"
        done = self.restore("restore", self.source, "--to", target)
        self.assertIn("its configuration was elsewhere", done.text)
        self.assertEqual((target / "pg_hba.conf").read_text(), "local all all peer\n")
        self.assertTrue((target / "restored-configuration/postgresql.conf").exists())
        self.assertEqual(self.asked(target), "1000|42")

    def test_A4_by_hand_it_starts(self):
        self.start_by_hand()

    def test_D38_an_index_that_says_something_else(self):
        # Its last page, where the tuples are.
        size = (self.copy / "data/pgdata" / self.index).stat().st_size
        self.flip(self.index, size - 9)
        self.assert_fails("pg_amcheck: ")


class BaseBackupTest(FilesCase):
    options = ("--pg-method", "basebackup")

    @classmethod
    def fill(cls):
        super().fill()
        cls.cluster.sql("SELECT pg_create_physical_replication_slot('standby')")

    def test_A4_it_recovers_and_every_row_is_read(self):
        result = self.assert_passes()
        said = "\n".join(result["compared"])
        self.assertIn("every row of 5 databases is read", said)
        self.assertIn("checksums of all pages", said)

    def test_A4_restored_it_recovers(self):
        os.chmod(self.tmp, 0o711)
        self.restore("restore", self.source, "--to", self.tmp / "back")
        self.assertEqual(self.asked(self.tmp / "back"), "1000|42")


del FilesCase

if __name__ == "__main__":
    main()
