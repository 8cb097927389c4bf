"""The leaf skip on real file systems: what is found with it is what is found without, whatever the
file system counts. Needs root and loop devices."""
import os
import random
import sys

from support import SCAN, Case, main, make_mounts_private, must, read_json, run

SEED = int(os.environ.get("REPO_BACKUP_SEED", random.SystemRandom().randrange(1 << 32)))
MAKE = {"ext4": ("mkfs.ext4", "-q"), "xfs": ("mkfs.xfs", "-q"), "btrfs": ("mkfs.btrfs", "-q")}
COUNTS = {"ext4", "xfs", "tmpfs"}


def setUpModule():
    make_mounts_private()
    print(f"seed {SEED}", file=sys.stderr)


def write(path, text=""):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def skeleton(path, kind):
    """What a probe takes for a repository."""
    if kind == "svn":
        for name, text in (("format", "5\n"), ("db/fs-type", "fsfs\n"), ("db/format", "8\n"),
                           ("db/current", "1\n"),
                           ("db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n")):
            write(path / name, text)
    elif kind == "hg":
        (path / ".hg/store").mkdir(parents=True)
    else:
        write(path / "HEAD", "ref: refs/heads/main\n")
        (path / "objects").mkdir()
        (path / "refs").mkdir()


class LeafTest(Case):
    def setUp(self):
        super().setUp()
        self.random = random.Random(SEED)

    def mounted(self, kind, point, megabytes, *options):
        point.mkdir(parents=True, exist_ok=True)
        if kind == "tmpfs":
            must("mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "leaf", point)
        elif kind == "overlay":
            parts = [self.tmp / f"{point.name}.{name}" for name in ("lower", "upper", "work")]
            must("mount", "-t", "tmpfs", "leaf", self.layers(parts))
            for each in parts:
                each.mkdir(parents=True)
            self.grow(parts[0], 60, "lower")
            must("mount", "-t", "overlay", "-o", "lowerdir={},upperdir={},workdir={}".format(*parts),
                 "leaf", point)
        else:
            image = self.tmp / f"{point.name}.{kind}"
            with open(image, "wb") as file:
                file.truncate(megabytes << 20)
            must(*MAKE[kind], *options, image)
            must("mount", "-o", "loop", image, point)
        self.addCleanup(run, "umount", "-l", point)
        return point

    def layers(self, parts):
        """overlay takes no upper layer on another overlay, which the temporary folder may be on."""
        top = self.tmp / "layers"
        top.mkdir()
        self.addCleanup(run, "umount", "-l", top)
        parts[:] = [top / each.name for each in parts]
        return top

    def grow(self, top, directories, prefix="d"):
        """A random tree, with repositories and look-alikes in it. Returns its leaves."""
        places = [top]
        for i in range(directories):
            place = self.random.choice(places) / f"{prefix}{i}"
            place.mkdir()
            places.append(place)
            what = self.random.random()
            if what < 0.3:
                for name in range(self.random.randrange(4)):
                    write(place / f"f{name}")
            elif what < 0.45:
                skeleton(place, self.random.choice(("svn", "hg", "git")))
            elif what < 0.5:
                (place / "link").symlink_to(self.random.choice(places))
            elif what < 0.55:
                write(place / "format", "5\n")  # half a signature
        return [each for each in places[1:] if not any(child.is_dir() and not child.is_symlink()
                                                       for child in each.iterdir())]

    def scanned(self, top, *options):
        manifest = self.tmp / "manifest.json"
        self.assert_code(run(SCAN, "-q", "-o", manifest, *options, top), 0)
        document = read_json(manifest)
        stats = document.pop("stats")
        for name in ("started", "finished"):
            document.pop(name)
        return document, stats

    def assert_same(self, top):
        with_skip, stats = self.scanned(top)
        without, all_stats = self.scanned(top, "--no-leaf-skip")
        self.assertEqual(with_skip, without)
        self.assertGreater(len(without["repositories"]), 5)
        self.assertEqual(stats["directories"], all_stats["directories"])
        self.assertEqual(all_stats["leaf_skipped"], 0)
        return stats

    def test_random_trees_on_every_file_system(self):
        for kind, size in (("ext4", 64), ("xfs", 320), ("btrfs", 128), ("tmpfs", 64),
                           ("overlay", 0)):
            with self.subTest(kind=kind):
                top = self.mounted(kind, self.src / kind, size)
                leaves = self.grow(top, 300)
                # On one of them other file systems are mounted, in which there is more to find.
                for i, place in enumerate(self.random.sample(leaves, 3)):
                    inner = self.mounted("tmpfs", place, 16)
                    skeleton(inner / f"inner{i}", "hg")
                skipped = self.assert_same(top)["leaf_skipped"]
                if kind in COUNTS:
                    self.assertGreater(skipped, 50)
                elif kind == "btrfs":
                    self.assertEqual(skipped, 0)

    def test_where_ext4_stops_counting_nothing_is_missed(self):
        """A directory with more subdirectories than its count can hold says 1."""
        top = self.mounted("ext4", self.src / "wide", 160, "-b", "1024", "-N", "70000")
        wide = top / "wide"
        wide.mkdir()
        for i in range(65_100):
            os.mkdir(f"{wide}/{i}")
        self.assertEqual(os.stat(wide).st_nlink, 1)
        for i in range(0, 60_000, 10_000):
            skeleton(wide / str(i), "hg")
        self.assertGreater(self.assert_same(top)["leaf_skipped"], 65_000)

    def test_what_it_cannot_see_is_seen_without_it(self):
        top = self.mounted("tmpfs", self.src / "tmpfs", 16)
        write(top / "tree/.git", "gitdir: /elsewhere/.git/worktrees/tree\n")
        self.assertEqual(self.scanned(top)[0]["pointers"], [])
        pointers = self.scanned(top, "--no-leaf-skip")[0]["pointers"]
        self.assertEqual([each["path"] for each in pointers], [str(top / "tree")])


if __name__ == "__main__":
    main()
