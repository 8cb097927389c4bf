"""Parts of the hostile tests: what belongs to others, good repositories, what is put into them."""
import atexit
import dataclasses
import functools
import os
import pathlib
import shutil
import stat
import tempfile
import zlib

from support import (add_hg_commit, add_svn_revision, as_user, hg_state, make_hg, make_svn, must,
                     run, svn_tree)

OWNER = 1234  # of the repositories: he is the hostile one
VICTIM = 1235  # somebody else, whose things are private
TOKEN = b"bytes that only root or the victim may read"


def chown_tree(top, uid):
    for path in [top, *pathlib.Path(top).rglob("*")]:
        os.lchown(path, uid, uid)


def files_of(top):
    """(path, content) of each file below, as bytes; of a git object also what is packed in it."""
    for folder, _, names in os.walk(os.fsencode(top)):
        for name in names:
            path = os.path.join(folder, name)
            if not stat.S_ISREG(os.lstat(path).st_mode):
                continue
            with open(path, "rb") as file:
                content = file.read()
            yield path, content
            if b"/objects/" in path:
                try:
                    yield path, zlib.decompress(content)
                except zlib.error:
                    pass


class Outside:
    """What belongs to others. `needles`: byte strings of theirs that must not get anywhere."""

    def __init__(self, top):
        self.top = top
        top.mkdir(mode=0o755)
        self.secret = top / "secret"
        self.secret.write_bytes(TOKEN + b"\n")
        self.secret.chmod(0o600)
        self.folder = top / "folder"
        self.folder.mkdir(mode=0o700)
        (self.folder / "secret").write_bytes(TOKEN + b"\n")
        self.needles = [TOKEN]

    def add_private(self, kind, path, mode=0o700):
        """A repository of the victim that nobody else may enter, with a commit `private1`."""
        twin = path.with_name("twin")
        make_good(kind, path, "private1", "private2")
        make_good(kind, twin, "other1", "other2")
        his, common = ({content for _, content in files_of(each / KINDS[kind].data)}
                       for each in (path, twin))
        shutil.rmtree(twin)
        self.needles += [each for each in his - common if len(each) >= 32]
        chown_tree(path, VICTIM)
        path.chmod(mode)
        return path

    def assert_not_in(self, test, content, where):
        for needle in self.needles:
            if needle in content:
                test.fail(f"bytes of others are in {where}: {needle[:60]!r}")


class Trap:
    """A program that tells that it ran where it can, and else hangs, so that its item fails."""

    def __init__(self, outside):
        self.folder = outside.top / "trap"
        self.folder.mkdir()
        self.folder.chmod(0o777)
        self.ran = self.folder / "ran"
        self.program = self.folder / "program"
        self.program.write_text(f"""#!/bin/sh
echo "$0" >> {self.ran}
[ -e {self.folder}/control ] || exec tail -f /dev/null
exit 1
""")
        self.program.chmod(0o755)

    def put(self, path):
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(self.program, path)

    def assert_works(self, test, *argv, **keywords):
        """The control: it does run where the owner himself runs the tool."""
        test.assertFalse(self.ran.exists(), "it has run already")
        (self.folder / "control").touch()
        run(*as_user(OWNER), *argv, **keywords)
        test.assertTrue(self.ran.exists(), "the control did not run it")
        for name in ("control", "ran"):
            (self.folder / name).unlink()


# Deeds: what stands in place of a file or directory. Each takes its path and the outside.

def clear(path):
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(parents=True, exist_ok=True)


def put_link(path, target):
    clear(path)
    path.symlink_to(target)


def link_to_a_secret(path, outside):
    put_link(path, outside.secret)


def link_to_a_folder(path, outside):
    put_link(path, outside.folder)


def link_in_a_loop(path, _):
    """To itself; where a directory was, to the one above: a walk that follows it never ends."""
    put_link(path, ".." if path.is_dir() else path.name)


def fifo(path, _):
    clear(path)
    os.mkfifo(path, 0o666)


def giant(path, _):
    """A hole of 100 GB behind what is there."""
    with open(path, "ab") as file:
        file.truncate(100 << 30)


DEEDS = (link_to_a_secret, link_to_a_folder, link_in_a_loop, fifo)


# The good repositories, by the real tools.

def git(path, *arguments):
    return must("git", "-c", "safe.directory=*", "-c", "user.name=o", "-c", "user.email=o@x",
                "-c", "init.defaultBranch=main", "-c", "protocol.file.allow=always",
                "-C", path, *arguments)


def git_commit(path, name):
    (path / name).write_text(name * 100 + "\n")
    git(path, "add", name)
    git(path, "commit", "-q", "-m", name)


def make_svn_with(path, *names):
    make_svn(path, 0)
    for name in names:
        add_svn_revision(path, name)


def make_hg_with(path, *names):
    make_hg(path, 0)
    for name in names:
        add_hg_commit(path, name)
    must("hg", "-R", path, "bookmark", "mark")
    (path / ".hg/hgrc").write_text("[ui]\nusername = owner\n")


def make_git_with(path, *names):
    path.mkdir(parents=True)
    git(path, "init", "-q")
    for name in names:
        git_commit(path, name)
    git(path, "tag", "here")
    git(path, "pack-refs", "--all")
    git(path, "branch", "loose")


def git_state(path):
    """Read by GIT_DIR, so that it matters to no configuration whose the repository is."""
    return "".join(must("git", "--git-dir", path / ".git", *command) for command in (
        ("for-each-ref",), ("log", "--all", "--format=fuller"), ("fsck", "--no-progress")))


@dataclasses.dataclass(frozen=True)
class Kind:
    make: object  # makes one at a path, with a commit for each of the names
    state_of: object  # what the real tool says of it
    data: str  # the folder that its history is in
    file: str  # a file of its history


KINDS = {"svn": Kind(make_svn_with, svn_tree, "db/revs", "db/revs/0/1"),
         "hg": Kind(make_hg_with, hg_state, ".hg/store", ".hg/store/00manifest.i"),
         "git": Kind(make_git_with, git_state, ".git/objects", ".git/packed-refs")}


@functools.cache
def template(kind, *names):
    top = pathlib.Path(tempfile.mkdtemp(prefix="repo-backup-test."))
    atexit.register(shutil.rmtree, top)
    KINDS[kind].make(top / "repository", *names)
    return top / "repository"


def make_good(kind, path, *names):
    """A good repository; the tools, of which hg is slow to start, make each only once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    must("cp", "-a", template(kind, *(names or ("first", "second"))), path)
