"""Snapshots on real file systems in image files: what is an earlier state of something else is not
scanned again. Needs root, loop devices, and btrfs-progs."""
import os

from support import SCAN, Case, main, make_hg, make_mounts_private, must, read_json, run

SNAPSHOT = "read-only snapshot"


def setUpModule():
    make_mounts_private()


class SnapshotCase(Case):
    def image(self, name, megabytes, *mkfs):
        image = self.tmp / name
        with open(image, "wb") as file:
            file.truncate(megabytes << 20)
        must(*mkfs, image)
        return image

    def mount(self, image, point, options="rw"):
        point.mkdir(parents=True, exist_ok=True)
        must("mount", "-o", f"loop,{options}", image, point)
        self.addCleanup(must, "umount", point)
        return point

    def found(self, *roots):
        """Paths of the repositories, and the reasons of what is pruned, both below src."""
        manifest = self.tmp / "manifest.json"
        done = run(SCAN, "-o", manifest, *(roots or [self.src]))
        self.assert_code(done, 0)
        document = read_json(manifest)
        reasons = {each["why"] for each in document["pruned"]}
        self.assertEqual(f"({SNAPSHOT})" in done.message, SNAPSHOT in reasons)
        return ([self.below(each) for each in document["repositories"]],
                {self.below(each): each["why"] for each in document["pruned"]})

    def below(self, entry):
        return os.path.relpath(entry["path"], self.src)


class BtrfsTest(SnapshotCase):
    def setUp(self):
        super().setUp()
        self.mount(self.image("btrfs", 128, "mkfs.btrfs", "-q"), self.src)
        self.live = self.src / "live"
        must("btrfs", "subvolume", "create", self.live)
        make_hg(self.live / "alpha", 0)

    def snapshot(self, name, *options):
        (self.src / name).parent.mkdir(parents=True, exist_ok=True)
        must("btrfs", "subvolume", "snapshot", *options, self.live, self.src / name)

    def test_a_read_only_snapshot_is_pruned_wherever_it_is(self):
        self.snapshot(".snapshots/1/snapshot", "-r")
        self.snapshot("live/nested", "-r")
        self.assertEqual(self.found(), (["live/alpha"], {".snapshots/1/snapshot": SNAPSHOT,
                                                         "live/nested": SNAPSHOT}))

    def test_one_that_can_be_written_to_is_scanned(self):
        self.snapshot("branch")
        self.assertEqual(self.found(), (["branch/alpha", "live/alpha"], {}))

    def test_one_that_was_made_read_only_later_is_pruned(self):
        self.snapshot("branch")
        must("btrfs", "property", "set", "-ts", self.src / "branch", "ro", "true")
        self.assertEqual(self.found(), (["live/alpha"], {"branch": SNAPSHOT}))

    def test_a_subvolume_that_is_no_snapshot_is_scanned_though_it_is_read_only(self):
        must("btrfs", "property", "set", "-ts", self.live, "ro", "true")
        self.assertEqual(self.found(), (["live/alpha"], {}))

    def test_one_that_was_written_to_before_is_scanned(self):
        self.snapshot("branch")
        make_hg(self.src / "branch/beta", 0)
        must("sync", "-f", self.src)
        must("btrfs", "property", "set", "-ts", self.src / "branch", "ro", "true")
        self.assertEqual(self.found(), (["branch/alpha", "branch/beta", "live/alpha"], {}))

    def test_one_whose_original_is_gone_is_scanned(self):
        self.snapshot("archive", "-r")
        must("btrfs", "subvolume", "delete", "--commit-after", self.live)
        self.assertEqual(self.found(), (["archive/alpha"], {}))

    def test_one_that_was_received_is_scanned(self):
        self.snapshot("sent", "-r")
        stream = self.tmp / "stream"
        must("btrfs", "send", "-q", "-f", stream, self.src / "sent")
        other = self.mount(self.image("other.img", 128, "mkfs.btrfs", "-q"), self.tmp / "other")
        must("btrfs", "receive", "-q", "-f", stream, other)
        self.assertEqual(self.found(other), (["../other/sent/alpha"], {}))

    def test_one_that_is_mounted_is_pruned(self):
        self.snapshot("snap", "-r")
        image = self.tmp / "btrfs"
        self.mount(image, self.src / "mounted", "subvol=snap")
        self.assertEqual(self.found()[0], ["live/alpha"])

    def test_a_root_is_scanned_whatever_it_is(self):
        self.snapshot("snap", "-r")
        self.assertEqual(self.found(self.src / "snap")[0], ["snap/alpha"])
        self.assertEqual(self.found(self.src / "snap/alpha")[0], ["snap/alpha"])
        self.assertEqual(self.found(self.src, self.src / "snap"),
                         (["live/alpha", "snap/alpha"], {}))

    def test_another_user_cannot_tell_and_scans_it(self):
        self.snapshot("snap", "-r")
        for path in (self.tmp, self.src, self.live):
            path.chmod(0o755)
        done = run("setpriv", "--reuid=1234", "--regid=1234", "--clear-groups", "--", SCAN, "-v",
                   "--list", self.src)
        self.assertIn(f"{self.src}/snap/alpha\n", done.text)


if __name__ == "__main__":
    main()
