"""Restores of PostgreSQL clusters: by repo-restore, and by hand."""
import os
import pathlib
import pwd
import re
import shutil

from postgres import Cluster
from postgres_drill_case import PostgresDrillCase
from postgres_drill_test import fill
from support import main, make_mounts_private, run, validate


def setUpModule():
    make_mounts_private()


def commands(text):
    """The indented blocks."""
    return [re.sub(r"(?m)^    ", "", block) for block in re.findall(r"(?m)(?:^    .*\n)+", text)]


class Restored(Cluster):
    """What was restored: its server runs for as long as one asks it."""

    def __init__(self, case, data, of):
        super().__init__(data, of.user.pw_name, of.superuser)
        case.addCleanup(self.remove)
        hba = self.sockets / "hba"
        hba.write_text("local all all trust\n")
        hba.chmod(0o644)
        self.start(f"hba_file={hba}")

    def state(self, *options):
        """All that can be dumped."""
        return {name: self.dump_of(name, *options) for name in self.databases() if "\n" not in name}


class RestoreTest(PostgresDrillCase):
    @classmethod
    def fill(cls):
        cls.place = fill(cls.cluster)
        cls.globals = cls.cluster.globals()
        cls.state = {name: cls.cluster.dump_of(name) for name in cls.cluster.databases()
                     if "\n" not in name}

    def setUp(self):
        super().setUp()
        os.chmod(self.tmp, 0o711)
        self.target = self.tmp / "back"

    def assert_is_back(self, target, owner="postgres"):
        owner = pwd.getpwnam(owner)
        for folder, folders, files in os.walk(target):
            for path, mode in [(folder, 0o40700)] + [(os.path.join(folder, each), 0o100600)
                                                     for each in files]:
                st = os.lstat(path)
                self.assertEqual((oct(st.st_mode), st.st_uid, st.st_gid),
                                 (oct(mode), owner.pw_uid, owner.pw_gid), path)
            for each in folders:
                path = os.path.join(folder, each)
                if os.path.islink(path):
                    self.assertEqual(os.readlink(path), f"{target}/tablespaces/{each}")
                    self.assertEqual(os.path.relpath(folder, target), "pg_tblspc")
        self.assertEqual((target / "restored-files/pg_hba.conf").read_bytes(),
                         (self.cluster.data / "pg_hba.conf").read_bytes())
        self.assert_answers_as_before(target)

    def assert_answers_as_before(self, target):
        restored = Restored(self, target, self.cluster)
        self.assertEqual(set(restored.databases()), set(self.cluster.databases()))
        found = re.sub("LOCATION '.*'", "LOCATION '…'", restored.globals())
        self.assertEqual(found, re.sub("LOCATION '.*'", "LOCATION '…'", self.globals))
        self.assertIn("PASSWORD", found)
        state = restored.state()
        for name, dump in self.state.items():
            if name == "shop":  # its CHECK is written in another way once it was read
                dump, state[name] = re.sub(r"CHECK .*", "", dump), re.sub(r"CHECK .*", "", state[name])
            self.assertEqual(state[name], dump, name)
        # Power is lost: with tablespaces of the wrong sort it would not come up again.
        restored.stop("immediate")
        restored.start(f"hba_file={restored.sockets}/hba")
        restored.stop()

    def test_A3_a_new_data_directory_with_all_that_was_there(self):
        done = self.restore("restore", self.source, "--to", self.target)
        self.assertIn(f"tablespace the tablespace is in tablespaces of the data directory (it was in {self.place})",
                      done.text)
        self.assertIn("its configuration is a new one", done.text)
        self.assert_is_back(self.target)
        # Who may connect is not decided by a restore.
        self.assertNotIn("trust", re.sub("#.*", "", (self.target / "pg_hba.conf").read_text()))
        self.assertEqual(sorted(os.listdir(self.tmp)), ["back", "backup", "src"])
        again = self.restore("restore", self.source, "--to", self.target, code=1)
        self.assertIn("it is not empty: nothing there was touched", again.text)

    def test_A3_all_and_for_another_user(self):
        self.target.mkdir()
        done = self.restore("restore", "--all", "--to", self.target, "--map-owner",
                            f"{self.cluster.user.pw_uid}=nobody", "--map-group",
                            f"{self.cluster.user.pw_gid}=nogroup", "--json")
        for line in done.json_lines():
            validate(line, "restore")
        place = self.target / str(self.source)[1:]
        self.assertEqual((place.stat().st_uid, (place / "base").stat().st_gid),
                         (pwd.getpwnam("nobody").pw_uid, pwd.getpwnam("nobody").pw_gid))
        self.assertTrue(list(self.target.glob("**/svn/format")))

    def by_hand(self, target, blocks):
        """Runs blocks of RESTORE.md as they stand, but for the place."""
        text = (self.copy / "RESTORE.md").read_text(encoding="utf-8")
        script = "".join(commands(text)[each] for each in blocks)
        line = f"T='{self.source}'\n"
        self.assertIn(line, script)
        return run("sh", "-c", script.replace(line, f"T='{target}'\n"), cwd=self.copy,
                   env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", "PGPORT": "1",
                        "PGDATABASE": "nonsense"})

    def test_A4_by_hand_from_the_document_alone(self):
        target = self.tmp / "by hand"
        before = set(pathlib.Path("/tmp").glob("restore.*"))
        done = self.by_hand(target, range(4))
        self.assert_code(done, 0)
        self.assertEqual(done.message, "")
        self.assertIn("It is in place.", done.text)
        for name in ("host=/evil", "a/../b", "shop"):
            self.assertIn(name, done.text)
        self.assertEqual(sorted(os.listdir(self.tmp)), ["backup", "by hand", "src"])
        self.assertEqual(set(pathlib.Path("/tmp").glob("restore.*")), before)
        self.assert_answers_as_before(target)
        # A second time it touches nothing.
        done = self.by_hand(target, range(3))
        for left in set(pathlib.Path("/tmp").glob("restore.*")) - before:
            shutil.rmtree(left)
        self.assertIn("something is there already", done.message)
        self.assertNotIn("It is in place.", done.text)

    def test_A3_what_cannot_be_loaded_leaves_nothing(self):
        self.change_rows("shop", lambda rows: rows.replace(b"7\tname 7\ta\n", b"7\tname 7\n"))
        done = self.restore("restore", self.source, "--to", self.target, code=1)
        self.assertIn('COPY failed for table "item"', done.text)
        self.assertEqual(sorted(os.listdir(self.tmp)), ["backup", "src"])


if __name__ == "__main__":
    main()
