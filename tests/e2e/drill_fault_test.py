"""Drills that are disturbed, and copies that are damaged: what a drill says, and what comes of it."""
import os
import re
import shutil
import signal
import time
import zlib

from drill_case import DrillCase, flip_byte, reseal, reseal_record
from faults import Disk, add_git_commit, adopt_orphans, command_of, reap_orphans, waits_at_eventfd
from support import (RESTORE, add_hg_commit, add_svn_revision, descendants, main,
                     make_mounts_private, must, read_json, run, wait_for)


def setUpModule():
    make_mounts_private()
    adopt_orphans()


class DisturbedTest(DrillCase):
    def begin(self, source, *words):
        """Starts a drill of one item, alone, with its output in a pipe."""
        process = self.start(RESTORE, "--drill", source, "--from", self.to, "-j1", *words)
        return process

    def assert_no_process_is_left(self):
        wait_for(lambda: not descendants(os.getpid()), "the end of all that the drill began")
        reap_orphans()

    def moments(self, source):
        """Things that appear in the scratch place in the course of a drill."""
        kind = self.copy_of(source).parent.name
        return {"svn": ("", "/data", "/data/db/current", "/config", "/wc", "/log"),
                "hg": ("", "/data/.hg", "/hgrc", "/clone", "/clone.known"),
                "git": ("", "/data/.git", "/clone", "/known", "/commits")}[kind]

    def test_R4_killed_at_any_moment_it_leaves_nothing_that_works_on(self):
        for i in range(40):  # enough to be met in
            add_svn_revision(self.alpha, f"more{i}")
        self.dump_all()
        before = self.seen_generations()
        for source in self.sources:
            kind = self.copy_of(source).parent.name
            for moment in self.moments(source):
                with self.subTest(kind=kind, moment=moment):
                    drilling = self.begin(source)
                    pattern = f"control/drill/{kind}.*{moment}"
                    wait_for(lambda p=pattern, d=drilling: list(self.to.glob(p))
                             or d.poll() is not None, pattern)
                    drilling.kill()
                    # A sandbox that was coming up just then waits, until the next drill ends it.
                    wait_for(self.nothing_works, "the end of all that the drill began")
                    drilling.communicate()
        self.assertEqual(self.seen_generations(), before)
        results, _ = self.drill()
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})
        self.assert_scratch_is_empty()
        self.assert_no_process_is_left()

    @staticmethod
    def nothing_works():
        return all(waits_at_eventfd(pid) for pid, _ in descendants(os.getpid()))

    def test_R4_a_stop_ends_it_and_says_so(self):
        self.dump_all()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            drilling = self.begin(self.beta)
            wait_for(lambda: list(self.to.glob("control/drill/hg.*/clone")), "a clone", drilling)
            done = self.signalled(drilling, number)
            self.assert_code(done, 128 + number)
            self.assertIn(f"stopped by signal {number}: the rest was not drilled", done.message)
            self.assert_no_process_is_left()
            self.assert_scratch_is_empty()
        self.assertFalse((self.to / "control/proofs").exists(), "a stop says nothing of a copy")

    def test_R8_one_that_hangs_is_ended_and_says_nothing_of_the_copy(self):
        self.dump_all()
        for source in self.sources:
            with self.subTest(source=source):
                kind = self.copy_of(source).parent.name
                scratch = self.to / "control/drill"
                drilling = self.begin(source, "--timeout", "2s")
                shell = wait_for(lambda d=drilling: self.shell_below(d.pid), "the script", drilling)
                os.kill(shell, signal.SIGSTOP)
                done = self.finish(drilling)
                self.assert_code(done, 3)
                self.assertIn("NOT RUN", done.text)
                self.assertIn("no progress within --timeout", done.text)
                self.assert_no_process_is_left()
                self.assertEqual(list(scratch.glob(f"{kind}.*")), [])
                proof = self.proof_of(source)
                self.assertEqual((proof["last"]["state"], proof["bad"]), ("not run", {}))

    def test_R11_what_a_budget_leaves_unproven_is_told(self):
        self.dump_all()
        drilling = self.start(RESTORE, "--drill", "--all", "--budget", "3s", "-j1", "--from", self.to)
        shell = wait_for(lambda: self.shell_below(drilling.pid), "the script", drilling)
        os.kill(shell, signal.SIGSTOP)
        done = self.finish(drilling)
        self.assert_code(done, 3)
        self.assertIn("it takes longer than --budget", done.text)
        self.assertIn("there was no time for 2 copies that were never proven", done.message)
        self.assertIn("0 failed, 1 not run, 2 wait for the next budget", done.text)
        self.assert_no_process_is_left()
        self.assert_scratch_is_empty()
        self.drill()
        # What was proven a moment ago may wait.
        done = self.restore("--drill", self.alpha, self.gamma, "--budget", "1h", "-j1")
        self.assertEqual(done.message, "")

    @staticmethod
    def shell_below(pid):
        for each, _ in descendants(pid):
            if command_of(each).startswith(b"sh -c "):
                return each
        return None

    def fill(self, source):
        """Much that takes little room in a repository, and a lot where it is checked out."""
        large = self.tmp / "large"
        large.write_bytes(b"no hole\n" * (8 << 20))
        if source == self.alpha:
            must("svnmucc", "-m", "x", "put", large, f"{source.as_uri()}/large")
            return
        shutil.copy(large, source / "large")
        if source == self.beta:
            must("hg", "-R", source, "commit", "-q", "-A", "-m", "x")
        else:
            must("git", "-C", source, "add", "large")
            must("git", "-C", source, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "-qm",
                 "x")
        (source / "large").unlink()

    def test_R5_a_full_scratch_place_is_told_apart_from_a_damaged_copy(self):
        scratch = self.tmp / "small"
        scratch.mkdir()
        for source in self.sources:
            self.fill(source)
        self.dump_all()
        for size, words in (("4m", "it needs about"), ("24m", None)):
            must("mount", "-t", "tmpfs", "-o", f"size={size}", "none", scratch)
            self.addCleanup(run, "umount", "-l", scratch)
            results, summary = self.drill("--all", "-j1", "--scratch", scratch, code=3)
            self.assertEqual({result["state"] for result in results.values()}, {"not run"},
                             results)
            self.assertEqual(summary["not_run"], 3)
            for result in results.values():
                said = " ".join([result["error"], *result.get("tool_output", [])])
                if words:
                    self.assertIn(words, said)
                    self.assertIn("--scratch", said)
                else:
                    self.assertRegex(said, "No space left|would fill the file system")
            self.assert_scratch_is_empty(scratch / "repo-backup-drill")
            must("umount", scratch)
        for source in self.sources:
            self.assertEqual(self.proof_of(source)["bad"], {})

    def test_R6_a_tool_that_is_missing_says_nothing_of_the_copy(self):
        self.dump_all()
        must("mount", "--bind", "/dev/null", "/usr/bin/svn")
        self.addCleanup(must, "umount", "/usr/bin/svn")
        results, _ = self.drill(self.alpha, code=3)
        self.assertEqual(results[str(self.alpha)]["state"], "not run")
        self.assertEqual(self.proof_of(self.alpha)["bad"], {})

    def test_a_dump_root_that_is_full_keeps_no_proof_and_says_so(self):
        disk = Disk(self, "ext4", 8 << 20)
        self.to = disk.at / "to"
        self.dump_all()
        with open(disk.at / "filler", "wb") as filler:
            try:
                while filler.write(b"x" * 4096):
                    filler.flush()
            except OSError:
                pass
        scratch = self.tmp / "scratch"
        scratch.mkdir()
        done = self.restore("--drill", self.gamma, "--scratch", scratch, code=3)
        self.assertIn("1 passed", done.text)
        self.assertIn("what was proven is not kept", done.message)


