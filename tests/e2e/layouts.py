"""Every layout of a repository that svnadmin, hg and git can make, and a few that they only read or
that newer ones make: a name for each, and what a manifest must say of it."""
import os
import pathlib
import shutil
import subprocess

HG = {"HGRCPATH": "", "HGPLAIN": "1", "HGUSER": "tester"}
GIT = {"GIT_CONFIG_NOSYSTEM": "1", "GIT_CONFIG_GLOBAL": "/dev/null",
       "GIT_AUTHOR_NAME": "t", "GIT_AUTHOR_EMAIL": "t@localhost",
       "GIT_COMMITTER_NAME": "t", "GIT_COMMITTER_EMAIL": "t@localhost"}
UNSTABLE = "enable-unstable-format-and-corrupt-my-data"


def run(*argv, **variables):
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                   env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **variables})


def hg(*words, configs=()):
    options = [word for config in configs for word in ("--config", config)]
    run("hg", *options, *words, **HG)


def git(path, *words):
    run("git", "-C", path, "-c", "safe.directory=*", "-c", "protocol.file.allow=always", *words,
        **GIT)


def write(path, text):
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="ascii")


def make_svn(tree):
    """Name to what the detail must hold."""
    formats = {1: 1, 3: 1, 4: 2, 5: 3, 6: 4, 7: 4, 8: 6, 9: 7, 10: 8, 14: 8}
    expected = {}
    for minor, number in formats.items():
        name = f"fsfs-1.{minor}"
        run("svnadmin", "create", "--compatible-version", f"1.{minor}", f"{tree}/{name}")
        expected[name] = {"fs_type": "fsfs", "format": number}
    run("svnadmin", "create", "--fs-type", "fsx", f"{tree}/fsx")
    expected["fsx"] = {"fs_type": "fsx", "format": 2}
    for name in (*expected,):
        run("svn", "mkdir", "-q", "-m", "one", f"file://{tree}/{name}/trunk")
        expected[name]["revision"] = 1
    os.remove(f"{tree}/fsfs-1.1/db/format")
    run("svnlook", "youngest", f"{tree}/fsfs-1.1")
    for name, version in (("bdb", "1.14"), ("bdb-1.0", "1.3")):
        run("svnadmin", "create", "--fs-type", "bdb", "--compatible-version", version,
            f"{tree}/{name}")
        expected[name] = {"fs_type": "bdb"}
    os.remove(f"{tree}/bdb-1.0/db/fs-type")
    run("svnlook", "youngest", f"{tree}/bdb-1.0")
    return expected


def hg_commit(path, configs=()):
    write(f"{path}/folder/file", "text of a file")
    hg("-R", path, "commit", "-q", "-A", "-m", "one", configs=configs)


def make_hg(tree):
    """Name to (requirements that must and must not be there, number of changesets)."""
    layouts = {  # configuration for init, requirements, those that must not be there
        "usual": ((), {"share-safe", "store", "revlogv1", "fncache"}, set()),
        "not-share-safe": (("format.use-share-safe=no",), {"store"}, {"share-safe"}),
        "no-store": (("format.usestore=no",), {"revlogv1"}, {"store"}),
        "treemanifest": (("experimental.treemanifest=yes",), {"treemanifest"}, set()),
        "changelog-v2": ((f"format.exp-use-changelog-v2={UNSTABLE}",), {"exp-changelog-v2"}, set()),
    }
    expected = {}
    for name, (configs, needed, absent) in layouts.items():
        hg("init", f"{tree}/{name}", configs=configs)
        hg_commit(f"{tree}/{name}")
        expected[name] = (needed, absent, None if name == "changelog-v2" else 1)
    # Made and never used.
    fresh = {"fresh": ((), {"store"}),
             "dirstate-v2": (("format.use-dirstate-v2=yes",
                              "storage.dirstate-v2.slow-path=allow"), {"dirstate-v2"}),
             "revlog-v2": ((f"experimental.revlogv2={UNSTABLE}",), {"exp-revlogv2.2"})}
    for name, (configs, needed) in fresh.items():
        hg("init", f"{tree}/{name}", configs=configs)
        expected[name] = (needed, set(), 0)

    hg("init", f"{tree}/ancient", configs=("format.usestore=no", "format.usegeneraldelta=no",
                                           "format.sparse-revlog=no"))
    hg_commit(f"{tree}/ancient")
    os.remove(f"{tree}/ancient/.hg/requires")
    hg("-R", f"{tree}/ancient", "verify", "-q")
    expected["ancient"] = (None, None, 1)

    for name, extension, track in (("largefiles", "largefiles", ()),
                                   ("lfs", "lfs", ("lfs.track=all()",))):
        configs = (f"extensions.{extension}=", f"{extension}.usercache={tree}.cache", *track)
        hg("init", f"{tree}/{name}", configs=configs)
        write(f"{tree}/{name}/big", "text of a file")
        large = ("--large",) if extension == "largefiles" else ()
        hg("-R", f"{tree}/{name}", "add", "-q", *large, f"{tree}/{name}/big", configs=configs)
        hg("-R", f"{tree}/{name}", "commit", "-q", "-m", "one", configs=configs)
        expected[name] = ({extension, "share-safe"}, set(), 1)
    hg("clone", "-q", "--narrow", "--include", "folder", f"{tree}/not-share-safe", f"{tree}/narrow",
       configs=("extensions.narrow=",))
    expected["narrow"] = ({"narrowhg-experimental"}, set(), 1)

    share = ("extensions.share=",)
    hg("share", "-q", f"{tree}/usual", f"{tree}/share", configs=share)
    hg("share", "-q", "--relative", f"{tree}/usual", f"{tree}/relshare", configs=share)
    hg("share", "-q", f"{tree}/not-share-safe", f"{tree}/oldshare", configs=share)
    expected["share"] = ({"shared", "share-safe"}, {"revlogv1"}, None)
    expected["relshare"] = ({"relshared"}, set(), None)
    expected["oldshare"] = ({"shared"}, {"share-safe"}, None)
    return expected


