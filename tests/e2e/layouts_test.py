"""Every layout of the three kinds, made by the real tools: found, with what it says of itself, in a
manifest that is that of the schema."""
import copy
import os
import shutil
import unittest

import layouts
from layouts import git, git_commit, hg, hg_commit, run
from scan_case import ScanTest


class Layouts(ScanTest):
    def details(self, document):
        return {os.path.relpath(item["path"], self.tree): item["detail"]
                for item in document["repositories"]}

    def test_svn(self):
        expected = layouts.make_svn(self.tree)
        document = self.manifest(self.tree)
        details = self.details(document)
        self.assertEqual(set(details), set(expected))
        for name, detail in expected.items():
            self.assertEqual(details[name], details[name] | detail, name)
            has = detail["fs_type"] != "bdb"  # Berkeley DB keeps them where only svn reads them
            self.assertEqual(("uuid" in details[name], "revision" in details[name]), (has, has), name)
        self.assertEqual(document["pointers"], [])

    def test_hg(self):
        expected = layouts.make_hg(self.tree)
        document = self.manifest(self.tree)
        details = self.details(document)
        self.assertEqual(set(details), set(expected))
        for name, (needed, absent, changesets) in expected.items():
            detail = details[name]
            self.assertEqual(detail.get("changesets"), changesets, name)
            self.assertEqual("tip" in detail, bool(changesets), name)
            if needed is None:
                self.assertNotIn("requirements", detail, name)
                continue
            requirements = detail["requirements"].split(" ")
            self.assertEqual(requirements, sorted(set(requirements)), name)
            self.assertLessEqual(needed, set(requirements), name)
            self.assertFalse(absent & set(requirements), name)
        ids = {item["path"]: item["id"] for item in document["repositories"]}
        shares = {os.path.relpath(each["path"], self.tree): each for each in document["pointers"]}
        self.assertEqual(set(shares), {"share", "relshare", "oldshare"})
        for name, share in shares.items():
            source = self.tree + ("/not-share-safe" if name == "oldshare" else "/usual")
            self.assertEqual((share["why"], share["target"], share["repository"]),
                             ("share", source + "/.hg", ids[source]))

    def test_git(self):
        expected, pointers = layouts.make_git(self.tree)
        document = self.manifest("--no-leaf-skip", self.tree)  # some worktrees are a few files
        self.assertEqual(self.details(document), expected)
        ids = {item["path"]: item["id"] for item in document["repositories"]}
        found = {os.path.relpath(each["path"], self.tree):
                 (each["target"], each["why"], each["repository"]) for each in document["pointers"]}
        self.assertEqual(found, {path: (f"{self.tree}/{target}", why, ids[f"{self.tree}/{name}"])
                                 for path, (name, why, target) in pointers.items()})

    def test_the_schema_refuses_a_detail_that_is_none_of_its_kind(self):
        run("svnadmin", "create", self.tree + "/svn")
        hg("init", self.tree + "/hg")
        hg_commit(self.tree + "/hg")
        hg("share", "-q", self.tree + "/hg", self.tree + "/share", configs=("extensions.share=",))
        git(self.tree, "init", "-q", self.tree + "/git")
        good = self.manifest(self.tree)
        wrong = {
            "svn": {"fs_type": ["ext4", 1], "format": ["8", -1, True], "revision": ["1", 1.5],
                    "uuid": [1, None]},
            "hg": {"changesets": ["1", -1, True], "tip": ["abc", "A" * 40, 1], "shared": [1],
                   "requirements": [["store"], "", 1]},
            "git": {"head": ["", 1], "bare": [0, "true", None], "empty": [1], "shallow": [1],
                    "partial": ["yes"], "object_format": [1], "ref_format": [True],
                    "alternates": [True, -1, []], "worktrees": ["1"], "head_b64": ["*"]},
        }
        missing = {"svn": ("fs_type", "format", "uuid", "revision"), "hg": ("changesets",),
                   "git": ("head", "object_format", "ref_format")}
        tried = 0
        for index, item in enumerate(good["repositories"]):
            if "shared" in item["detail"]:
                continue
            for key, values in wrong[item["kind"]].items():
                for value in values:
                    bad = copy.deepcopy(good)
                    bad["repositories"][index]["detail"][key] = value
                    self.assertFalse(self.validator.is_valid(bad), (item["kind"], key, value))
                    tried += 1
            for key in missing[item["kind"]]:
                bad = copy.deepcopy(good)
                del bad["repositories"][index]["detail"][key]
                self.assertFalse(self.validator.is_valid(bad), (item["kind"], key))
            later = copy.deepcopy(good)
            later["repositories"][index]["detail"]["later"] = [{"of": "any type"}]
            self.assertTrue(self.validator.is_valid(later), item["kind"])
        self.assertGreater(tried, 30)
        for key, values in {"repository": [1, "", "x", None], "target": ["", "../x", "/a/../b"],
                            "why": [""]}.items():
            for value in values:
                bad = copy.deepcopy(good)
                bad["pointers"][0][key] = value
                self.assertFalse(self.validator.is_valid(bad), (key, value))


