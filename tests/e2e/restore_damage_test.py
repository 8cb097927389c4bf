"""repo-restore with copies that were damaged, cut, edited and planted in: each is refused with the
file's name, and nothing is half restored."""
import json
import os
import shutil

from drill_case import DrillCase, flip_byte
from support import main


class BadInputTest(DrillCase):
    def setUp(self):
        super().setUp()
        self.dump_all()
        self.folder = self.copy_of(self.alpha)
        self.record = self.folder / "item.json"

    def assert_refused(self, *words):
        """Nothing is restored, the file is named, and a scrub tells, too."""
        back = self.tmp / "back"
        done = self.restore("restore", self.alpha, "--to", back, code=1)
        said = done.text + done.message
        self.assertEqual(len(said.splitlines()), 1, said)
        for word in words:
            self.assertIn(word, said)
        self.assertFalse(back.exists())
        self.assertEqual(list(self.tmp.glob(".repo-restore*")), [])
        self.assertIn("DAMAGED", self.restore("--scrub", self.folder.name, code=3).text)
        done = self.restore("restore", "--all", "--to", self.tmp / "all", code=3)
        self.assertIn("2 restored, 1 failed", done.text)

    def test_a_flipped_byte(self):
        flip_byte(self.folder / "data/db/revs/0/2", 7)
        self.assert_refused("data/db/revs/0/2: its SHA-256 is not the recorded one")

    def test_a_missing_file(self):
        (self.folder / "data/db/revs/0/2").unlink()
        self.assert_refused("data/db/revs/0/2", "missing")

    def test_an_extra_file(self):
        (self.folder / "data/hooks/post-commit").write_text("#!/bin/sh\n")
        self.assert_refused("data/hooks/post-commit", "not in SHA256SUMS")

    def test_a_planted_link(self):
        (self.folder / "data/hooks/post-commit").symlink_to("/etc/passwd")
        self.assert_refused("data/hooks/post-commit", "put there since")

    def test_a_folder_that_became_a_link(self):
        (self.folder / "data/db/revs").rename(self.tmp / "revs")
        (self.folder / "data/db/revs").symlink_to(self.tmp / "revs")
        self.assert_refused("data/db/revs")

    def test_a_fifo(self):
        os.mkfifo(self.folder / "data/hooks/fifo")
        self.assert_refused("data/hooks/fifo")

    def test_the_copy_itself_is_a_link(self):
        self.folder.rename(self.tmp / "elsewhere")
        self.folder.symlink_to(self.tmp / "elsewhere")
        done = self.restore("restore", self.alpha, "--to", self.tmp / "back", code=2)
        self.assertIn("no copy has this path", done.message)

    def test_lists_that_were_changed(self):
        for name in ("SHA256SUMS", "owners"):
            with self.subTest(name=name):
                content = (self.folder / name).read_bytes()
                (self.folder / name).write_bytes(content.replace(b"0", b"1", 1))
                self.assert_refused(f"{name}: its SHA-256 is not the one in item.json")
                (self.folder / name).write_bytes(content)
                shutil.rmtree(self.tmp / "all")
                shutil.rmtree(self.to / "control/proofs")

    def test_records_that_were_cut_edited_or_lost(self):
        text = self.record.read_text()
        for what, content in (
                ("cut", text[:len(text) // 2]), ("empty", ""), ("nonsense", "[]"),
                ("edited", text.replace('"revision": 3', '"revision": 2')),
                ("another path", text.replace(str(self.alpha), str(self.src / "other"))),
                ("another version", text.replace('"version": 1', '"version": 2'))):
            with self.subTest(what=what):
                self.record.write_text(content)
                done = self.restore("list", code=3)
                self.assertIn("UNREADABLE", done.text)
                done = self.restore("restore", self.folder.name, "--to", self.tmp / "back", code=1)
                self.assert_one_line(done, str(self.folder))
                self.assertFalse((self.tmp / "back").exists())
                done = self.restore("--drill", self.folder.name, code=3)
                self.assertIn("FAILED", done.text)
        self.record.unlink()
        self.assertIn("UNREADABLE", self.restore("list", code=3).text)
        self.record.symlink_to(self.tmp / "elsewhere.json")
        (self.tmp / "elsewhere.json").write_text(text)
        self.assertIn("UNREADABLE", self.restore("list", code=3).text)

    def test_copies_that_were_taken_away_are_missed(self):
        self.drill()
        shutil.rmtree(self.folder)
        for words in (["list"], ["--scrub"], ["restore", "--all", "--to", self.tmp / "all"]):
            done = self.restore(*words, code=3)
            self.assertIn(f"the copies of svn/{self.folder.name} are missing", done.message)
        shutil.rmtree(self.to / "current")
        (self.to / "current").mkdir()
        for words in (["list"], ["--scrub"], ["--drill", "--all"]):
            self.assertIn("there is no copy in it", self.restore(*words, code=1).message)

    def test_a_proof_that_was_cut_is_no_good_news(self):
        flip_byte(self.folder / "data/db/revs/0/2", 7)
        self.restore("--scrub", self.folder.name, code=3)
        proof = self.to / "control/proofs/svn" / f"{self.folder.name}.json"
        proof.write_text(proof.read_text()[:60])
        cut = proof.read_text()
        self.assertIn("PROOF UNREADABLE", self.restore("list", code=3).text)
        done = self.restore("--scrub", self.folder.name, code=3)
        self.assertIn("what was found is not kept", done.message)
        self.assertEqual(proof.read_text(), cut)
        done = self.dump(self.scan())
        self.assert_code(done, 3)
        self.assertIn(f"copied    svn  {self.alpha}", done.text)
        self.assertIn("older copies are kept", done.text)

    def test_an_edit_of_any_number_is_noticed(self):
        record = json.loads(self.record.read_text())
        record["source"]["uid"] = 4242
        self.record.write_text(json.dumps(record, indent=1) + "\n")
        self.assertIn("was changed since it was written", self.restore("list", code=3).text)


if __name__ == "__main__":
    main()
