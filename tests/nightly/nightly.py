"""What the nightly loops share. They take minutes to hours; each prints its seed.

REPO_BACKUP_ROUNDS   rounds of a loop, for fewer than a night has
REPO_BACKUP_SEED     to see a loop again
REPO_BACKUP_STRIDE   every how many-th call is tried by what tries all of them
"""
import os
import pathlib
import random
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "e2e"))

# pylint: disable=wrong-import-position
from faults import FaultCase, add_git_commit, make_git  # noqa: E402
from support import (add_hg_commit, add_svn_revision, current_of, make_hg,  # noqa: E402
                     make_svn, read_json)


def rounds(default):
    return int(os.environ.get("REPO_BACKUP_ROUNDS", default))


def stride():
    return int(os.environ.get("REPO_BACKUP_STRIDE", 1))


def seeded(what, count):
    seed = int(os.environ.get("REPO_BACKUP_SEED", random.SystemRandom().randrange(1 << 32)))
    print(f"{what}: seed {seed}, {count} rounds", file=sys.stderr, flush=True)
    return random.Random(seed)


class ThreeKinds(FaultCase):
    """A repository of each kind, and a dump root with a copy of each."""

    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 2)
        self.beta = make_hg(self.src / "beta", 2)
        self.gamma = make_git(self.src / "gamma", 2)
        self.manifest = self.scan()
        self.assert_code(self.dump(self.manifest), 0)
        self.nights = 0

    def everything_changes(self):
        self.nights += 1
        add_svn_revision(self.alpha, f"night{self.nights}")
        add_hg_commit(self.beta, f"night{self.nights}")
        add_git_commit(self.gamma, f"night{self.nights}")

    def assert_told_is_true(self, done):
        """Each copy that was told as good is there, and all copies are whole."""
        for line in done.out.splitlines():
            told = parsed(line)
            if told and told.get("status") in ("copied", "unchanged"):
                folder = current_of(self.to)[os.fsencode(told["path"])]
                generation = read_json(folder / "item.json")["generation"]
                self.assertEqual(generation, told["generation"], f"{done}")
        self.assert_copies_are_whole()
        self.assertEqual(len(self.current()), 3)

    def assert_no_crash(self, done):
        self.assertGreaterEqual(done.code, 0, f"{done}")
        self.assertLess(done.code, 128, f"{done}")
        for word in ("terminate called", "Sanitizer", "runtime error"):
            self.assertNotIn(word, done.message)

    def assert_next_run_is_good(self):
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_copies_are_whole()
        self.assert_only_documented()
        self.assert_no_locks_at_the_sources()


def parsed(line):
    import json
    try:
        return json.loads(line)
    except ValueError:
        return None  # a line that was cut by a kill
