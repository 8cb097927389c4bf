"""The configuration file of the tools, as root's nightly job and as people use it."""
import os
import re
import shutil
import unittest

from support import (DUMP, SCAN, TOP, Case, as_user, main, make_hg, make_mounts_private, make_svn,
                     must, run)

STRANGER = 1234
EXAMPLE = TOP / "docs/config.example.toml"


def setUpModule():
    # A folder /etc of our own, for this process alone: there the tools look by themselves.
    make_mounts_private()
    folder = Case.make_tmp(unittest.addModuleCleanup)
    folder.chmod(0o755)
    must("cp", "-a", "--", "/etc", folder)
    shutil.rmtree(folder / "etc/repo-backup", ignore_errors=True)
    must("mount", "--bind", folder / "etc", "/etc")
    unittest.addModuleCleanup(must, "umount", "/etc")


class ConfigCase(Case):
    def setUp(self):
        super().setUp()
        self.tmp.chmod(0o755)
        self.alpha = make_svn(self.src / "alpha", 0)
        self.beta = make_hg(self.src / "beta")
        self.file = self.tmp / "config.toml"

    def configure(self, text, path=None):
        path = path or self.file
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
        path.chmod(0o644)
        return path

    def configure_etc(self, text):
        path = self.configure(text, type(self.file)("/etc/repo-backup/config.toml"))
        self.addCleanup(shutil.rmtree, path.parent)
        return path

    def listed(self, *options):
        done = run(SCAN, "-q", "--list", *options, self.src)
        self.assert_code(done, 0)
        return done.text.splitlines()


class UseTest(ConfigCase):
    def test_repo_scan_takes_its_options_from_the_file(self):
        self.configure('[repo-scan]\nlist = true\nexclude = ["beta"]\n[common]\nquiet = true\n')
        done = run(SCAN, "--config", self.file, self.src)
        self.assert_code(done, 0)
        self.assertEqual(done.text.splitlines(), [str(self.alpha)])
        self.assertEqual(done.err, b"")

    def test_lists_of_the_command_line_and_of_the_file_add_up(self):
        self.configure('[repo-scan]\nexclude = ["beta"]\n')
        self.assertEqual(self.listed("--config", self.file, "--exclude", "alpha"), [])
        self.assertEqual(self.listed("--config", self.file, "--exclude", "x"), [str(self.alpha)])

    def test_repo_dump_takes_its_options_from_the_file_and_the_command_line_wins(self):
        manifest = self.scan()
        there, elsewhere = self.tmp / "there", self.tmp / "elsewhere"
        self.configure(f'[repo-dump]\nto = "{there}"\nonly = ["{self.alpha}"]\n')
        self.assert_code(run(DUMP, "--config", self.file, manifest), 0)
        self.to = there
        self.assertEqual(list(self.current()), [os.fsencode(self.alpha)])
        self.assert_code(run(DUMP, "--config", self.file, "--to", elsewhere, "--only", self.beta,
                             manifest), 0)
        self.to = elsewhere
        self.assertEqual(sorted(self.current()), [os.fsencode(self.alpha), os.fsencode(self.beta)])

    def test_without_an_option_it_is_the_file_in_etc(self):
        self.assertEqual(self.listed(), [str(self.alpha), str(self.beta)])
        path = self.configure_etc('[repo-scan]\nexclude = ["beta"]\n'
                                  f'[repo-dump]\nto = "{self.to}"\nkinds = ["hg"]\n')
        self.assertEqual(self.listed(), [str(self.alpha)])
        self.assertEqual(self.listed("--config", "/dev/null"), [str(self.alpha), str(self.beta)])
        path.write_text(f'[repo-dump]\nto = "{self.to}"\nkinds = ["hg"]\n')
        self.assert_code(run(DUMP, self.scan()), 0)
        self.assertEqual(list(self.current()), [os.fsencode(self.beta)])

    def test_a_pipe_will_do(self):
        reading, writing = os.pipe()
        os.write(writing, b'[repo-scan]\nexclude = ["beta"]\n')
        os.close(writing)
        done = run(SCAN, "-q", "--list", "--config", f"/dev/fd/{reading}", self.src,
                   pass_fds=[reading])
        os.close(reading)
        self.assertEqual(done.text.splitlines(), [str(self.alpha)], f"{done}")

    def test_the_example_is_taken_as_it_stands_and_changes_nothing(self):
        self.assertEqual(self.listed("--config", EXAMPLE), [str(self.alpha), str(self.beta)])
        manifest = self.scan()
        self.assertEqual(
            run(DUMP, "-n", "--config", EXAMPLE, "--to", self.to, manifest).text,
            run(DUMP, "-n", "--to", self.to, manifest).text)

    def test_what_the_example_has_behind_a_hash_is_taken_too(self):
        text = EXAMPLE.read_text(encoding="utf-8")
        shown, count = re.subn("^# (?=[a-z-]+ = )", "", text, flags=re.MULTILINE)
        self.assertGreater(count, 4)
        self.configure(shown)
        self.assert_code(run(SCAN, "--config", self.file, "--list", self.src), 0)
        self.assert_code(run(DUMP, "-n", "--config", self.file, "--to", self.to, self.scan()), 0)


