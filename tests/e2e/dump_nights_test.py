"""One night after another: what did not change is recognised, what did is copied, and older copies
are left alone where the source is not what it was.
"""
import os
import shutil
import time

from support import (Case, add_hg_commit, add_svn_revision, content_of, hg_state, main, make_hg,
                     make_svn, must, read_json, run, snapshot, svn_tree, validate,
                     without_table)

SETTLED = 4  # seconds: a change that is not older may hide in the same tick of the clock
STRANGER = 1234


class NightsCase(Case):
    def settle(self):
        """Returns when everything in src was changed long enough ago."""
        newest = max(seen[7] for seen in snapshot(self.src).values()) / 1e9
        time.sleep(max(0, newest + SETTLED - time.time()))

    def night(self, *options, code=0):
        """A scan and a dump; what is told of each item, by the last part of its path."""
        done = self.dump(self.scan(), "--json", *options)
        self.assert_code(done, code)
        lines = done.json_lines()
        for line in lines:
            validate(line, "result")
        self.assert_whole()
        self.summary = lines[-1]
        return {os.path.basename(each["path"]): each for each in lines[:-1]}

    def statuses(self, *options):
        return {name: each["status"] for name, each in self.night(*options).items()}

    def record(self, path):
        return read_json(self.copy_of(path) / "item.json")

    def wait_until_later(self):
        """A second at least after the current generations were made."""
        made = max(read_json(each)["copied_whole"] for each in self.to.glob("current/*/*/item.json"))
        while time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 1)) <= made:
            time.sleep(0.05)

    @staticmethod
    def names_of_revisions(folder):
        """How many names each revision file of a copy has: 1 where it is shared with none."""
        return {os.stat(each).st_nlink for each in folder.glob("data/db/revs/0/*")}


class UnchangedTest(NightsCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 2)
        self.beta = make_hg(self.src / "beta", 2)

    def test_what_has_not_changed_is_recognised_and_nothing_is_written(self):
        self.settle()
        first = self.night()
        self.assertEqual(self.statuses(), {"alpha": "unchanged", "beta": "unchanged"})
        before = self.seen_generations()
        again = self.night()
        self.assertEqual(self.seen_generations(), before)
        self.assertEqual(len(self.generations()), 2)
        self.assertEqual((self.summary["unchanged"], self.summary["copied"]), (2, 0))
        for name, item in again.items():
            for key in ("generation", "fingerprint", "bytes"):
                self.assertEqual(item[key], first[name][key])
        self.assertEqual(self.last_run()["summary"], self.summary)

    def test_D15_one_that_became_a_hole_fails_alone_and_its_copy_stays(self):
        self.night()
        before = self.generations()
        with open(self.alpha / "hooks/giant", "wb") as file:
            file.truncate(100 << 30)
        done = self.dump(self.scan(), "-n")
        self.assert_code(done, 3)
        self.assertRegex(done.text, r"REFUSED +svn .*mostly holes")
        items = self.night("--only", self.alpha, code=3)
        self.assertIn("mostly holes", items["alpha"]["error"])
        items = self.night(code=3)
        self.assertEqual(items["alpha"]["status"], "failed")
        self.assertIn(items["beta"]["status"], ("copied", "unchanged"))
        self.assertLessEqual(set(before), set(self.generations()))

    def test_it_is_told_in_lines_for_people(self):
        self.settle()
        self.night()
        done = self.dump(self.scan(), "-j", "1")
        self.assert_code(done, 0)
        svn, hg, total = without_table(done.text).splitlines()
        self.assertRegex(svn, rf"^unchanged svn  {self.alpha}  \(r2, .*KiB\)$")
        self.assertRegex(hg, rf"^unchanged hg   {self.beta}  \(2 changesets, ")
        self.assertRegex(total, "^0 copied and verified, 2 unchanged; ")
        self.assertEqual(self.dump(self.scan(), "-q").out, b"")
        dry = self.dump(self.scan(), "-n")
        self.assert_code(dry, 0)
        self.assertRegex(dry.text.splitlines()[0], f"^unchanged svn  {self.alpha}")
        self.assertRegex(dry.text.splitlines()[-1], "^2 items, 0 B to copy, into ")

    def test_it_costs_neither_room_nor_a_tool(self):
        self.settle()
        self.night()
        nothing = self.tmp / "nothing"
        nothing.touch(mode=0o644)
        hide = ('mount --bind "$1" /usr/bin/svnadmin && mount --bind "$1" /usr/bin/hg && shift && '
                'exec "$@"')
        done = self.dump(self.scan(), before=("unshare", "-m", "sh", "-c", hide, "sh", nothing))
        self.assert_code(done, 0)
        self.assertIn("2 unchanged", done.text)

    def test_a_source_that_was_changing_is_copied_again(self):
        """A change in the same tick of the clock as the look would not be seen."""
        for _ in range(20):
            (self.alpha / "conf/passwd").write_text("[users]\n")
            self.night()
            if not self.record(self.alpha)["looks"]["source"]:
                break
        self.assertEqual(self.record(self.alpha)["looks"]["source"], "")
        self.assertEqual(self.statuses()["alpha"], "copied")
        self.settle()
        self.night()
        self.assertEqual(self.statuses()["alpha"], "unchanged")

    def test_a_copy_that_somebody_touched_is_made_anew(self):
        self.settle()
        self.night()
        folder = self.copy_of(self.alpha)
        record = self.record(self.alpha)
        for touch in (lambda: (folder / "data/conf/passwd").write_text("mine"),
                      lambda: (folder / "data/db/revs/0/1").unlink(),
                      lambda: (folder / "data/more").touch(),
                      lambda: (folder / "data/db").chmod(0o755),
                      lambda: (folder / "owners").write_text("")):
            touch()
            done = self.dump(self.scan(), "--json", "--keep", "1")
            self.assert_code(done, 0)
            items = {os.path.basename(each["path"]): each for each in done.json_lines()[:-1]}
            self.assert_generation(folder)
            self.assertEqual(items["alpha"]["status"], "copied")
            self.assertEqual(items["alpha"]["bytes_written"], items["alpha"]["bytes"])
            self.assertEqual(items["beta"]["status"], "unchanged")
            self.assertEqual(svn_tree(folder / "data"), svn_tree(self.alpha))
            self.assertEqual(self.record(self.alpha)["looks"]["source"],
                             record["looks"]["source"])

    def test_a_dump_root_that_was_copied_elsewhere_is_not_relied_on(self):
        self.settle()
        self.night()
        copied = self.tmp / "copied"
        must("cp", "-a", self.to, copied)
        self.to = copied
        items = self.night()
        for item in items.values():
            self.assertEqual(item["status"], "copied")
            self.assertEqual(item["bytes_written"], item["bytes"])

    def test_full(self):
        self.settle()
        self.night()
        self.assertEqual(self.statuses("--full"), {"alpha": "copied", "beta": "copied"})
        self.assertEqual(self.names_of_revisions(self.copy_of(self.alpha)), {1})
        self.assertEqual(self.statuses(), {"alpha": "unchanged", "beta": "unchanged"})

    def test_verify_all_every(self):
        self.settle()
        self.night()
        first = self.record(self.alpha)["verified"]
        self.wait_until_later()
        self.assertEqual(self.statuses("--verify-all-every", "1s"),
                         {"alpha": "copied", "beta": "copied"})
        record = self.record(self.alpha)
        self.assertGreater(record["verified"]["whole"], first["whole"])
        self.assertNotIn("new", record["verified"])
        self.assertEqual(self.names_of_revisions(self.copy_of(self.alpha)), {2})
        self.assertGreater(record["totals"]["shared"], 0)

    def test_full_every(self):
        self.settle()
        self.night()
        self.wait_until_later()
        self.assertEqual(self.statuses("--full-every", "1s"),
                         {"alpha": "copied", "beta": "copied"})
        self.assertEqual(self.names_of_revisions(self.copy_of(self.alpha)), {1})

    def test_bad_durations(self):
        for option in ("--full-every", "--verify-all-every"):
            for text in ("0s", "5", "-1d", "soon"):
                self.assert_code(self.dump(self.scan(), option, text), 2)


