"""What is hostile in the same way in each kind: modes, hard links, holes, and what is exchanged."""
import os
import shutil

import hostile
from hostile import Row, seen
from hostile_parts import KINDS, OWNER, VICTIM, chown_tree, fifo, giant, make_good, put_link
from support import DUMP, main, run

ALL = tuple(KINDS)
BESIDE = {"svn": "hooks/beside", "hg": ".hg/beside", "git": ".git/hooks/beside"}


def owned(path, mode, uid=OWNER):
    os.lchown(path, uid, uid)
    path.chmod(mode)  # afterwards: chown(2) takes the special bits away


def special_modes(kind):
    def deed(repository, _):
        for name, mode in (("setuid", 0o4755), ("setgid", 0o2775), ("sticky", 0o1666)):
            beside = (repository / BESIDE[kind]).with_name(name)
            beside.write_text("#!/bin/sh\n")
            owned(beside, mode)
        owned(repository / KINDS[kind].data, 0o7777)
        owned(repository / KINDS[kind].file, 0o4444)
    return deed


def modes_are_told(test, data):
    lines = (data.parent / "owners").read_text(encoding="utf-8").splitlines()
    told = {line.rsplit("/", 1)[-1]: line.split()[:3] for line in lines}
    for name, mode in (("setuid", "4755"), ("setgid", "2775"), ("sticky", "1666")):
        test.assertEqual(told[name], ["f", mode, str(OWNER)])


def hard_links(kind):
    """Names of others' files: beside the data, and in place of a file of the history."""
    def deed(repository, outside):
        other = outside.top / f"{kind}-of-the-victim"
        other.write_text("#!/bin/sh\n")
        owned(other, 0o640, VICTIM)
        os.link(other, repository / BESIDE[kind])
        history = outside.top / f"{kind}-history"
        shutil.copy2(repository / KINDS[kind].file, history)
        owned(history, 0o444, VICTIM)
        (repository / KINDS[kind].file).unlink()
        os.link(history, repository / KINDS[kind].file)
    return deed


def others_stay_others(test, data):
    """So a restore hands nobody a file that was not his."""
    lines = (data.parent / "owners").read_text(encoding="utf-8").splitlines()
    told = {line.rsplit("/", 1)[-1]: line.split()[:3] for line in lines}
    test.assertEqual(told["beside"], ["f", "0640", str(VICTIM)])


class OddFilesTest(hostile.HostileCase):
    """Two nights, since the second shares files with the first."""
    kinds = ALL
    rows = tuple(row for kind in ALL for row in (
        Row(kind, "D21", "special_modes", special_modes(kind), "copied", (), modes_are_told),
        Row(kind, "D21", "hard_links", hard_links(kind), "copied", (), others_stay_others)))

    @classmethod
    def scan_and_dump(cls):
        super().scan_and_dump()
        for row in cls.rows:
            beside = (cls.src / row.path / BESIDE[row.kind]).with_name("new")
            beside.write_text("of the second night\n")
            owned(beside, 0o644)
        cls.before = seen(cls.src), cls.before[1]
        cls.second = run(DUMP, "--to", cls.to, cls.tmp / "manifest.json")

    def test_D21_each_copy_is_whole_and_private(self):
        self.assert_code(self.second, 0)
        self.assert_whole()
        for row in self.rows:
            self.assertTrue((self.copy_of(self.src / row.path) / "data" / BESIDE[row.kind])
                            .with_name("new").exists())


def giant_at(path):
    return lambda repository, _: giant(repository / path, _)


def giant_in_an_alternate(repository, outside):
    """The folder is his own, so that he may read it."""
    donor = outside.top / "donor"
    (donor / "pack").mkdir(parents=True)
    giant(donor / "pack/pack-1.pack", outside)
    owned(donor, 0o755)
    (repository / ".git/objects/info/alternates").write_text(f"{donor}\n")


