"""Power cuts at each call that makes a publish or a removal, on ext4 and xfs.

repo-dump is stopped at the call, the file system is shut down without its log (what is not on the
disk is lost), repo-dump is killed, and the file system mounted again, as after a power cut. What
was told as copied must be there, and whole; and so must the copies of the nights before.
"""
import os
import signal

from faults import Disk, FaultCase, calls_in, make_git
from support import (add_svn_revision, main, make_mounts_private, make_svn, read_json,
                     wait_for)

MIB = 1 << 20
# The first ones of renameat2 are the trial at the start.
FIRST = {"fsync": 1, "syncfs": 1, "renameat": 1, "renameat2": 7}


def setUpModule():
    make_mounts_private()


class PowerCase(FaultCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        self.beta = make_git(self.src / "beta", 1)
        self.manifest = self.scan()
        self.nights = 0

    def use(self, kind):
        self.disk = Disk(self, kind, {"ext4": 32, "xfs": 320}[kind] * MIB, kind)
        self.to = self.disk.at / "backup"

    def commit(self):
        self.nights += 1
        add_svn_revision(self.alpha, f"night{self.nights}")

    def night_with_a_cut(self, call, k, *options):
        """Returns what was told, or None where there is no such call."""
        running, process = self.stopped(self.manifest, "-j", "1", "--json", *options,
                                        inject=[f"{call}:signal=SIGSTOP:when={k}"])
        if process is None:
            self.assert_code(self.finish(running), 0)
            return None
        self.disk.cut()
        os.kill(process, signal.SIGKILL)
        done = self.finish(running)
        self.assert_code(done, -signal.SIGKILL)
        self.disk.remount()
        return done.json_lines()

    def assert_kept(self, told):
        """Of what was told, nothing was lost."""
        for line in told:
            if line["message_type"] == "item":
                self.assertIn(line["status"], ("copied", "unchanged"))
                self.assertEqual(self.generation_of(line["path"]), line["generation"])

    def folders_with(self, generation):
        return [each.parent for each in self.to.rglob("item.json")
                if read_json(each)["generation"] == generation]

    def assert_next_run_works(self, *options):
        self.assert_code(self.dump(self.manifest, "-j", "1", *options), 0)
        self.assert_copies_are_whole()
        self.assertEqual(len(self.current()), 2)
        self.assertEqual([each.name for each in (self.to / "control/staging").iterdir()],
                         ["CACHEDIR.TAG"])


class PublishTest(PowerCase):
    def test_D2_a_new_generation_on_ext4(self):
        self.nights_with_cuts("ext4")

    def test_D2_a_new_generation_on_xfs(self):
        self.nights_with_cuts("xfs")

    def nights_with_cuts(self, kind):
        self.use(kind)
        wait_for(lambda: self.dump(self.manifest).text.count("\nunchanged") >= 1, "a quiet night")
        for call, first in FIRST.items():
            k = first
            while True:
                with self.subTest(call=call, k=k):
                    before = self.generation_of(self.alpha)
                    self.commit()
                    told = self.night_with_a_cut(call, k)
                    if told is None:
                        break
                    self.assert_copies_are_whole()
                    self.assertEqual(len(self.current()), 2)
                    self.assert_kept(told)
                    for folder in self.folders_with(before) or [self.to / "none"]:
                        self.assert_sums(folder)
                    self.assert_next_run_works()
                k += 1
            self.assertGreater(k, first, f"no {call} was met")

    def test_D2_a_first_publish(self):
        self.assert_code(self.traced(self.manifest, "-j", "1", calls=FIRST), 0)
        points = []
        counts = dict.fromkeys(FIRST, 0)
        for call in calls_in(self.log):
            counts[call.name] += 1
            if counts["syncfs"]:
                points.append((call.name, counts[call.name]))
        self.assertGreaterEqual(len(points), 14)
        for kind in ("ext4", "xfs"):
            self.use(kind)
            for call, k in points[::2] if kind == "ext4" else points[1::2]:
                with self.subTest(kind=kind, call=call, k=k):
                    self.to = self.disk.at / f"{call}{k}"
                    told = self.night_with_a_cut(call, k)
                    self.assertIsNotNone(told)
                    self.assert_copies_are_whole()
                    self.assert_kept(told)
                    self.assert_next_run_works()


class RetentionTest(PowerCase):
    def test_D32_a_cut_while_an_old_generation_is_removed(self):
        for kind in ("ext4", "xfs"):
            self.use(kind)
            self.assert_code(self.dump(self.manifest), 0)
            self.commit()
            self.assert_code(self.traced(self.manifest, "-j", "1", "--keep", "1",
                                         calls=["unlinkat"]), 0)
            calls = [call for call in calls_in(self.log) if call.name == "unlinkat"]
            first = 1 + next(i for i, call in enumerate(calls) if "/item.json" in call.arguments)
            self.assertGreater(len(calls), first + 40)
            for k in (first, first + 1, first + 20, first + 40):
                with self.subTest(kind=kind, k=k):
                    self.commit()
                    told = self.night_with_a_cut("unlinkat", k, "--keep", "1")
                    self.assertIsNotNone(told)
                    self.assert_copies_are_whole()
                    self.assertEqual(len(self.current()), 2)
                    self.assert_kept(told)
                    self.assert_next_run_works("--keep", "1")


if __name__ == "__main__":
    main()