def replace_with_the_same(path):
    """Another file with the same bytes and time."""
    shutil.copy2(path, path.with_name("new"))
    path.with_name("new").rename(path)


def edit_and_hide_it(path):
    """Same size, same time: the change time alone tells."""
    st = path.stat()
    content = path.read_bytes()
    middle = content.index(b"r0") if b"r0" in content else len(content) // 2
    path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1:])
    os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


CHANGES = {
    "none": lambda svn: None,
    "revision": lambda svn: add_svn_revision(svn, "more"),
    "chmod": lambda svn: (svn / "conf/passwd").chmod(0o600),
    "chmod_folder": lambda svn: (svn / "conf").chmod(0o711),
    "chown": lambda svn: os.chown(svn / "conf/passwd", STRANGER, -1),
    "chgrp_folder": lambda svn: os.chown(svn / "conf", -1, STRANGER),
    "chmod_top": lambda svn: svn.chmod(0o700),
    "new_hook": lambda svn: (svn / "hooks/post-commit").touch(),
    "new_folder": lambda svn: (svn / "conf/empty").mkdir(),
    "hook_gone": lambda svn: (svn / "hooks/post-commit.tmpl").unlink(),
    "renamed": lambda svn: (svn / "conf/authz").rename(svn / "conf/authz.old"),
    "replaced": lambda svn: replace_with_the_same(svn / "conf/authz"),
    "hidden_edit": lambda svn: edit_and_hide_it(svn / "conf/authz"),
    "hidden_revprop": lambda svn: edit_and_hide_it(svn / "db/revprops/0/1"),
    "fifo": lambda svn: os.mkfifo(svn / "conf/fifo"),
    "link": lambda svn: (svn / "conf/link").symlink_to("nowhere"),
    "lock": lambda svn: must("svn", "lock", "-q", f"{svn.as_uri()}/r0/file"),
    "touched": lambda svn: os.utime(svn / "conf/authz", (1, 1)),
}


