"""Faults for the end-to-end tests: system calls that fail, processes that are killed or stopped at
a chosen call (strace), and file systems on loop devices that lose their power.

strace counts the calls of each thread apart: with `-j 1` one thread does all the work, and
"the k-th fsync" is the same one in every run over the same sources.
"""
import ctypes
import fcntl
import hashlib
import os
import pathlib
import re
import signal
import stat
import struct
import time

from support import (DUMP, ENVIRONMENT, Case, current_of, descendants, must, read_json, run,
                     wait_for)

# LeakSanitizer cannot work under ptrace.
TRACED = {**ENVIRONMENT,
          "ASAN_OPTIONS": ":".join(filter(None, [ENVIRONMENT.get("ASAN_OPTIONS"),
                                                 "detect_leaks=0"]))}
_LINE = re.compile(r"^(\d+) +(?:(\w+)\((.*)|<\.\.\. (\w+) resumed>(.*))$")


def strace(log, *, inject=(), calls=(), paths=(), tools=False, decode=False):
    """To be put before a command. inject: as strace takes it. calls: what is logged besides.
    paths: only calls that name one of these, or descriptors of them, count.
    tools: the sandbox and the tools in it are traced as well, else repo-dump alone."""
    argv = ["strace", "-f", "-q", "-o", log]
    if not tools:
        argv.append("--detach-on=execve")
    elif not any("signal=" in each for each in inject):  # with it, strace 6.1 injects no signals
        argv.append("--seccomp-bpf")
    named = sorted({name for each in inject for name in each.split(":")[0].split(",")} |
                   set(calls))
    argv += ["-e", "trace=" + (",".join(named) or "none"), "-e", "signal=all"]
    argv += ["--inject=" + each for each in inject]
    for path in paths:
        argv += ["-P", os.fspath(path)]
    return argv + (["-y"] if decode else []) + ["--"]


class Call:
    """A line of a log: a system call that was finished, with its arguments as strace prints them."""

    def __init__(self, thread, name, arguments, result):
        self.thread, self.name, self.arguments, self.result = thread, name, arguments, result

    @property
    def failed(self):
        return self.result.startswith("-1")

    def __str__(self):
        return f"{self.thread} {self.name}({self.arguments}) = {self.result}"


def calls_in(log):
    """The calls in the order in which they ended."""
    found, begun = [], {}
    for line in pathlib.Path(log).read_text(errors="surrogateescape").splitlines():
        match = _LINE.match(line)
        if not match:
            continue
        thread, name, rest, resumed, tail = match.groups()
        if name and rest.endswith("<unfinished ...>"):
            begun[thread] = rest[:-len("<unfinished ...>")].rstrip()
            continue
        text = rest if name else begun.pop(thread, "") + tail
        arguments, equals, result = text.rpartition(") ")
        if not equals or not result.lstrip().startswith("= "):
            arguments, _, result = text.rpartition(" = ")
            arguments = arguments.rstrip().removesuffix(")")
        found.append(Call(thread, name or resumed, arguments, result.strip().removeprefix("= ")))
    return found


def counts_in(log):
    """How often each call was made, by the thread that made it most often."""
    by_thread = {}
    for call in calls_in(log):
        key = (call.thread, call.name)
        by_thread[key] = by_thread.get(key, 0) + 1
    counts = {}
    for (_, name), count in by_thread.items():
        counts[name] = max(counts.get(name, 0), count)
    return counts


