"""Runs that are stopped, killed, locked out or held up.

Nothing here depends on timing. Mercurial's own lock, held by "somebody else", holds the copy of an
hg repository. `svnadmin verify` inside the sandbox is held by a FIFO: a script stands in its place,
for this process and its children alone.
"""
import array
import errno
import fcntl
import os
import shutil
import signal
import subprocess
import termios
import unittest

from support import (DUMP, Case, add_hg_commit, begun_at, descendants, main, make_hg,
                     make_mounts_private, make_svn, must, read_json, snapshot, validate, wait_for,
                     without_table)

SEEN_IN_SANDBOX = "/usr/local/src"  # where the script, which sees nothing but /usr, finds its things
SVNADMIN = f"""#!/bin/sh
if [ "$1" = verify ] && [ -p {SEEN_IN_SANDBOX}/gate ]; then
  read -r held <{SEEN_IN_SANDBOX}/held
  read -r uuid </staging/db/uuid
  [ "$uuid" != "$held" ] || read -r line <{SEEN_IN_SANDBOX}/gate
fi
exec {SEEN_IN_SANDBOX}/svnadmin "$@"
"""


def setUpModule():
    make_mounts_private()
    HeldCase.tools = Case.make_tmp(unittest.addModuleCleanup)
    HeldCase.tools.chmod(0o755)
    shutil.copy("/usr/bin/svnadmin", HeldCase.tools / "svnadmin")
    script = HeldCase.tools / "script"
    script.write_text(SVNADMIN)
    script.chmod(0o755)
    for what, at in ((HeldCase.tools, SEEN_IN_SANDBOX), (script, "/usr/bin/svnadmin")):
        must("mount", "--bind", what, at)
        unittest.addModuleCleanup(must, "umount", at)