class GiantsTest(hostile.HostileCase):
    """Files of 100 GB that are nothing but a hole, or end in one."""
    kinds = ALL
    options = ("--max-time", "15s", "-j", "4")
    rows = (*(Row(kind, "D15", f"giant_{name}", giant_at(path), "failed", ("mostly holes",))
              for kind in ALL for name, path in (("beside_the_data", BESIDE[kind]),
                                                 ("history", KINDS[kind].file))),
            Row("svn", "D15", "giant_rep_cache", giant_at("db/rep-cache.db"), "failed",
                ("mostly holes",)),
            Row("svn", "D15", "giant_txn_current", giant_at("db/txn-current"), "failed",
                ("mostly holes",)),
            Row("svn", "D15", "giant_current", giant_at("db/current"), "scan", ("db/current",)),
            Row("svn", "D15", "giant_format", giant_at("format"), "scan", ("format",)),
            Row("hg", "D15", "giant_changelog", giant_at(".hg/store/00changelog.i"), "failed",
                ("mostly holes",)),
            Row("hg", "D15", "giant_bookmarks", giant_at(".hg/bookmarks"), "failed",
                ("mostly holes",)),
            Row("git", "D15", "giant_head", giant_at(".git/HEAD"), "scan", ("HEAD",)),
            Row("git", "D15", "giant_config", giant_at(".git/config"), "scan", ("config",)),
            Row("git", "D15", "giant_pack", giant_at(".git/objects/pack/pack-1.pack"), "failed",
                ("mostly holes",)),
            Row("git", "D15", "giant_in_an_alternate", giant_in_an_alternate, "failed",
                ("mostly holes",)))

    def test_D15_the_dump_root_stays_small(self):
        used = sum(os.lstat(path).st_blocks * 512
                   for folder, _, names in os.walk(self.to)
                   for path in (os.path.join(folder, name) for name in names))
        self.assertLess(used, 16 << 20)


# Between the scan and the dump.

def away(path):
    path.rename(path.with_name(path.name + "-away"))


def another_one(path, _, kind):
    away(path)
    make_good(kind, path, "other1", "other2")
    chown_tree(path, OWNER)


def link_to_the_private_one(path, outside, kind):
    away(path)
    path.symlink_to(outside.top / kind)


def its_parent_is_a_link(path, outside, kind):
    away(path.parent)
    path.parent.symlink_to(outside.top / f"above-{kind}")


def link_to_where_it_went(path, _, kind):
    path.rename(path.with_name("went"))
    path.symlink_to("went")


def a_fifo(path, _, kind):
    away(path)
    fifo(path, _)


def loop(path, _, kind):
    away(path)
    path.symlink_to(path.name)


def data_is_a_link(path, outside, kind):
    inner = KINDS[kind].data
    shutil.rmtree(path / inner)
    put_link(path / inner, outside.top / kind / inner)


SWAPS = ((another_one, "failed", ("not the directory that was scanned", "scan again")),
         (link_to_the_private_one, "failed", ("symbolic link",)),
         (its_parent_is_a_link, "failed", ("symbolic link",)),
         (link_to_where_it_went, "failed", ("symbolic link",)),
         (a_fifo, "vanished", ()),
         (loop, "failed", ("symbolic link",)),
         (data_is_a_link, "failed", ("link",)))


class SwappedTest(hostile.HostileCase):
    """Something else stands at the path, or above it, or in it, than what was scanned."""
    kinds = ALL
    rows = tuple(Row(kind, "D25", swap.__name__, lambda *_: None, status, words,
                     below="repository") for kind in ALL for swap, status, words in SWAPS)

    @classmethod
    def prepare(cls):
        for kind in ALL:
            cls.outside.add_private(kind, cls.outside.top / kind)
            above = cls.outside.top / f"above-{kind}"
            above.mkdir(mode=0o755)
            cls.outside.add_private(kind, above / "repository")

    @classmethod
    def between(cls):
        swaps = {swap.__name__: swap for swap, _, _ in SWAPS}
        for row in cls.rows:
            swaps[row.name](cls.src / row.path, cls.outside, row.kind)
        cls.before = seen(cls.src), cls.before[1]


if __name__ == "__main__":
    main()
