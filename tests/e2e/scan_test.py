"""What repo-scan writes, and where it writes to."""
import base64
import contextlib
import json
import os
import pathlib
import resource
import subprocess
import unittest

from scan_case import (DEADLINE, STRANGER, ScanTest, limit, make_hg, make_svn, write)


class Manifests(ScanTest):
    def test_the_manifest_is_that_of_the_schema(self):
        make_svn(self.tree + "/svn")
        make_hg(self.tree + "/hg")
        os.chmod(self.tree + "/svn", 0o2750)
        os.chown(self.tree + "/svn", STRANGER, STRANGER + 1)
        os.makedirs(self.tree + "/share/.hg")
        write(self.tree + "/share/.hg/sharedpath", self.tree + "/hg/.hg\n")
        os.makedirs(self.tree + "/skip")
        document = self.manifest("--exclude", "skip", self.tree)
        self.assertEqual(self.found(document), ["hg", "share", "svn"])
        svn = document["repositories"][2]
        stat = os.stat(self.tree + "/svn")
        self.assertEqual((svn["device"], svn["inode"]), (stat.st_dev, stat.st_ino))
        self.assertEqual((svn["uid"], svn["gid"], svn["mode"]), (STRANGER, STRANGER + 1, "2750"))
        self.assertEqual(svn["detail"]["revision"], 42)
        self.assertEqual(document["pointers"], [{
            "kind": "hg", "path": self.tree + "/share", "target": self.tree + "/hg/.hg",
            "why": "share", "repository": document["repositories"][0]["id"]}])
        self.assertEqual(document["pruned"], [{"path": self.tree + "/skip", "why": "excluded"}])
        self.assertTrue(document["complete"])
        self.assertEqual(document["host"], os.uname().nodename)

    def test_the_schema_refuses_what_is_no_manifest(self):
        make_svn(self.tree + "/svn")
        good = self.manifest(self.tree)
        for key in list(good):
            bad = dict(good)
            del bad[key]
            self.assertFalse(self.validator.is_valid(bad), key)
        for path in ("srv", "/srv/../x", "/srv/", "//srv", "/srv/.", ""):
            bad = json.loads(json.dumps(good))
            bad["repositories"][0]["path"] = path
            self.assertFalse(self.validator.is_valid(bad), path)
        bad = json.loads(json.dumps(good))
        bad["repositories"][0]["id"] = "../x"
        self.assertFalse(self.validator.is_valid(bad))
        good["later"] = 1
        good["repositories"][0]["later"] = []
        self.assertTrue(self.validator.is_valid(good))

    def test_an_incomplete_one_is_that_of_the_schema_too(self):
        make_svn(self.tree + "/svn")
        os.remove(self.tree + "/svn/db/current")
        document = self.manifest(self.tree, self.dir + "/none", status=3)
        self.assertFalse(document["complete"])
        self.assertEqual([error["op"] for error in document["errors"]], ["open", "probe"])

    def test_s10_odd_names_come_through(self):
        names = [b"new\nline", b"\x1b[2J", "\u202eback".encode(), b"not-utf8-\xff", b"-rf",
                 b"$(id)", b"a b", b"'\"", b"a@b", b"back\\slash", b"n" * 255]
        for name in names:
            make_svn(self.tree.encode() + b"/" + name)
        document = self.manifest(self.tree)
        paths = [self.raw(item, "path") for item in document["repositories"]]
        self.assertEqual(paths, sorted(self.tree.encode() + b"/" + name for name in names))

        done = self.run_scan("--list", "-0", self.tree)
        self.assertEqual(done.returncode, 0)
        self.assertEqual(done.stdout.split(b"\0")[:-1], paths)

        lines = self.run_scan("--list", self.tree).stdout.split(b"\n")[:-1]
        self.assertEqual(len(lines), len(names))
        for line in lines:
            for character in line.decode():
                self.assertTrue(character.isprintable(), line)
        self.assertIn(self.tree.encode() + b"/new\\nline", lines)
        self.assertIn(self.tree.encode() + b"/not-utf8-\\xff", lines)

    def test_s10_a_root_with_an_odd_name(self):
        for name in (b"-rf", b"new\nline", b"\xff"):
            root = self.tree.encode() + b"/" + name
            make_svn(root + b"/a")
            document = self.manifest(b"--", name, cwd=self.tree)
            self.assertEqual([self.raw(item, "path") for item in document["repositories"]],
                             [root + b"/a"])
            self.assertEqual(base64.b64decode(document["roots_b64"][0])
                             if "roots_b64" in document else document["roots"][0].encode(), root)

    def test_dot_is_the_directory_where_it_is_started(self):
        make_svn(self.tree + "/a")
        self.assertEqual(self.manifest(".", cwd=self.tree)["roots"], [self.tree])

    def test_two_scans_differ_in_times_alone(self):
        for i in range(50):
            make_hg(f"{self.tree}/{i % 7}/{i}")
        first, second = self.manifest("-j1", self.tree), self.manifest("-j16", self.tree)
        for document in (first, second):
            del document["started"], document["finished"], document["stats"]["seconds"]
        self.assertEqual(first, second)

    def test_what_it_found_it_finds_from_cron(self):
        make_svn(self.tree + "/a")
        document = self.manifest(self.tree, env={}, cwd="/")  # no HOME, no PATH, no LANG
        self.assertEqual(self.found(document), ["a"])


