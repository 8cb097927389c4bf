"""repo-restore --drill with the real tools: what it proves, what it keeps, what it leaves alone."""
import datetime
import json
import os
import shutil
import subprocess

import layouts
from drill_case import DrillCase
from faults import make_git
from support import (RESTORE, add_hg_commit, add_svn_revision, as_user, main, make_hg, must,
                     read_json, run, snapshot)


class DrillTest(DrillCase):
    def test_every_kind_is_restored_used_and_compared(self):
        (self.alpha / "hooks/post-commit").write_text(f"#!/bin/sh\ntouch {self.tmp}/ran\n")
        (self.alpha / "hooks/post-commit").chmod(0o755)
        (self.beta / ".hg/hgrc").write_text(
            f"[hooks]\npre-commit = touch {self.tmp}/ran\nupdate = touch {self.tmp}/ran\n")
        (self.gamma / ".git/hooks/pre-receive").write_text(f"#!/bin/sh\ntouch {self.tmp}/ran\n")
        (self.gamma / ".git/hooks/pre-receive").chmod(0o755)
        must("git", "-C", self.gamma, "config", "core.fsmonitor", f"touch {self.tmp}/ran")
        self.dump_all()
        before = self.seen_generations()
        results, summary = self.drill()
        self.assertEqual({path: result["state"] for path, result in results.items()},
                         {str(path): "passed" for path in self.sources})
        self.assertEqual((summary["good"], summary["bad"], summary["not_run"]), (3, 0, 0))
        for source, steps in (
                (self.alpha, ["log of r3", "checkout of r3", "log of r1", "update to r1",
                              "a commit"]),
                (self.beta, ["clone", "phases and bookmarks, equal in the clone",
                             "update to the tip", "update to an older changeset", "a commit"]),
                (self.gamma, ["fsck", "clone over file://", "branches and tags, equal in the clone",
                              "checkout of 2 branch heads", "a push"])):
            compared = results[str(source)]["compared"]
            self.assertEqual([step for step in compared if step in steps], steps)
            self.assertEqual(self.proof_of(source)["passed"]["compared"], compared)
        self.assertEqual(self.seen_generations(), before, "a drill only reads a copy")
        self.assertFalse((self.tmp / "ran").exists(), "no hook of a repository runs")
        self.assert_scratch_is_empty()
        self.assertEqual([line["message_type"] for line in self.ledger()[-5:]],
                         ["drills", "drill", "drill", "drill", "drills"])

    def test_every_layout_that_can_be_copied_can_be_drilled(self):
        shutil.rmtree(self.src)
        for kind in ("svn", "hg", "git"):
            (self.src / kind).mkdir(parents=True)
            getattr(layouts, f"make_{kind}")(self.src / kind)
        dumped = self.dump(self.scan(), "--json").json_lines()
        copied = {line["path"] for line in dumped if line.get("status") == "copied"}
        self.assertGreater(len(copied), 35)
        results, _ = self.drill()
        self.assertEqual(
            {path: result.get("error") for path, result in results.items()
             if result["state"] != "passed"}, {})
        self.assertEqual(set(results), copied)

    def test_trunk_alone_is_checked_out_and_externals_are_not_followed(self):
        url = self.alpha.as_uri()
        must("svn", "mkdir", "-q", "-m", "x", f"{url}/trunk", f"{url}/tags", f"{url}/tags/old",
             f"{url}/trunk/-r", f"{url}/trunk/a@b@")
        working = self.tmp / "wc"
        must("svn", "checkout", "-q", url, working)
        must("svn", "propset", "-q", "svn:externals", f"file://{self.tmp}/none gone",
             working / "trunk")
        must("svn", "commit", "-q", "-m", "x", working)
        self.dump_all()
        results, _ = self.drill(self.alpha)
        self.assertEqual(results[str(self.alpha)]["state"], "passed")

    def test_projects_each_with_a_trunk(self):
        url = self.alpha.as_uri()
        for name in ("-p one", "p@two", ".p"):
            name = name.replace("@", "%40").replace(" ", "%20")
            must("svn", "mkdir", "-q", "-m", "x", "--parents", f"{url}/{name}/trunk/a@",
                 f"{url}/{name}/tags/b@")
        self.dump_all()
        results, _ = self.drill(self.alpha)
        self.assertEqual(results[str(self.alpha)]["state"], "passed")

    def test_mercurial_of_people(self):
        """Secret and hidden changesets, an active bookmark, a subrepository, a merge under way."""
        hg = ("hg", "-R", self.beta)
        must(*hg, "phase", "--force", "--secret", "-r", "3")
        must(*hg, "bookmark", "-r", "1", "feature")
        must(*hg, "bookmark", "active")
        make_hg(self.beta / "inner", 1)
        (self.beta / ".hgsub").write_text("inner = inner\n")
        must(*hg, "add", self.beta / ".hgsub")
        must(*hg, "commit", "-q", "-m", "a subrepository")
        self.dump_all()
        results, _ = self.drill()
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})

    def test_an_abandoned_transaction_is_recovered(self):
        (self.beta / ".hg/store/journal").write_bytes(b"")
        self.dump_all()
        results, _ = self.drill(self.beta)
        result = results[str(self.beta)]
        self.assertEqual(result["state"], "passed")
        self.assertIn("hg recover of an abandoned transaction", result["compared"])

    def test_git_names_that_are_not_written_are_told_and_are_no_damage(self):
        git = ("git", "-C", self.gamma)
        blob = must(*git, "hash-object", "-w", "--stdin", input=b"x").strip()
        inner = must(*git, "mktree", input=f"100644 blob {blob}\tconfig\n".encode()).strip()
        tree = must(*git, "mktree", input=f"040000 tree {inner}\t.git\n".encode()).strip()
        commit = must(*git, "-c", "user.name=x", "-c", "user.email=x@y", "commit-tree", "-m", "x",
                      tree).strip()
        must(*git, "update-ref", "refs/heads/odd", commit)
        self.dump_all()
        results, _ = self.drill(self.gamma)
        self.assertIn("1 of them have names that git does not write",
                      results[str(self.gamma)]["compared"])

    def test_submodules_are_drilled_too(self):
        must("git", "-c", "protocol.file.allow=always", "-C", self.gamma, "submodule", "--quiet",
             "add", make_git(self.tmp / "other"), "sub")
        self.dump_all()
        results, _ = self.drill(self.gamma)
        self.assertIn("clone over file:// of modules/sub", results[str(self.gamma)]["compared"])

    def test_a_user_drills_his_own(self):
        for folder in (self.tmp, self.src):
            folder.chmod(0o755)
        must("chown", "-R", "1234:1234", self.src)
        self.to = self.tmp / "mine"
        self.to.mkdir()
        os.chown(self.to, 1234, 1234)
        manifest = self.scan()
        manifest.chmod(0o644)
        self.assert_code(self.dump(manifest, before=as_user(1234)), 0)
        results, _ = self.drill(before=as_user(1234))
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})

    def test_without_a_sandbox_and_elsewhere(self):
        self.dump_all()
        scratch = self.tmp / "a scratch #1 %41"
        scratch.mkdir()
        results, _ = self.drill("--all", "--sandbox", "none", "--scratch", scratch)
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})
        self.assert_scratch_is_empty(scratch / "repo-backup-drill")

    def test_a_scan_does_not_find_what_is_being_drilled(self):
        self.dump_all()
        scratch = self.src / "scratch"
        scratch.mkdir()
        self.drill("--all", "--scratch", scratch)
        shutil.copytree(self.alpha, scratch / "repo-backup-drill/svn.x/data")
        manifest = read_json(self.scan())
        self.assertEqual(len(manifest["repositories"]), 3)


