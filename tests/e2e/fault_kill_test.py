"""D1: kill -9 at fifty moments of runs over twenty repositories, and what is there afterwards.

The moments are system calls, spread over the whole of a run. How many of each there are is counted
in a run of the same sort before. A killed run is followed by one that must mend everything, then
somebody commits, and the next one is killed: as nights follow each other.
"""
import itertools
import os
import signal

from faults import (TRACED, FaultCase, add_git_commit, adopt_orphans, command_of, counts_in,
                    make_git, reap_orphans, strace, waits_at_eventfd)
from support import (DUMP, add_hg_commit, add_svn_revision, descendants, main, make_hg, make_svn,
                     read_json, wait_for)

# Call, and how many moments of it in nights with changes, and in first nights: 44 in all, and six
# more with the tools. Files are cloned by ioctl(2) where the file system can do that.
MOMENTS = {"openat": (5, 1), "mkdirat": (3, 1), "copy_file_range": (3, 0), "linkat": (2, 0),
           "write": (3, 0), "utimensat": (2, 0), "fsync": (5, 1), "syncfs": (2, 1),
           "renameat2": (6, 2), "renameat": (2, 0), "unlinkat": (4, 0), "symlinkat": (1, 0)}
CLONES = "ioctl"
COUNTED = [*MOMENTS, CLONES]


def setUpModule():
    adopt_orphans()


