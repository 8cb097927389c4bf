#!/usr/bin/python3
"""repo-scan as people, cron and pipes run it. Needs root (to become somebody else, and to lose
capabilities), and REPO_BACKUP_BIN, the directory of the built tools."""

import base64
import contextlib
import hashlib
import json
import os
import pathlib
import resource
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import jsonschema

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCAN = os.path.join(os.environ.get("REPO_BACKUP_BIN", ""), "repo-scan")
NOBODY = 65534
STRANGER = 4321

# Root without the two capabilities that make permissions meaningless for it.
AS_ORDINARY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search",
               "--inh-caps=-dac_override,-dac_read_search", "--"]
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
# What a careful service gives a scanner: nobody, who may read everything and write nothing.
AS_READER = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
             "--bounding-set=-all,+dac_read_search", "--no-new-privs", "--"]

# Deadline of what should take milliseconds, for a machine under load.
DEADLINE = 60


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_svn(path, revision=42):
    path = os.fsencode(path)
    os.makedirs(path + b"/db")
    for name, text in ((b"format", "5\n"), (b"db/fs-type", "fsfs\n"), (b"db/format", "8\n"),
                       (b"db/current", f"{revision}\n"),
                       (b"db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n")):
        with open(path + b"/" + name, "w", encoding="ascii") as file:
            file.write(text)


def make_hg(path):
    os.makedirs(os.fsencode(path) + b"/.hg/store")


def limit(kind, value):
    """For preexec_fn."""
    return lambda: resource.setrlimit(kind, (value, value))


class ScanTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert os.geteuid() == 0, "these tests must run as root"
        assert os.access(SCAN, os.X_OK), f"no {SCAN}: set REPO_BACKUP_BIN"
        schema = json.loads((SOURCE / "docs/schemas/manifest.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="repo-scan-test."))
        # rm: shutil.rmtree opens a descriptor a level.
        self.addCleanup(subprocess.run, ["rm", "-rf", "--", self.dir], check=True)
        os.chmod(self.dir, 0o755)
        self.tree = self.dir + "/tree"
        os.mkdir(self.tree)
        # Where everybody may run it from: the build may lie in somebody's home.
        self.program = self.dir + "/repo-scan"
        shutil.copy(SCAN, self.program)

    def run_scan(self, *arguments, wrapper=(), **options):
        options = {"capture_output": True, "timeout": DEADLINE, "check": False,
                   "stdin": subprocess.DEVNULL} | options
        if "stdout" in options or "stderr" in options:
            del options["capture_output"]
        return subprocess.run([*wrapper, self.program, *arguments], **options)

    def manifest(self, *arguments, status=0, **options):
        """The manifest of a scan, checked against the schema."""
        done = self.run_scan(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return self.checked(done.stdout)

    def checked(self, text):
        document = json.loads(text)
        self.validator.validate(document)
        for item in document["repositories"]:
            raw = self.raw(item, "path")
            self.assertEqual(item["id"][-32:], hashlib.sha256(raw).hexdigest()[:32])
        return document

    @staticmethod
    def raw(item, key):
        if key + "_b64" in item:
            return base64.b64decode(item[key + "_b64"], validate=True)
        return item[key].encode()

    def found(self, document):
        """Paths below the tree."""
        return [os.path.relpath(self.raw(item, "path"), self.tree.encode()).decode(
            errors="surrogateescape") for item in document["repositories"]]


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
            "why": "share"}])
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

    def test_a_mistake_is_two_and_says_so_on_stderr_alone(self):
        for arguments in ((), ("--frobnicate", "/"), ("-j", "0", "/"), ("-k", "cvs", "/")):
            done = self.run_scan(*arguments)
            self.assertEqual((done.returncode, done.stdout), (2, b""), arguments)
            self.assertIn(b"--help", done.stderr)

    def test_all_roots_missing_is_one(self):
        done = self.run_scan(self.dir + "/none", self.dir + "/nor-this")
        self.assertEqual((done.returncode, done.stdout), (1, b""))
        self.assertIn(b"nor-this: No such file or directory", done.stderr)


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
                os.mkdir(top)
                here = os.open(top, os.O_RDONLY)
                for _ in range(levels):
                    os.mkdir("d", dir_fd=here)
                    below = os.open("d", os.O_RDONLY, dir_fd=here)
                    os.close(here)
                    here = below
                os.makedirs(f"/proc/self/fd/{here}/.hg/store")
                os.close(here)

                def limits(descriptors=descriptors):
                    resource.setrlimit(resource.RLIMIT_NOFILE, (descriptors, descriptors))
                    resource.setrlimit(resource.RLIMIT_STACK, (256 * 1024, 256 * 1024))

                document = self.manifest(top, preexec_fn=limits)
                self.assertEqual(self.found(document), ["/".join([str(levels)] + ["d"] * levels)])
                self.assertTrue(document["complete"])

    def test_s17_without_threads_there_is_no_half_manifest(self):
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
        if done.returncode == 0:
            self.checked(pathlib.Path(output).read_bytes())
        else:
            self.assertEqual(pathlib.Path(output).read_text(), "old")
            self.assertNotEqual(done.stderr, b"")
        self.assertEqual(os.listdir(self.dir + "/out"), ["m.json"])

    def test_s8_a_hundred_thousand_entries_in_one_directory(self):
        os.mkdir(self.tree + "/wide")
        here = os.open(self.tree + "/wide", os.O_RDONLY)
        for i in range(100_000):
            os.close(os.open(f"file{i}", os.O_WRONLY | os.O_CREAT, dir_fd=here))
        os.close(here)
        make_hg(self.tree + "/wide/zzz")
        document = self.manifest(self.tree)
        self.assertEqual(self.found(document), ["wide/zzz"])
        self.assertEqual(document["stats"]["entries"], 100_003)


if __name__ == "__main__":
    unittest.main()
