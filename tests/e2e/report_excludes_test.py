"""repo-report --excludes and --audit-excludes: a promise that is withdrawn; and nightly --then."""
import shutil

from report_case import ReportCase
from support import RESTORE, main, make_hg, make_svn, run


class ExcludesTest(ReportCase):
    def listed(self, *options):
        """The paths that tar may leave out: its list is plain."""
        done = self.report("--excludes", "tar", *options)
        return sorted(done.text.splitlines()), done.message

    def test_the_store_alone_is_left_out(self):
        paths, message = self.listed()
        self.assertEqual(paths, [f"{self.src}/alpha", f"{self.src}/beta/.hg"])
        self.assertEqual(message, "")

    def test_what_failed_the_last_time_stays_in_the_backup(self):
        self.damage()
        self.night(3)
        paths, message = self.listed()
        self.assertEqual(paths, [f"{self.src}/beta/.hg"])
        self.assertIn(f"stays in the file-level backup: {self.src}/alpha", message)

    def test_a_copy_that_is_damaged_promises_nothing(self):
        record = next((self.to / "current/svn").iterdir()) / "data/format"
        record.chmod(0o600)
        record.write_text("6\n")
        self.drill_and_fail()
        self.assertEqual(self.listed()[0], [f"{self.src}/beta/.hg"])

    def drill_and_fail(self):
        self.assert_code(run(RESTORE, "--drill", "--all", "--from", self.to), 3)

    def test_a_repository_in_another_ones_store_is_not_left_out_with_it(self):
        make_hg(self.src / "alpha/inner")
        self.night()
        self.assertEqual(len(self.listed()[0]), 3)
        requires = self.src / "alpha/inner/.hg/store/00changelog.i"
        requires.write_bytes(b"\0" * requires.stat().st_size)
        self.night(3)
        paths, message = self.listed()
        self.assertEqual(paths, [f"{self.src}/beta/.hg"])
        self.assertIn("inner", message)

    def test_one_that_no_run_has_taken_on_stays_in(self):
        make_svn(self.src / "new")
        self.night(0, "--only", self.src / "alpha")
        self.assertNotIn(f"{self.src}/new", self.listed()[0])
        make_hg(self.src / "alpha/deep")
        self.night(0, "--only", self.src / "beta")
        self.assertEqual(self.listed()[0], [f"{self.src}/beta/.hg"])

    def test_without_records_nothing_is_left_out(self):
        shutil.rmtree(self.to)
        done = self.report("--excludes", "restic", code=1)
        self.assertEqual(done.out, b"")

    def audit(self, *paths, code=0):
        file = self.tmp / "excluded"
        file.write_text("".join(f"{path}\n" for path in paths))
        return self.report("--audit-excludes", file, code=code).text

    def test_an_audit_names_what_no_copy_stands_for(self):
        self.audit(f"{self.src}/alpha", f"{self.src}/beta/.hg")
        self.assertIn("beta", self.audit(f"{self.src}/beta", code=3))
        self.assertIn("nowhere", self.audit(f"{self.src}/nowhere", code=3))
        self.assertIn(str(self.src), self.audit(self.src, code=3))
        self.damage()
        self.night(3)
        self.assertIn("alpha", self.audit(f"{self.src}/alpha", f"{self.src}/beta/.hg", code=3))

    def test_an_audit_takes_our_own_lists(self):
        for tool in ("restic", "borg", "rdiff-backup", "rsync", "tar"):
            with self.subTest(tool):
                file = self.tmp / "list"
                file.write_bytes(self.report("--excludes", tool).out)
                self.report("--audit-excludes", file)


if __name__ == "__main__":
    main()
