"""The policy: what is only listed, and what holds the same as something else."""
import json
import os
import shutil
import time

from support import (DUMP, Case, add_hg_commit, main, make_hg, make_svn, must, run, snapshot,
                     validate, wait_for)

STRANGER = 1234


def make_git(path, *clone):
    """A bare repository with one commit, or one that is made by `git clone ...`."""
    if clone:
        must("git", "clone", "-q", *clone, path)
        return path
    os.makedirs(path)
    must("git", "init", "-q", "--bare", path)
    tree = must("git", "-C", path, "hash-object", "-t", "tree", "-w", "/dev/null").strip()
    who = ["-c", "user.name=tester", "-c", "user.email=tester@example.org"]
    commit = must("git", "-C", path, *who, "commit-tree", "-m", "first", tree).strip()
    must("git", "-C", path, "update-ref", "refs/heads/main", commit)
    return path


class PolicyCase(Case):
    def configure(self, text):
        config = self.tmp / "config.toml"
        config.write_text(text)
        config.chmod(0o600)
        return config

    def dumped(self, policy, *options):
        """Runs with this [policy]; returns what ended, and its JSON lines by path."""
        results = self.tmp / "results"
        done = self.dump(self.scan(), "--config", self.configure("[policy]\n" + policy),
                         "--results", results, *options)
        lines = [json.loads(line) for line in results.read_text().splitlines()]
        for line in lines:
            validate(line, "result")
        self.summary = lines[-1]
        return done, {line["path"]: line for line in lines if line["message_type"] == "item"}

    def assert_listed(self, item, rule):
        self.assertEqual(item["status"], "skipped", item)
        self.assertEqual(item["listed_by"], rule, item)
        self.assertTrue(item["notes"][0].startswith("listed only: "), item)
        self.assertNotIn("error", item)


class ListTest(PolicyCase):
    def test_a_listed_item_is_named_and_leaves_the_exit_code_alone(self):
        alpha, beta = make_svn(self.src / "alpha", 0), make_hg(self.src / "scratch/beta")
        done, items = self.dumped('list = ["*/scratch/*"]')
        self.assert_code(done, 0)
        self.assert_listed(items[str(beta)], "*/scratch/*")
        self.assertEqual(items[str(alpha)]["status"], "copied")
        self.assertEqual(list(self.current()), [os.fsencode(alpha)])
        self.assertRegex(done.text, f'skipped +hg +{beta}; listed only: the list rule')
        self.assertIn('"*/scratch/*" of [policy]', done.text)
        self.assertEqual(done.text.splitlines()[-1].count("1 listed only"), 1)
        self.assertNotIn("1 skipped", done.text)
        self.assertEqual((self.summary["listed"], self.summary["skipped"]), (1, 0))
        self.assertEqual(self.last_run()["summary"]["listed"], 1)
        self.assert_whole()

    def test_by_kind_owner_and_size(self):
        make_svn(self.src / "svn", 0)
        small, big = make_hg(self.src / "small"), make_hg(self.src / "big")
        theirs = make_hg(self.src / "theirs")
        (big / ".hg/store/filler").write_bytes(os.urandom(300 << 10))
        os.chown(theirs, STRANGER, STRANGER)
        done, items = self.dumped(f'list = ["kind=svn", "owner={STRANGER}", "kind=hg size>200KiB"]')
        self.assert_code(done, 0)
        self.assert_listed(items[str(self.src / "svn")], "kind=svn")
        self.assert_listed(items[str(theirs)], f"owner={STRANGER}")
        self.assert_listed(items[str(big)], "kind=hg size>200KiB")
        self.assertEqual(list(self.current()), [os.fsencode(small)])

    def test_a_dump_rule_wins(self):
        kept, other = make_hg(self.src / "scratch/keep/a"), make_hg(self.src / "scratch/b")
        done, items = self.dumped('dump = ["*/scratch/keep/*"]\nlist = ["scratch"]')
        self.assert_code(done, 0)
        self.assertEqual(list(self.current()), [os.fsencode(kept)])
        self.assert_listed(items[str(other)], "scratch")

    def test_only_goes_before_the_policy(self):
        beta = make_hg(self.src / "scratch/beta")
        done, _ = self.dumped('list = ["scratch"]', "--only", beta)
        self.assert_code(done, 0)
        self.assertEqual(list(self.current()), [os.fsencode(beta)])

    def test_caches_are_listed_by_default(self):
        cached = make_git(self.src / "home/.cargo/git/db/x")
        for policy, status in (("", "skipped"), ("default-list = false", "copied")):
            with self.subTest(policy=policy):
                done, items = self.dumped(policy)
                self.assert_code(done, 0)
                self.assertEqual(items[str(cached)]["status"], status)
        done = run(DUMP, "--to", self.tmp / "other", self.scan())
        self.assert_code(done, 0)
        self.assertIn(".cargo/git holds what a package manager fetched", done.text)

    def test_a_copy_that_a_listed_item_has_stays(self):
        beta = make_hg(self.src / "beta")
        self.assert_code(self.dump(self.scan()), 0)
        before = self.seen_generations()
        done, items = self.dumped('list = ["beta"]')
        self.assert_code(done, 0)
        self.assert_listed(items[str(beta)], "beta")
        self.assertRegex(items[str(beta)]["notes"][1], r"^its copy of \d{8}T\d{6}Z is not renewed$")
        self.assertEqual(self.seen_generations(), before)
        self.assertNotIn("gone", done.text)

    def test_what_is_listed_need_not_be_there_nor_fit(self):
        """It is not even looked at."""
        make_svn(self.src / "alpha", 0)
        beta = make_hg(self.src / "beta")
        manifest = self.scan()
        shutil.rmtree(beta)
        config = self.configure('[policy]\nlist = ["beta"]\n')
        self.assert_code(self.dump(manifest, "--config", config), 0)
        # But its size is asked for only where there is one.
        self.configure('[policy]\nlist = ["beta size>1B"]\n')
        self.assert_code(self.dump(manifest, "--config", config), 3)

    def test_a_run_in_which_all_is_listed_needs_no_tool(self):
        make_hg(self.src / "beta")
        done, _ = self.dumped('list = ["*"]')
        self.assert_code(done, 0)
        self.assertEqual(self.current(), {})
        self.assertIn("1 listed only", done.text)

    def test_quiet_says_nothing_of_it(self):
        make_hg(self.src / "beta")
        done, _ = self.dumped('list = ["*"]', "-q")
        self.assertEqual((done.code, done.out, done.err), (0, b"", b""))

    def test_a_dry_run_shows_it(self):
        alpha, beta = make_hg(self.src / "alpha"), make_hg(self.src / "beta")
        config = self.configure('[policy]\nlist = ["beta size>1B"]\n')
        done = self.dump(self.scan(), "-n", "--config", config)
        self.assert_code(done, 0)
        self.assertIn(f"would copy hg   {alpha}", done.text)
        self.assertRegex(done.text, f'skipped +hg +{beta}; listed only: the list rule "beta size>1B"')
        self.assertIn("2 items, 1 listed only, ", done.text)
        self.assertFalse(self.to.exists())
        lines = self.dump(self.scan(), "-n", "--json", "--config", config).json_lines()
        self.assertEqual([line.get("listed_by") for line in lines], [None, "beta size>1B", None])
        self.assertEqual((lines[-1]["listed"], lines[-1]["skipped"]), (1, 1))