class Nested(ScanTest):
    def test_repositories_in_repositories_are_found(self):
        """Each in the top directory, in a folder of its own, of each other kind."""
        def make_svn(path):  # svnadmin makes none in another one, but mv(1) does
            run("svnadmin", "create", self.dir + "/made")
            run("mv", "-T", self.dir + "/made", path)

        makers = {"svn": make_svn,
                  "hg": lambda path: hg("init", path),
                  "bare": lambda path: git("/", "init", "-q", "--bare", path),
                  "git": lambda path: git("/", "init", "-q", path)}
        expected = []
        for outer, make_outer in makers.items():
            make_outer(f"{self.tree}/{outer}")
            expected.append(outer)
            for inner, make_inner in makers.items():
                for where in (inner, f"deep/er/{inner}"):
                    os.makedirs(f"{self.tree}/{outer}/{where}")
                    make_inner(f"{self.tree}/{outer}/{where}")
                    expected.append(f"{outer}/{where}")
        for name in ("hg", "svn", "bare"):  # in what git keeps for itself
            os.makedirs(f"{self.tree}/git/.git/extra/{name}")
            makers[name](f"{self.tree}/git/.git/extra/{name}")
            expected.append(f"git/.git/extra/{name}")
        document = self.manifest(self.tree)
        self.assertEqual(self.found(document), sorted(expected, key=os.fsencode))
        self.assertEqual(document["pointers"], [])

    def test_several_kinds_in_one_directory(self):
        run("svnadmin", "create", self.tree + "/all")
        hg("init", self.tree + "/all")
        git("/", "init", "-q", self.tree + "/all")
        document = self.manifest(self.tree)
        self.assertEqual(sorted(item["kind"] for item in document["repositories"]),
                         ["git", "hg", "svn"])
        self.assertEqual(self.found(document), ["all"] * 3)

    def test_a_bare_repository_with_a_git_directory_in_it(self):
        git("/", "init", "-q", "--bare", self.tree + "/outer")
        git("/", "init", "-q", self.tree + "/outer")
        stores = [item["store"] for item in self.manifest(self.tree)["repositories"]]
        self.assertIn(self.tree + "/outer", stores)


class LostPointers(ScanTest):
    def make(self, count):
        git(self.tree, "init", "-q", self.dir + "/source")
        git_commit(self.dir + "/source")
        for i in range(count):
            git(self.dir + "/source", "worktree", "add", "-q", f"{self.tree}/wt{i}")

    def lines(self, *arguments):
        done = self.run_scan("--no-leaf-skip", *arguments)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.checked(done.stdout)
        return [line for line in done.stderr.decode().splitlines() if "not found" in line]

    def test_a_worktree_whose_repository_was_not_found_is_told(self):
        self.make(1)
        line = f"repo-scan: {self.tree}/wt0 is a linked worktree of {self.dir}/source/.git"
        self.assertEqual(self.lines(self.tree), [line + ", which was not found"])
        self.assertEqual(self.lines("-q", self.tree), [])
        self.assertEqual(self.lines(self.tree, self.dir + "/source"), [])
        # What is kept out of the scan is in no copy.
        self.assertEqual(len(self.lines("--exclude", "source", self.dir)), 1)
        self.assertEqual(self.lines("-k", "svn", self.tree), [])
        pointer = self.manifest("--no-leaf-skip", self.tree)["pointers"][0]
        self.assertNotIn("repository", pointer)

    def test_of_many_three_are_named(self):
        self.make(5)
        lines = self.lines(self.tree)
        self.assertEqual(len(lines), 4)
        for i in range(3):
            self.assertIn(f"{self.tree}/wt{i} is a linked worktree", lines[i])
        self.assertIn("2 more", lines[3])
        self.assertEqual(len(self.lines("-v", self.tree)), 5)

    def test_a_share_of_what_is_gone(self):
        hg("init", self.tree + "/source")
        hg("share", "-q", self.tree + "/source", self.tree + "/share",
           configs=("extensions.share=",))
        self.assertEqual(self.lines(self.tree), [])
        shutil.rmtree(self.tree + "/source")
        self.assertEqual(self.lines(self.tree), [
            f"repo-scan: {self.tree}/share is a share of {self.tree}/source/.hg, "
            "which was not found"])


if __name__ == "__main__":
    unittest.main()
