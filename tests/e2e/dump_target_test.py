"""Targets that cannot be used: a clear line before anything is copied, and `current` untouched.

Mounts are made in a mount namespace of this process: nobody else sees them.
"""
import errno
import os
import shutil

from support import (DUMP, Case, as_user, main, make_hg, make_mounts_private, make_svn, must, run,
                     snapshot, wait_for)

STRANGER = 1234


def setUpModule():
    make_mounts_private()


class TargetCase(Case):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        self.beta = make_hg(self.src / "beta", 1)
        self.manifest = self.scan()

    def mount(self, at, *arguments):
        at.mkdir(exist_ok=True)
        must("mount", *arguments, at)
        self.addCleanup(run, "umount", "-l", at)
        return at

    def first_dump(self, to=None):
        self.to = to or self.to
        self.assert_code(self.dump(self.manifest), 0)
        self.before = self.seen_generations()
        self.assertEqual(len(self.current()), 2)

    def assert_first_dump_is_untouched(self):
        self.assertEqual(self.seen_generations(), self.before)
        self.assert_whole()

    @staticmethod
    def fill(path, leave=0):
        """A file that takes all the room there is, but `leave` bytes, whoever else takes some."""
        with open(path, "wb", buffering=0) as file:
            size = 0
            while size == 0:
                room = os.statvfs(path.parent)
                size = room.f_bavail * room.f_frsize - leave
                try:
                    os.posix_fallocate(file.fileno(), 0, size)
                except OSError as error:
                    if error.errno != errno.ENOSPC:
                        raise
                    size = 0


class UnusableTargetTest(TargetCase):
    def assert_unusable(self, to, *words, **keywords):
        before = self.seen(to)
        self.assert_refused(self.dump(self.manifest, to=to, **keywords), 1, *words)
        self.assertEqual(self.seen(to), before)

    @staticmethod
    def seen(path):
        return snapshot(path) if os.path.lexists(path) else None

    def test_its_parent_is_missing(self):
        self.assert_unusable(self.tmp / "none/backup", str(self.tmp / "none"), "No such file")

    def test_it_is_a_file(self):
        file = self.tmp / "file"
        file.write_text("mine")
        self.assert_unusable(file, str(file), "Not a directory")
        self.assert_refused(self.dump(self.manifest, to=file / "backup"), 1, "Not a directory")
        self.assertEqual(file.read_text(), "mine")

    def test_it_is_a_fifo_or_a_link_to_nowhere(self):
        os.mkfifo(self.tmp / "fifo")
        self.assert_unusable(self.tmp / "fifo", "fifo", "Not a directory")
        (self.tmp / "link").symlink_to("nowhere")
        self.assert_unusable(self.tmp / "link", "link")

    def test_it_holds_something_else(self):
        self.to.mkdir()
        (self.to / "letter.txt").write_text("mine")
        self.assert_unusable(self.to, str(self.to), "not empty")

    def test_its_marker_is_not_ours(self):
        self.to.mkdir()
        (self.to / ".repo-backup").mkdir()
        self.assert_unusable(self.to, "not empty")
        (self.to / ".repo-backup").rmdir()
        (self.to / ".repo-backup").touch()
        os.chown(self.to / ".repo-backup", STRANGER, STRANGER)
        self.assert_unusable(self.to, "not empty")

    def test_it_belongs_to_somebody_else(self):
        self.to.mkdir()
        os.chown(self.to, STRANGER, STRANGER)
        self.assert_unusable(self.to, str(self.to), "somebody else")

    def test_others_can_write_there(self):
        self.to.mkdir()
        for mode in (0o777, 0o1777, 0o770):
            self.to.chmod(mode)
            self.assert_unusable(self.to, str(self.to), "others can write")

    def test_D26_it_lies_inside_a_source(self):
        link = self.tmp / "link"
        link.symlink_to(self.alpha)
        self.assert_unusable(self.alpha, str(self.alpha))
        for to in (self.alpha / "backup", self.alpha / "db/backup", link / "backup"):
            with self.subTest(to=to):
                self.assert_unusable(to, "inside", str(self.alpha))
        self.assert_unusable(self.beta / ".hg/backup", "inside", str(self.beta))

    def test_D26_it_lies_inside_a_source_that_is_not_chosen(self):
        to = self.alpha / "backup"
        done = self.dump(self.manifest, "--only", self.beta, to=to)
        self.assert_refused(done, 1, "inside", str(self.alpha))
        self.assertFalse(to.exists())

    def test_D26_a_source_that_is_one_of_its_copies(self):
        self.first_dump()
        self.manifest = self.scan(self.alpha, self.copy_of(self.alpha) / "data")
        done = self.dump(self.manifest)
        self.assert_code(done, 3)
        failed = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(failed), 1, f"{done}")
        self.assertIn("one of the copies", failed[0])
        self.assertEqual(len(self.current()), 2)
        self.assert_whole()

    def test_it_cannot_be_written(self):
        self.tmp.chmod(0o755)
        must("chown", "-R", f"{STRANGER}:{STRANGER}", self.src)
        self.manifest = self.scan()
        self.manifest.chmod(0o644)
        tool = shutil.copy(DUMP, self.tmp / "repo-dump")
        user = as_user(STRANGER)
        self.assertNotEqual(run(*user, "mkdir", self.to).code, 0, "the user must be a poor one")
        done = run(*user, tool, "--to", self.to, self.manifest)
        self.assert_refused(done, 1, str(self.to), "Permission denied")
        self.assertFalse(self.to.exists())

        self.first_dump()
        done = run(*user, tool, "--to", self.to, self.manifest)
        self.assert_refused(done, 1, str(self.to), "Permission denied")
        self.assert_first_dump_is_untouched()

    def test_D8_its_file_system_is_read_only(self):
        disk = self.mount(self.tmp / "disk", "-t", "tmpfs", "-o", "size=8m", "none")
        self.first_dump(disk / "backup")
        must("mount", "-o", "remount,ro", disk)
        self.assert_unusable(self.to, str(self.to), "Read-only file system")
        self.assert_unusable(disk / "new", "new", "Read-only file system")
        self.assert_first_dump_is_untouched()


