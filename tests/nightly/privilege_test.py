"""L5: what a whole run does to the machine, read from a log of its system calls.

Nothing is written, removed or given other rights outside of the dump root, but for Mercurial's own
locks; no program is started that is not listed here; nobody talks to anybody.
"""
import re

from nightly import FaultCase, ThreeKinds

from faults import TRACED
from support import main, must

CHANGES = {"openat", "openat2", "open", "creat", "unlink", "unlinkat", "rmdir", "mkdir", "mkdirat",
           "rename", "renameat", "renameat2", "link", "linkat", "symlink", "symlinkat", "mknod",
           "mknodat", "chmod", "fchmod", "fchmodat", "chown", "lchown", "fchown", "fchownat",
           "truncate", "ftruncate", "utimensat", "utime", "utimes", "futimesat", "setxattr",
           "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr", "fallocate"}
TALKS = {"socket", "connect", "bind", "sendto", "sendmsg", "listen", "accept"}
OTHERS = {"execve", "execveat", "ptrace", "bpf", "open_by_handle_at", "init_module",
          "finit_module", "kexec_load", "reboot", "mount", "umount2", "process_vm_writev"}
MAY_RUN = {"strace": None, "repo-dump": {"/usr/bin/bwrap"}, "bwrap": {"/usr/bin/setpriv"},
           "setpriv": {"/usr/bin/svnadmin", "/usr/bin/hg", "/usr/bin/git", "/usr/bin/test"},
           "git": {"/usr/lib/git-core/git"}}
LINE = re.compile(r'^\d+<([^>]*)> +(\w+)\((.*)$')
PLACE = re.compile(r'(?:(?:AT_FDCWD|\d+)<((?:[^>\\]|\\.)*)>)?(?:, |^)?(?:"((?:[^"\\]|\\.)*)")?')
WRITING = re.compile(r"O_(WRONLY|RDWR|CREAT|TRUNC|TMPFILE)")


def paths_of(arguments):
    """The absolute paths that a call names, by descriptor, by name, or by both."""
    found = []
    for directory, name in PLACE.findall(arguments):
        if name.startswith("/") or (name and not directory):
            found.append(name)
        elif directory:
            found.append(directory.rstrip("/") + "/" + name if name else directory)
    return found


def offence(line, may_change):
    """What is wrong with a line of the log; None when nothing is. may_change(program, path)."""
    match = LINE.match(line)
    if not match:
        return None
    program, call, arguments = match.groups()
    if call in CHANGES:
        if call.startswith("open") and not WRITING.search(arguments):
            return None
        for path in paths_of(arguments):
            if not may_change(program, path):
                return f"{program} changes {path}: {line}"
        return None
    if call in ("execve", "execveat"):
        allowed = MAY_RUN.get(program, set())
        path = paths_of(arguments)[0]
        return None if allowed is None or path in allowed else f"{program} runs {path}: {line}"
    if call in TALKS:
        return None if talk_is_known(program, call, arguments) else f"{program} talks: {line}"
    if call in ("mount", "umount2") and program == "bwrap":
        return None
    return f"{program}: {line}" if call in OTHERS else None


def talk_is_known(program, call, arguments):
    if program == "bwrap":  # brings the loopback device of its own network namespace up
        return "AF_NETLINK" in arguments or "NETLINK" in arguments or (
            call == "socket" and "AF_UNIX, SOCK_DGRAM" in arguments) or (
            call == "sendto" and "nlmsg_len" in arguments)
    if program == "repo-dump":  # the C library asks for the groups of an owner
        return (call == "socket" and "AF_UNIX, SOCK_STREAM" in arguments) or (
            call == "connect" and 'sun_path="/var/run/nscd/socket"' in arguments)
    return False