class NightsCase(FaultCase):
    SVN, HG, GIT = 8, 4, 8

    def setUp(self):
        super().setUp()
        self.addCleanup(reap_orphans)
        self.svn = [make_svn(self.src / f"svn{i}", 1) for i in range(self.SVN)]
        self.hg = [make_hg(self.src / f"hg{i}", 1) for i in range(self.HG)]
        self.git = [make_git(self.src / f"git{i}", 1) for i in range(self.GIT)]
        self.manifest = self.scan()
        self.nights = itertools.count()

    def somebody_commits(self):
        n = next(self.nights)
        add_svn_revision(self.svn[n % 8], f"night{n}")
        add_git_commit(self.git[n % 8], f"night{n}")
        if n % 4 == 0:
            add_hg_commit(self.hg[n // 4 % 4], f"night{n}")

    def assert_all_is_good(self):
        """After a run that was not disturbed."""
        self.assertEqual(len(self.current()), self.SVN + self.HG + self.GIT)
        self.assert_copies_are_whole()
        self.assert_no_locks_at_the_sources()
        states = {}
        for record in self.to.glob("control/runs/2*.json"):
            content = read_json(record)
            states.setdefault(content["state"], []).append(content["pid"])
        self.assertNotIn("running", states)
        return states

    def assert_next_run_mends_it(self, died, held=False):
        """`died`: the process of the killed run; None where it had no record yet. A sandbox that
        was coming up just then waits for its parent until this run ends it; one that strace holds
        cannot end before that."""
        done = self.dump(self.manifest)
        self.assert_code(done, 0)
        self.assertEqual(done.message, "")
        states = self.assert_all_is_good()
        if not held:
            self.assert_no_process_is_left()
        if died:
            self.assertIn(died, states.get("died", []))
        self.assert_only_documented()

    def records_of(self, state):
        return [content["pid"] for content in
                map(read_json, (self.to / "control/runs").glob("2*.json"))
                if content["state"] == state]

    def assert_survived(self):
        """After a kill, whatever its moment was."""
        self.assert_copies_are_whole()
        running = self.records_of("running") if self.to.exists() else []
        self.assertLessEqual(len(running), 1)
        return running[0] if running else None


class KillTest(NightsCase):
    def test_D1_nights_with_changes(self):
        counts = self.calibrate(first=False)
        kills = 0
        for call, (wanted, _) in MOMENTS.items():
            for i in range(wanted):
                kills += 1
                with self.subTest(call=call, moment=f"{i + 1} of {wanted}"):
                    self.kill_a_night(*self.place(counts, call, i, wanted))
        self.assertEqual(kills, 38)
        self.assert_verified_by_the_tools(self.current().values())

    def test_D1_first_nights(self):
        counts = self.calibrate(first=True)
        kills = 0
        for call, (_, wanted) in MOMENTS.items():
            for i in range(wanted):
                kills += 1
                self.to = self.tmp / f"first{kills}"
                with self.subTest(call=call, moment=f"{i + 1} of {wanted}"):
                    self.kill(*self.place(counts, call, i, wanted))
                    self.assert_next_run_mends_it(self.assert_survived())
        self.assertEqual(kills, 6)
        self.assert_verified_by_the_tools(self.current().values())

    def calibrate(self, first):
        if not first:
            # A source counts as unchanged only when it has been left alone for a while.
            wait_for(lambda: self.dump(self.manifest).text.count("\nunchanged") >= 19,
                     "a night without changes")
            self.somebody_commits()
        done = self.traced(self.manifest, calls=COUNTED)
        self.assert_code(done, 0)
        return counts_in(self.log)

    @staticmethod
    def place(counts, call, i, wanted):
        """The call and its number: the moments are the middles of equal parts."""
        if call not in counts and call in ("copy_file_range", "linkat"):
            call = CLONES
        return call, max(1, int(counts[call] * (i + 0.5) / wanted))

    def kill(self, call, k):
        """One night may have fewer calls than the other, and two threads share the work as it
        comes: where the k-th is not reached, an earlier one is. Some are made of one kind alone,
        in which nobody commits every night."""
        for _ in range(20):
            done = self.traced(self.manifest, inject=[f"{call}:signal=SIGKILL:when={k}"])
            if done.code == -signal.SIGKILL:
                return done
            self.assert_code(done, 0)
            k = max(1, k * 2 // 3)
            self.somebody_commits()
        self.fail(f"no {call} in twenty nights")

    def kill_a_night(self, call, k):
        for left in [*self.to.rglob(".repo-backup.tmp.*")]:
            left.unlink()  # told of by the round that left it
        self.somebody_commits()
        self.kill(call, k)
        died = self.assert_survived()
        self.assertEqual(len(self.current()), self.SVN + self.HG + self.GIT)
        self.assert_verified_by_the_tools(self.sample())
        self.assert_next_run_mends_it(died)

    def sample(self):
        """Another one of each kind each time."""
        n = next(self.nights)
        return [self.copy_of(each) for each in
                (self.svn[n % 8], self.git[n % 8], *([] if n % 4 else [self.hg[n // 4 % 4]]))]


# What the tool opens of the copy, by the name that this has in the sandbox alone.
FIRST_LOOKS = {"svn": "/staging/format", "hg": "/staging/.hg/requires", "git": "/staging/HEAD"}


class ToolTest(NightsCase):
    """kill -9 of the tool in the sandbox, and of repo-dump while the tool is at work."""

    SVN, HG, GIT = 1, 1, 1

    def setUp(self):
        super().setUp()
        self.assert_code(self.dump(self.manifest), 0)

    def everything_changes(self):
        add_svn_revision(self.svn[0], f"night{next(self.nights)}")
        add_hg_commit(self.hg[0], f"night{next(self.nights)}")
        add_git_commit(self.git[0], f"night{next(self.nights)}")
        return {path: self.generation_of(path) for path in
                map(str, (*self.svn, *self.hg, *self.git))}

    def test_D1_the_tool_is_killed(self):
        for kind, path in FIRST_LOOKS.items():
            with self.subTest(kind=kind):
                before = self.everything_changes()
                done = self.traced(self.manifest, "--json", tools=True, paths=[path],
                                   inject=["openat:signal=SIGKILL:when=1"])
                self.assertIn(f'"{path}"', self.log.read_text())
                self.assert_code(done, 3)
                self.assert_no_process_is_left()
                for line in done.json_lines()[:-1]:
                    killed = line["kind"] == kind
                    self.assertEqual(line["status"], "failed" if killed else "copied", f"{done}")
                    if killed:
                        self.assertIn("137", line["error"])
                        self.assertEqual(self.generation_of(line["path"]), before[line["path"]])
                self.assert_copies_are_whole()
                self.assert_next_run_mends_it(None)

    def test_D1_while_the_tool_is_at_work(self):
        for kind, path in FIRST_LOOKS.items():
            with self.subTest(kind=kind):
                before = self.everything_changes()
                # One at a time: another sandbox that was coming up would wait until the next run
                # ends it, and strace waits for all that it traces.
                running, tool = self.stopped(self.manifest, "-j", "1", tools=True, paths=[path],
                                             inject=["openat:signal=SIGSTOP:when=1"])
                self.assertIsNotNone(tool)
                dumper = self.records_of("running")[0]
                self.assertNotEqual(tool, dumper)
                os.kill(dumper, signal.SIGKILL)
                self.assert_code(self.finish(running), -signal.SIGKILL)
                self.assertEqual(self.assert_survived(), dumper)
                repository = next(each for each in before if self.copy_of(each).parent.name == kind)
                self.assertEqual(self.generation_of(repository), before[repository])
                self.assert_next_run_mends_it(dumper)
                self.assertGreater(self.generation_of(repository), before[repository])

    def test_D1_while_the_sandbox_comes_up(self):
        """Its first process waits for its parent, which is held up: the next run ends them."""
        before = self.everything_changes()
        tracer = strace(self.log, tools=True, paths=["anon_inode:[eventfd]"],
                        inject=["write:delay_enter=120000000"])
        running = self.start(*tracer, DUMP, "--to", self.to, self.manifest, env=TRACED)
        wait_for(lambda: any(waits_at_eventfd(pid) for pid, _ in descendants(running.pid)),
                 "a sandbox that comes up", running)
        dumpers = [pid for pid, _ in descendants(running.pid)
                   if command_of(pid).startswith(DUMP.encode())]
        self.assertEqual(len(dumpers), 1)
        waiting = [pid for pid, _ in descendants(running.pid) if waits_at_eventfd(pid)]
        os.kill(dumpers[0], signal.SIGKILL)
        wait_for(lambda: not os.path.exists(f"/proc/{dumpers[0]}/exe"), "its end")
        self.assertEqual({path: self.generation_of(path) for path in before}, before)
        self.assertTrue(all(map(waits_at_eventfd, waiting)))
        self.assert_next_run_mends_it(None, held=True)
        self.assertFalse(any(map(waits_at_eventfd, waiting)))
        running.kill()
        self.finish(running)
        self.assert_no_process_is_left()


if __name__ == "__main__":
    main()
