"""What the hostile tests share: good repositories with hostile ones beside them, and an outside.

A subclass of HostileCase plants repositories of an ordinary user below `src`; then there is one
scan and one dump, both as root. Outside of `src` lie secrets that only root or another user may
read: nothing of them may be in the dump root or in what is printed, and neither there nor in the
sources may anything be touched. Each row of a table becomes a test of its own.
"""
import ctypes
import dataclasses
import hashlib
import json
import os
import pathlib
import re
import stat
import subprocess

from hostile_parts import DEEDS, KINDS, OWNER, Outside, chown_tree, fifo, files_of, make_good
from support import DUMP, SCAN, Case, descendants, must, read_json, run, snapshot

LARGE = 64 << 20  # the content of larger files is not read
PR_SET_CHILD_SUBREAPER = 36


def seen(top):
    """All that can be seen of a tree, and the digests of its files' contents."""
    found = {}
    for path, state in snapshot(top).items():
        digest = None
        if stat.S_ISREG(state[0]) and state[5] < LARGE:
            with open(os.path.join(os.fsencode(top), path), "rb") as file:
                digest = hashlib.sha256(file.read()).hexdigest()
        if os.path.basename(path) in (b".hg", b"store"):
            state = state[:-2]  # hg's locks come and go there: its times change
        found[path] = (*state, digest)
    return found


@dataclasses.dataclass(frozen=True)
class Row:
    """A repository that differs from the good one of its kind by what `deed` does to it.

    id      the row of the matrix of faults that it is a case of
    deed    called with its path and the outside
    status  of its item; "scan" where the scan names it as broken, "none" where it is none
    words   that the message holds, beside the item's path
    check   called with the test and the copy's data
    place   what of it is replaced, by a path in the repository
    below   the path of the repository in the folder that is named for the row, else that folder
    """
    kind: str
    id: str
    name: str
    deed: object
    status: str
    words: tuple = ()
    check: object = None
    place: str = ""
    below: str = ""

    @property
    def path(self):
        return os.path.join(self.kind, self.name, self.below).rstrip("/")


def place_rows(kind, place, path, of_links, of_fifo, *words):
    """A row for each deed in one place."""
    for deed in DEEDS:
        status = of_fifo if deed is fifo else of_links

        def check(test, data, deed=deed):
            there = data / path
            test.assertEqual(os.path.lexists(there), deed is not fifo, there)
            test.assertEqual(there.is_symlink(), deed is not fifo, there)

        yield Row(kind, "D20" if deed is fifo else "D19", f"{place}_as_{deed.__name__}",
                  lambda repository, outside, deed=deed: deed(repository / path, outside),
                  status, words if status != "copied" else (), check, path)


