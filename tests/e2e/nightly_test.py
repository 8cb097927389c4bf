"""scripts/nightly, from a copy of it: with the real tools, and with stubs that end as told.

cmake, ninja, dpkg-query and apt-get are stubs always: nothing is built or installed here. For
apt-get the script looks in the system's own folders, so it is hidden there, for this process alone.
"""
import os
import shutil
import signal
import unittest

from support import (DUMP, ENVIRONMENT, REPORT, RESTORE, SCAN, TOP, Case, add_hg_commit, add_svn_revision, as_user,
                     descendants, main, make_hg, make_mounts_private, make_svn, must, run, wait_for)

# The order in which codes win, from the script's --help.
ENDS = (  # of repo-scan, repo-dump, repo-restore (None: must not run), and of the script
    (0, 0, 0, 0), (0, 3, 0, 3), (3, 0, 0, 3), (3, 3, 3, 3), (0, 4, 0, 4), (3, 4, 0, 3),
    (0, 11, 0, 11), (3, 11, 3, 11), (0, 1, 0, 1), (3, 1, 3, 1), (0, 2, None, 2), (3, 2, None, 2),
    (0, 99, 0, 1), (3, 127, 0, 1), (0, 143, 0, 143), (3, 130, 0, 130), (1, None, 0, 1),
    (1, None, 3, 1), (2, None, None, 2), (5, None, 0, 1), (130, None, 0, 130),
    (139, None, 0, 139), (0, 0, 3, 3), (0, 0, 1, 1), (0, 0, 11, 11), (0, 3, 2, 2), (0, 0, 143, 143),
)


def setUpModule():
    make_mounts_private()
    folder = Case.make_tmp(unittest.addModuleCleanup)
    stub = folder / "apt-get"
    NightlyCase.stub(stub, 'echo no network; echo apt-get "$1" >>"$STUB_LOG"; exit 100')
    must("mount", "--bind", stub, "/usr/bin/apt-get")
    unittest.addModuleCleanup(must, "umount", "/usr/bin/apt-get")


class NightlyCase(Case):
    def setUp(self):
        super().setUp()
        self.top = self.tmp / "a checkout"
        self.work = self.tmp / "work"
        self.bin = self.top / "build/nightly/bin"
        self.stubs = self.tmp / "stubs"
        self.log = self.tmp / "log"
        self.reports = self.tmp / "reports"
        for folder in (self.top / "scripts", self.work, self.bin, self.stubs):
            folder.mkdir(parents=True)
        for name in ("nightly", "packages.sh"):
            shutil.copy(TOP / "scripts" / name, self.top / "scripts")
        for tool in (SCAN, DUMP, RESTORE, REPORT):
            (self.bin / os.path.basename(tool)).symlink_to(tool)
        for name in ("cmake", "ninja"):
            self.stub(self.stubs / name, f'echo {name} "$@" >>{self.log}')
        self.stub(self.stubs / "dpkg-query", "echo installed")
        self.environment = {**ENVIRONMENT, "PATH": f"{self.stubs}:{os.environ['PATH']}",
                            "TMPDIR": str(self.work), "STUB_LOG": str(self.log)}
        self.script = self.top / "scripts/nightly"

    @staticmethod
    def stub(path, text):
        if path.is_symlink():
            path.unlink()
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def stub_tools(self):
        for name in ("repo-scan", "repo-dump", "repo-restore"):
            self.stub(self.bin / name, f'echo {name} "$@" >>{self.log}')
        self.stub_report()

    def stub_report(self, code=0):
        """It tells in a file of its own."""
        self.stub(self.bin / "repo-report", f"""
case "$*" in
  *--where*) echo "{self.to}" ;;
  *) echo "$@" >>{self.reports} ;;
esac
exit {code}""")

    def reported(self):
        """The words that repo-report was given, call by call."""
        lines = self.reports.read_text().splitlines() if self.reports.exists() else []
        self.reports.unlink(missing_ok=True)
        return lines

    def nightly(self, *arguments, **keywords):
        done = run(self.script, *arguments, env=self.environment, **keywords)
        self.assertEqual(list(self.work.iterdir()), [], "temporary files are gone")
        return done

    def logged(self):
        return self.log.read_text().splitlines() if self.log.exists() else []


