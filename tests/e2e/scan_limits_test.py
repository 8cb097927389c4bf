"""repo-scan under signals, and without rights."""
import contextlib
import os
import pathlib
import resource
import signal
import subprocess
import time
import unittest

from scan_case import (AS_NOBODY, AS_ORDINARY, AS_READER, DEADLINE, NOBODY, STRANGER, ScanTest,
                       limit, make_hg, make_svn, write)


class Signals(ScanTest):
    def slow_scan(self, directories):
        """Makes a tree, and gives a command whose scan of it takes seconds: each directory is
        matched against thousands of patterns. It has begun when it holds one of them open."""
        for i in range(directories):
            os.makedirs(f"{self.tree}/{i % 50}/{'a' * 60}{i}")
        patterns = [word for i in range(3000) for word in ("--exclude", f"*a*a*a*a*b{i}")]
        return [self.program, "-j2", *patterns, self.tree]

    def test_s18_a_signal_in_the_middle_keeps_the_old_manifest(self):
        command = self.slow_scan(3000)
        output = self.dir + "/m.json"
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(signal=number):
                write(output, "old")
                with subprocess.Popen(
                        [*command, "-o", output],
                        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                        # Not what this test may have inherited, say from nohup.
                        preexec_fn=lambda number=number: signal.signal(number, signal.SIG_DFL)
                ) as scan:
                    self.wait_until_open(scan, self.tree)
                    scan.send_signal(number)
                    out, error = scan.communicate(timeout=DEADLINE)
                self.assertEqual(scan.returncode, 128 + number, error)
                self.assertIn(b"stopped by signal %d" % number, error)
                self.assertEqual(out, b"")
                self.assertEqual(pathlib.Path(output).read_text(), "old")
                self.assertEqual(sorted(os.listdir(self.dir)), ["m.json", "repo-scan", "tree"])

    def wait_until_open(self, process, path):
        deadline = time.monotonic() + DEADLINE
        descriptors = f"/proc/{process.pid}/fd"
        while time.monotonic() < deadline:
            for number in os.listdir(descriptors):
                with contextlib.suppress(FileNotFoundError):
                    if os.readlink(f"{descriptors}/{number}").startswith(path):
                        return
        self.fail(f"{path} was never opened")

    def test_nohup_is_respected(self):
        make_svn(self.tree + "/0/a")
        with subprocess.Popen(self.slow_scan(300), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
                              ) as scan:
            self.wait_until_open(scan, self.tree)
            scan.send_signal(signal.SIGHUP)
            out, _ = scan.communicate(timeout=DEADLINE)
        self.assertEqual(scan.returncode, 0)
        self.assertEqual(self.found(self.checked(out)), ["0/a"])


class Permissions(ScanTest):
    def test_guard_permissions_stop_the_ordinary_user(self):
        """Root reads what has mode 000: where this fails, the tests below prove nothing."""
        os.mkdir(self.tree + "/locked", 0o000)
        for wrapper in (AS_ORDINARY, AS_NOBODY):
            done = subprocess.run([*wrapper, "ls", self.tree + "/locked"], capture_output=True,
                                  check=False)
            self.assertNotEqual(done.returncode, 0, wrapper)
        subprocess.run([*AS_READER, "ls", self.tree + "/locked"], check=True)

    def test_s1_what_cannot_be_read_is_named_and_the_rest_is_found(self):
        make_svn(self.tree + "/open/a")
        make_svn(self.tree + "/locked/b")
        make_svn(self.tree + "/no-list/c")
        make_svn(self.tree + "/hidden-db")
        make_svn(self.tree + "/hidden-current")
        make_hg(self.tree + "/hidden-hg")
        os.chmod(self.tree + "/locked", 0o000)
        os.chmod(self.tree + "/no-list", 0o111)
        os.chmod(self.tree + "/hidden-db/db", 0o000)
        os.chmod(self.tree + "/hidden-current/db/current", 0o000)
        os.chmod(self.tree + "/hidden-hg/.hg", 0o000)
        for wrapper in (AS_ORDINARY, AS_NOBODY):
            done = self.run_scan(self.tree, wrapper=wrapper)
            self.assertEqual(done.returncode, 3, done.stderr)
            document = self.checked(done.stdout)
            self.assertEqual(self.found(document), ["open/a"])
            self.assertFalse(document["complete"])
            named = {os.path.relpath(error["path"], self.tree): (error["op"], error["errno"])
                     for error in document["errors"]}
            self.assertEqual(named, {
                "locked": ("open", 13), "no-list": ("open", 13),
                "hidden-db/db/fs-type": ("probe", 13),
                "hidden-current/db/current": ("probe", 13), "hidden-hg/.hg": ("probe", 13)})
            for path in named:
                self.assertIn(f"{self.tree}/{path}".encode(), done.stderr)

    def test_s1_a_root_that_cannot_be_read(self):
        os.chmod(self.tree, 0o000)
        done = self.run_scan(self.tree, wrapper=AS_NOBODY)
        self.assertIn(done.returncode, (1, 3))
        self.assertIn(b"Permission denied", done.stderr)

    def test_s20_an_output_that_cannot_be_written_keeps_the_old_one(self):
        make_svn(self.tree + "/a")
        os.mkdir(self.dir + "/out")
        output = self.dir + "/out/m.json"
        write(output, "old")
        os.chmod(output, 0o666)
        done = self.run_scan("-o", output, self.tree, wrapper=AS_NOBODY)
        self.assertEqual(done.returncode, 1)
        self.assertIn(b"Permission denied", done.stderr)
        self.assertEqual(pathlib.Path(output).read_text(), "old")
        self.assertEqual(os.listdir(self.dir + "/out"), ["m.json"])

    def test_s25_who_may_only_read_finds_what_root_finds(self):
        make_svn(self.tree + "/private/a")
        make_hg(self.tree + "/private/b")
        for path, directories, files in os.walk(self.tree, topdown=False):
            for name in files:
                os.chmod(os.path.join(path, name), 0o600)
            os.chmod(path, 0o700)
        root, reader = self.manifest(self.tree), self.manifest(self.tree, wrapper=AS_READER)
        for document in (root, reader):
            del document["started"], document["finished"], document["stats"]["seconds"]
        self.assertEqual(root, reader)
        self.assertEqual(self.found(root), ["private/a", "private/b"])

    def test_a_marker_hides_a_dump_root_only_where_root_or_the_user_made_it(self):
        for name, owner in (("of-root", 0), ("of-nobody", NOBODY), ("of-a-stranger", STRANGER)):
            make_svn(f"{self.tree}/{name}/current/svn/x/data")
            write(f"{self.tree}/{name}/.repo-backup")
            os.chown(f"{self.tree}/{name}/.repo-backup", owner, owner)
        found = self.found(self.manifest(self.tree))
        self.assertEqual([path.split("/")[0] for path in found], ["of-a-stranger", "of-nobody"])
        found = self.found(self.manifest(self.tree, wrapper=AS_NOBODY))
        self.assertEqual([path.split("/")[0] for path in found], ["of-a-stranger"])


if __name__ == "__main__":
    unittest.main()