class ChangesTest(NightsCase):
    def test_every_change_is_seen_and_no_other_is_imagined(self):
        template = make_svn(self.tmp / "template", 2)
        for name in CHANGES:
            shutil.copytree(template, self.src / name)
        self.settle()
        self.night()
        self.assertEqual(set(self.statuses().values()), {"unchanged"})
        for name, change in CHANGES.items():
            change(self.src / name)
        first = {name: content_of(self.copy_of(self.src / name)) for name in CHANGES}
        expected = {name: "copied" for name in CHANGES} | {"none": "unchanged"}
        self.assertEqual(self.statuses(), expected)
        for name in CHANGES:
            with self.subTest(name=name):
                copy = self.copy_of(self.src / name)
                self.assertEqual(svn_tree(copy / "data"), svn_tree(self.src / name))
                if name == "none":
                    continue
                [older] = self.to.glob(f"older/svn/{copy.name}/*")
                self.assertEqual(content_of(older), first[name])
                self.assertNotEqual(self.names_of_revisions(copy), {1}, "revisions are shared")
        owners = (self.copy_of(self.src / "chown") / "owners").read_text()
        self.assertRegex(owners, rf"f 0... {STRANGER} 0 - conf/passwd\n")
        self.assertFalse((self.copy_of(self.src / "hook_gone") /
                          "data/hooks/post-commit.tmpl").exists())

    def test_mercurial(self):
        template = make_hg(self.tmp / "template", 2)
        changes = {
            "none": lambda hg: None,
            "working_file": lambda hg: (hg / "c0").write_text("not committed"),
            "commit": lambda hg: add_hg_commit(hg, "more"),
            "bookmark": lambda hg: must("hg", "-R", hg, "bookmark", "-r", "0", "old"),
            "phase": lambda hg: must("hg", "-R", hg, "phase", "--force", "--secret", "-r", "1"),
            "hgrc": lambda hg: (hg / ".hg/hgrc").write_text("[ui]\n"),
        }
        for name in changes:
            shutil.copytree(template, self.src / name, symlinks=True)
        self.settle()
        self.night()
        self.assertEqual(set(self.statuses().values()), {"unchanged"})
        for name, change in changes.items():
            change(self.src / name)
        expected = {name: "copied" for name in changes}
        expected |= {"none": "unchanged", "working_file": "unchanged"}
        self.assertEqual(self.statuses(), expected)
        for name in changes:
            copy = self.tmp / "restored" / name
            shutil.copytree(self.copy_of(self.src / name) / "data", copy, symlinks=True)
            self.assertEqual(hg_state(copy), hg_state(self.src / name), name)


class FreezeTest(NightsCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        (self.alpha / "conf/large").write_bytes(os.urandom(3 << 20))
        self.night("--keep", "1")
        self.whole = content_of(self.copy_of(self.alpha))

    def older(self):
        return sorted(self.to.glob("older/svn/*/*"))

    def night_of_alpha(self, *options):
        return self.night("--keep", "1", *options)["alpha"]

    def assert_frozen(self, item, *words):
        self.assertEqual(len(item["notes"]), 1, item)
        for word in ("--accept " + item["id"], *words):
            self.assertIn(word, item["notes"][0])
        self.assertEqual(content_of(self.older()[0]), self.whole)

    def test_D32_what_shrank_keeps_its_older_copies_until_it_is_accepted(self):
        (self.alpha / "conf/large").unlink()
        self.settle()
        self.assert_frozen(self.night_of_alpha(), "shrank from 3.")
        self.assertEqual(len(self.older()), 1)
        unchanged = self.night_of_alpha()
        self.assertEqual(unchanged["status"], "unchanged")
        self.assertIn("shrank", self.dump(self.scan(), "--keep", "1", "-q").text)
        self.assert_frozen(unchanged, "shrank")
        add_svn_revision(self.alpha, "more")
        self.assert_frozen(self.night_of_alpha(), "shrank")
        self.assertEqual(len(self.older()), 2)

        self.settle()
        self.night_of_alpha()
        accepted = self.night_of_alpha("--accept", self.alpha)
        self.assertEqual(accepted["status"], "copied", "an acceptance is recorded")
        self.assertNotIn("notes", accepted)
        self.assertEqual(self.older(), [])
        self.assertNotIn("frozen", self.record(self.alpha))
        self.assertEqual(self.night_of_alpha("--accept", self.alpha)["status"], "unchanged")

    def test_D32_another_repository_in_its_place(self):
        shutil.rmtree(self.alpha)
        make_svn(self.alpha, 3)
        (self.alpha / "conf/large").write_bytes(os.urandom(3 << 20))
        item = self.night_of_alpha()
        self.assert_frozen(item, "uuid")
        self.assertEqual(svn_tree(self.copy_of(self.alpha) / "data"), svn_tree(self.alpha))
        self.assertNotIn("notes", self.night_of_alpha("--full", "--accept", item["id"]))
        self.assertEqual(self.older(), [])

    def test_accepting_what_is_no_item(self):
        for name in (self.src / "gamma", "x", ""):
            done = self.dump(self.scan(), "--accept", name)
            self.assert_refused(done, 2, "--accept")


if __name__ == "__main__":
    main()
