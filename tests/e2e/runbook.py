"""docs/restore.md and the server that it speaks of: what runbook_test.py is made of.

The commands are taken from the document and from nowhere else. Its paths are real, in a mount
namespace of the test's own: empty /srv, /home, /mnt, /var and /opt, and users that are its own.
"""
import os
import pathlib
import re
import stat
import unittest

from support import (BIN, TOP, Case, make_hg, make_mounts_private, make_svn, must, run, svn_tree)

TEXT = (TOP / "docs" / "restore.md").read_text(encoding="utf-8")
ALPHA, BETA, PROJECT = "/srv/svn/alpha", "/srv/hg/beta", "/home/ann/project"
OWNERS = {ALPHA: "svn", BETA: "ben", PROJECT: "ann"}
STORES = {ALPHA: ALPHA, BETA: BETA + "/.hg", PROJECT: PROJECT + "/.git"}
USERS = {"ann": 1001, "svn": 1002, "ben": 1003}
COVERED = ("/srv", "/home", "/mnt", "/var", "/opt")
TOOLS_AT = "/opt/repo-backup/build/nightly/bin"
DUMP_ROOT = pathlib.Path("/var/data_backup")
# What somebody has who has just logged in.
ENVIRONMENT = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
               "HOME": "/root", "LC_ALL": "C.UTF-8"}


class Block:
    """Commands, and lines of what they print as the document says it (… is anything)."""

    def __init__(self, commands):
        self.commands = commands
        self.prints = []
        self.has_run = False

    def assert_printed(self, test, done):
        lines = (done.text + done.message).splitlines()
        for said in self.prints:
            pattern = re.compile(".*".join(re.escape(part) for part in said.split("…")))
            test.assertTrue(any(map(pattern.fullmatch, lines)), f"nothing is {said!r} in {done}")


def read_sections(text):
    """The blocks by the number of their section; those before the first one under ''."""
    sections = {"": []}
    blocks, language, block = sections[""], None, []
    for line in text.splitlines():
        if line.startswith("```") and language is None:
            language, block = line[3:], []
        elif line.startswith("```"):
            if language == "sh":
                blocks.append(Block("\n".join(block) + "\n"))
            elif language == "text" and blocks:
                blocks[-1].prints += block
            else:
                raise AssertionError(f"neither commands nor what they print: {block}")
            language = None
        elif language is not None:
            block.append(line)
        elif line.startswith("## "):
            blocks = sections.setdefault(re.match(r"## (\d+)\. ", line)[1], [])
        elif line.startswith(("    ", "\t")):
            raise AssertionError(f"commands stand between three backticks: {line}")
    if language is not None:
        raise AssertionError("a block has no end")
    return sections


def look(top, times=True):
    """What a copy must bring back, by relative path: types, modes, owners, attributes, contents,
    and the files' times."""
    seen = {}
    for folder, folders, files in os.walk(top):
        for path in [folder] + [os.path.join(folder, each) for each in files + folders]:
            st = os.lstat(path)
            more = ()
            if stat.S_ISLNK(st.st_mode):
                more = (os.readlink(path),)
            elif stat.S_ISREG(st.st_mode):
                more = (times and st.st_mtime_ns, pathlib.Path(path).read_bytes())
            names = sorted(os.listxattr(path, follow_symlinks=False))
            more += tuple((name, os.getxattr(path, name, follow_symlinks=False)) for name in names)
            if not path.endswith("rep-cache.db-journal"):  # SQLite's own, made when it is needed
                seen[os.path.relpath(path, top)] = (st.st_mode, st.st_uid, st.st_gid, *more)
    return seen


