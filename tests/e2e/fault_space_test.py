"""Targets that fill up, or can no longer be written, while a copy is being made.

repo-dump is stopped at its first write to staging, after its own look at the free space; then the
disk is filled but for what a test leaves, and the run goes on.
"""
import os
import re

from faults import Disk, FaultCase, make_git
from support import (add_svn_revision, main, make_mounts_private, make_svn, must, run, snapshot)

MIB = 1 << 20


def setUpModule():
    make_mounts_private()


class SpaceCase(FaultCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        (self.alpha / "hooks/large").write_bytes(os.urandom(200_000))
        self.beta = make_git(self.src / "beta", 1)
        self.manifest = self.scan()

    def first_night(self):
        self.assert_code(self.dump(self.manifest), 0)
        self.staged = self.to / f"control/staging/svn.{self.copy_of(self.alpha).name}"

    def night(self, disturb):
        """A whole copy of alpha, with `disturb` at the first write to its staging."""
        running, process = self.stopped(
            self.manifest, "-j", "1", "--keep", "1", "--full", "--only", self.alpha,
            paths=[self.staged], inject=["mkdirat:signal=SIGSTOP:when=1"])
        self.assertIsNotNone(process)
        disturb()
        return self.resume(running, process)

    def assert_staging_is_clean(self):
        self.assertEqual([each.name for each in (self.to / "control/staging").iterdir()],
                         ["CACHEDIR.TAG"])

    def assert_last_run_is_good(self, copies=2):
        self.assert_code(self.dump(self.manifest, "--full", "--keep", "1"), 0)
        self.assertEqual(len(self.current()), copies)
        self.assert_copies_are_whole()
        self.assert_staging_is_clean()


class FullDiskTest(SpaceCase):
    """Each level is a run; `fits` says whether all of it worked."""

    def fits(self, fill, empty):
        before = self.generation_of(self.alpha)
        seen = snapshot(self.copy_of(self.alpha))
        done = self.night(fill)
        empty()
        self.assert_copies_are_whole()
        if done.code == 0:
            self.assertGreater(self.generation_of(self.alpha), before)
            self.assert_staging_is_clean()
            return True
        self.assert_code(done, 3)
        self.assertIn("No space left on device", done.text + done.message)
        if "FAILED" in done.text:
            self.assertRegex(done.text, f"(?m)^FAILED +svn +{re.escape(str(self.alpha))}: ")
            self.assertEqual(self.generation_of(self.alpha), before)
            self.assertEqual(snapshot(self.copy_of(self.alpha)), seen)
            self.assert_staging_is_clean()
        return False

    def search(self, fits, most):
        """Levels in equal steps, and then ever closer to the last one that is missing."""
        levels = {most * i // 13: None for i in range(13)}
        for level in levels:
            levels[level] = fits(level)
        self.assertFalse(levels[0], "nothing was left, and it worked all the same")
        self.assertTrue(fits(most), "all was left that it needs, and more")
        too_few = max(level for level, fitted in levels.items() if not fitted)
        enough = min([level for level, fitted in levels.items() if fitted and level > too_few],
                     default=most)
        while enough - too_few > 1:
            middle = (too_few + enough) // 2
            levels[middle] = fits(middle)
            if levels[middle]:
                enough = middle
            else:
                too_few = middle
        self.assertFalse(levels[too_few])
        return len(levels) + 1

    @staticmethod
    def fill(filler, blocks, block):
        """Leaves so many blocks. The file takes some for its own list of blocks, too."""
        with open(filler, "wb", buffering=0) as file:
            while (room := os.statvfs(filler.parent).f_bavail - blocks) > 0:
                os.write(file.fileno(), bytes(block) * (room if room < 8 else room - 8))
                os.fsync(file.fileno())

    def test_D5_enospc_at_twenty_levels(self):
        disk = Disk(self, "ext4", 16 * MIB, options=("-m", "0", "-b", "1024"))
        self.to = disk.at / "backup"
        self.first_night()
        filler = disk.at / "filler"
        block = os.statvfs(disk.at).f_frsize

        def fits(blocks):
            return self.fits(lambda: self.fill(filler, blocks, block), filler.unlink)

        size = sum(each.stat().st_size for each in self.copy_of(self.alpha).rglob("*"))
        self.assertGreaterEqual(self.search(fits, 3 * size // block), 20)
        self.assert_last_run_is_good()

    def test_D6_no_room_for_names(self):
        disk = self.tmp / "disk"
        disk.mkdir()
        must("mount", "-t", "tmpfs", "-o", "size=16m,nr_inodes=1000", "none", disk)
        self.addCleanup(run, "umount", "-l", disk)
        self.to = disk / "backup"
        self.first_night()
        fillers = disk / "fillers"

        def fits(inodes):
            def fill():
                fillers.mkdir()
                for i in range(os.statvfs(disk).f_favail - inodes):
                    (fillers / str(i)).touch()
            return self.fits(fill, lambda: must("rm", "-r", fillers))

        self.assertGreaterEqual(self.search(fits, 100), 15)
        self.assert_last_run_is_good()


class QuotaTest(SpaceCase):
    def test_D7_edquot(self):
        disk = Disk(self, "btrfs", 128 * MIB)
        self.to = disk.at / "backup"
        must("btrfs", "subvolume", "create", self.to)
        must("btrfs", "quota", "enable", disk.at)
        self.first_night()
        before = self.seen_generations()
        must("sync", "-f", disk.at)
        for more in (16, 64, 160):
            with self.subTest(kib=more):
                done = self.night(lambda more=more: self.limit(self.used() + (more << 10)))
                self.limit("none")
                self.assert_code(done, 3)
                self.assertRegex(done.text, r"(?m)^FAILED +svn .*Disk quota exceeded")
                self.assertEqual(self.seen_generations(), before)
                self.assert_staging_is_clean()
        self.assert_last_run_is_good()

    def limit(self, size):
        must("btrfs", "qgroup", "limit", str(size), self.to)

    def used(self):
        must("sync", "-f", self.to)
        shown = must("btrfs", "qgroup", "show", "--raw", "-f", self.to)
        return int(re.search(r"(?m)^0/\d+ +(\d+)", shown)[1])


class LostDiskTest(SpaceCase):
    def use_disk(self, *options):
        self.disk = Disk(self, "ext4", 32 * MIB, options=options)
        self.to = self.disk.at / "backup"
        self.first_night()
        must("sync", "-f", self.disk.at)
        self.before = self.seen_generations()

    def assert_lost(self, done, *words):
        """Nothing can be written any more, not even the record of the run."""
        self.assert_code(done, 3)
        self.assertRegex(done.text, rf"(?m)^FAILED +svn +{re.escape(str(self.alpha))}: ")
        self.assertIn("control/runs", done.message)
        for word in words:
            self.assertIn(word, done.text)
            self.assertIn(word, done.message)

    def assert_back(self):
        self.disk.remount()
        self.assertEqual(self.seen_generations(), self.before)
        add_svn_revision(self.alpha, "more")
        self.assert_last_run_is_good()

    def test_D8_the_target_becomes_read_only_in_the_middle(self):
        """As ext4 does when it finds itself damaged."""
        self.use_disk("-e", "remount-ro")
        device = os.path.basename(must("findmnt", "-n", "-o", "SOURCE", self.disk.at).strip())
        with open(f"/sys/fs/ext4/{device}/trigger_fs_error", "w", encoding="ascii") as trigger:
            done = self.night(lambda: print("a test", file=trigger, flush=True))
        self.assert_lost(done, "Read-only file system")
        must("umount", self.disk.at)
        self.assertIn(run("fsck.ext4", "-fy", self.disk.image).code, (0, 1))  # 1: it mended something
        self.disk.mount()
        self.assert_back()

    def test_D8_the_target_is_gone_in_the_middle(self):
        self.use_disk()
        done = self.night(self.disk.cut)
        self.assert_lost(done, "Input/output error")
        self.assert_back()


if __name__ == "__main__":
    main()