class ChoiceTest(DrillCase):
    def test_what_is_stale_comes_by_turns(self):
        self.dump_all()
        self.drill(self.beta)
        results, _ = self.drill("--stale", "7d")
        self.assertEqual(set(results), {str(self.alpha), str(self.gamma)})
        done = self.restore("--drill", "--stale", "7d")
        self.assertIn("0 passed, 0 failed, 0 not run", done.text)

    def test_R11_what_no_drill_has_proven_is_told(self):
        self.dump_all()
        done = self.restore("list", "--stale", "7d", code=3)
        self.assertEqual(len(done.text.splitlines()), 3)
        self.assertIn("never proven", done.text)
        self.drill()
        self.assertEqual(self.restore("list", "--stale", "7d").text, "")
        for path in self.to.glob("control/proofs/*/*"):
            self.age(path, 8)
        done = self.restore("list", "--stale", "7d", code=3)
        self.assertEqual(len(done.text.splitlines()), 3)
        self.assertIn("proven 8 days ago", done.text)

    @staticmethod
    def age(path, days):
        """As if the drill had been so long ago."""
        proof = read_json(path)
        then = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(days, 60)
        for key in ("passed", "last"):
            proof[key]["time"] = then.strftime("%Y-%m-%dT%H:%M:%SZ")
        path.write_text(json.dumps(proof))

    def test_R11_drills_that_never_end_in_time_are_told(self):
        self.dump_all()
        self.drill()
        folder = self.copy_of(self.alpha)
        path = self.to / "control/proofs/svn" / f"{folder.name}.json"
        must("sed", "-i", 's/"seconds": .*,/"seconds": 9999.0,/', path)
        done = self.restore("--drill", self.alpha, self.gamma, "--budget", "1h", "-j1", code=3)
        self.assertIn(f"a drill of {self.alpha} took 9999 s the last time", done.message)
        self.assertIn("1 passed", done.text)
        self.assertIn("1 wait for the next budget", done.text)

    def test_a_proof_is_of_one_copy(self):
        self.dump_all()
        self.drill(self.alpha)
        add_svn_revision(self.alpha, "more")
        self.dump_all()
        generation = self.proof_of(self.alpha)["passed"]["generation"]
        self.assertIn(f"(the copy of {generation})", self.restore("list").text)

    def test_unknown_items_are_told_with_their_nearest(self):
        self.dump_all()
        for words in (["show"], ["restore", "--to", self.tmp / "x"], ["--drill"], ["--scrub"]):
            done = self.restore(*words, self.src / "alpah", code=2)
            self.assert_one_line(done, "cannot find", "alpah", f"The nearest: {self.alpha}")


