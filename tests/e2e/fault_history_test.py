"""Many nights: what crashed runs have left, clocks that jump, and sources that are bad for long."""
import fcntl
import json
import re
import shutil

from faults import FaultCase, add_git_commit, make_git
from support import add_svn_revision, main, make_svn, read_json, snapshot


class HistoryCase(FaultCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 2)
        self.beta = make_git(self.src / "beta", 2)
        self.manifest = self.scan()
        self.assert_code(self.dump(self.manifest), 0)

    def older_of(self, path):
        folder = self.copy_of(path)
        return sorted(each.name for each in
                      (self.to / "older" / folder.parent.name / folder.name).glob("*"))


class LeftoverTest(HistoryCase):
    def test_D40_staging_of_a_thousand_crashed_runs(self):
        staging = self.to / "control/staging"
        for i in range(1000):
            folder = staging / f"{'svn' if i % 2 else 'git'}.srv-{i}-{i:032x}"
            (folder / "data/db").mkdir(parents=True)
            (folder / "data/db/current").write_text("1\n")
            if i % 3 == 0:  # killed late: nothing is missing but the publish
                for name in ("SHA256SUMS", "owners", "item.json"):
                    (folder / name).write_text("{}")
        for name in ("trial.a", "trial.b", "trial.c"):
            (staging / name).mkdir()
        (self.to / "current/.trial").mkdir()
        (self.to / "older/.trial").mkdir()
        before = self.seen_generations()
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_only_documented()
        self.assert_copies_are_whole()
        self.assertLessEqual({each.replace("current", "older") for each in before} & set(before),
                             set(self.seen_generations()))

    def test_D40_files_that_were_to_replace_others(self):
        for folder in (self.to, self.to / "control/runs"):
            for i in range(1000):
                (folder / f".repo-backup.tmp.{i + 4_000_000}.1").write_text("half a fi")
        self.assert_code(self.dump(self.manifest), 0)
        self.assert_only_documented()

    def test_D40_records_of_crashed_runs(self):
        runs = self.to / "control/runs"
        record = read_json(next(runs.iterdir()))
        del record["summary"]
        record.update(state="running", items=[], pid=4_000_000)
        for i in range(200):
            (runs / f"20200101T{i // 60:02}{i % 60:02}00Z.json").write_text(json.dumps(record))
        self.assert_code(self.dump(self.manifest), 0)
        states = [read_json(each)["state"] for each in runs.iterdir()]
        self.assertEqual((states.count("died"), states.count("ended")), (200, 2))

    def test_D40_nothing_is_collected_that_is_not_ours(self):
        """Neither beside the folders of this program, nor while another run holds the lock."""
        (self.to / "control/staging/svn.x").mkdir()
        mine = [self.to / "current/svn/notes", self.to / "older/svn/notes", self.to / "letters"]
        for each in mine:
            each.mkdir(parents=True)
            (each / "letter.txt").write_text("mine")
        before = [snapshot(each) for each in mine]
        with open(self.to / "control/lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.assert_code(self.dump(self.manifest), 11)
            self.assertTrue((self.to / "control/staging/svn.x").exists())
        self.assert_code(self.dump(self.manifest), 0)
        self.assertFalse((self.to / "control/staging/svn.x").exists())
        self.assertEqual([snapshot(each) for each in mine], before)


class ClockTest(HistoryCase):
    def pretend(self, path, stamp, time):
        """The last copy was made when the clock said this."""
        file = self.copy_of(path) / "item.json"
        record = read_json(file)
        record["generation"] = stamp
        record["verified"] = {**record["verified"], "whole": time}
        record["copied_whole"] = time
        file.write_text(json.dumps(record))

    def test_D17_the_clock_was_set_back(self):
        """Names only grow, retention goes by them, and nothing is recent that lies ahead."""
        self.pretend(self.alpha, "20991231T235958Z", "2099-12-31T23:59:58Z")
        for expected in ("20991231T235959Z", "21000101T000000Z", "21000101T000001Z"):
            before = self.generation_of(self.alpha)
            add_svn_revision(self.alpha, f"at{expected}")
            done = self.dump(self.manifest, "--json", "--only", self.alpha)
            self.assert_code(done, 0)
            self.assertEqual(done.json_lines()[0]["status"], "copied")
            self.assertEqual(self.generation_of(self.alpha), expected)
            self.assertEqual(self.older_of(self.alpha), [before])
            self.assert_copies_are_whole()

    def test_D17_what_lies_ahead_is_not_recent(self):
        self.pretend(self.alpha, "20991231T235958Z", "2099-12-31T23:59:58Z")
        done = self.dump(self.manifest, "--json", "--only", self.alpha)
        self.assert_code(done, 0)
        line = done.json_lines()[0]
        self.assertEqual(line["status"], "copied")
        self.assertEqual(line["bytes_written"], line["bytes"])  # whole

    def test_D17_the_clock_stood_at_the_beginning_of_time(self):
        self.pretend(self.alpha, "19700101T000000Z", "1970-01-01T00:00:00Z")
        self.assert_code(self.dump(self.manifest, "--only", self.alpha), 0)
        self.assertEqual(self.older_of(self.alpha), ["19700101T000000Z"])
        self.assertGreater(self.generation_of(self.alpha), "2020")

    def test_D17_several_in_a_second(self):
        names = [self.generation_of(self.alpha)]
        for _ in range(5):
            self.assert_code(self.dump(self.manifest, "--full", "--keep", "9", "--only",
                                       self.alpha), 0)
            names.append(self.generation_of(self.alpha))
        self.assertEqual(names, sorted(set(names)))
        self.assertEqual(self.older_of(self.alpha), names[:-1])
        self.assertEqual(len(list((self.to / "control/runs").iterdir())), 6)
        self.assert_copies_are_whole()


class BadNightsTest(HistoryCase):
    def test_D32_all_newer_copies_are_bad(self):
        """The last good generations stay, however many nights fail."""
        add_svn_revision(self.alpha, "more")
        add_git_commit(self.beta, "more")
        self.assert_code(self.dump(self.manifest), 0)
        revision = self.alpha / "db/revs/0/1"
        good = revision.read_bytes()
        revision.write_bytes(good[:20] + bytes(20) + good[40:])
        objects = self.beta / ".git/objects"
        shutil.move(objects, self.tmp / "objects")
        objects.mkdir()
        generations = {str(each.relative_to(self.to)) for each in self.generations()}
        self.assertEqual(len(generations), 4)
        for night, options in enumerate(((), ("--full",), ("--keep", "1"),
                                         ("--full", "--keep", "1"))):
            with self.subTest(night=night):
                done = self.dump(self.manifest, *options)
                self.assert_code(done, 3)
                self.assertEqual(len(re.findall(r"(?m)^FAILED ", done.text)), 2, f"{done}")
                self.assertEqual({str(each.relative_to(self.to)) for each in self.generations()},
                                 generations)
                self.assert_copies_are_whole()
                self.assert_only_documented()
        revision.write_bytes(good)
        objects.rmdir()
        shutil.move(self.tmp / "objects", objects)
        self.assert_code(self.dump(self.manifest), 0)
        self.assertEqual(len(self.generations()), 4)
        self.assert_copies_are_whole()

    def test_D32_retention_keeps_what_was_asked_for(self):
        for keep, older in ((3, 1), (3, 2), (3, 2), (1, 0), (2, 1)):
            self.assert_code(self.dump(self.manifest, "--full", "--keep", str(keep)), 0)
            self.assertEqual(len(self.older_of(self.alpha)), older)
            self.assertEqual(len(self.older_of(self.beta)), older)
        self.assert_copies_are_whole()


if __name__ == "__main__":
    main()