class AlteredTest(DrillCase):
    """R10: what fits its digests and is not what was copied must fail."""

    def assert_fails(self, source, word):
        results, summary = self.drill(source, code=3)
        result = results[str(source)]
        self.assertEqual(result["state"], "failed", result)
        self.assertIn(word, " ".join([result["error"], *result.get("tool_output", [])]))
        self.assertEqual(summary["bad"], 1)
        generation = read_json(self.copy_of(source) / "item.json")["generation"]
        proof = self.proof_of(source)
        # What was done with it failed, or it is not what was recorded.
        marks = proof["unusable" if result.get("intact") else "bad"]
        self.assertEqual((list(marks), result.get("intact", False)),
                         ([generation], word.startswith("at ")))

    def altered(self, source, path, change):
        """The copy's data with one file changed, and all digests made to fit."""
        folder = self.copy_of(source)
        file = folder / "data" / path
        content = change(file.read_bytes())
        if content is None:
            file.unlink()
        else:
            file.write_bytes(content)
        reseal(folder)

    def test_R10_untouched_and_resealed_they_pass(self):
        self.dump_all()
        for source in self.sources:
            reseal(self.copy_of(source))
        results, _ = self.drill()
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})

    def test_R10_svn_a_revision_less(self):
        self.dump_all()
        self.altered(self.alpha, "db/current", lambda _: b"2\n")
        self.assert_fails(self.alpha, "revision")

    def test_R10_svn_a_log_message_of_another(self):
        self.dump_all()
        self.altered(self.alpha, "db/revprops/0/2", lambda text: text.replace(b"r1", b"r7"))
        self.assert_fails(self.alpha, "state_sha256")

    def test_R10_svn_content_of_another(self):
        self.dump_all()
        self.altered(self.alpha, "db/revs/0/3",
                     lambda data: data.replace(b"PLAIN", b"PLAIM").replace(b"DELTA", b"DELTB"))
        self.assert_fails(self.alpha, "at \"")

    def test_R10_yesterdays_copy_with_the_record_of_today(self):
        self.dump_all()
        add_svn_revision(self.alpha, "today")
        add_hg_commit(self.beta, "today")
        add_git_commit(self.gamma, "today")
        self.dump_all()
        for source, word in ((self.alpha, "revision"), (self.beta, "changesets"),
                             (self.gamma, "head_id")):
            today = self.copy_of(source)
            yesterday = next(self.to.glob(f"older/*/{today.name}/*"))
            fingerprint = re.compile(r'(?s)"fingerprint": \{.*?\}')
            claimed = fingerprint.search((today / "item.json").read_text())[0]
            record = (yesterday / "item.json").read_text()
            reseal_record(yesterday, fingerprint.sub(lambda _, text=claimed: text, record))
            shutil.rmtree(today)
            yesterday.rename(today)
            self.assert_fails(source, word)

    def test_R10_hg_phases_of_another(self):
        must("hg", "-R", self.beta, "phase", "--force", "--secret", "-r", "3")
        self.dump_all()
        self.altered(self.beta, ".hg/store/phaseroots", lambda text: text.replace(b"2 ", b"1 "))
        self.assert_fails(self.beta, "phases")

    def test_R10_hg_content_of_another(self):
        self.dump_all()
        self.altered(self.beta, ".hg/store/00manifest.i", lambda data: data[:-9] + b"123456789")
        self.assert_fails(self.beta, "at \"")

    def test_R10_git_a_branch_that_went_back(self):
        self.dump_all()
        older = must("git", "-C", self.gamma, "rev-parse", "HEAD~1").encode()
        self.altered(self.gamma, ".git/refs/heads/main", lambda _: older)
        self.assert_fails(self.gamma, "refs_sha256")

    def test_R10_git_content_of_another(self):
        self.dump_all()
        blob = must("git", "-C", self.gamma, "rev-parse", "HEAD:c1").strip()
        self.altered(self.gamma, f".git/objects/{blob[:2]}/{blob[2:]}",
                     lambda _: zlib.compress(b"blob 3\0abc"))
        self.assert_fails(self.gamma, "at \"fsck\"")

    def test_R10_git_an_object_less(self):
        self.dump_all()
        blob = must("git", "-C", self.gamma, "rev-parse", "HEAD:c1").strip()
        self.altered(self.gamma, f".git/objects/{blob[:2]}/{blob[2:]}", lambda _: None)
        # Its line in `owners` tells, before git is asked.
        self.assert_fails(self.gamma, "is missing")