class MountPointTest(TargetCase):
    """A disk that is not mounted must not be mistaken for the directory below it."""

    def fstab(self, text):
        """While this runs, /etc/fstab says this."""
        file = self.tmp / "fstab"
        file.write_text(text)
        must("mount", "--bind", file, "/etc/fstab")
        self.addCleanup(run, "umount", "-l", "/etc/fstab")

    def test_D9_it_should_be_mounted_and_is_not(self):
        disk = self.tmp / "disk with space"
        disk.mkdir()
        link = self.tmp / "link"
        link.symlink_to(disk)
        listed = str(disk).replace(" ", "\\040")
        self.fstab(f"# disks\n\nUUID=1-2 {listed} ext4 defaults,nofail 0 2\n")
        for to in (disk, disk / "backup", link / "backup", f"{disk}/"):
            with self.subTest(to=to):
                done = self.dump(self.manifest, to=to)
                self.assert_refused(done, 1, str(disk), "/etc/fstab", "not mounted")
                self.assertEqual(list(disk.iterdir()), [])

    def test_D9_it_was_mounted_last_night(self):
        disk = self.tmp / "disk"
        self.fstab(f"LABEL=backup {disk} ext4 defaults 0 2\n")
        self.mount(disk, "-t", "tmpfs", "-o", "size=8m", "none")
        self.first_dump(disk / "backup")
        kept = self.tmp / "kept"
        kept.mkdir()
        must("mount", "--move", disk, kept)
        self.addCleanup(run, "umount", "-l", kept)
        done = self.dump(self.manifest)
        self.assert_refused(done, 1, str(disk), "not mounted")
        self.assertEqual(list(disk.iterdir()), [])
        self.to = kept / "backup"
        self.assert_first_dump_is_untouched()

    def test_entries_that_do_not_matter(self):
        disk = self.tmp / "disk"
        disk.mkdir()
        self.fstab(f"LABEL=a {disk} ext4 noauto 0 2\nLABEL=b {disk}/other ext4 defaults 0 2\n"
                   f"LABEL=c {self.tmp}/dis ext4 defaults 0 2\nLABEL=d none swap sw 0 0\nbroken\n")
        self.assert_code(self.dump(self.manifest, to=disk / "backup"), 0)


