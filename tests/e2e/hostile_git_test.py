"""Hostile Git repositories: what stands in place of their files, alternates, configuration."""
import os
import shutil

import hostile
from hostile import Row, place_rows
from hostile_parts import (DEEDS, OWNER, Trap, chown_tree, fifo, git, link_in_a_loop,
                           link_to_a_folder, link_to_a_secret, put_link)
from support import main, must


class GitPlacesTest(hostile.HostileCase):
    kinds = ("git",)
    rows = tuple(row for place, path, status, words in (
        ("head", ".git/HEAD", "scan", (".git/HEAD",)),
        ("refs", ".git/refs", "scan", (".git/refs",)),
        ("objects", ".git/objects", "scan", (".git/objects",)),
        ("config", ".git/config", "scan", (".git/config",)),
        ("packed_refs", ".git/packed-refs", "failed", (".git/packed-refs",)),
        ("packs", ".git/objects/pack", "failed", (".git/objects/pack",)),
        ("info", ".git/objects/info", "failed", (".git/objects/info",)),
        ("alternates", ".git/objects/info/alternates", "failed", ("objects/info/alternates",)),
        # Git follows them, so the branches are there at the source, and not in the copy.
        ("heads", ".git/refs/heads", "failed", (".git/refs/heads",)),
        ("ref", ".git/refs/heads/loose", "failed", (".git/refs/heads/loose",)),
        ("hooks", ".git/hooks", "copied", ()),
        ("hook", ".git/hooks/post-commit", "copied", ()),
        ("logs", ".git/logs", "copied", ()),
        ("description", ".git/description", "copied", ()),
    ) for row in place_rows("git", place, path, status, status, *words))

    def test_D20_what_is_left_out_is_told(self):
        self.assert_left_out_is_told()


def object_path(repository, revision):
    node = git(repository, "rev-parse", revision).strip()
    return repository / ".git/objects" / node[:2] / node[2:]


def at_object(deed, above=False):
    def do(repository, outside):
        path = object_path(repository, "HEAD:first")
        deed(path.parent if above else path, outside)
    return do


def at(path, deed):
    return lambda repository, outside: deed(repository / path, outside)


def put_submodule(repository, _=None):
    """As git keeps it: a whole git directory in `modules`."""
    sub = repository / ".git/modules/sub"
    sub.parent.mkdir()
    must("cp", "-a", repository.parent / "good/.git", sub)
    return sub


def in_submodule(path, deed):
    return lambda repository, outside: deed(put_submodule(repository) / path, outside)


def ref_out_of_the_repository(repository, outside):
    """A name that leads out, in a file that we read."""
    node = git(repository, "rev-parse", "HEAD").strip()
    with open(repository / ".git/packed-refs", "a", encoding="utf-8") as file:
        file.write(f"{node} refs/heads/../../../../../outside/secret\n"
                   f"{node} ../../../../outside/secret\n")


def old_symbolic_ref(repository, _):
    """As git made them until 2005: no reason to fail."""
    put_link(repository / ".git/refs/heads/old", "refs/heads/main")


class GitMorePlacesTest(hostile.HostileCase):
    """Places of which what becomes of the item differs from one deed to the other."""
    kinds = ("git",)
    rows = (
        *(Row("git", "D19", f"{name}_as_{deed.__name__}", at_object(deed, above), "failed",
              (".git/objects/",))
          for deed in DEEDS for name, above in (("object", False), ("fan_out", True))),
        *(Row("git", "D19", f"index_as_{deed.__name__}", at(".git/index", deed), "copied")
          for deed in (link_to_a_secret, link_to_a_folder)),
        Row("git", "D19", "index_as_link_in_a_loop", at(".git/index", link_in_a_loop), "failed",
            ("index", "symbolic link")),
        Row("git", "D20", "index_as_fifo", at(".git/index", fifo), "copied"),
        Row("git", "D19", "submodule_with_a_link", in_submodule("packed-refs", link_to_a_secret),
            "failed", (".git/modules/sub/packed-refs",)),
        Row("git", "D19", "submodule_with_linked_objects",
            in_submodule("objects", link_to_a_folder), "failed", (".git/modules/sub/objects",)),
        Row("git", "D20", "submodule_with_a_fifo", in_submodule("HEAD", fifo), "failed",
            (".git/modules/sub",)),
        Row("git", "D19", "ref_out_of_the_repository", ref_out_of_the_repository, "failed",
            ("fsck",)),
        Row("git", "D19", "old_symbolic_ref", old_symbolic_ref, "copied"),
    )


def borrow(donor, keep=False):
    """A clone that names a donor, and has no objects of its own, or all (`keep`)."""
    def deed(repository, outside):
        if not keep:
            shutil.rmtree(repository)
            must("cp", "-a", outside.private, repository)
            shutil.rmtree(repository / ".git/objects")
            (repository / ".git/objects/info").mkdir(parents=True)
            chown_tree(repository, OWNER)
        (repository / ".git/objects/info/alternates").write_text(
            donor.format(top=outside.top) + "\n")
    return deed


