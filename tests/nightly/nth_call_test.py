"""L2: the N-th system call of each sort fails, for N = 1, 2, ... until a run meets none.

Whatever fails: no crash, nothing that is told as good and is not, nothing that is left behind.
"""
import re

from nightly import ThreeKinds, stride

from faults import adopt_orphans, calls_in, reap_orphans
from support import DUMP, main

ERRORS = {"openat": "EMFILE", "openat2": "EIO", "read": "EIO", "pread64": "EIO",
          "getdents64": "EIO", "newfstatat": "EIO", "statx": "EIO", "fcntl": "EMFILE",
          "write": "ENOSPC", "copy_file_range": "EIO", "ftruncate": "EIO", "lseek": "EIO",
          "fsync": "EIO", "syncfs": "EIO", "close": "EIO", "mkdirat": "EDQUOT", "linkat": "EIO",
          "symlinkat": "EIO", "renameat": "EIO", "renameat2": "EIO", "unlinkat": "EIO",
          "utimensat": "EIO", "fchmod": "EPERM", "fchown": "EPERM", "fchownat": "EPERM",
          "clone": "EAGAIN", "clone3": "EAGAIN", "vfork": "EAGAIN", "pipe2": "EMFILE",
          "memfd_create": "EMFILE", "pidfd_open": "EMFILE", "wait4": "ECHILD", "waitid": "ECHILD",
          "poll": "EINTR", "ppoll": "EINTR", "mmap": "ENOMEM", "mprotect": "ENOMEM",
          "brk": "ENOMEM", "flock": "EIO", "mount": "EPERM", "unshare": "EPERM",
          "setfsuid": "EPERM", "execve": "ENOENT"}
# What fails in every process of the sandbox at once.
IN_TOOLS = ("openat", "read", "write", "mmap", "close", "clone", "wait4", "mkdirat", "unlink",
            "rename", "symlink", "lseek", "getdents64")


def setUpModule():
    adopt_orphans()


class NthCallTest(ThreeKinds):
    def setUp(self):
        super().setUp()
        self.addCleanup(reap_orphans)

    def test_L2_of_repo_dump(self):
        tried = 0
        for call, error in ERRORS.items():
            n = 1
            while self.survives(call, error, n, tools=False):
                n += stride()
                tried += 1
            print(f"{call}: {n - 1}", flush=True)
        self.assertGreater(tried, 400 // stride())

    def test_L2_of_the_sandbox_and_the_tools(self):
        tried = 0
        for call in IN_TOOLS:
            n = 1
            while self.survives(call, ERRORS.get(call, "EIO"), n, tools=True):
                n = max(n + stride(), n * 5 // 4)
                tried += 1
            print(f"{call}: {n - 1}", flush=True)
        self.assertGreater(tried, 100 // stride())

    def survives(self, call, error, n, tools):
        """False where there is no n-th call, or something went wrong: what did may go on doing so."""
        with self.subTest(call=call, n=n, tools=tools):
            done = self.traced(self.manifest, "-j", "1", "--json", "--full", tools=tools,
                               inject=[f"{call}:error={error}:when={n}"])
            met = self.injected() > 0
            if not met:
                self.assert_code(done, 0)
                self.assert_told_is_true(done)
                return False
            if self.is_of_the_loader(done):
                return True
            self.assert_no_crash(done)
            self.assert_no_process_is_left()
            self.assert_told_is_true(done)
            if done.code == 0:  # it did not matter, and all was done
                self.assertEqual(done.json_lines()[-1]["copied"], 3)
            if n % 10 == 0 or done.code not in (0, 3):
                self.assert_next_run_is_good()
            return True
        return False

    def is_of_the_loader(self, done):
        """Before main(): the program was not even begun."""
        return done.code == 127 and "error while loading shared libraries" in done.message

    def tearDown(self):
        self.assert_next_run_is_good()
        super().tearDown()


class OrderOfTheLoaderTest(ThreeKinds):
    def test_L2_the_calls_are_counted_at_all(self):
        """Were the names above wrong, nothing would ever fail."""
        self.assert_code(self.traced(self.manifest, "-j", "1", "--full", calls=[*ERRORS]), 0)
        met = {call.name for call in calls_in(self.log)}
        self.assertLessEqual({"openat", "read", "write", "fsync", "syncfs", "renameat2", "mkdirat",
                              "unlinkat", "close", "mmap", "copy_file_range", "getdents64"}, met)
        self.assertTrue(met & {"clone", "clone3", "vfork"})
        self.assertTrue(re.search(r"/repo-dump$", DUMP))


if __name__ == "__main__":
    main()