class DamagedTest(DrillCase):
    def setUp(self):
        super().setUp()
        self.dump_all()
        add_svn_revision(self.alpha, "more")
        self.dump_all()
        self.older = self.generation_in(next(self.to.glob("older/svn/*/*")))
        self.generation = self.generation_in(self.copy_of(self.alpha))

    @staticmethod
    def generation_in(folder):
        return read_json(folder / "item.json")["generation"]

    def damage(self):
        """A byte of a file that no other generation shares."""
        flip_byte(self.copy_of(self.alpha) / "data/db/revs/0/4", 5)

    def older_svn(self):
        return sorted(each.name for each in self.to.glob("older/svn/*/*"))

    def test_D33_a_drill_names_the_file_and_the_copy_that_is_whole(self):
        self.damage()
        done = self.restore("--drill", self.alpha, code=3)
        self.assertIn(f"FAILED    svn  {self.alpha}: data/db/revs/0/4: its SHA-256 is not the "
                      f"recorded one; whole is the copy of {self.older}", done.text)
        done = self.restore("list", code=3)
        self.assertIn(f"{self.alpha}  {self.generation}", done.text)
        self.assertIn("DAMAGED: data/db/revs/0/4", done.text)
        self.assertIn("**damaged**", (self.to / "DISASTER.md").read_text(encoding="utf-8"))
        # Restoring names the one that is whole, and takes it.
        target = self.tmp / "back"
        done = self.restore("restore", self.alpha, "--to", target, code=1)
        self.assert_one_line(done, "known to be damaged", f"whole is the copy of {self.older}")
        self.assertFalse(target.exists())
        self.restore("restore", self.alpha, "--to", target, "--generation", self.older)
        self.assertEqual(must("svnlook", "youngest", target), "3\n")
        # The damaged one is not restored, even where it is asked for.
        done = self.restore("restore", self.alpha, "--to", self.tmp / "worse", "--generation",
                            self.generation, code=1)
        self.assertIn("its SHA-256 is not the recorded one", done.text)
        self.assertFalse((self.tmp / "worse").exists())

    def test_D33_the_next_dump_copies_anew_and_retention_waits(self):
        self.damage()
        self.restore("--scrub", self.alpha, code=3)
        # Nothing has changed at the source.
        done = self.dump(self.scan())
        self.assert_code(done, 0)
        self.assertIn(f"copied    svn  {self.alpha}", done.text)
        self.assertIn("a copy before this one is damaged, or could not be used: data/db/revs/0/4",
                      done.text)
        self.assertEqual(self.older_svn(), [self.older, self.generation])
        results, _ = self.drill(self.alpha)
        self.assertEqual(results[str(self.alpha)]["state"], "passed")
        add_svn_revision(self.alpha, "still more")
        self.dump_all()
        self.assertEqual(len(self.older_svn()), 3, "nothing goes before a person has said so")
        add_svn_revision(self.alpha, "and more")
        self.assert_code(self.dump(self.scan(), "--accept", self.alpha), 0)
        self.assertEqual(len(self.older_svn()), 1)
        self.assertNotIn(self.generation, self.older_svn())

    def test_D33_a_scrub_reads_every_generation(self):
        done = self.restore("--scrub")
        self.assertIn("6 whole, 0 damaged, 0 not run", done.text)
        self.assertIn("scrubbed", self.proof_of(self.alpha))
        flip_byte(next(self.to.glob("older/svn/*/*")) / "data/format")
        done = self.restore("--scrub", "--json", code=3)
        damaged = [line for line in done.json_lines() if line.get("status") == "damaged"]
        self.assertEqual([line["generation"] for line in damaged], [self.older])
        self.assertIn("data/format", damaged[0]["error"])
        self.assertEqual(list(self.proof_of(self.alpha)["bad"]), [self.older])

    def test_what_no_drill_can_use_does_not_fill_the_disk(self):
        """Here a tool is at fault: night after night, the copy is what was recorded."""
        must("mount", "--bind", "/bin/false", "/usr/bin/svn")
        self.addCleanup(run, "umount", "/usr/bin/svn")
        # What changed within two seconds before a look never counts as unchanged.
        changed = max(each.lstat().st_ctime for each in self.alpha.rglob("*"))
        wait_for(lambda: time.time() > changed + 2.1, "a source that is settled")
        counts = []
        for _ in range(4):
            results, _ = self.drill(self.alpha, code=3)
            self.assertTrue(results[str(self.alpha)]["intact"])
            done = self.dump(self.scan())
            self.assert_code(done, 0)
            counts.append(len(self.older_svn()))
        self.assertIn(f"unchanged svn  {self.alpha}", done.text)
        self.assertIn("a drill could not use this copy", done.text)
        self.assertLessEqual(max(counts), 2)
        self.assertIn("NOT USABLE", self.restore("list", code=3).text)
        # It is restored all the same, and that is said.
        done = self.restore("restore", self.alpha, "--to", self.tmp / "back", code=3)
        self.assertIn("a drill could not use it", done.text)
        self.assertEqual(must("svnlook", "youngest", self.tmp / "back"), "4\n")

    def test_a_shared_file_that_rots_makes_all_of_them_bad(self):
        shared = self.copy_of(self.alpha) / "data/db/revs/0/1"
        self.assertGreater(shared.stat().st_nlink, 1)
        flip_byte(shared, 3)
        done = self.restore("--drill", self.alpha, code=3)
        self.assertIn("no other copy of it is whole", done.text)


if __name__ == "__main__":
    main()
