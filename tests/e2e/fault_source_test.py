"""Sources that go, are emptied or are exchanged in the middle of a copy.

repo-dump is stopped in the middle, the source is changed, and the run goes on. A copy of what was
there before is good; what is neither that nor the new one is a failure, and never a copy.
"""
import os
import shutil

from faults import FaultCase, make_git
from support import main, make_hg, make_svn, must, snapshot

KINDS = {"svn": make_svn, "hg": make_hg, "git": make_git}
PARTS = {"svn": "db/revs/0/2", "hg": ".hg/store/data", "git": ".git/objects"}


class SourceCase(FaultCase):
    """home/KIND is a repository of three revisions, with a copy."""

    def setUp(self):
        super().setUp()
        self.home = self.src / "home"
        self.repositories = {kind: make(self.home / kind, 3) for kind, make in KINDS.items()}
        self.manifest = self.scan()
        self.assert_code(self.dump(self.manifest), 0)

    def copy_with(self, kind, disturb, *, call="mkdirat", when=1):
        """A whole copy, with `disturb` when the call is made for its staging. Returns its line."""
        repository = self.repositories[kind]
        staged = self.to / f"control/staging/{kind}.{self.copy_of(repository).name}"
        folder = {"svn": staged / "data", "hg": staged / "data/.hg", "git": staged / "data/.git"}
        paths = [staged] if call == "mkdirat" else [folder[kind]]
        self.before = snapshot(self.copy_of(repository))
        running, process = self.stopped(self.manifest, "-j", "1", "--json", "--full", "--only",
                                        repository, paths=paths,
                                        inject=[f"{call}:signal=SIGSTOP:when={when}"])
        self.assertIsNotNone(process)
        disturb(repository)
        done = self.resume(running, process)
        self.assertIn(done.code, (0, 3), f"{done}")
        line = done.json_lines()[0]
        self.assertEqual(line["status"] == "copied", done.code == 0, f"{done}")
        self.assert_copies_are_whole()
        self.assertEqual([each.name for each in (self.to / "control/staging").iterdir()],
                         ["CACHEDIR.TAG"])
        return line

    def assert_failed(self, kind, disturb, **keywords):
        line = self.copy_with(kind, disturb, **keywords)
        self.assertIn(line["status"], ("failed", "vanished"), line)
        self.assertIn(str(self.repositories[kind]), line["error"])
        self.assertEqual(snapshot(self.copy_of(self.repositories[kind])), self.before)

    def restore(self, kind):
        """From the copy, with which these tests are about: so that it is known to be good."""
        repository = self.repositories[kind]
        if repository.is_symlink():
            repository.unlink()
        shutil.rmtree(repository, ignore_errors=True)
        shutil.copytree(self.copy_of(repository) / "data", repository, symlinks=True)
        if kind == "hg":
            must("hg", "-R", repository, "update", "-q", "-C", ".")
        if kind == "git":
            must("git", "-C", repository, "checkout", "-q", "-f")
        self.manifest = self.scan()


class DeletedTest(SourceCase):
    def test_D24_deleted(self):
        for kind in KINDS:
            for call, when in (("mkdirat", 1), ("openat", 3)):
                with self.subTest(kind=kind, call=call):
                    self.assert_failed(kind, shutil.rmtree, call=call, when=when)
                    # It is told as gone from now on, and its copy stays.
                    done = self.dump(self.manifest, "--json", "--only", self.repositories[kind])
                    self.assert_code(done, 3)
                    self.assertEqual(done.json_lines()[0]["status"], "vanished")
                    self.assertEqual(snapshot(self.copy_of(self.repositories[kind])), self.before)
                    self.restore(kind)

    def test_D24_emptied(self):
        def empty(repository):
            for each in repository.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.assert_failed(kind, empty)
                self.restore(kind)

    def test_D24_a_part_is_deleted(self):
        def delete_part(kind):
            part = self.repositories[kind] / PARTS[kind]
            shutil.rmtree(part) if part.is_dir() else part.unlink()
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.assert_failed(kind, lambda _, kind=kind: delete_part(kind))
                self.restore(kind)


class ExchangedTest(SourceCase):
    def setUp(self):
        super().setUp()
        self.other = self.tmp / "other"
        self.others = {kind: make(self.other / kind, 5) for kind, make in KINDS.items()}

    def identity(self, kind, repository):
        """What no other repository has."""
        if kind == "svn":
            return must("svnlook", "uuid", repository), must("svnlook", "youngest", repository)
        if kind == "hg":
            return must("hg", "-R", repository, "log", "-T", "{node}\n")
        return must("git", "--git-dir", repository / ".git", "log", "--all", "--format=%H")

    def assert_is_the_old_one(self, kind, exchange):
        old = self.identity(kind, self.repositories[kind])
        new = self.identity(kind, self.others[kind])
        self.assertNotEqual(old, new)
        line = self.copy_with(kind, exchange)
        self.assertEqual(self.identity(kind, self.copy_of(self.repositories[kind]) / "data"), old)
        if line["status"] != "copied":
            self.assertEqual(snapshot(self.copy_of(self.repositories[kind])), self.before)
        self.assert_verified_by_the_tools([self.copy_of(self.repositories[kind])])

    def test_D24_another_one_is_put_in_its_place(self):
        def exchange(repository):
            os.rename(repository, self.tmp / f"away.{repository.name}")
            os.rename(self.others[repository.name], repository)
            self.others[repository.name] = repository
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.assert_is_the_old_one(kind, exchange)

    def test_D24_a_parent_becomes_a_link(self):
        def exchange(_):
            os.rename(self.home, self.tmp / "away")
            self.home.symlink_to(self.other)
        for kind in KINDS:
            with self.subTest(kind=kind):
                self.assert_is_the_old_one(kind, exchange)
                self.home.unlink()
                os.rename(self.tmp / "away", self.home)


if __name__ == "__main__":
    main()