def git_commit(path, name="file"):
    write(f"{path}/{name}", name)
    git(path, "add", "-A")
    git(path, "commit", "-q", "-m", name)


def make_git(tree):
    """Name to what the detail must hold, and path of a pointer to name and reason."""
    usual = {"bare": False, "empty": False, "object_format": "sha1", "ref_format": "files",
             "shallow": False, "partial": False, "alternates": 0, "worktrees": 0}
    expected = {}

    def init(name, *options, **detail):
        git(tree, "init", "-q", "-b", "main", *options, f"{tree}/{name}")
        expected[name] = {**usual, "head": "refs/heads/main", **detail}

    def clone(source, name, *options, **detail):
        git(tree, "clone", "-q", *options, source, f"{tree}/{name}")
        expected[name] = {**usual, "head": "refs/heads/main", **detail}

    init("empty", empty=True)
    init("empty.git", "--bare", empty=True, bare=True)
    init("source", worktrees=1)
    source = f"{tree}/source"
    for name in ("one", "two"):
        git_commit(source, name)
    git(source, "config", "uploadpack.allowFilter", "true")
    git(source, "worktree", "add", "-q", f"{tree}/worktree")
    clone(source, "bare.git", "--bare", bare=True, worktrees=1)
    git(f"{tree}/bare.git", "worktree", "add", "-q", f"{tree}/bare-worktree")
    clone(source, "mirror.git", "--mirror", bare=True)
    clone(source, "detached")
    git(f"{tree}/detached", "checkout", "-q", "--detach")
    commit = subprocess.run(["git", "-C", source, "rev-parse", "HEAD"], check=True, text=True,
                            stdout=subprocess.PIPE, env={"PATH": os.environ["PATH"], **GIT})
    expected["detached"]["head"] = commit.stdout.strip()
    clone(source, "linked-head")
    os.remove(f"{tree}/linked-head/.git/HEAD")
    os.symlink("refs/heads/main", f"{tree}/linked-head/.git/HEAD")
    git(f"{tree}/linked-head", "status")
    init("sha256", "--object-format=sha256", object_format="sha256")
    git_commit(f"{tree}/sha256")
    clone(f"file://{source}", "shallow", "--depth", "1", shallow=True)
    clone(f"file://{source}", "partial", "--filter=blob:none", "--no-checkout", partial=True)
    clone(source, "borrower", "--shared", alternates=1)
    init("super")
    git(f"{tree}/super", "submodule", "add", "-q", source, "libs/sub")
    git_commit(f"{tree}/super")
    git(tree, "init", "-q", "-b", "main", "--separate-git-dir", f"{tree}/apart.git",
        f"{tree}/apart-files")
    expected["apart.git"] = {**usual, "head": "refs/heads/main", "empty": True}
    # As git 2.45 makes it; the one here cannot.
    init("reftable", ref_format="reftable", head="refs/heads/.invalid")
    del expected["reftable"]["empty"]
    store = f"{tree}/reftable/.git"
    git(f"{tree}/reftable", "config", "core.repositoryformatversion", "1")
    git(f"{tree}/reftable", "config", "extensions.refStorage", "reftable")
    shutil.rmtree(f"{store}/refs/heads")
    write(f"{store}/refs/heads", "this repository uses the reftable format\n")
    write(f"{store}/HEAD", "ref: refs/heads/.invalid\n")
    write(f"{store}/reftable/tables.list", "0x000000000001-0x000000000001-0a1b2c3d.ref\n")
    write(f"{store}/reftable/0x000000000001-0x000000000001-0a1b2c3d.ref", "REFT")

    pointers = {"worktree": ("source", "linked worktree", "source/.git/worktrees/worktree"),
                "bare-worktree": ("bare.git", "linked worktree",
                                  "bare.git/worktrees/bare-worktree"),
                "super/libs/sub": ("super", "submodule", "super/.git/modules/libs/sub"),
                "apart-files": ("apart.git", "separate git directory", "apart.git")}
    return expected, pointers