class OptionsTest(NightlyCase):
    def test_help(self):
        for option in ("--help", "-h"):
            done = self.nightly(option)
            self.assert_code(done, 0)
            self.assertIn("usage: scripts/nightly [--to DIR] [--config FILE] [--accept ITEM] "
                          "[--forget ITEM]\n", done.text)
            self.assertIn("128+N", done.text)
            self.assertEqual(done.err, b"")

    def test_usage_errors(self):
        for arguments in (["--what"], ["-x", self.src], ["--to"], ["--to", ""],
                          ["--config"], ["--config", ""], ["--stale"], ["--budget", ""], ["--then"],
                          [self.src, "--two", self.to]):
            with self.subTest(arguments=arguments):
                done = self.nightly(*arguments)
                self.assert_code(done, 2)
                self.assertIn("--help", done.message)
        self.assertEqual(self.logged(), [])
        self.assertFalse(self.to.exists())

    def test_exit_codes_are_handed_on_the_worst_first(self):
        for scan, dump, drill, expected in ENDS:
            with self.subTest(scan=scan, dump=dump, drill=drill):
                self.log.unlink(missing_ok=True)
                self.stub_report()
                for name, code in (("repo-scan", scan), ("repo-dump", dump),
                                   ("repo-restore", drill)):
                    self.stub(self.bin / name, f'echo {name} "$@" >>{self.log}; exit {code or 0}')
                done = self.nightly("--to", self.to, self.src, "a root")
                self.assert_code(done, expected)
                ran = [line for line in self.logged() if line.startswith("repo-")]
                self.assertEqual([line.split()[0] for line in ran],
                                 ["repo-scan"] + ["repo-dump"] * (dump is not None)
                                 + ["repo-restore"] * (drill is not None))
                self.assertEqual(done.err == b"", expected == 0, f"{done}")
                ends = [f"--ended=repo-scan={scan}"]
                ends += [f"--ended=repo-dump={dump}"] * (dump is not None)
                ends += [f"--ended=repo-restore={drill}"] * (drill is not None)
                self.assertEqual(self.reported(), ["--ping-start",
                                                   " ".join([f"--from={self.to}", *ends])])
                if dump is not None:
                    self.assertRegex(ran[1], f" --to[= ]{self.to}$")
                if drill is not None:
                    self.assertTrue(
                        ran[-1].endswith(f" --drill --stale=7d --from={self.to}"), ran[-1])

    def test_by_default_everything_is_scanned_and_repo_dump_knows_where_to(self):
        self.stub_tools()
        self.assert_code(self.nightly(), 0)
        scan, dump, drill = self.logged()[-3:]
        self.assertTrue(scan.endswith(" -- /"), scan)
        # Else the configuration file's `to` would never count.
        self.assertRegex(dump, "^repo-dump [^ ]+$")
        self.assertEqual(drill, "repo-restore --drill --stale=7d")

    def test_how_long_and_what_is_drilled_can_be_said(self):
        self.stub_tools()
        for words in (["--stale", "1d", "--budget", "2h"], ["--stale=1d", "--budget=2h"]):
            self.assert_code(self.nightly(*words, self.src), 0)
            self.assertEqual(self.logged()[-1], "repo-restore --drill --stale=1d --budget=2h")

    def test_a_configuration_file_is_given_to_all(self):
        self.stub_tools()
        for words in (["--config", "c.toml"], ["--config=c.toml"]):
            self.assert_code(self.nightly(*words, self.src), 0)
            for line in self.logged()[-3:]:
                self.assertIn(" --config=c.toml", line)

    def test_an_alert_that_could_not_be_delivered_is_less_than_a_failure(self):
        self.stub_tools()
        for report, dump, expected in ((4, 0, 4), (4, 3, 3), (4, 1, 1), (1, 0, 1), (127, 3, 1)):
            with self.subTest(report=report, dump=dump):
                self.stub(self.bin / "repo-dump", f"exit {dump}")
                self.stub_report(report)
                self.assert_code(self.nightly("--to", self.to, self.src), expected)

    def test_a_build_that_fails_is_reported_by_what_was_built_before(self):
        self.stub_tools()
        self.stub(self.stubs / "ninja", "exit 7")
        self.assert_code(self.nightly("--to", self.to, self.src), 1)
        self.assertEqual(self.reported(), [f"--from={self.to} --ended=nightly=1"])

    def test_a_stop_is_reported_and_is_how_it_ends(self):
        self.stub_tools()
        self.stub(self.bin / "repo-dump", 'kill -TERM "$PPID"; exit 143')
        self.assert_code(self.nightly("--to", self.to, self.src), 143)
        self.assertEqual(self.reported()[-1],
                         f"--from={self.to} --ended=repo-scan=0 --ended=repo-dump=143")

    def test_then_runs_under_the_lock_of_the_dump_root(self):
        self.stub_tools()
        (self.to / "control").mkdir(parents=True)
        lock = self.to / "control/lock"
        lock.touch()
        command = ('echo "$REPO_BACKUP_DIR" "$(command -v repo-report)"; '
                   'flock --nonblock "$REPO_BACKUP_DIR/control/lock" true || echo held')
        for words in (["--then", command], [f"--then={command}"]):
            done = self.nightly("--to", self.to, *words, self.src)
            self.assert_code(done, 0)
            self.assertEqual(done.text, f"{self.to} {self.bin}/repo-report\nheld\n")
        self.assertTrue(self.reported()[-1].endswith(" --ended=file-level-backup=0"))
        self.assert_code(self.nightly("--to", self.to, "--then", "exit 7", self.src), 3)
        self.assertTrue(self.reported()[-1].endswith(" --ended=file-level-backup=7"))
        self.stub(self.bin / "repo-dump", "exit 1")
        self.assertIn("ran", self.nightly("--to", self.to, "--then", "echo ran", self.src).text)

    def test_then_is_ended_with_all_that_it_started(self):
        self.stub_tools()
        (self.to / "control").mkdir(parents=True)
        (self.to / "control/lock").touch()
        fifo = self.tmp / "fifo"
        os.mkfifo(fifo)
        night = self.start(self.script, "--to", self.to, "--then", f"tail -f /dev/null | cat >{fifo}",
                           self.src, env=self.environment)
        with open(fifo, "rb") as end:
            self.assert_code(self.signalled(night, signal.SIGTERM), 143)
            self.assertEqual(end.read(), b"")  # nobody holds it any more

    def test_then_without_a_dump_root_is_told(self):
        self.stub_tools()
        done = self.nightly("--to", self.to, "--then", "echo ran", self.src)
        self.assert_code(done, 1)
        self.assertNotIn("ran", done.text)
        self.assertTrue(self.reported()[-1].endswith(" --ended=file-level-backup=1"))

    def test_answers_are_handed_to_repo_dump(self):
        self.stub_tools()
        words = ["--accept", "/srv/a b", "--forget=x", "--forget", "y"]
        self.assert_code(self.nightly(*words, self.src), 0)
        scan, dump, drill = self.logged()[-3:]
        self.assertNotIn("--forget", scan + drill)
        self.assertTrue(dump.endswith(" --accept=/srv/a b --forget=x --forget=y"), dump)