def worktree(**files):
    """The folder of a linked worktree, whose files lead elsewhere."""
    def deed(repository, outside):
        folder = repository / ".git/worktrees/evil"
        folder.mkdir(parents=True)
        given = {"HEAD": "ref: refs/heads/main", "commondir": "../..",
                 "gitdir": f"{outside.live}/.git", **files}
        for name, text in given.items():
            (folder / name).write_text(text.format(top=outside.top) + "\n")
    return deed


def git_file(repository, outside):
    shutil.rmtree(repository / ".git")
    (repository / "folder").mkdir()  # without any the scan does not look
    (repository / ".git").write_text(f"gitdir: {outside.private}/.git\n")


def commondir(repository, outside):
    (repository / ".git/commondir").write_text(f"{outside.private}/.git\n")


def submodule(repository, outside):
    sub = put_submodule(repository)
    (sub / "objects/info/alternates").write_text(f"{outside.private}/.git/objects\n")
    git(sub, "config", "core.worktree", str(outside.live))


class GitPrivateTest(hostile.HostileCase):
    """Ways into the private repository of somebody else."""
    kinds = ("git",)
    not_read = ("cannot be read by the owner", "private")
    rows = (
        Row("git", "D19", "alternates", borrow("{top}/private/.git/objects"), "failed", ("fsck",)),
        Row("git", "D19", "alternates_not_needed",
            borrow("{top}/private/.git/objects", keep=True), "copied", not_read),
        Row("git", "D19", "relative_alternates",
            borrow("../../../../../outside/private/.git/objects", keep=True), "copied", not_read),
        Row("git", "D19", "alternates_of_proc", borrow("/proc/self/cwd", keep=True), "copied",
            ("cannot be read by the owner",)),
        Row("git", "D19", "alternates_of_a_secret", borrow("{top}/secret", keep=True), "copied",
            ("cannot be read by the owner",)),
        Row("git", "D19", "commondir_of_a_worktree", worktree(commondir="{top}/private/.git"),
            "failed", ("fsck",)),
        Row("git", "D19", "gitdir_of_a_worktree", worktree(gitdir="{top}/private/.git"), "copied"),
        Row("git", "D22", "worktree_that_is_live", worktree(), "copied"),
        Row("git", "D19", "submodule", submodule, "copied", not_read),
        Row("git", "D19", "git_file", git_file, "none"),
        Row("git", "D19", "commondir", commondir, "none"),
    )

    @classmethod
    def prepare(cls):
        cls.outside.private = cls.outside.add_private("git", cls.outside.top / "private")
        cls.outside.live = cls.outside.add_private("git", cls.outside.top / "live", 0o755)

    def test_D19_what_is_no_item_is_told(self):
        for name in ("git_file", "commondir"):
            told = [each["path"] for each in self.manifest["pointers"] + self.manifest["errors"]]
            self.assertIn(str(self.src / "git" / name), told)

    def test_D19_a_failure_names_the_alternate_that_could_not_be_read(self):
        error = self.items[str(self.src / "git/alternates")]["error"]
        self.assertIn(f"{self.outside.private}/.git/objects", error)


class GitPublicTest(hostile.HostileCase):
    """The control: what everybody may read comes along, and would be found."""
    kinds = ("git",)
    rows = (Row("git", "D19", "alternates", borrow("{top}/public/.git/objects"), "copied",
                ("objects of the alternate", "are in the copy")),)

    @classmethod
    def prepare(cls):
        cls.outside.private = cls.outside.add_private("git", cls.outside.top / "public", 0o755)

    def test_D19_nothing_of_others_is_in_the_dump_root_or_printed(self):
        with self.assertRaisesRegex(AssertionError, "bytes of others"):
            super().test_D19_nothing_of_others_is_in_the_dump_root_or_printed()


PROGRAMS = ("core.pager", "core.editor", "core.sshCommand", "core.gitProxy", "core.askPass",
            "core.alternateRefsCommand", "gpg.program", "diff.external", "sequence.editor",
            "credential.helper", "uploadpack.packObjectsHook", "remote.origin.uploadpack")
HOOKS = ("pre-commit", "post-commit", "post-checkout", "post-index-change", "pre-auto-gc",
         "reference-transaction", "pre-receive", "update", "post-update", "fsmonitor-watchman")


def config(*settings, attributes=""):
    def deed(repository, outside):
        for key, value in settings:
            git("/", "config", "--file", repository / ".git/config", key, value.format(
                program=outside.trap.program, hooks=outside.trap.folder / "hooks",
                secret=outside.secret, live=outside.live, git=repository / ".git"))
        if attributes:
            (repository / ".git/info/attributes").write_text(attributes)
    return deed


def all_hooks(repository, outside):
    for name in HOOKS:
        outside.trap.put(repository / ".git/hooks" / name)