class MistakeTest(PolicyCase):
    def test_a_rule_that_means_nothing_is_refused_with_its_line(self):
        manifest = self.scan()
        for text, line, word in (('list = [\n"a",\n"sise>1GiB"]', 4, "sise>1GiB"),
                                 ('drop = "a"', 2, "drop"), ('list = "/srv/a b/*"', 2, "blank")):
            with self.subTest(text=text):
                config = self.configure("[policy]\n" + text + "\n")
                done = self.dump(manifest, "--config", config)
                self.assert_refused(done, 2, f"{config}: line {line}: ", word)

    def test_an_owner_who_is_not_known_is_told_and_all_is_copied(self):
        beta = make_hg(self.src / "beta")
        done, items = self.dumped('list = ["owner=nobody-of-this-name"]')
        self.assert_code(done, 3)
        self.assert_one_line(done, "[policy] line 2", "nobody-of-this-name")
        self.assertEqual(items[str(beta)]["status"], "copied")


class TwinsTest(PolicyCase):
    def assert_one_is_a_copy(self, a, b):
        """Of the two, in their printed lines and in every record."""
        done, items = self.dumped("")
        self.assert_code(done, 0)
        notes = {path: [note for note in item.get("notes", []) if "a copy of" in note]
                 for path, item in items.items()}
        a, b = str(a), str(b)
        self.assertIn((notes.pop(a), notes.pop(b)),
                      (([f"a copy of {b}, or the other way round"], []),
                       ([], [f"a copy of {a}, or the other way round"])))
        self.assertEqual([note for note in notes.values() if note], [])
        self.assertEqual(done.text.count("; a copy of "), 1)
        self.assertEqual({item["path"]: item.get("notes") for item in self.last_run()["items"]},
                         {path: item.get("notes") for path, item in items.items()})
        self.assertLessEqual({item["status"] for item in items.values()}, {"copied", "unchanged"})

    def test_svn(self):
        alpha = make_svn(self.src / "alpha")
        make_svn(self.src / "another")
        shutil.copytree(alpha, self.src / "beta")
        self.assert_one_is_a_copy(alpha, self.src / "beta")

    def test_hg(self):
        alpha = make_hg(self.src / "alpha", 1)
        must("hg", "clone", "-q", alpha, self.src / "beta")
        must("hg", "clone", "-q", alpha, self.src / "further")
        add_hg_commit(self.src / "further", "more")
        for name in ("empty", "void"):
            make_hg(self.src / name, 0)
        self.assert_one_is_a_copy(alpha, self.src / "beta")

    def test_git(self):
        alpha = make_git(self.src / "alpha")
        make_git(self.src / "beta", "--mirror", alpha)
        for name in ("empty", "void"):
            must("git", "init", "-q", "--bare", self.src / name)
        self.assert_one_is_a_copy(alpha, self.src / "beta")

    def test_a_night_on_which_nothing_changed_tells_it_too(self):
        alpha = make_hg(self.src / "alpha", 1)
        must("hg", "clone", "-q", alpha, self.src / "beta")
        # What was changed in the last two seconds is never taken for unchanged.
        newest = max(seen[-1] for seen in snapshot(self.src).values()) / 1e9
        wait_for(lambda: time.time() > newest + 3, "the clock")
        for status in ("copied", "unchanged"):
            self.assert_one_is_a_copy(alpha, self.src / "beta")
            self.assertEqual(self.summary[status], 2)


if __name__ == "__main__":
    main()