class PrepareTest(NightlyCase):
    def test_it_builds_without_tests_apart_from_the_developers_builds(self):
        self.assert_code(self.nightly("--to", self.to, self.src), 0)
        configure, build = self.logged()
        self.assertRegex(configure, "^cmake .*--preset release .*-DREPO_BACKUP_TESTS=OFF")
        self.assertIn(str(self.top / "build/nightly"), configure)
        self.assertEqual(build, f"ninja -C {self.top}/build/nightly")

    def test_a_build_that_fails_is_shown_and_ends_in_1(self):
        for name in ("cmake", "ninja"):
            with self.subTest(name=name):
                self.stub(self.stubs / name, "echo no such compiler; exit 7")
                done = self.nightly("--to", self.to, self.src)
                self.assert_code(done, 1)
                self.assertIn("no such compiler", done.message)
                self.stub(self.stubs / name, "")
        self.assertFalse(self.to.exists())

    def test_packages_that_cannot_be_installed(self):
        self.stub(self.stubs / "dpkg-query", "exit 1")
        done = self.nightly("--to", self.to, self.src)
        self.assert_code(done, 1)
        self.assertIn("no network", done.message)
        self.assertIn("could not install: cmake", done.message)
        self.assertEqual(self.logged(), ["apt-get update", "apt-get install"])

    def test_an_ordinary_user_is_told_what_is_missing(self):
        self.stub(self.stubs / "dpkg-query", "exit 1")
        self.tmp.chmod(0o755)
        self.work.chmod(0o777)
        done = run(*as_user(1234), self.script, "--to", self.to, env=self.environment)
        self.assert_code(done, 1)
        self.assertIn("apt-get install cmake", done.message)
        self.assertEqual(list(self.work.iterdir()), [])
        self.assertEqual(self.logged(), [])


