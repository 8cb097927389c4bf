"""Repositories, what is above them and what is in them, exchanged for others while dumps run."""
import collections
import sys

import hostile
from hostile_parts import KINDS, OWNER, chown_tree, make_good
from support import DUMP, as_user, current_of, main, must, run

DUMPS = 20

EXCHANGE = """
import ctypes, os, random, select, sys
renameat2 = ctypes.CDLL(None, use_errno=True).renameat2
random = random.Random(1)
pairs = [(os.fsencode(a), os.fsencode(b)) for a, b in zip(sys.argv[1::2], sys.argv[2::2])]
exchanged = [False] * len(pairs)

def exchange(i):
    if renameat2(-100, pairs[i][0], -100, pairs[i][1], 2) != 0:
        raise OSError(ctypes.get_errno(), pairs[i])
    exchanged[i] = not exchanged[i]

exchange(0)
print("begun", flush=True)
while not select.select([sys.stdin], [], [], random.uniform(0, 0.02))[0]:
    for i in random.sample(range(len(pairs)), len(pairs) // 3):
        exchange(i)
for i in range(len(pairs)):
    if exchanged[i]:
        exchange(i)
"""


def exchange(first, second):
    aside = first.with_name("aside")
    first.rename(aside)
    second.rename(first)
    aside.rename(second)


class ExchangeTest(hostile.HostileCase):
    """Two calm dumps, whose copies the others are compared with; then all of it under exchanges.

    Of `mixed` the history is exchanged for that of another repository: a copy must have all of
    the one or all of the other.
    """
    kinds = tuple(KINDS)

    @classmethod
    def prepare(cls):
        cls.pairs, cls.mixed = [], []
        for kind in cls.kinds:
            top, outside = cls.src / kind, cls.outside.top
            data, history = KINDS[kind].data, KINDS[kind].file
            private = cls.outside.add_private(kind, outside / kind)
            (outside / f"above-{kind}").mkdir(mode=0o755)
            cls.outside.add_private(kind, outside / f"above-{kind}" / "repository")
            (top / "above").mkdir()
            make_good(kind, top / "other", "other1", "other2")
            for name in ("whole", "above/repository", "data", "file"):
                must("cp", "-a", cls.good[kind], top / name)
            (top / "above-link").symlink_to(outside / f"above-{kind}")
            (top / "data-link").symlink_to(private / data)
            (top / "file-link").symlink_to(cls.outside.secret)
            must("cp", "-a", cls.good[kind], top / "mixed")
            must("cp", "-a", top / "other" / data, top / "mixed-other")
            chown_tree(top, OWNER)
            cls.mixed.append((top / "mixed" / data, top / "mixed-other"))
            cls.pairs += [(top / "whole", top / "other"), (top / "above", top / "above-link"),
                          (top / "data" / data, top / "data-link"),
                          (top / "file" / history, top / "file-link")]

    @classmethod
    def scan_and_dump(cls):
        super().scan_and_dump()
        calm = [cls.sums()]
        for pair in cls.mixed:
            exchange(*pair)
        cls.dump_again()
        calm.append(cls.sums())
        for pair in cls.mixed:
            exchange(*pair)
        paths = [path for pair in cls.pairs + cls.mixed for path in pair]
        exchanger = cls.hold(*as_user(OWNER), sys.executable, "-c", EXCHANGE, *paths)
        cls.statuses, cls.strange = collections.Counter(), []
        for i in range(DUMPS):
            # hg verify takes long.
            items = cls.dump_again("-k", "svn,hg,git" if i % 3 == 0 else "svn,git")
            cls.statuses.update((each["path"].endswith("/good"), each["status"]) for each in items)
            cls.strange += [(path, items) for path, sums in cls.sums().items()
                            if sums not in (each[path] for each in calm)]
        cls.ended = exchanger.communicate(), exchanger.returncode

    @classmethod
    def dump_again(cls, *options):
        done = run(DUMP, "--to", cls.to, "--full", "--json", "--max-time", "30s", *options,
                   cls.tmp / "manifest.json")
        cls.printed += done.out + done.err
        return done.json_lines()[:-1]

    @classmethod
    def sums(cls):
        return {path: (folder / "SHA256SUMS").read_bytes()
                for path, folder in current_of(cls.to).items()}

    def test_D25_each_copy_is_wholly_what_was_scanned(self):
        self.assertEqual(self.strange, [])

    def test_D25_some_were_copied_and_some_refused(self):
        """Else the exchanges have tested nothing."""
        self.assertEqual(self.ended[1], 0, self.ended)
        self.assertGreater(self.statuses[False, "copied"], 0)
        self.assertGreater(self.statuses[False, "failed"], 0)

    def test_the_good_ones_are_copied_each_time(self):
        self.assertEqual({status for good, status in self.statuses if good}, {"copied"})

    def test_D21_each_copy_is_whole_and_private(self):
        self.assert_whole()

    def test_D19_nothing_of_the_sources_or_of_others_is_touched(self):
        """But for the times, which change with a rename."""
        for before, after in zip(self.before, self.after):
            self.assertEqual(*({path: (*state[:6], state[-1]) for path, state in each.items()}
                               for each in (before, after)))


if __name__ == "__main__":
    main()
