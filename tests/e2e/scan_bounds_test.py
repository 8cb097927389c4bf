"""repo-scan at its limits: descriptors, memory, depth and width."""
import os
import pathlib
import resource
import subprocess
import sys
import unittest

from scan_case import DEADLINE, STRANGER, ScanTest, limit, make_hg, make_svn, write
from support import make_mounts_private, must


def setUpModule():
    make_mounts_private()


def chain(top, levels):
    """A directory d in a directory d …; returns the path of the last, through a descriptor that
    stays open, and below `top`."""
    os.makedirs(top, exist_ok=True)
    here = os.open(top, os.O_RDONLY)
    for _ in range(levels):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    return here


class Limits(ScanTest):
    def test_s16_few_descriptors_lose_nothing_silently(self):
        everything = set()
        for i in range(200):
            make_hg(f"{self.tree}/{i % 20}/x/{i}/y/z")
            everything.add(f"{i % 20}/x/{i}/y/z")
        for descriptors in (12, 16, 20, 32):
            for jobs in ((), ("-j1",), ("-j64",)):
                with self.subTest(descriptors=descriptors, jobs=jobs):
                    done = self.run_scan(*jobs, self.tree,
                                         preexec_fn=limit(resource.RLIMIT_NOFILE, descriptors))
                    self.assertIn(done.returncode, (0, 3), done.stderr)
                    document = self.checked(done.stdout)
                    found = set(self.found(document))
                    if done.returncode == 0 or jobs == ("-j1",):
                        self.assertEqual(found, everything)
                    named = [os.path.relpath(error["path"], self.tree)
                             for error in document["errors"]]
                    for path in everything - found:
                        self.assertTrue(any(each.startswith(path) or path.startswith(each + "/")
                                            for each in named), f"{path} is lost")

    def test_s7_deep_trees_with_few_descriptors_and_a_small_stack(self):
        # 20 descriptors are none to spare: every directory is found again from the root.
        for levels, descriptors in ((10_000, 256), (2_000, 20)):
            with self.subTest(levels=levels, descriptors=descriptors):
                top = f"{self.tree}/{levels}"
                here = chain(top, levels)
                os.makedirs(f"/proc/self/fd/{here}/.hg/store")
                os.close(here)

                def limits(descriptors=descriptors):
                    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
                    resource.setrlimit(resource.RLIMIT_STACK, (256 * 1024, 256 * 1024))

                document = self.manifest(top, preexec_fn=limits)
                self.assertEqual(self.found(document), ["/".join([str(levels)] + ["d"] * levels)])
                self.assertTrue(document["complete"])

    def test_s17_without_threads_it_is_done_by_one(self):
        make_svn(self.tree + "/a")
        os.mkdir(self.dir + "/out")
        os.chown(self.dir + "/out", STRANGER, STRANGER)
        output = self.dir + "/out/m.json"
        write(output, "old")
        os.chown(output, STRANGER, STRANGER)

        def become_stranger_alone():
            os.setgroups([])
            os.setgid(STRANGER)
            os.setuid(STRANGER)
            resource.setrlimit(resource.RLIMIT_NPROC, (2, 2))

        done = self.run_scan("-j64", "-o", output, self.tree, preexec_fn=become_stranger_alone)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(self.found(self.checked(pathlib.Path(output).read_bytes())), ["a"])
        self.assertEqual(os.listdir(self.dir + "/out"), ["m.json"])

    def on_tmpfs(self):
        """Millions of entries are none of the disk's business."""
        must("mount", "-t", "tmpfs", "-o", "size=2g,nr_inodes=0", "limits", self.tree)
        self.addCleanup(must, "umount", "-l", self.tree)

    def measured(self, *arguments, **options):
        """The manifest, and the most memory that the scan has held, in MiB."""
        output = self.dir + "/m.json"
        # The shell's own end tells of its children, of which this is the only one.
        code = ("import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
                "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)")
        done = subprocess.run([sys.executable, "-c", code, self.program, "-q", "-o", output,
                               *arguments], check=True, timeout=10 * DEADLINE,
                              stdout=subprocess.PIPE, **options)
        return self.checked(pathlib.Path(output).read_text()), int(done.stdout)

    def test_s8_a_million_entries_in_one_directory(self):
        self.on_tmpfs()
        make_hg(self.tree + "/wide/zzz")
        here = os.open(self.tree + "/wide", os.O_RDONLY)
        for i in range(1_000_000):
            os.mknod(f"file{i}", dir_fd=here)
        os.close(here)
        document, mebibytes = self.measured(self.tree)
        self.assertEqual(self.found(document), ["wide/zzz"])
        self.assertEqual(document["stats"]["entries"], 1_000_003)
        self.assertLess(mebibytes, 48)

    def test_s16_deep_and_wide_with_64_descriptors(self):
        self.on_tmpfs()
        here = chain(self.tree + "/deep", 5_000)
        os.makedirs(f"/proc/self/fd/{here}/.hg/store")
        os.close(here)
        os.mkdir(self.tree + "/wide")
        here = os.open(self.tree + "/wide", os.O_RDONLY)
        for i in range(100_000):
            os.mkdir(str(i), dir_fd=here)
        os.close(here)
        wide = [f"wide/{i}/x/r" for i in range(0, 100_000, 1000)]
        for path in wide:
            make_hg(f"{self.tree}/{path}")
        everything = sorted(["/".join(["deep"] + ["d"] * 5_000), *wide])
        for arguments in ((), ("--no-leaf-skip",)):
            document, mebibytes = self.measured(
                *arguments, self.tree, preexec_fn=limit(resource.RLIMIT_NOFILE, 64))
            self.assertTrue(document["complete"])
            self.assertEqual(sorted(self.found(document)), everything)
            self.assertEqual(document["stats"]["directories"], 105_000 + 3 + 2 * 100)
            self.assertLess(mebibytes, 64)


if __name__ == "__main__":
    unittest.main()