def adopt_orphans():
    """Processes whose parent died become children of this one, where they can be found."""
    pr_set_child_subreaper = 36
    if ctypes.CDLL(None, use_errno=True).prctl(pr_set_child_subreaper, 1, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl")


def reap_orphans():
    """For when no child is expected to run."""
    while True:
        try:
            if os.waitpid(-1, os.WNOHANG)[0] == 0:
                return
        except ChildProcessError:
            return


def make_git(path, commits=1):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    must("git", "init", "-q", "-b", "main", path)
    for i in range(commits):
        add_git_commit(path, f"c{i}")
    return path


def add_git_commit(path, name):
    (pathlib.Path(path) / name).write_text(name * 100 + "\n")
    must("git", "-C", path, "add", name)
    must("git", "-C", path, "-c", "user.name=tester", "-c", "user.email=tester@example.org",
         "commit", "-q", "-m", name)


class Disk:
    """A file system of its own, mounted at `at`. Needs make_mounts_private()."""

    MAKE = {"ext4": ("mkfs.ext4", "-q"), "xfs": ("mkfs.xfs", "-q"), "btrfs": ("mkfs.btrfs", "-q")}

    def __init__(self, case, kind, size, name="disk", options=()):
        self.image = case.tmp / f"{name}.{kind}"
        self.at = case.tmp / f"{name}.mounted"
        with open(self.image, "wb") as image:
            image.truncate(size)
        must(*self.MAKE[kind], *options, self.image)
        self.at.mkdir()
        case.addCleanup(run, "umount", "-l", self.at)
        self.mount()

    def mount(self):
        must("mount", "-o", "loop", self.image, self.at)

    def unmount(self):
        must("umount", self.at)

    def cut(self):
        """What is not on the disk now is lost; each later call fails with EIO, until remount()."""
        no_log_flush = struct.pack("I", 2)
        shutdown = 0x8004587D  # _IOR('X', 125, __u32)
        directory = os.open(self.at, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(directory, shutdown, no_log_flush)
        finally:
            os.close(directory)

    def remount(self):
        self.unmount()
        self.mount()


class FaultCase(Case):
    """Runs of repo-dump with a fault in them. The log of the last traced one is `log`."""

    def setUp(self):
        super().setUp()
        self.log = self.tmp / "strace.log"

    def traced(self, manifest, *options, inject=(), calls=(), paths=(), tools=False, decode=False):
        """The finished run."""
        self.log.unlink(missing_ok=True)
        before = strace(self.log, inject=inject, calls=calls, paths=paths, tools=tools,
                        decode=decode)
        return self.dump(manifest, *options, before=before, env=TRACED)

    def stopped(self, manifest, *options, inject=(), paths=(), tools=False, **keywords):
        """Starts a run, in which a process is stopped by an injected SIGSTOP. Returns the run (of
        strace), and the id of the process that is stopped; None where the run ended before."""
        self.log.unlink(missing_ok=True)
        before = strace(self.log, inject=inject, paths=paths, tools=tools)
        running = self.start(*before, DUMP, "--to", self.to, *options, manifest, env=TRACED,
                             **keywords)
        wait_for(lambda: self.stopped_thread() or running.poll() is not None, "SIGSTOP")
        return running, self.stopped_thread()

    def stopped_thread(self):
        if not self.log.exists():
            return None
        match = re.search(r"^(\d+) +--- stopped by SIGSTOP ---$", self.log.read_text(), re.M)
        return int(match[1]) if match else None

    def resume(self, running, process):
        os.kill(process, signal.SIGCONT)
        return self.finish(running)

    def injected(self):
        return self.log.read_text().count("(INJECTED)")

    # What must hold of a dump root, checked without starting a process for each copy.

    def assert_copies_are_whole(self):
        """Each generation, in current/ and older/, is whole: every file is there and as hashed."""
        for folder in self.generations():
            self.assert_sums(folder)

    def assert_sums(self, folder):
        record = read_json(folder / "item.json")
        for name in ("SHA256SUMS", "owners"):
            self.assertEqual(sha256(folder / name), record["sha256"][name], folder / name)
        listed = {}
        for line in (folder / "SHA256SUMS").read_bytes().splitlines():
            self.assertEqual(line[64:66], b"  ", line)  # no name here needs escaping
            listed[line[66:]] = line[:64].decode()
        found = files_below(folder / "data")
        self.assertEqual(set(listed), set(found), folder)
        for name, path in found.items():
            self.assertEqual(sha256(path), listed[name], path)

    def assert_only_documented(self):
        """Nothing is in the dump root that docs/design.md does not name."""
        self.assertEqual({each.name for each in self.to.iterdir()},
                         {".repo-backup", "README.txt", "DISASTER.md", "control", "current", "older"})
        control = self.to / "control"
        self.assertEqual({each.name for each in control.iterdir()},
                         {"ledger", "lock", "manifests", "runs", "staging"})
        self.assertEqual([each.name for each in (control / "staging").iterdir()],
                         ["CACHEDIR.TAG"])
        for top in ("current/*", "older/*", "older/*/*"):
            for each in self.to.glob(top):
                self.assertFalse(each.name.startswith("."), each)
        for folder in ("manifests", "runs"):
            for each in (control / folder).iterdir():
                self.assertRegex(each.name, r"^\d{8}T\d{6}Z\.json$")

    def assert_verified_by_the_tools(self, folders):
        for folder in folders:
            data = folder / "data"
            kind = folder.parent.name
            if kind == "svn":
                done = run("svnadmin", "verify", "-q", data)
            elif kind == "hg":
                done = run("hg", "-R", data, "verify", "-q", env={**ENVIRONMENT,
                                                                  "HGRCSKIPREPO": "1"})
            else:
                git = data / ".git" if (data / ".git").exists() else data
                done = run("git", "--git-dir", git, "fsck", "--full", "--strict")
            self.assertEqual(done.code, 0, f"{folder}: {done}")

    def assert_no_locks_at_the_sources(self):
        names = {"wlock", "lock", "wlock.break", "lock.break"}
        for folder, folders, files in os.walk(self.src):
            for name in folders + files:
                in_hg = "/.hg" in folder and name in names
                in_git = "/.git" in folder and name.endswith(".lock")
                self.assertFalse(in_hg or in_git, os.path.join(folder, name))

    def assert_no_process_is_left(self):
        """Needs adopt_orphans(). What is left is ended, so that it disturbs nothing else."""
        end = time.monotonic() + 20
        while left := [pid for pid, _ in descendants(os.getpid())]:
            if time.monotonic() > end:
                told = [f"{pid}: {command_of(pid)}" for pid in left]
                for pid in left:
                    os.kill(pid, signal.SIGKILL)
                raise AssertionError(f"left behind: {told}")
            time.sleep(0.01)
        reap_orphans()

    def generation_of(self, path):
        return read_json(current_of(self.to)[os.fsencode(path)] / "item.json")["generation"]


def command_of(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ")[:200]
    except OSError:
        return b""


def waits_at_eventfd(pid):
    """Where the sandbox's first process waits for its parent to set it up."""
    try:
        number, descriptor = pathlib.Path(f"/proc/{pid}/syscall").read_text().split()[:2]
        return (number == "0" and
                "eventfd" in os.readlink(f"/proc/{pid}/fd/{int(descriptor, 16)}") and
                command_of(pid).startswith(b"/usr/bin/bwrap"))
    except (OSError, ValueError):
        return False


def sha256(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def files_below(data):
    """Paths by their names in SHA256SUMS; links have none there."""
    found = {}
    for folder, _, files in os.walk(os.fsencode(data)):
        for name in files:
            path = os.path.join(folder, name)
            if stat.S_ISREG(os.lstat(path).st_mode):
                found[os.path.relpath(path, os.fsencode(data.parent))] = path
    return found