def config_of_a_worktree(repository, outside):
    config(("extensions.worktreeConfig", "true"))(repository, outside)
    (repository / ".git/config.worktree").write_text(
        f"[core]\n\tfsmonitor = {outside.trap.program}\n\tworktree = {outside.live}\n")


def common_directory_in_the_sandbox(repository, outside):
    """Where git fsck runs, /source is the folder of the objects."""
    inner = repository / ".git/objects/evil"
    shutil.copytree(repository.parent / "good/.git", inner, symlinks=True)
    outside.trap.put(inner / "program")
    with open(inner / "config", "a", encoding="utf-8") as file:
        file.write("[core]\n\tfsmonitor = /source/evil/program\n")
    worktree(commondir="/source/evil")(repository, outside)
    shutil.copy(repository / ".git/index", repository / ".git/worktrees/evil/index")


def promisor(repository, outside):
    """A partial clone that is to fetch what it lacks by a command."""
    nodes = git(repository, "rev-list", "--all", "--objects").split()
    blobs = [git(repository, "rev-parse", f"HEAD:{name}").strip() for name in ("first", "second")]
    names = "\n".join(node for node in nodes if len(node) == 40 and node not in blobs) + "\n"
    pack = repository / ".git/objects/pack/pack"
    node = must("git", "-c", "safe.directory=*", "-C", repository, "pack-objects", "-q", pack,
                input=names.encode()).strip()
    pack.with_name(f"pack-{node}.promisor").touch()
    for each in repository.glob(".git/objects/??"):
        shutil.rmtree(each)
    config(("core.repositoryFormatVersion", "1"), ("extensions.partialClone", "origin"),
           ("remote.origin.promisor", "true"), ("remote.origin.url", "ext::{program}"),
           ("protocol.ext.allow", "always"))(repository, outside)


class GitConfigurationTest(hostile.HostileCase):
    kinds = ("git",)
    rows = (
        Row("git", "D22", "fsmonitor", config(("core.fsmonitor", "{program}")), "copied"),
        Row("git", "D22", "hooks", all_hooks, "copied"),
        Row("git", "D22", "hooks_path", config(("core.hooksPath", "{hooks}")), "copied"),
        Row("git", "D22", "filter", config(
            ("filter.evil.clean", "{program}"), ("filter.evil.smudge", "{program}"),
            ("filter.evil.required", "true"), ("diff.evil.textconv", "{program}"),
            attributes="* filter=evil diff=evil\n"), "copied"),
        Row("git", "D22", "filter_process", config(("filter.evil.process", "{program}"),
                                                   attributes="* filter=evil\n"), "copied"),
        Row("git", "D22", "programs", config(*((key, "{program}") for key in PROGRAMS)), "copied"),
        Row("git", "D22", "alias", config(("alias.fsck", "!{program}")), "copied"),
        Row("git", "D22", "promisor", promisor, "copied", ("a partial clone",)),
        Row("git", "D22", "common_directory", common_directory_in_the_sandbox, "copied"),
        Row("git", "D22", "config_of_a_worktree", config_of_a_worktree, "copied"),
        Row("git", "D22", "live_tree", config(("core.worktree", "{live}"),
                                              ("core.fsmonitor", "{program}")), "copied"),
        Row("git", "D19", "include", config(("include.path", "{secret}"),
                                            ("includeIf.gitdir:/.path", "{secret}")), "copied"),
        Row("git", "D19", "excludes", config(("core.excludesFile", "{secret}"),
                                             ("core.attributesFile", "{secret}")), "copied"),
    )

    @classmethod
    def prepare(cls):
        cls.outside.trap = Trap(cls.outside)
        for name in HOOKS:
            cls.outside.trap.put(cls.outside.trap.folder / "hooks" / name)
        cls.outside.live = cls.outside.add_private("git", cls.outside.top / "live", 0o777)

    def test_D22_nothing_has_run(self):
        self.assertFalse(self.outside.trap.ran.exists())

    def test_D22_it_runs_where_the_owner_works(self):
        """The control."""
        commit = ("-c", "user.name=o", "-c", "user.email=o@x", "commit", "--allow-empty", "-m", "x")
        for name, command in (("fsmonitor", ("fsck",)), ("hooks", commit), ("hooks_path", commit),
                              ("filter", ("add", "new")), ("filter_process", ("add", "new")),
                              ("config_of_a_worktree", ("fsck",)), ("live_tree", ("fsck",)),
                              ("promisor", ("cat-file", "blob", "HEAD:first"))):
            with self.subTest(name=name):
                control = self.tmp / name
                must("cp", "-a", self.src / "git" / name, control)
                (control / "new").write_text("new\n")
                self.outside.trap.assert_works(self, "git", "-C", control, *command, cwd="/")

    def test_D22_the_configuration_is_in_the_copy(self):
        for row in self.rows:
            if os.fsencode(self.src / row.path) not in self.current():
                continue  # its own test fails
            self.assertEqual((self.copy_of(self.src / row.path) / "data/.git/config").read_bytes(),
                             (self.src / row.path / ".git/config").read_bytes())


if __name__ == "__main__":
    main()