class RunbookCase(Case):
    """A server with three repositories, copied in two nights, with a commit to alpha between.

    A test_N_… runs the blocks of section N: it fails where it has left one out.
    """

    bin_folder = -1  # an open descriptor: the path may be covered

    @classmethod
    def setUpClass(cls):
        make_mounts_private()
        cls.bin_folder = os.open(BIN, os.O_PATH | os.O_DIRECTORY)
        cls.addClassCleanup(os.close, cls.bin_folder)

    def setUp(self):
        super().setUp()
        self.begin = read_sections(TEXT)[""][0].commands
        self.blocks = read_sections(TEXT)[self.id().rsplit(".", 1)[1].split("_")[1]]
        for folder in COVERED:
            self.mount("-t", "tmpfs", "-o", "size=256m,mode=755", "none", folder)
        for folder in (TOOLS_AT, "/opt/users", "/var/tmp", "/mnt/backup"):
            os.makedirs(folder)
        os.chmod("/var/tmp", 0o1777)
        self.mount("--no-canonicalize", "--bind", f"/proc/self/fd/{self.bin_folder}", TOOLS_AT,
                   pass_fds=(self.bin_folder,))
        self.users(USERS)
        self.make_repositories()
        self.night()
        self.commit_to_alpha()
        self.night()
        self.stores = {times: {path: look(store, times) for path, store in STORES.items()}
                       for times in (True, False)}
        self.states = {path: self.state_of(path) for path in OWNERS}

    def tearDown(self):
        for block in self.blocks:
            self.assertTrue(block.has_run, f"not run by {self.id()}:\n{block.commands}")

    def mount(self, *arguments, **keywords):
        must("mount", *arguments, **keywords)
        self.addCleanup(must, "umount", "-l", arguments[-1])

    def users(self, numbers):
        """From here on these are the users, and nobody else has their names or numbers."""
        ours = {str(each) for each in numbers.values()} | set(numbers)
        for name, entry in (("passwd", "{0}:x:{1}:{1}::/:/bin/sh\n"), ("group", "{0}:x:{1}:\n")):
            with open(f"/etc/{name}", encoding="utf-8") as file:
                kept = [line for line in file if not ours & set(line.split(":")[:3:2])]
            made = pathlib.Path("/opt/users", f"{name}.{len(os.listdir('/opt/users'))}")
            made.write_text("".join(kept) + "".join(map(entry.format, numbers, numbers.values())),
                            encoding="utf-8")
            self.mount("--bind", made, f"/etc/{name}")

    # The server.

    def make_repositories(self):
        for path in OWNERS:
            os.makedirs(os.path.dirname(path))
        must("chown", "ann:ann", "/home/ann")
        make_svn(ALPHA, 3)
        pathlib.Path(ALPHA, "hooks/post-commit").write_text("#!/bin/sh\n", encoding="ascii")
        os.chmod(f"{ALPHA}/hooks/post-commit", 0o755)
        os.chmod(f"{ALPHA}/conf/passwd", 0o640)
        make_hg(BETA, 3)
        must("git", "init", "-q", PROJECT)
        pathlib.Path(PROJECT, "file").write_text("committed\n", encoding="ascii")
        for path, owner in OWNERS.items():
            must("chown", "-R", f"{owner}:{owner}", path)
        must("setfacl", "-m", "u:ben:r", f"{ALPHA}/conf/passwd")
        self.git("add", "file")
        self.git("commit", "-q", "-m", "first")
        pathlib.Path(PROJECT, "staged").write_text("not committed\n", encoding="ascii")
        must("chown", "ann:ann", f"{PROJECT}/staged")
        self.git("add", "staged")

    @staticmethod
    def as_owner(path, *command):
        return must("runuser", "-u", OWNERS[path], "--", *command, cwd="/")

    def git(self, *arguments):
        return self.as_owner(PROJECT, "git", "-c", "user.name=ann", "-c", "user.email=ann@here",
                             "-C", PROJECT, *arguments)

    def commit_to_alpha(self):
        self.as_owner(ALPHA, "svnmucc", "-m", "more", "--non-interactive", "mkdir",
                      f"file://{ALPHA}/more{os.urandom(4).hex()}")

    def state_of(self, path):
        """What a repository says of itself to its owner."""
        if path == ALPHA:
            return svn_tree(path)
        if path == BETA:
            return self.as_owner(BETA, "hg", "-R", BETA, "--hidden", "log", "-T",
                                 "{rev} {node} {parents} {phase} {tags} {author} {desc}\n")
        return self.git("log", "--format=raw", "--all")

    def night(self):
        self.assert_code(self.run_script("repo-scan -q /srv /home | repo-dump -q -"), 0)

    @staticmethod
    def lose(*paths):
        must("rm", "-r", *paths)

    @staticmethod
    def damage_the_current_copy_of_alpha():
        (file,) = DUMP_ROOT.glob("current/svn/*/data/db/revs/0/4")
        content = bytearray(file.read_bytes())
        content[len(content) // 2] ^= 1
        file.write_bytes(content)

    # The document.

    def find(self, words):
        """The block of the section that has these words, and no other one has."""
        found = [block for block in self.blocks if words in block.commands]
        self.assertEqual(len(found), 1, f"blocks of the section with {words!r}")
        return found[0]

    def do(self, words, code=0):
        """Runs the block with these words. Returns what it printed."""
        block = self.find(words)
        done = self.run_script(block.commands)
        self.assert_code(done, code)
        block.assert_printed(self, done)
        block.has_run = True
        return done

    def run_again(self, words):
        return self.run_script(self.find(words).commands)

    def run_script(self, commands):
        """Commands in a new shell, as the document says to begin one."""
        return run("sh", "-e", "-c", self.begin + commands, cwd="/", env=ENVIRONMENT)

    # What came back.

    def assert_is_back(self, path, times=True):
        """As it was in the last night: its files, their owners, what it says of itself."""
        now, before = look(STORES[path], times), self.stores[times][path]
        self.assertEqual({name: (now.get(name), before.get(name)) for name in {**now, **before}
                          if now.get(name) != before.get(name)}, {})
        self.assert_is_of_its_owner(path)

    def assert_is_back_and_was_used(self, path):
        """The same, but for what tools write that have run in it: the index, dirstate, caches."""
        now = look(STORES[path])
        for name, seen in self.stores[True][path].items():
            if not re.search(r"(?:^|/)(?:index|logs/HEAD|dirstate|cache/.*|rep-cache\.db)$", name):
                self.assertEqual(now.get(name), seen, name)
        self.assert_is_of_its_owner(path)

    def assert_is_of_its_owner(self, path, number=None):
        number = number or USERS[OWNERS[path]]
        owners = {path: (os.stat(path).st_uid, os.stat(path).st_gid)}
        owners.update((name, seen[1:3]) for name, seen in look(STORES[path]).items())
        self.assertEqual([name for name, owner in owners.items() if owner != (number, number)], [])
        self.assertEqual(self.state_of(path), self.states[path])

    def assert_can_be_used(self):
        """Their owners work on."""
        self.commit_to_alpha()
        self.as_owner(ALPHA, "svnadmin", "verify", "-q", ALPHA)
        self.as_owner(BETA, "hg", "-R", BETA, "commit", "-q", "-u", "ben", "-m", "more",
                      "--config", "ui.allowemptycommit=yes")
        self.as_owner(BETA, "hg", "-R", BETA, "verify", "-q")
        self.git("commit", "-q", "--allow-empty", "-m", "more")
        self.git("fsck", "--strict")