class WholeWayTest(NightlyCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha")
        self.beta = make_hg(self.src / "be ta")

    def test_from_nothing_to_copies(self):
        link = self.tmp / "nightly"
        link.symlink_to(self.script)
        self.script = link
        for night, arguments in enumerate((["--to", self.to, self.src],
                                           [f"--to={self.to}", "--", self.src],
                                           [self.alpha, self.beta, "--to", self.to])):
            add_svn_revision(self.alpha, f"night{night}")
            add_hg_commit(self.beta, f"night{night}")
            done = self.nightly(*arguments, cwd="/")
            self.assert_code(done, 0)
            self.assertIn("2 copied and verified", done.text)
            self.assertIn(f"{2 if night == 0 else 0} passed, 0 failed", done.text)
            self.assertNotIn("nightly:", done.message)
        self.assert_whole()
        self.assertEqual(sorted(self.current()), [os.fsencode(self.alpha), os.fsencode(self.beta)])
        self.assertEqual(len(self.generations()), 4)

    def test_odd_names(self):
        self.to = self.tmp / "-backup \n\\"
        odd = self.tmp / "--help *"
        make_svn(odd / "gamma")
        done = self.nightly("--to", self.to.name, "--", odd.name, cwd=self.tmp)
        self.assert_code(done, 0)
        self.assertEqual(list(self.current()), [os.fsencode(odd / "gamma")])

    def test_an_incomplete_scan_is_dumped_and_told(self):
        (self.alpha / "db").rename(self.tmp / "db")
        (self.alpha / "db").symlink_to("nowhere")
        done = self.nightly("--to", self.to, self.src)
        self.assert_code(done, 3)
        self.assertIn("nightly: repo-scan ended with 3, repo-dump with 3, repo-restore with 0",
                      done.message)
        self.assertEqual(list(self.current()), [os.fsencode(self.beta)])

    def test_a_root_that_is_none(self):
        scanned = run(SCAN, self.src / "none")
        self.assertIn(scanned.code, (1, 2, 3))
        self.assert_code(self.nightly("--to", self.to, self.src / "none"), scanned.code)

    def test_a_target_that_is_none(self):
        done = self.nightly("--to", self.tmp / "none/backup", self.src)
        self.assert_code(done, 1)
        self.assertIn("repo-dump: cannot", done.message)

    def begin(self):
        """Starts the script; the dump is held by a lock in beta."""
        (self.beta / ".hg/wlock").symlink_to("elsewhere:1")
        running = self.start(self.script, "--to", self.to, self.src, env=self.environment)
        wait_for(lambda: list(self.to.glob("control/staging/hg.*/data/.hg/store")),
                 "a run that is held up", running)
        return running

    def test_D14_signals_reach_the_tools(self):
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number=number):
                running = self.begin()
                processes = descendants(running.pid)
                done = self.signalled(running, number)
                self.assert_code(done, 128 + number)
                self.assert_processes_end(processes)
                self.assertIn(f"stopped by signal {number}", done.message)
                self.assertEqual(list(self.work.iterdir()), [])
                self.assertEqual(self.last_run()["summary"]["exit_status"], 128 + number)
                self.assert_whole()
                (self.beta / ".hg/wlock").unlink()

    def test_D16_a_second_one_ends_in_11(self):
        running = self.begin()
        done = run(self.script, "--to", self.to, self.src, env=self.environment)
        self.assert_code(done, 11)
        self.assertIn("another run holds it", done.message)
        (self.beta / ".hg/wlock").unlink()
        self.assert_code(self.finish(running), 0)
        self.assertEqual(list(self.work.iterdir()), [])


if __name__ == "__main__":
    main()