class FullTargetTest(TargetCase):
    def setUp(self):
        super().setUp()
        self.disk = self.mount(self.tmp / "disk", "-t", "tmpfs", "-o", "size=4m", "none")
        self.filler = self.disk / "filler"

    def test_D5_the_copies_would_not_fit(self):
        self.first_dump(self.disk / "backup")
        self.fill(self.filler, leave=80_000)
        self.assert_refused(self.dump(self.manifest, "--full"), 1, str(self.to),
                            "nothing was copied", "KiB")
        self.assert_first_dump_is_untouched()
        self.filler.unlink()
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()

    def test_D5_one_copy_would_not_fit(self):
        """Its owner must not be able to keep the others from being copied."""
        self.first_dump(self.disk / "backup")
        alpha = snapshot(self.copy_of(self.alpha))
        (self.alpha / "conf/large").write_bytes(os.urandom(1 << 20))
        (self.beta / ".hg/hgrc").write_text("[ui]\n")
        self.fill(self.filler, leave=900_000)
        done = self.dump(self.manifest)
        self.assert_code(done, 3)
        failed = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(failed), 1, f"{done}")
        self.assertRegex(failed[0], f"{self.alpha}: .*needs .*free")
        self.assertEqual(snapshot(self.copy_of(self.alpha)), alpha)
        self.assertEqual(len(self.generations()), 3)
        self.assert_whole()

    def test_D5_a_new_target_is_too_small(self):
        self.to = self.disk / "backup"
        self.fill(self.filler, leave=100_000)
        self.assert_refused(self.dump(self.manifest), 1, str(self.to), "nothing was copied")
        self.assertEqual(self.current(), {})
        self.assert_whole()

    def test_D5_there_is_no_room_at_all(self):
        self.fill(self.filler)
        self.assert_refused(self.dump(self.manifest, to=self.disk / "new"), 1, "No space left")
        self.filler.unlink()
        self.first_dump(self.disk / "backup")
        self.fill(self.filler)
        done = self.dump(self.manifest, "--full")
        self.assert_code(done, 1)
        self.assert_one_line(done, str(self.disk))
        self.assert_first_dump_is_untouched()

    def test_D5_it_fills_up_while_a_copy_is_written(self):
        """A file with several names takes more in its copy than at its source."""
        self.first_dump(self.disk / "backup")
        (self.alpha / "conf/large").write_bytes(os.urandom(1 << 20))
        for i in range(5):
            os.link(self.alpha / "conf/large", self.alpha / f"conf/large{i}")
        kept = snapshot(self.copy_of(self.alpha))
        done = self.dump(self.manifest, "-j", "1")
        self.assert_code(done, 3)
        failed = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(failed), 1, f"{done}")
        self.assertIn(str(self.alpha), failed[0])
        self.assertIn("No space left", failed[0])
        self.assertEqual(snapshot(self.copy_of(self.alpha)), kept)
        self.assertEqual(self.last_run()["summary"]["failed"], 1)
        self.assert_whole()

    def test_D5_somebody_fills_it_during_the_run(self):
        self.first_dump(self.disk / "backup")
        (self.beta / ".hg/wlock").symlink_to("elsewhere:1")
        running = self.start(DUMP, "--to", self.to, "--full", "--only", self.beta, self.manifest)
        wait_for(lambda: list(self.to.glob("control/staging/hg.*/data/.hg/store")),
                 "a copy that waits", running)
        self.fill(self.filler)
        (self.beta / ".hg/wlock").unlink()
        done = self.finish(running)
        self.assert_code(done, 3)
        self.assertIn("FAILED    hg", done.text)
        self.assertIn("No space left", done.text)
        self.filler.unlink()
        self.assert_first_dump_is_untouched()
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()

    def test_D5_what_a_source_borrows_does_not_take_the_room_of_the_others(self):
        """A look at a git repository does not show how much its alternates hold."""
        donor, clone = self.tmp / "donor", self.src / "clone"
        must("git", "init", "-q", donor)
        with open(donor / "large", "wb") as file:
            for _ in range(120):
                file.write(os.urandom(1 << 20))
        git = ("git", "-C", donor, "-c", "core.compression=0", "-c", "user.name=a",
               "-c", "user.email=a@b")
        must(*git, "add", "large")
        must(*git, "commit", "-q", "-m", "large")
        must("git", "clone", "-q", "--shared", "--bare", donor, clone)
        (self.alpha / "conf/large").write_bytes(os.urandom(60 << 20))
        self.manifest = self.scan()
        disk = self.mount(self.tmp / "large", "-t", "tmpfs", "-o", "size=150m", "none")
        done = self.dump(self.manifest, "-j", "1", to=disk / "backup")
        self.assert_code(done, 3)
        failed = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(failed), 1, f"{done}")
        self.assertIn(str(clone), failed[0])
        self.assertIn("the others need", failed[0])
        self.to = disk / "backup"
        self.assertEqual(len(self.current()), 2)
        self.assert_whole()

    def test_D6_it_has_no_room_for_names(self):
        disk = self.mount(self.tmp / "few", "-t", "tmpfs", "-o", "size=4m,nr_inodes=150", "none")
        self.first_dump(disk / "backup")
        done = self.dump(self.manifest, "--full", "-j", "1")
        self.assertIn(done.code, (1, 3), f"{done}")
        self.assertRegex(done.text + done.message, "No space left|inodes, .* are free")
        for folder in self.current().values():
            self.assert_generation(folder)
        self.assertEqual([each.name for each in (self.to / "control/staging").iterdir()],
                         ["CACHEDIR.TAG"])
        must("mount", "-o", "remount,nr_inodes=10000", disk)
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_whole()


if __name__ == "__main__":
    main()
