"""What the end-to-end tests share: the tools under test, real repositories, a look at a dump root.

Each test works in a temporary directory of its own and as root, like the nightly job. Processes
that a test starts are ended by their process id. Paths may be str (surrogateescape) or bytes.
"""
import base64
import ctypes
import hashlib
import json
import os
import pathlib
import shutil
import stat
import subprocess
import tempfile
import time
import unittest

import jsonschema

TOP = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = TOP / "docs" / "schemas"
BIN = pathlib.Path(os.environ.get("REPO_BACKUP_BIN", TOP / "build" / "release" / "bin"))
SCAN = str(BIN / "repo-scan")
DUMP = str(BIN / "repo-dump")
RESTORE = str(BIN / "repo-restore")
REPORT = str(BIN / "repo-report")

TIMEOUT = 120  # seconds: longer than anything here takes, also under a sanitizer
ENVIRONMENT = {**os.environ, "LC_ALL": "C.UTF-8", "HGRCPATH": "", "HGPLAIN": "1",
               "HGUSER": "tester", "PYTHONDONTWRITEBYTECODE": "1"}


class Finished:
    """What is left of a command: its exit status, and what it printed, as bytes."""

    def __init__(self, process, out, err):
        self.argv = process.args
        self.code = process.returncode
        self.out = out or b""
        self.err = err or b""

    @property
    def text(self):
        return os.fsdecode(self.out)

    @property
    def message(self):
        return os.fsdecode(self.err)

    def json_lines(self):
        return [json.loads(line) for line in self.out.splitlines()]

    def __str__(self):
        return f"{self.argv}\nexit status {self.code}\nstdout: {self.text}\nstderr: {self.message}"


def run(*argv, **keywords):
    """Runs a command to its end. Keywords are those of subprocess.Popen, and `input` as bytes."""
    given = keywords.pop("input", None)
    keywords.setdefault("stdout", subprocess.PIPE)
    keywords.setdefault("stderr", subprocess.PIPE)
    keywords.setdefault("stdin", subprocess.DEVNULL if given is None else subprocess.PIPE)
    keywords.setdefault("env", ENVIRONMENT)
    with subprocess.Popen([os.fspath(each) for each in argv], **keywords) as process:
        try:
            return Finished(process, *process.communicate(given, timeout=TIMEOUT))
        except BaseException:
            process.kill()
            raise


def without_table(text):
    """What repo-dump printed, without the blank line and the table before the last line."""
    lines = text.splitlines(keepends=True)
    if "\n" not in lines:
        return text
    return "".join(lines[:lines.index("\n")] + lines[-1:])


def must(*argv, **keywords):
    """Runs a command that prepares a test, and must work. Returns its stdout as text."""
    done = run(*argv, **keywords)
    if done.code != 0:
        raise RuntimeError(f"could not prepare the test: {done}")
    return done.text


def wait_for(condition, what, process=None):
    """Returns the first true value of condition(). There is no event for what it looks at.
    Fails at once when the process that is to bring it about has ended."""
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        ended = process is not None and process.poll() is not None
        value = condition()
        if value:
            return value
        if ended:
            raise AssertionError(f"{what}: {Finished(process, *process.communicate())}")
        time.sleep(0.01)
    raise AssertionError(f"waited in vain for: {what}")


def as_user(uid):
    """Put before a command: it runs as this user, with no group but its own."""
    return ["setpriv", "--reuid", str(uid), "--regid", str(uid), "--clear-groups", "--"]


_libc = ctypes.CDLL(None, use_errno=True)


def make_mounts_private():
    """This process and its children get a mount namespace: what they mount is gone with them."""
    clone_newns, recursive_private = 0x20000, 0x4000 | 0x40000
    if (_libc.unshare(clone_newns) != 0 or
            _libc.mount(b"none", b"/", None, ctypes.c_ulong(recursive_private), None) != 0):
        raise OSError(ctypes.get_errno(), "these tests need root, and / as a mount point")


# Repositories, made by the real tools.

def make_svn(path, revisions=1, *create_options):
    """A Subversion repository at `path`, with a file and a directory in each revision."""
    os.makedirs(os.path.dirname(os.fspath(path)), exist_ok=True)
    must("svnadmin", "create", *create_options, path)
    for i in range(revisions):
        add_svn_revision(path, f"r{i}")
    return path


def add_svn_revision(path, name):
    url = pathlib.Path(path).as_uri()
    must("svnmucc", "-m", name, "-u", "tester", "--non-interactive",
         "mkdir", f"{url}/{name}", "put", "/dev/stdin", f"{url}/{name}/file",
         input=(name * 100 + "\n").encode())


