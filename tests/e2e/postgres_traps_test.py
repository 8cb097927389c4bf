"""What a restored PostgreSQL cluster cannot do as its source could: a first superuser who may not log
in, views over what is not here, settings that change how values are read."""
import os
import re
import shutil

from drill_case import reseal
from postgres import MAJOR, Cluster
from postgres_drill_case import PostgresDrillCase
from support import main, make_mounts_private, run

ROLES = """
CREATE ROLE second SUPERUSER LOGIN;
CREATE ROLE until LOGIN VALID UNTIL '2031-02-01 12:00:00+00';
CREATE ROLE member; CREATE ROLE "g GRANTED BY x"; CREATE ROLE gone SUPERUSER;
SET ROLE gone; GRANT "g GRANTED BY x" TO member; RESET ROLE; REASSIGN OWNED BY gone TO postgres;
"""

FAR = """
CREATE EXTENSION postgres_fdw;
CREATE SERVER itself FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '{0}', port '5432', dbname 'postgres');
CREATE USER MAPPING FOR PUBLIC SERVER itself OPTIONS (user 'second');
CREATE FOREIGN TABLE roles (rolname name) SERVER itself OPTIONS (schema_name 'pg_catalog', table_name 'pg_roles');
CREATE MATERIALIZED VIEW "seen
far" AS SELECT * FROM roles;
CREATE MATERIALIZED VIEW upon AS SELECT count(*) AS n FROM "seen
far";
CREATE MATERIALIZED VIEW near AS SELECT 1 AS one;
"""

SUB = """
CREATE TABLE item (kind varchar CHECK (kind IN ('a', 'b')), at timestamptz, cost money);
INSERT INTO item VALUES ('a', '2031-02-01 12:00:00+00', 12.34);
ALTER DATABASE sub SET timezone = 'Asia/Tokyo'; ALTER DATABASE sub SET datestyle = 'SQL, DMY';
CREATE SUBSCRIPTION "the sub" CONNECTION 'host=/nowhere' PUBLICATION p WITH (connect = false, slot_name = 'the_sub');
"""


def setUpModule():
    make_mounts_private()


def commands(text):
    return [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n)+", text)]