class PrivilegeTest(ThreeKinds):
    maxDiff = None

    def setUp(self):
        super().setUp()
        # An owner who is not root, and repositories that borrow from others.
        self.tmp.chmod(0o755)
        must("git", "clone", "-q", "--shared", "--bare", self.gamma, self.src / "delta")
        must("hg", "--config", "extensions.share=", "share", "-q", self.beta, self.src / "epsilon")
        must("chown", "-R", "1234:1234", self.src / "delta")
        self.manifest = self.scan()

    def may_change(self, program, path):
        if path == "/dev/null" or path.startswith(("/memfd:", "pipe:", "anon_inode:", "socket:")):
            return True
        if program == "repo-dump":
            locks = {f"{each}/.hg/{lock}" for each in (self.beta, self.src / "epsilon")
                     for lock in ("wlock", "store/lock")}
            return ((path + "/").startswith(f"{self.to}/") or path in locks or
                    # The tools are the first to go where memory is short.
                    re.fullmatch(r"/proc/\d+/oom_score_adj", path) is not None)
        if program == "bwrap":  # in its own mount namespace, before and after pivot_root
            return path.startswith(("/newroot", "newroot", "oldroot", "/oldroot", "/proc/self/",
                                    "/proc", "usr/", "pts/", "/tmp/newroot")) or (
                re.fullmatch(r"(self|\d+)/(uid_map|gid_map|setgroups)", path) is not None)
        return path.startswith(("/staging/", "/tmp/")) or path in ("/staging", "/tmp")

    def audit(self, *options):
        self.log.unlink(missing_ok=True)
        calls = ",".join(sorted("?" + each for each in CHANGES | TALKS | OTHERS))
        before = ["strace", "-f", "--seccomp-bpf", "-q", "-y", "-Y", "-s", "4096", "-o", self.log,
                  "-e", "trace=" + calls, "-e", "signal=none", "--"]
        done = self.dump(self.manifest, *options, before=before, env=TRACED)
        self.assert_code(done, 0)
        lines = self.log.read_text(errors="surrogateescape").splitlines()
        self.assertGreater(len(lines), 1000)
        # A link's text is no path that is changed.
        offences = [offence(re.sub(r'^(\d+<[^>]+> +symlink(?:at)?\()"(?:[^"\\]|\\.)*", ', r"\1",
                                   line), self.may_change) for line in lines]
        self.assertEqual("\n".join(each for each in offences if each), "")
        programs = {match[1] for match in map(LINE.match, lines) if match}
        self.assertLessEqual({"repo-dump", "bwrap", "setpriv"}, programs)
        self.assertLessEqual(programs, {"strace", "repo-dump", "bwrap", "setpriv", "svnadmin", "hg",
                                        "git", "test"})

    def test_L5_a_first_night(self):
        self.to = self.tmp / "first"
        self.audit()

    def test_L5_a_night_with_changes(self):
        self.assert_code(self.dump(self.manifest), 0)
        self.everything_changes()
        self.audit("--keep", "1")

    def test_L5_all_anew(self):
        self.audit("--full", "--keep", "1")


class AuditTest(FaultCase):
    """The audit itself: it would find what it looks for."""

    def test_L5_offences(self):
        def may_change(_, path):
            return path.startswith("/backup/")
        for line in ('1<repo-dump> openat(AT_FDCWD</root>, "/etc/x", O_WRONLY|O_CREAT, 0600) = 3',
                     '1<repo-dump> openat(4</src/a>, "x", O_RDWR) = 3</src/a/x>',
                     '1<repo-dump> unlinkat(4</src/a>, "x", 0) = 0',
                     '1<repo-dump> renameat2(4</backup/a>, "x", 5</src>, "x", 0) = 0',
                     '1<repo-dump> fchmod(4</src/a>, 0777) = 0',
                     '1<repo-dump> linkat(4</src/a>, "x", 5</backup>, "x", 0) = 0',
                     '1<hg> creat("/etc/x", 0600) = 3',
                     '1<git> execve("/bin/sh", ["sh", "-c", "id"], 0x7 /* 1 var */) = 0',
                     '1<repo-dump> execve("/usr/bin/svnadmin", ["svnadmin"], 0x7 /* 1 var */) = 0',
                     '1<hg> socket(AF_INET, SOCK_STREAM, IPPROTO_TCP) = -1 EPERM',
                     '1<repo-dump> connect(3<s>, {sa_family=AF_UNIX, sun_path="/run/x"}, 9) = 0',
                     '1<svnadmin> ptrace(PTRACE_ATTACH, 1) = 0'):
            self.assertIsNotNone(offence(line, may_change), line)
        for line in ('1<repo-dump> openat(4</src/a>, "x", O_RDONLY) = 3</src/a/x>',
                     '1<repo-dump> unlinkat(4</backup/a>, "x", 0) = 0',
                     '1<repo-dump> execve("/usr/bin/bwrap", ["bwrap"], 0x7 /* 1 var */) = 0'):
            self.assertIsNone(offence(line, may_change), line)


if __name__ == "__main__":
    main()