def make_hg(path, commits=1):
    """A Mercurial repository at `path`, with a file in each changeset."""
    os.makedirs(os.path.dirname(os.fspath(path)), exist_ok=True)
    must("hg", "init", path)
    for i in range(commits):
        add_hg_commit(path, f"c{i}")
    return path


def add_hg_commit(path, name):
    with open(os.path.join(os.fspath(path), name), "w", encoding="utf-8") as file:
        file.write(name * 100 + "\n")
    must("hg", "-R", path, "commit", "-q", "-A", "-m", name, cwd=path)


def hg_state(path):
    """Everything that a copy must keep: graph, phases, bookmarks, tags, descriptions."""
    template = "{rev} {node} {parents} {phase} {bookmarks} {tags} {author} {date|hgdate} {desc}\n"
    return must("hg", "-R", path, "--hidden", "log", "-T", template)


def svn_tree(path):
    return (must("svnlook", "tree", "--full-paths", path) + must("svnlook", "uuid", path) +
            must("svnlook", "youngest", path))


# Documents.

def schema(name):
    with open(SCHEMAS / f"{name}.schema.json", encoding="utf-8") as file:
        return json.load(file)


def validate(document, name):
    """Raises jsonschema.ValidationError where `document` is not as docs/schemas/NAME says."""
    described = schema(name)
    others = {each.name: json.loads(each.read_text(encoding="utf-8"))
              for each in SCHEMAS.glob("*.schema.json")}
    resolver = jsonschema.RefResolver.from_schema(described, store=others)
    jsonschema.Draft7Validator.check_schema(described)
    jsonschema.Draft7Validator(described, resolver=resolver,
                               format_checker=jsonschema.FormatChecker()).validate(document)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def snapshot(top):
    """What can be seen of a tree from outside, by relative path; looking changes none of it."""
    top = os.fsencode(top)
    seen = {}
    paths = [top]
    for folder, folders, files in os.walk(top):
        paths += [os.path.join(folder, name) for name in folders + files]
    for path in paths:
        st = os.lstat(path)
        seen[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, st.st_gid, st.st_ino,
                                            st.st_nlink, st.st_size, st.st_mtime_ns,
                                            st.st_ctime_ns)
    return seen