class TrapsTest(PostgresDrillCase):
    initdb = ("--data-checksums",)
    options = ("--pg-role", "second")

    @classmethod
    def fill(cls):
        cluster = cls.cluster
        cluster.sql(ROLES)
        if MAJOR < 16:  # later a grantor cannot be dropped
            cluster.sql("DROP ROLE gone")
        cluster.superuser = "second"
        cluster.create_database("far")
        link = cluster.sockets / "link"
        link.symlink_to(cluster.sockets)
        cluster.sql(FAR.format(link), "far")
        link.unlink()  # the other server has gone
        cluster.create_database("sub")
        cluster.sql(SUB, "sub")
        for setting in ("timezone = 'Europe/Berlin'", "datestyle = 'SQL, DMY'"):
            cluster.sql(f"ALTER SYSTEM SET {setting}")
        cluster.sql("ALTER ROLE postgres SET role = 'until'; ALTER ROLE postgres NOLOGIN;"
                    "SELECT pg_reload_conf()")
        cluster.wait_until_up()

    def setUp(self):
        super().setUp()
        os.chmod(self.tmp, 0o711)
        # As of a machine that has another locale than this one.
        cluster = self.copy / "data/cluster"
        kept = [line for line in cluster.read_text().splitlines()
                if not line.startswith(("lc_monetary ", "lc_numeric "))]
        cluster.write_text("\n".join(kept + ["lc_monetary xx_XX%2EUTF-8", "lc_numeric POSIX", ""]))
        reseal(self.copy)

    def test_R1_R3_it_passes_and_what_could_not_be_computed_is_told(self):
        said = "\n".join(self.assert_passes()["compared"])
        for word in ('materialised view public seen far could not be computed and is empty: ',
                     "materialised view public upon could not be computed",
                     "schemas that are written in another way", "roles and tablespaces, dumped again, are equal"):
            self.assertIn(word, said)
        self.assertNotIn("near", said)

    def assert_is_back(self, target):
        restored = Cluster(target, self.cluster.user.pw_name, "second")
        self.addCleanup(restored.remove)
        hba = restored.sockets / "hba"
        hba.write_text("local all all trust\n")
        hba.chmod(0o644)
        restored.start(f"hba_file={hba}")

        def asked(text, database="postgres"):
            return restored.sql(text, database).strip()

        self.assertEqual(asked("SELECT matviewname, ispopulated FROM pg_matviews ORDER BY 1", "far"),
                         "near|t\nseen\nfar|f\nupon|f")
        self.assertEqual(asked("SELECT rolcanlogin, rolconfig FROM pg_roles WHERE rolname = 'postgres'"),
                         "f|{role=until}")
        self.assertEqual(asked("SELECT rolvaliduntil = '2031-02-01 12:00:00+00' FROM pg_roles "
                               "WHERE rolname = 'until'"), "t")
        self.assertEqual(asked("SELECT at = '2031-02-01 12:00:00+00', cost::numeric FROM item", "sub"),
                         "t|12.34")
        for name, value in (("timezone", "Europe/Berlin"), ("datestyle", "SQL, DMY"),
                            ("data_checksums", "on"), ("lc_numeric", "POSIX")):
            self.assertEqual(asked(f"SHOW {name}"), value)
        self.assertEqual(asked("SELECT count(*) FROM pg_roles WHERE rolname LIKE 'repo-%'"), "0")

    def test_A3_restored_with_its_settings(self):
        done = self.restore("restore", self.source, "--to", self.tmp / "back")
        self.assertIn("materialised view public seen far could not be computed and is empty", done.text)
        self.assertIn("lc_monetary was 'xx_XX.UTF-8' at the source, which this machine does not have", done.text)
        self.assertNotIn("near", done.text)
        self.assert_is_back(self.tmp / "back")

    def by_hand(self, target, blocks):
        text = (self.copy / "RESTORE.md").read_text(encoding="utf-8")
        script = "".join(commands(text)[each] for each in blocks)
        script = script.replace(f"T='{self.source}'\n", f"T='{target}'\n")
        script = script.replace("    sha256sum", "true || sha256sum")
        done = run("sh", "-c", "trap 'rm -rf \"$X\"' EXIT\n" + script, cwd=self.copy,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root"})
        self.addCleanup(shutil.rmtree, f"{target}.restoring", ignore_errors=True)
        return done

    def test_A4_by_hand_with_its_settings(self):
        done = self.by_hand(self.tmp / "back", range(3))
        self.assert_code(done, 0)
        self.assertIn("It is in place.", done.text)
        self.assertIn("database far: this could not be computed, and is empty: public seen far", done.message)
        self.assertIn("lc_monetary was xx_XX.UTF-8", done.message)
        self.assert_is_back(self.tmp / "back")

    def test_R2_by_hand_no_line_of_the_globals_is_a_command_of_psqls(self):
        file = self.copy / "data/globals.sql"
        text = file.read_text()
        for line in ("\\! touch {0}", "SELECT 1 \\g |touch {0}", "COPY x TO PROGRAM 'touch {0}';",
                     "-- Role \"a\n\\! touch {0}\n", "SET a = 1 \\! touch {0}\n;",
                     'CREATE ROLE "a\nSET b = 1;";\n--\n-- User Config "a\nSET b = 1;"\n--'):
            with self.subTest(line):
                mark = self.tmp / "reached"
                line = line.format(mark)
                file.write_text(text.replace("\nCREATE ROLE member;", f"\n{line}\nCREATE ROLE member;"))
                reseal(self.copy)
                done = self.by_hand(self.tmp / "back", range(3))
                self.assertRegex(done.message, "globals.sql: (pg_dumpall does not write this|a comment ends)")
                self.assertFalse(mark.exists() or (self.tmp / "back").exists())
                shutil.rmtree(f"{self.tmp}/back.restoring")

    def test_R6_a_label_of_a_provider_that_is_not_here_and_a_locale(self):
        file = self.copy / "data/globals.sql"
        text = file.read_text()
        for line, word in (("SECURITY LABEL FOR anon ON ROLE member IS 'x'",
                            'security label provider "anon" is not loaded'),
                           ("ALTER ROLE member SET lc_monetary TO 'xx_XX.UTF-8'",
                            'invalid value for parameter "lc_monetary"')):
            with self.subTest(line):
                file.write_text(text.replace("\nCREATE ROLE member;", f"\nCREATE ROLE member;\n{line};"))
                reseal(self.copy)
                self.assert_not_run("something is missing on this machine", word)


class SilentTest(PostgresDrillCase):
    """No row anywhere, and event triggers that refuse DDL; one of them whoever does it."""

    @classmethod
    def fill(cls):
        cls.cluster.create_database("always")
        for name in ("always", "postgres"):
            cls.cluster.sql("""
                CREATE FUNCTION no() RETURNS event_trigger LANGUAGE plpgsql AS
                  $$ BEGIN RAISE 'no DDL here'; END $$;
                CREATE EVENT TRIGGER no ON ddl_command_start EXECUTE FUNCTION no();""", name)
        cls.cluster.sql("ALTER EVENT TRIGGER no ENABLE ALWAYS", "always")

    def test_R10_event_triggers_do_not_refuse_what_the_drill_alters(self):
        self.assert_passes()
        self.make_all_equal()
        self.assert_fails("database postgres: a schema was made, and nothing noticed it")

    def test_R10_nor_of_files(self):
        shutil.rmtree(self.to)
        self.dump_to(self.to, "--pg-method", "basebackup")
        self.assert_passes()


if __name__ == "__main__":
    main()