class HostileCase(Case):
    kinds = ()
    rows = ()
    options = ("--max-time", "30s", "-j", "4")

    def __init_subclass__(cls, **keywords):
        super().__init_subclass__(**keywords)
        for row in cls.rows:
            name = f"test_{row.id}_{row.kind}_{row.name}"
            assert not hasattr(cls, name), f"two rows {name}"
            setattr(cls, name, lambda self, row=row: self.check_row(row))

    @classmethod
    def prepare(cls):
        """What a subclass needs beside the rows, below cls.src and cls.outside."""

    @classmethod
    def begin(cls):
        """Called when all is planted: starts processes that are there all the time."""

    @classmethod
    def between(cls):
        """What happens between the scan and the dump."""

    @classmethod
    def setUpClass(cls):
        # What is left behind by a process that has ended is a child of this one.
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        cls.tmp = cls.make_tmp(cls.addClassCleanup)
        cls.tmp.chmod(0o755)
        cls.src, cls.to = cls.tmp / "src", cls.tmp / "backup"
        cls.src.mkdir()
        cls.outside = Outside(cls.tmp / "outside")
        cls.good = {kind: cls.src / kind / "good" for kind in cls.kinds}
        for kind, path in cls.good.items():
            make_good(kind, path)
            chown_tree(path.parent, OWNER)
        cls.prepare()
        for row in cls.rows:
            cls.plant(row)
        cls.begin()
        cls.helpers = set(descendants(os.getpid()))
        cls.before = seen(cls.src), seen(cls.outside.top)
        cls.scan_and_dump()
        cls.left = set(descendants(os.getpid())) - cls.helpers
        cls.after = seen(cls.src), seen(cls.outside.top)

    @classmethod
    def plant(cls, row):
        path = cls.src / row.path
        path.parent.mkdir(exist_ok=True)
        must("cp", "-a", cls.good[row.kind], path)
        row.deed(path, cls.outside)
        for each in (path, *path.rglob("*")):  # what the deed has made; not what is others' too
            state = os.lstat(each)
            if state.st_uid == 0 and (state.st_nlink == 1 or stat.S_ISDIR(state.st_mode)):
                os.lchown(each, OWNER, OWNER)

    @classmethod
    def scan_and_dump(cls):
        manifest, results = cls.tmp / "manifest.json", cls.tmp / "results.json"
        cls.scanned = run(SCAN, "-o", manifest, cls.src)
        cls.manifest = read_json(manifest)
        cls.between()
        cls.dumped = run(DUMP, "--to", cls.to, "--results", results, *cls.options, manifest)
        cls.printed = b"".join([cls.scanned.out, cls.scanned.err, cls.dumped.out, cls.dumped.err,
                                manifest.read_bytes(), results.read_bytes()])
        lines = map(json.loads, results.read_bytes().splitlines())
        cls.items = {each["path"]: each for each in lines if each["message_type"] == "item"}

    @classmethod
    def hold(cls, *argv):
        """Starts a process that is there until the end; returns when it has printed a line."""
        holder = subprocess.Popen([os.fspath(each) for each in argv], stdin=subprocess.PIPE,
                                  stdout=subprocess.PIPE)
        cls.addClassCleanup(cls.let_go, holder)
        if not holder.stdout.readline():
            raise RuntimeError(f"could not prepare the test: {argv}")
        return holder

    @staticmethod
    def let_go(holder):
        """It ends when its stdin is closed."""
        if holder.returncode is None:
            holder.communicate()

    def setUp(self):
        pass  # one temporary directory for all

    def check_row(self, row):
        path = self.src / row.path
        if row.status in ("scan", "none"):
            self.assertNotIn(str(path), self.items)
            if row.status == "scan":
                self.assert_scan_names(path, *row.words)
            return
        self.assertIn(str(path), self.items, f"{self.scanned}")
        item = self.items[str(path)]
        told = "; ".join([item.get("error", ""), *item.get("notes", ())])
        self.assertEqual(item["status"], row.status, told)
        lines = [each for each in self.dumped.text.splitlines()
                 if re.search(f" {re.escape(str(path))}(:|;|  |$)", each)]
        self.assertEqual(len(lines), 1, f"{self.dumped}")
        for word in row.words:
            self.assertIn(word, told)
            self.assertIn(word, lines[0])
        if row.status != "copied":
            self.assertNotIn(os.fsencode(path), self.current())
        elif row.check:
            row.check(self, self.copy_of(path) / "data")

    def assert_scan_names(self, path, *words):
        errors = [each for each in self.manifest["errors"]
                  if pathlib.Path(each["path"]).is_relative_to(path)]
        self.assertEqual(len(errors), 1, f"{path}: {self.manifest['errors']}")
        lines = [each for each in self.scanned.message.splitlines() if f" {path}/" in each]
        self.assertEqual(len(lines), 1, f"{self.scanned}")
        for word in words:
            self.assertIn(word, lines[0])

    def test_the_good_one_is_copied(self):
        for kind, path in self.good.items():
            self.assertEqual(self.items[str(path)]["status"], "copied", f"{self.dumped}")
            self.assertEqual(KINDS[kind].state_of(self.copy_of(path) / "data"),
                             KINDS[kind].state_of(path))

    def test_the_exit_status_says_whether_something_is_missing(self):
        broken = bool(self.manifest["errors"])
        failed = any(each["status"] != "copied" for each in self.items.values())
        self.assert_code(self.scanned, 3 if broken else 0)
        self.assert_code(self.dumped, 3 if broken or failed else 0)

    def test_D19_nothing_of_others_is_in_the_dump_root_or_printed(self):
        self.outside.assert_not_in(self, self.printed, "what was printed")
        for path, content in files_of(self.to):
            self.outside.assert_not_in(self, content, path)

    def test_D21_each_copy_is_whole_and_private(self):
        self.assert_whole()
        copied = [each for each in self.items.values() if each["status"] == "copied"]
        self.assertEqual(len(self.generations()), len(copied))

    def test_D13_no_process_is_left(self):
        self.assertEqual(self.left, set())

    def assert_left_out_is_told(self):
        """Of what is a link or a FIFO and yet no reason to fail, a note says that it is missing."""
        silent = [row.name for row in self.rows
                  if row.place and row.status == "copied" and os.path.basename(row.place) not in
                  "; ".join(self.items[str(self.src / row.path)].get("notes", ()))]
        self.assertEqual(silent, [])

    def test_D19_nothing_of_the_sources_or_of_others_is_touched(self):
        for before, after in zip(self.before, self.after):
            self.assertEqual(set(after), set(before))
            for path, state in before.items():
                self.assertEqual(after[path], state, path)
