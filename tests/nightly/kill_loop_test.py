"""L1: people commit, a dump runs, and at a random moment it, or a process of it, is killed.

Every commit has known content. Whatever is published restores to the beginning of the history: all
commits up to one, each with its content; and a copy that was told as good has all the commits that
were finished before its run began.
"""
import os
import random
import shutil
import signal
import threading
import time
import unittest

from nightly import FaultCase, parsed, rounds, seeded

from faults import adopt_orphans, make_git, reap_orphans
from support import DUMP, current_of, descendants, main, make_hg, make_svn, must, read_json

KINDS = ("svn", "hg", "git")


def setUpModule():
    adopt_orphans()


def content(kind, n):
    return f"{kind} {n}\n" * random.Random(f"{kind}{n}").randrange(1, 400)


class Writers:
    """Commits to the three repositories, one after the other, while it runs."""

    def __init__(self, repositories, rng):
        self.repositories, self.rng = repositories, rng
        self.done = dict.fromkeys(KINDS, 0)
        self.begun = dict.fromkeys(KINDS, 0)
        self.errors = []
        self.stop = threading.Event()
        self.thread = None

    def commit(self, kind):
        n = self.begun[kind] + 1
        self.begun[kind] = n
        top = self.repositories[kind]
        text = content(kind, n)
        if kind == "svn":
            must("svnmucc", "-m", f"n{n}", "-u", "tester", "--non-interactive", "put",
                 "/dev/stdin", f"{top.as_uri()}/f{n}", input=text.encode())
        else:
            (top / f"f{n}").write_text(text)
            if kind == "hg":
                must("hg", "-R", top, "commit", "-q", "-A", "-m", f"n{n}", cwd=top)
            else:
                must("git", "-C", top, "add", f"f{n}")
                must("git", "-C", top, "-c", "user.name=t", "-c", "user.email=t@example.org",
                     "commit", "-q", "-m", f"n{n}")
        self.done[kind] = n

    def begin(self):
        self.stop.clear()
        self.thread = threading.Thread(target=self.run)
        self.thread.start()

    def run(self):
        try:
            while not self.stop.is_set():
                self.commit(self.rng.choice(KINDS))
        except BaseException as error:  # pylint: disable=broad-except
            self.errors.append(error)

    def end(self):
        self.stop.set()
        self.thread.join()
        if self.errors:
            raise self.errors[0]


class KillLoopTest(FaultCase):
    def setUp(self):
        super().setUp()
        self.addCleanup(reap_orphans)
        self.repositories = {"svn": make_svn(self.src / "svn", 0),
                             "hg": make_hg(self.src / "hg", 0),
                             "git": make_git(self.src / "git", 0)}
        self.rounds = rounds(1000)
        self.rng = seeded("kill loop", self.rounds)
        self.writers = Writers(self.repositories, random.Random(self.rng.random()))
        for kind in KINDS:
            self.writers.commit(kind)
        self.manifest = self.scan()
        self.typical = 1.0

    def test_L1_kill_9_at_random_moments(self):
        killed = 0
        for i in range(self.rounds):
            with self.subTest(round=i):
                if i % 10 == 9:
                    self.undisturbed_run()
                else:
                    killed += self.killed_run()
                if i % 40 == 39:
                    must("git", "-C", self.repositories["git"], "gc", "-q")
            if not self._outcome.success:
                break  # what is there is to be looked at
        self.assertTrue(self._outcome.success)
        self.undisturbed_run()
        self.assert_verified_by_the_tools(self.current().values())
        print(f"{killed} of {self.rounds} runs were killed", flush=True)
        self.assertGreater(killed, self.rounds // 3)

    def start_run(self):
        self.before = dict(self.writers.done)
        return self.start(DUMP, "--to", self.to, "--json", "--keep", "2", self.manifest)

    def killed_run(self):
        # The moment itself is what is random here: nothing is waited for.
        moment = self.rng.uniform(0, 1.3 * self.typical)
        one_of_them = self.rng.random() < 0.2
        self.writers.begin()
        try:
            running = self.start_run()
            threading.Event().wait(moment)
            victims = [pid for pid, _ in descendants(running.pid)] if one_of_them else []
            victim = self.rng.choice(victims) if victims else running.pid
            try:
                os.kill(victim, signal.SIGKILL)
            except ProcessLookupError:
                pass  # it had just ended
            done = self.finish(running)
        finally:
            self.writers.end()
        if victim == running.pid and done.code not in (-signal.SIGKILL, 0):
            self.assert_code(done, 3)  # it was ending; a copy may have been busy
        self.assert_restorable(done)
        return done.code == -signal.SIGKILL

    def undisturbed_run(self):
        begun = time.monotonic()
        done = self.finish(self.start_run())
        self.typical = time.monotonic() - begun
        self.assert_code(done, 0)
        self.assert_no_process_is_left()  # nor a sandbox that was coming up when a run was killed
        self.assertEqual(sum(1 for line in done.json_lines() if
                             line.get("status") in ("copied", "unchanged")), 3)
        self.assert_restorable(done)
        self.assert_only_documented()
        self.assert_no_locks_at_the_sources()

    def assert_restorable(self, done):
        if not self.to.exists():
            return
        self.assert_copies_are_whole()
        told = {}
        for line in done.out.splitlines():
            line = parsed(line)
            if line and line.get("status") in ("copied", "unchanged"):
                told[line["kind"]] = line["generation"]
        current = current_of(self.to)
        for kind, repository in self.repositories.items():
            folder = current.get(os.fsencode(repository))
            if folder is None:
                self.assertNotIn(kind, told)
                continue
            commits = self.restored(kind, folder)
            self.assertLessEqual(commits, self.writers.begun[kind])
            if kind in told:
                self.assertEqual(read_json(folder / "item.json")["generation"], told[kind])
                self.assertGreaterEqual(commits, self.before[kind], kind)

    def restored(self, kind, folder):
        """How many commits there are, when all is as it was committed."""
        top = self.tmp / "restored"
        shutil.rmtree(top, ignore_errors=True)
        shutil.copytree(folder / "data", top, symlinks=True)
        if kind == "svn":
            commits = int(must("svnlook", "youngest", top))
            names = must("svnlook", "tree", "--full-paths", top).split("\n")
            names = {name for name in names if name and name != "/"}
            last = must("svnlook", "log", top).strip()
        elif kind == "hg":
            log = must("hg", "-R", top, "log", "-T", "{desc}\n").split()
            commits, last = len(log), log[0]
            self.assertEqual(log, [f"n{n}" for n in range(commits, 0, -1)])
            names = set(must("hg", "-R", top, "files", "-r", "tip", cwd=top).split())
        else:
            log = must("git", "-C", top, "log", "--format=%s", "HEAD").split()
            commits, last = len(log), log[0]
            self.assertEqual(log, [f"n{n}" for n in range(commits, 0, -1)])
            names = set(must("git", "-C", top, "ls-tree", "-r", "--name-only", "HEAD").split())
        self.assertEqual(last, f"n{commits}")
        self.assertEqual(names, {f"f{n}" for n in range(1, commits + 1)})
        for n in {commits, self.rng.randrange(commits) + 1, self.rng.randrange(commits) + 1}:
            show = {"svn": ["svnlook", "cat", top, f"f{n}"],
                    "hg": ["hg", "-R", top, "cat", "-r", "tip", top / f"f{n}"],
                    "git": ["git", "-C", top, "show", f"HEAD:f{n}"]}[kind]
            self.assertEqual(must(*show), content(kind, n), f"{kind} {n}")
        return commits


if __name__ == "__main__":
    unittest.installHandler()
    main()