class Streams(ScanTest):
    def test_stdout_holds_the_manifest_alone_and_stderr_the_words(self):
        make_svn(self.tree + "/a")
        done = self.run_scan("-v", self.tree)
        self.checked(done.stdout)
        self.assertIn(b"1 repositories", done.stderr)
        self.assertNotIn(b"\x1b", done.stderr)
        self.assertEqual(self.run_scan("-q", self.tree).stderr, b"")

    def test_s19_head_takes_one_line_and_goes(self):
        for i in range(500):  # more than a pipe holds
            make_hg(f"{self.tree}/{i:03}-{'n' * 200}")
        with subprocess.Popen([self.program, "--list", self.tree], stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE) as scan:
            line = scan.stdout.readline()
            scan.stdout.close()
            error = scan.stderr.read()
            self.assertIn(scan.wait(DEADLINE), (1, 141))
        self.assertTrue(line.startswith(self.tree.encode() + b"/000-"))
        self.assertIn(b"Broken pipe", error)

    def test_s19_a_pipe_that_nobody_reads_does_not_harm_the_output_file(self):
        make_svn(self.tree + "/a")
        output = self.dir + "/m.json"
        read, write_end = os.pipe()
        os.close(read)
        with contextlib.closing(os.fdopen(write_end, "wb")) as closed:
            self.assertIn(self.run_scan(self.tree, stdout=closed, stderr=subprocess.PIPE).returncode,
                          (1, 141))
            done = self.run_scan("-o", output, self.tree, stdout=closed, stderr=closed)
        self.assertEqual(done.returncode, 0)
        self.checked(pathlib.Path(output).read_bytes())

    def test_s19_a_closed_stdout_is_a_failure(self):
        make_svn(self.tree + "/a")
        for closed in ("1>&-", "0<&- 1>&-", "1>&- 2>&-", "0<&- 1>&- 2>&-"):
            for arguments in ("", "--list"):
                done = subprocess.run(
                    ["sh", "-c", f'exec "$0" {arguments} "$1" {closed}', self.program, self.tree],
                    check=False, timeout=DEADLINE, stderr=subprocess.DEVNULL)
                self.assertEqual(done.returncode, 1, closed + arguments)

    def test_closed_streams_do_not_get_into_the_output_file(self):
        make_svn(self.tree + "/a")
        output = self.dir + "/m.json"
        subprocess.run(["sh", "-c", 'exec "$0" -v -o "$1" "$2" 0<&- 1>&- 2>&-', self.program,
                        output, self.tree], check=True, timeout=DEADLINE)
        self.checked(pathlib.Path(output).read_bytes())

    def test_s20_a_full_device_is_a_failure(self):
        make_svn(self.tree + "/a")
        with open("/dev/full", "wb") as full:
            done = self.run_scan(self.tree, stdout=full, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, 1)
            self.assertIn(b"No space left on device", done.stderr)
            done = self.run_scan(self.tree, stdout=subprocess.PIPE, stderr=full)
            self.assertEqual(done.returncode, 0)
            self.checked(done.stdout)

    def test_s20_a_file_size_limit_keeps_the_old_manifest(self):
        for i in range(100):
            make_hg(f"{self.tree}/{i}")
        output = self.dir + "/m.json"
        write(output, "old")
        done = self.run_scan("-o", output, self.tree, preexec_fn=limit(resource.RLIMIT_FSIZE, 4096))
        self.assertNotEqual(done.returncode, 0)
        self.assertEqual(pathlib.Path(output).read_text(), "old")

    def test_help_and_version_are_results(self):
        done = self.run_scan("--help")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertIn(b"128+N", done.stdout)
        self.assertIn(b"Examples", done.stdout)
        done = self.run_scan("--version")
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        self.assertRegex(done.stdout, rb"^repo-scan [0-9]+\.[0-9]+\.[0-9]+\n$")

    def test_s20_an_output_that_cannot_be_written_is_told_before_the_scan(self):
        make_svn(self.tree + "/a")
        for output, word in ((self.dir, b"Is a directory"),
                             (self.dir + "/none/m.json", b"No such file or directory")):
            done = self.run_scan("-o", output, self.tree)
            self.assertEqual((done.returncode, done.stdout), (1, b""))
            self.assertEqual(done.stderr.count(b"\n"), 1, done.stderr)
            self.assertIn(word, done.stderr)

    def test_a_dash_as_the_output_is_stdout(self):
        make_svn(self.tree + "/a")
        done = self.run_scan("-o", "-", self.tree, cwd=self.dir)
        self.assertEqual(self.found(self.checked(done.stdout)), ["a"])
        self.assertFalse(os.path.exists(self.dir + "/-"))

    def test_a_mistake_is_two_and_says_so_on_stderr_alone(self):
        for arguments in ((), ("--frobnicate", "/"), ("-j", "0", "/"), ("-k", "cvs", "/")):
            done = self.run_scan(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(b"--help", done.stderr)

    def test_all_roots_missing_is_one(self):
        done = self.run_scan(self.dir + "/none", self.dir + "/nor-this")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"nor-this: No such file or directory", done.stderr)


if __name__ == "__main__":
    unittest.main()
