"""bench-floor makes the system calls of repo-scan, and sees what it sees."""
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))
from support import make_mounts_private, must  # pylint: disable=wrong-import-position

BIN = pathlib.Path(os.environ["REPO_BACKUP_BIN"])
# Those of a walk and its probes. What a program makes at its start is not among them, but for the
# few openat2 of a configuration file.
CALLS = ("openat2", "getdents64", "statx", "pread64")


def setUpModule():
    make_mounts_private()


class FloorTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="repo-backup-test.")
        cls.addClassCleanup(folder.cleanup)
        cls.tmp = pathlib.Path(folder.name)
        # A file system that counts links, wherever the tests run.
        must("mount", "-t", "tmpfs", "none", cls.tmp)
        cls.addClassCleanup(must, "umount", cls.tmp)
        cls.tree = cls.tmp / "tree"
        cls.output(BIN / "bench-tree-gen", "--directories", "2000", cls.tree)

    @staticmethod
    def output(*command):
        return subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE,
                              encoding="utf-8").stdout

    def scan(self, *options, before=()):
        """directories, entries; and what was found."""
        manifest = self.tmp / "manifest.json"
        config = self.tmp / "config.toml"
        config.write_text("")
        self.output(*before, BIN / "repo-scan", "-q", "--config", config, "-o", manifest, *options,
                    self.tree)
        document = json.loads(manifest.read_text(encoding="utf-8"))
        self.assertEqual(document["errors"], [])
        return document["stats"], document["repositories"]

    def calls(self, run):
        """{system call: times} of a command that `run` puts behind strace's."""
        log = self.tmp / "strace"
        run(["strace", "-f", "-c", "-e", "trace=" + ",".join(CALLS), "-o", log])
        found = dict.fromkeys(CALLS, 0)
        for line in log.read_text(encoding="utf-8").splitlines():
            fields = line.split()
            if fields and fields[-1] in found:
                found[fields[-1]] = int(fields[3])
        return found

    def test_it_counts_what_repo_scan_counts(self):
        stats, repositories = self.scan("--no-leaf-skip")
        self.assertEqual(len(repositories), 150)
        self.assertEqual({each["kind"] for each in repositories}, {"svn", "hg", "git"})
        for jobs in (1, 2, 16):
            told = self.output(BIN / "bench-floor", "-j", jobs, "--no-leaf-skip", "--probes",
                               self.tree)
            self.assertEqual(told, f"{stats['directories']} directories, {stats['entries']} "
                                   "entries\n")

    def test_with_the_leaf_skip_it_counts_the_same_directories(self):
        all_of_them, skipped = (re.findall(r"\d+", self.output(
            BIN / "bench-floor", *options, "--probes", self.tree))
            for options in (("--no-leaf-skip",), ()))
        self.assertEqual(skipped[0], all_of_them[0])
        self.assertLess(int(skipped[1]), int(all_of_them[1]))

    def test_it_makes_the_calls_of_repo_scan(self):
        for options in ((), ("--no-leaf-skip",)):
            with self.subTest(options=options):
                scan = self.calls(lambda before, options=options: self.scan(
                    "-j1", *options, before=before))
                floor = self.calls(lambda before, options=options: self.output(
                    *before, BIN / "bench-floor", "-j", "1", "--probes", *options, self.tree))
                self.assertGreater(scan["getdents64"], 1000)
                for call in CALLS:
                    # A few: what a program looks at when it starts.
                    self.assertAlmostEqual(scan[call], floor[call], delta=3, msg=call)

    def test_what_goes_wrong_is_said(self):
        for arguments, code in (((), 2), (("-j", "0", self.tree), 2), (("--what", self.tree), 2),
                                ((self.tmp / "none",), 1)):
            done = subprocess.run([str(BIN / "bench-floor"), *map(str, arguments)], check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, code, arguments)
            self.assertNotEqual(done.stderr, b"")
            self.assertEqual(done.stdout, b"")


if __name__ == "__main__":
    unittest.main()