def content_of(top):
    """What a tree holds, by relative path: as snapshot() but without what a second name of a file
    changes (generations share files), and with a digest of each file's bytes."""
    seen = {}
    for path, (mode, uid, gid, inode, _, size, mtime, _) in snapshot(top).items():
        digest = ""
        if stat.S_ISREG(mode):
            with open(os.path.join(os.fsencode(top), path), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        seen[path] = (mode, uid, gid, inode, size, mtime, digest)
    return seen


def current_of(to):
    """The published items of a dump root as a dictionary: original path (bytes) -> folder."""
    found = {}
    for record in sorted(to.glob("current/*/*/item.json")):
        source = read_json(record)["source"]
        path = source["path"].encode()
        if "path_b64" in source:
            path = base64.b64decode(source["path_b64"], validate=True)
        found[path] = record.parent
    return found


class Case(unittest.TestCase):
    """A test with a temporary directory `tmp`, sources in `src` and a dump root `to`."""

    def setUp(self):
        self.tmp = self.make_tmp(self.addCleanup)
        self.src = self.tmp / "src"
        self.src.mkdir()
        self.to = self.tmp / "backup"

    @staticmethod
    def make_tmp(add_cleanup):
        tmp = pathlib.Path(tempfile.mkdtemp(prefix="repo-backup-test.")).resolve()
        add_cleanup(shutil.rmtree, os.fsencode(tmp))
        return tmp

    def start(self, *argv, **keywords):
        """Starts a command that ends with the test at the latest."""
        keywords.setdefault("stdout", subprocess.PIPE)
        keywords.setdefault("stderr", subprocess.PIPE)
        keywords.setdefault("stdin", subprocess.DEVNULL)
        keywords.setdefault("env", ENVIRONMENT)
        # A shell may have started us with SIGINT ignored, which would be inherited.
        process = subprocess.Popen(["env", "--default-signal=INT,TERM,HUP",
                                    *(os.fspath(each) for each in argv)], **keywords)
        self.addCleanup(self._end, process)
        return process

    @staticmethod
    def _end(process):
        with process:
            if process.poll() is None:
                process.kill()

    def finish(self, process):
        return Finished(process, *process.communicate(timeout=TIMEOUT))

    def signalled(self, process, number):
        process.send_signal(number)
        return self.finish(process)

    def scan(self, *roots, name="manifest.json"):
        """Returns the path of a manifest of the roots (default: src)."""
        manifest = self.tmp / name
        must(SCAN, "-q", "-o", manifest, *(roots or [self.src]))
        return manifest

    def dump(self, manifest, *options, to=None, before=(), **keywords):
        """Runs repo-dump; `before`: a command in front of it."""
        return run(*before, DUMP, "--to", to or self.to, *options, manifest, **keywords)

    def assert_code(self, done, code):
        self.assertEqual(done.code, code, f"{done}")

    def assert_one_line(self, done, *words):
        """One line on stderr that begins with the tool's name and holds all the words."""
        lines = done.message.split("\n")
        self.assertEqual(len(lines), 2, f"{done}")
        self.assertEqual(lines[1], "", f"{done}")
        self.assertRegex(lines[0], "^repo-(dump|report|restore|scan): ", f"{done}")
        for word in words:
            self.assertIn(word, lines[0], f"{done}")

    def assert_refused(self, done, code, *words):
        """Refused as a whole: the code, one line that says why, nothing on stdout."""
        self.assert_code(done, code)
        self.assert_one_line(done, *words)
        self.assertEqual(done.out, b"", f"{done}")

    def current(self):
        return current_of(self.to)

    def copy_of(self, path):
        return self.current()[os.fsencode(path)]

    def generations(self):
        return sorted(self.to.glob("current/*/*")) + sorted(self.to.glob("older/*/*/*"))

    def seen_generations(self):
        """All that can be seen of each generation, by its path in the dump root."""
        return {str(each.relative_to(self.to)): snapshot(each) for each in self.generations()}

    def assert_whole(self):
        """All of the dump root is as documented: each generation complete, nothing half done."""
        for folder in self.generations():
            self.assert_generation(folder)
        self.assertEqual([each.name for each in (self.to / "control/staging").iterdir()],
                         ["CACHEDIR.TAG"])
        for record in (self.to / "control/runs").iterdir():
            validate(read_json(record), "run")

    def assert_generation(self, folder):
        self.assertEqual({each.name for each in folder.iterdir()},
                         {"data", "item.json", "SHA256SUMS", "owners", "RESTORE.md"}, folder)
        record = read_json(folder / "item.json")
        validate(record, "item")
        self.assertEqual(run("sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS",
                             cwd=folder).code, 0, folder)
        for name in ("SHA256SUMS", "owners"):
            digest = record["sha256"][name]
            content = (folder / name).read_bytes()
            self.assertEqual(hashlib.sha256(content).hexdigest(), digest, folder / name)
        files = 0
        for path, seen in snapshot(folder).items():
            mode, uid, gid = seen[:3]
            self.assertEqual((uid, gid), (os.stat(folder).st_uid, os.stat(folder).st_gid), path)
            if not stat.S_ISLNK(mode):
                allowed = (0o700,) if stat.S_ISDIR(mode) else (0o600, 0o700)
                self.assertIn(stat.S_IMODE(mode), allowed, path)
            files += stat.S_ISREG(mode)
        self.assertEqual(record["totals"]["files"], files - 4, folder)

    def last_run(self):
        return read_json(max(self.to.glob("control/runs/*.json")))

    def assert_processes_end(self, processes):
        """`processes`: of descendants(). A process id that was given to another one is gone."""
        for pid, begun in processes:
            wait_for(lambda pid=pid, begun=begun: begun_at(pid) != begun, f"end of process {pid}")


def _stat_fields(pid):
    """From the state on: see proc(5), /proc/pid/stat."""
    try:
        text = pathlib.Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    return text[text.rindex(")") + 2:].split()


def begun_at(pid):
    """When this process was started, in the kernel's ticks; None for a dead one."""
    fields = _stat_fields(pid)
    return fields[19] if fields and fields[0] not in "ZX" else None


def descendants(pid):
    """(pid, start) of all processes below this one."""
    children = {}
    for each in filter(str.isdigit, os.listdir("/proc")):
        fields = _stat_fields(each)
        if fields:
            children.setdefault(int(fields[1]), []).append(int(each))
    found, waiting = [], [pid]
    while waiting:
        more = children.get(waiting.pop(), [])
        found += more
        waiting += more
    return [(each, begun_at(each)) for each in found if begun_at(each)]


class TwoSvnCase(Case):
    """Two Subversion repositories, alpha and beta, and a manifest of them as a document."""

    def setUp(self):
        super().setUp()
        for name in ("alpha", "beta"):
            make_svn(self.src / name, 0)
        self.manifest = self.scan()
        self.document = read_json(self.manifest)


def main():
    if os.geteuid() != 0:
        raise SystemExit("these tests need root: they make users' files, mounts and locks")
    if os.path.isdir("/etc/repo-backup"):  # what this machine's own nightly job is told
        make_mounts_private()
        must("mount", "-t", "tmpfs", "none", "/etc/repo-backup")
    unittest.main()