class HeldCase(Case):
    """Sources: alpha (svn), beta (hg), gamma (svn). alpha and beta can be held."""

    tools = None  # a folder

    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        self.beta = make_hg(self.src / "beta", 1)
        self.gamma = make_svn(self.src / "gamma", 1)
        self.manifest = self.scan()
        self.gate = self.tools / "gate"
        self.held = None  # the writing end of the gate, once the tool waits there
        self.addCleanup(self.release)

    def hold_alpha(self):
        uuid = (self.alpha / "db/uuid").read_text(encoding="ascii").splitlines()[0]
        (self.tools / "held").write_text(uuid + "\n", encoding="ascii")
        os.mkfifo(self.gate)

    def is_at_the_gate(self):
        try:
            self.held = os.open(self.gate, os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError as error:
            if error.errno != errno.ENXIO:
                raise
        return self.held is not None

    def hold_beta(self, lock="wlock"):
        (self.beta / ".hg" / lock).symlink_to("elsewhere:4711")

    def release(self):
        self.gate.unlink(missing_ok=True)
        if self.held is not None:
            os.close(self.held)
            self.held = None
        for lock in ("wlock", "store/lock"):
            path = self.beta / ".hg" / lock
            if path.is_symlink() and os.readlink(path) == "elsewhere:4711":
                path.unlink()

    def begin(self, *options, jobs=3, until_gamma=True):
        """Starts a run that copies all, and returns when it is held up in all that is held."""
        running = self.start(DUMP, "--to", self.to, "--full", "-j", str(jobs), *options,
                             self.manifest)
        if self.gate.exists():
            self.wait(running, self.is_at_the_gate)
        if self.owner_of("store/lock"):
            self.wait(running, lambda: self.owner_of("wlock").endswith(f":{running.pid}"))
        elif self.owner_of("wlock"):
            self.wait(running, lambda: list(self.to.glob("control/staging/hg.*/data/.hg/store")))
        if until_gamma:
            self.wait(running, lambda: os.fsencode(self.gamma) in self.current())
        return running

    @staticmethod
    def wait(running, condition):
        wait_for(condition, "a run that is held up", running)

    def owner_of(self, lock):
        try:
            return os.readlink(self.beta / ".hg" / lock)
        except FileNotFoundError:
            return ""

    def staged(self):
        return {each.name for each in (self.to / "control/staging").iterdir()}


class LockTest(HeldCase):
    def test_D16_a_second_run_names_the_first(self):
        self.hold_beta("store/lock")
        running = self.begin("--only", self.beta, until_gamma=False)
        record = self.last_run()
        self.assertEqual((record["state"], record["pid"]), ("running", running.pid))
        validate(record, "run")
        before = snapshot(self.to / "control")
        self.assert_refused(self.dump(self.manifest), 11, str(self.to), f"process {running.pid})")
        self.assertEqual(snapshot(self.to / "control"), before)
        self.assertEqual(self.generations(), [])

        self.assert_code(self.dump(self.manifest, "-n"), 0)
        self.assert_code(self.dump(self.manifest, "--kinds", "svn", to=self.tmp / "other"), 0)
        self.release()
        self.assert_code(self.finish(running), 0)
        self.assertEqual(self.last_run()["state"], "ended")
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()

    def test_D16_a_lock_file_of_a_live_process_that_holds_no_lock(self):
        (self.to / "control").mkdir(parents=True)
        (self.to / ".repo-backup").touch()
        (self.to / "control/lock").write_text(f"{os.getpid()}\n")
        self.assert_code(self.dump(self.manifest), 0)


class KillTest(HeldCase):
    def test_D1_after_kill_9_nothing_is_left_and_the_next_run_works(self):
        self.assert_code(self.dump(self.manifest), 0)
        held = [self.copy_of(self.alpha), self.copy_of(self.beta)]
        before = [snapshot(each) for each in held]
        self.hold_alpha()
        self.hold_beta()
        running = self.begin(until_gamma=False)
        processes = descendants(running.pid)
        self.assertGreaterEqual(len(processes), 3)  # bwrap, bwrap inside, the tool
        self.assert_code(self.signalled(running, signal.SIGKILL), -signal.SIGKILL)
        self.assert_processes_end(processes)
        self.assertEqual([snapshot(each) for each in held], before)
        self.assertEqual(len(self.staged() - {"CACHEDIR.TAG"} - self.staged_of_gamma()), 2)
        self.assertEqual(self.last_run()["state"], "running")

        self.release()
        self.assert_code(self.dump(self.manifest), 0)
        states = [read_json(each)["state"] for each in sorted(self.to.glob("control/runs/*.json"))]
        self.assertEqual(states, ["ended", "died", "ended"])
        self.assert_whole()
        self.assertEqual(len(self.current()), 3)

    def staged_of_gamma(self):
        return {name for name in self.staged() if "gamma" in name}

    def kill_with_our_lock_in_beta(self):
        self.hold_beta("store/lock")
        running = self.begin("--only", self.beta, until_gamma=False)
        self.assert_code(self.signalled(running, signal.SIGKILL), -signal.SIGKILL)
        self.assertTrue(self.owner_of("wlock").endswith(f":{running.pid}"))
        self.release()

    def test_D16_mercurial_takes_over_the_lock_of_a_killed_run(self):
        self.kill_with_our_lock_in_beta()
        add_hg_commit(self.beta, "after")
        self.assertEqual(self.owner_of("wlock"), "")
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()

    def test_D16_the_next_run_takes_over_the_lock_of_a_killed_run(self):
        """Nobody may ever write to that repository again, and its copies must not end here."""
        self.kill_with_our_lock_in_beta()
        self.assert_code(self.dump(self.manifest, "--timeout", "3s"), 0)
        self.assertEqual(self.owner_of("wlock"), "")
        self.assert_whole()


class SignalTest(HeldCase):
    def stop(self, number):
        self.hold_alpha()
        self.hold_beta("store/lock")
        running = self.begin("--json")
        processes = descendants(running.pid)
        done = self.signalled(running, number)
        self.assert_code(done, 128 + number)
        self.assert_processes_end(processes)
        return done

    def assert_stopped(self, done, number):
        self.assertEqual(list(self.current()), [os.fsencode(self.gamma)])
        self.assert_whole()
        self.assertEqual(self.owner_of("wlock"), "")
        self.assertEqual(self.owner_of("store/lock"), "elsewhere:4711")
        *items, summary = done.json_lines()
        for line in (*items, summary):
            validate(line, "result")
        self.assertEqual({os.path.basename(each["path"]): each["status"] for each in items},
                         {"alpha": "skipped", "beta": "skipped", "gamma": "copied"})
        self.assertEqual(summary["exit_status"], 128 + number)
        record = self.last_run()
        self.assertEqual(record["summary"], summary)
        self.assertEqual(sorted(each["status"] for each in record["items"]),
                         ["copied", "skipped", "skipped"])

    def test_D14_sigterm(self):
        self.assert_stopped(self.stop(signal.SIGTERM), signal.SIGTERM)
        self.release()
        self.assert_code(self.dump(self.manifest), 0)
        self.assertEqual(len(self.current()), 3)
        self.assert_whole()

    def test_D14_sigint(self):
        self.assert_stopped(self.stop(signal.SIGINT), signal.SIGINT)

    def test_D14_sighup(self):
        self.assert_stopped(self.stop(signal.SIGHUP), signal.SIGHUP)

    def test_D14_items_that_wait_for_their_turn_are_skipped(self):
        self.assert_code(self.dump(self.manifest), 0)
        before = self.seen_generations()
        self.hold_alpha()
        running = self.begin(jobs=1, until_gamma=False)
        done = self.signalled(running, signal.SIGTERM)
        self.assert_code(done, 143)
        lines = without_table(done.text).splitlines()
        # The smallest came first.
        self.assertEqual([line.split()[0] for line in lines[:-1]],
                         ["copied", "skipped", "skipped"])
        copied = os.path.basename(lines[0].split()[2])

        def of_the_others(seen):
            return {path: each for path, each in seen.items() if copied not in path}
        self.assertEqual(of_the_others(self.seen_generations()), of_the_others(before))
        self.assertEqual(len(of_the_others(before)), 2)
        self.assert_whole()

    def test_D14_while_it_waits_for_the_manifest(self):
        """As in `repo-scan / | repo-dump -`, where the scan may take long."""
        for options in ((), ("-n",)):
            with self.subTest(options=options):
                read, write = os.pipe()
                running = self.start(DUMP, "--to", self.to, *options, "-", stdin=read)
                os.write(write, b"{")
                wait_for(lambda read=read: not self.unread(read), "the first byte", running)
                os.close(read)
                running.send_signal(signal.SIGTERM)
                try:
                    running.wait(10)
                except subprocess.TimeoutExpired:
                    pass
                alive = running.returncode is None
                os.close(write)
                done = self.finish(running)
                self.assertFalse(alive, "it waits for the end of the manifest")
                self.assert_code(done, 143)
        self.assertFalse(self.to.exists())

    @staticmethod
    def unread(pipe):
        count = array.array("i", [0])
        fcntl.ioctl(pipe, termios.FIONREAD, count)
        return count[0]

    def test_a_run_that_was_told_to_ignore_hangups_goes_on(self):
        self.hold_beta()
        running = self.start("env", "--ignore-signal=HUP", DUMP, "--to", self.to, self.manifest)
        self.wait(running, lambda: list(self.to.glob("control/staging/hg.*/data/.hg/store")))
        running.send_signal(signal.SIGHUP)
        self.release()
        self.assert_code(self.finish(running), 0)


class DeadlineTest(HeldCase):
    def fail_beta(self, *options):
        """beta is held by a real hg, and the tool that reads alpha waits for ever."""
        self.hold_alpha()
        holder = self.start("hg", "-R", self.beta, "debuglocks", "--set-wlock")
        wait_for(lambda: self.owner_of("wlock"), "the lock of hg", holder)
        name = self.owner_of("wlock")
        self.assertTrue(name.endswith(f":{holder.pid}"))

        done = self.dump(self.manifest, "-j", "3", *options)
        self.assert_code(done, 3)
        self.assertEqual(list(self.current()), [os.fsencode(self.gamma)])
        self.assertEqual(self.owner_of("wlock"), name)
        self.assertIsNotNone(begun_at(holder.pid))
        self.assert_whole()
        alpha, beta = (next(line for line in done.text.splitlines() if f"/{each}: " in line)
                       for each in ("alpha", "beta"))
        self.assertTrue(alpha.startswith("FAILED    svn"), alpha)
        self.assertTrue(beta.startswith("FAILED    hg"), beta)
        self.assertIn(name, beta)
        must("kill", str(holder.pid))
        self.finish(holder)
        return alpha

    def test_D11_timeout_without_progress(self):
        alpha = self.fail_beta("--timeout", "4s")
        self.assertIn("--timeout", alpha)
        self.release()
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()

    def test_D11_max_time(self):
        alpha = self.fail_beta("--max-time", "4s")
        self.assertIn("--max-time", alpha)


if __name__ == "__main__":
    main()
