"""What the tests of drills and restores of PostgreSQL share: a cluster, its copy, and changes to it."""
import gzip
import os

from drill_case import DrillCase, reseal
from postgres import Cluster, file_name
from support import DUMP, SCAN, Case, make_svn, must, run


class PostgresDrillCase(DrillCase):
    """A cluster that runs, made once for all tests of a file, and its copy in `to`."""

    cluster = None
    template = None  # a dump root with its copy
    options = ()  # of repo-dump
    initdb = ()
    superuser = "postgres"
    dump_code = 0

    @classmethod
    def fill(cls):
        """What is in the cluster. Its server runs."""

    @classmethod
    def setUpClass(cls):
        top = cls.make_tmp(cls.addClassCleanup)
        os.chmod(top, 0o711)
        cls.cluster = Cluster(top / "cluster", superuser=cls.superuser).make(*cls.initdb)
        cls.addClassCleanup(cls.cluster.remove)
        cls.cluster.start()
        cls.fill()
        # With an item of another kind.
        make_svn(top / "src/svn")
        cls.roots = (top / "src", cls.cluster.data)
        cls.template = top / "template"
        cls.dump_to(cls.template)

    @classmethod
    def dump_to(cls, to, *options):
        manifest = must(SCAN, "-q", *cls.roots).encode()
        done = run(DUMP, "-q", *cls.options, *options, "--to", to, "-", input=manifest)
        if done.code != cls.dump_code:
            raise RuntimeError(f"could not prepare the test: {done}")

    def setUp(self):
        Case.setUp(self)
        must("cp", "-aT", self.template, self.to)
        self.source = self.cluster.data

    @property
    def copy(self):
        return self.copy_of(self.source)

    def drill_it(self, *words, code=0, **keywords):
        """The result line of the cluster's drill."""
        results, _ = self.drill(self.source, *words, code=code, **keywords)
        return results[str(self.source)]

    def assert_passes(self, *words, **keywords):
        result = self.drill_it(*words, **keywords)
        self.assertEqual(result["state"], "passed", result)
        self.assert_scratch_is_empty()
        return result

    def assert_fails(self, *words):
        """The copy is at fault, and it is told with these words."""
        self.assert_state("failed", *words)

    def assert_not_run(self, *words, options=()):
        """It says nothing of the copy."""
        result = self.assert_state("not run", *words, options=options)
        proof = self.proof_of(self.source)
        self.assertEqual((proof["bad"], proof["unusable"]), ({}, {}))
        return result

    def assert_state(self, state, *words, options=()):
        result = self.drill_it(*options, code=3)
        self.assertEqual(result["state"], state, result)
        for word in words:
            self.assertIn(word, result["error"], result)
        return result

    def make_all_equal(self):
        """cmp reads what it is to compare, and finds no difference."""
        blind = self.tmp / "cmp"
        blind.write_text('#!/bin/sh\nfor each; do [ "$each" = -s ] || cat "$each" >/dev/null; done\n')
        blind.chmod(0o755)
        must("mount", "--bind", blind, "/usr/bin/cmp")
        self.addCleanup(must, "umount", "/usr/bin/cmp")

    def archive(self, database):
        return self.copy / "data/databases" / file_name(database)

    def change_rows(self, database, change):
        """Changes the data of a table of this database in the copy, with all digests made to fit."""
        changed = False
        for file in self.archive(database).glob("*.dat.gz"):
            before = gzip.decompress(file.read_bytes())
            after = change(before)
            changed = changed or after != before
            file.write_bytes(gzip.compress(after))
        self.assertTrue(changed, "nothing was changed")
        reseal(self.copy)