class TogetherTest(DrillCase):
    def test_a_drill_and_a_dump_run_at_the_same_time(self):
        """The dump exchanges the generation while it is drilled, and takes it away."""
        self.dump_all()
        drilling = subprocess.Popen([RESTORE, "--drill", "--all", "--from", self.to, "-j1"],
                                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.addCleanup(drilling.stdout.close)
        for night in range(3):
            add_svn_revision(self.alpha, f"night{night}")
            add_hg_commit(self.beta, f"night{night}")
            self.assert_code(self.dump(self.scan(), "--keep", "1"), 0)
        out = drilling.communicate(timeout=120)[0].decode()
        self.assertIn("0 failed", out)
        self.assertIn(drilling.returncode, (0, 3), out)
        self.assert_scratch_is_empty()
        results, _ = self.drill()
        self.assertEqual({result["state"] for result in results.values()}, {"passed"})

    def test_a_second_drill_ends_in_11(self):
        self.dump_all()
        self.drill()
        held = self.start("flock", self.to / "control/drill/lock", "cat", stdin=subprocess.PIPE)
        self.addCleanup(held.communicate)
        while run("flock", "-n", self.to / "control/drill/lock", "true").code == 0:
            pass
        done = self.restore("--drill", "--all", code=11)
        self.assert_one_line(done, "another drill or scrub is at work")
        self.assert_code(self.dump(self.scan()), 0)


class KeptTest(DrillCase):
    def test_nothing_of_a_proof_is_lost_by_a_dump(self):
        self.dump_all()
        self.drill()
        proof = self.proof_of(self.alpha)
        add_svn_revision(self.alpha, "more")
        self.dump_all()
        self.assertEqual(self.proof_of(self.alpha), proof)
        self.assertIn("proven", self.restore("list").text)

    def test_a_read_only_dump_root_is_drilled_elsewhere(self):
        self.dump_all()
        before = snapshot(self.to)
        self.drill("--all", "--scratch", self.tmp, before=(
            "unshare", "-m", "sh", "-c",
            f"mount --bind {self.to} {self.to} && mount -o remount,bind,ro {self.to} && exec \"$@\"",
            "sh"))
        self.assertEqual(snapshot(self.to), before)

    def test_disaster_md_has_the_measured_times(self):
        self.dump_all()
        text = (self.to / "DISASTER.md").read_text(encoding="utf-8")
        self.assertIn("No drill has measured anything yet", text)
        self.drill()
        text = (self.to / "DISASTER.md").read_text(encoding="utf-8")
        self.assertIn("as drills have measured here", text)
        for source in self.sources:
            self.assertRegex(text, rf"\| {source} \| [0-9.]+ \w+ \| a second \| 2\d\d\d-")

    def test_forgotten_copies_have_no_proof(self):
        self.dump_all()
        self.drill()
        shutil.rmtree(self.alpha)
        self.assert_code(self.dump(self.scan(), "--forget", self.alpha), 0)
        self.assertEqual(list((self.to / "control/proofs/svn").iterdir()), [])


if __name__ == "__main__":
    main()