class RefusalTest(ConfigCase):
    def assert_both_refuse(self, *words, options=()):
        """By both tools, before anything else was looked at."""
        self.assert_refused(run(SCAN, *options, "/nonexistent"), 2, *words)
        self.assert_refused(run(DUMP, *options, "--to", self.to, "/nonexistent"), 2, *words)
        self.assertFalse(self.to.exists())

    def test_what_a_tool_does_not_know(self):
        for text, line, word in (("[common]\n\nqiuet = true\n", 3, "--qiuet"),
                                 ("[repo-scan]\n[repo-dmp]\n", 2, "[repo-dmp]"),
                                 ("[common]\nquiet = yes\n", 2, "yes"),
                                 ("quiet = true\n", 1, "quiet"),
                                 ("[common]\nnice = 1\n", 2, "nice")):
            with self.subTest(text=text):
                self.configure(text)
                self.assert_both_refuse(f"{self.file}: line {line}: ", word,
                                        options=["--config", self.file])

    def test_the_file_in_etc_is_no_exception(self):
        path = self.configure_etc("[common]\nqiuet = true\n")
        self.assert_both_refuse(f"{path}: line 2: ")

    def test_a_file_that_is_named_must_exist(self):
        self.assert_both_refuse(str(self.file), "No such file",
                                options=["--config", self.file])
        self.assert_both_refuse(str(self.src), "directory", options=["--config", self.src])

    def test_M7_root_takes_no_file_that_somebody_else_could_have_written(self):
        for mode, uid in ((0o666, 0), (0o620, 0), (0o644, STRANGER)):
            with self.subTest(mode=oct(mode), uid=uid):
                self.configure("[common]\nquiet = true\n")
                os.chown(self.file, uid, 0)
                self.file.chmod(mode)
                self.assert_both_refuse(str(self.file), "somebody else",
                                        options=["--config", self.file])
        path = self.configure_etc("[common]\nquiet = true\n")
        path.parent.chmod(0o777)
        self.assert_both_refuse(str(path), "/etc/repo-backup could have been")

    def test_another_user_takes_what_root_would_not(self):
        self.configure('[repo-scan]\nexclude = ["beta"]\n')
        os.chown(self.file, STRANGER, STRANGER)
        self.file.chmod(0o666)
        done = run(*as_user(STRANGER), SCAN, "-q", "--list", "--config", self.file, self.src)
        self.assertEqual(done.text.splitlines(), [str(self.alpha)], f"{done}")

    def test_a_file_that_cannot_be_read_is_not_passed_over(self):
        path = self.configure_etc("[common]\nquiet = true\n")
        path.chmod(0o600)
        done = run(*as_user(STRANGER), SCAN, self.src)
        self.assert_refused(done, 2, str(path), "Permission denied")


if __name__ == "__main__":
    main()
