"""An ordinary user backs up what is his; and root without a sandbox."""
import os
import shutil
import stat

from support import (DUMP, ENVIRONMENT, SCAN, Case, as_user, hg_state, main, make_hg, make_svn,
                     must, read_json, run, snapshot, svn_tree)

USER = 1234


class UserTest(Case):
    """Repositories, tools, manifest and dump root: all in the home of user 1234."""

    def setUp(self):
        super().setUp()
        self.tmp.chmod(0o711)
        self.home = self.tmp / "home"
        self.home.mkdir()
        self.src = self.home / "src"
        self.to = self.home / "backup"
        make_svn(self.src / "alpha", 2)
        make_hg(self.src / "beta", 2)
        (self.src / "alpha/hooks/post-commit").write_text("#!/bin/sh\n")
        (self.src / "alpha/hooks/post-commit").chmod(0o755)
        for tool in (SCAN, DUMP):  # the build may lie where only root can go
            shutil.copy(tool, self.home)
        must("chown", "-R", f"{USER}:{USER}", self.home)
        self.home.chmod(0o700)
        self.manifest = self.home / "manifest.json"

    def as_him(self, *argv):
        environment = {**ENVIRONMENT, "HOME": str(self.home)}
        return run(*as_user(USER), *argv, env=environment, cwd=self.home)

    def sandbox(self):
        """In a chroot the kernel refuses the namespace that his sandbox needs."""
        trial = self.as_him("bwrap", "--unshare-user", "--ro-bind", "/", "/", "true")
        if trial.code == 0:
            return []
        print(f"with --sandbox none, since user {USER} may not run bwrap: {trial.message.strip()}")
        return ["--sandbox", "none"]

    def scan_and_dump(self, *options):
        self.assert_code(self.as_him("./repo-scan", "-q", "-o", self.manifest, self.src), 0)
        done = self.as_him("./repo-dump", *options, "--to", self.to, self.manifest)
        self.assert_code(done, 0)
        self.assertEqual(done.err, b"")
        self.assert_whole()
        self.assertEqual(len(self.current()), 2)

    def test_from_the_scan_to_a_copy_that_can_be_used(self):
        sandbox = self.sandbox()
        before = snapshot(self.src)
        self.scan_and_dump(*sandbox)
        self.scan_and_dump("--full", *sandbox)
        after = snapshot(self.src)
        for folder in (b"beta/.hg", b"beta/.hg/store"):  # where hg's locks come and go
            del before[folder], after[folder]
        self.assertEqual(after, before)

        for path, seen in snapshot(self.to).items():
            self.assertEqual(seen[1:3], (USER, USER), path)
        self.assertEqual(stat.S_IMODE(self.to.stat().st_mode), 0o700)
        self.assertEqual(len(self.generations()), 4)
        alpha, beta = (self.copy_of(self.src / name) / "data" for name in ("alpha", "beta"))
        self.assertEqual(svn_tree(alpha), svn_tree(self.src / "alpha"))
        self.assertEqual(hg_state(beta), hg_state(self.src / "beta"))
        self.assertTrue(os.stat(alpha / "hooks/post-commit").st_mode & stat.S_IXUSR)

    def test_without_a_sandbox(self):
        self.scan_and_dump("--sandbox", "none")

    def test_what_he_may_not_read_fails_alone(self):
        sandbox = self.sandbox()
        self.assert_code(self.as_him("./repo-scan", "-q", "-o", self.manifest, self.src), 0)
        secret = self.src / "beta/.hg/store/00changelog.i"
        os.chown(secret, 0, 0)
        secret.chmod(0o600)
        self.assertNotEqual(self.as_him("cat", secret).code, 0, "he must not be able to read it")
        done = self.as_him("./repo-dump", *sandbox, "--to", self.to, self.manifest)
        self.assert_code(done, 3)
        failed = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(failed), 1, f"{done}")
        self.assertIn("/beta", failed[0])
        self.assertIn("Permission denied", failed[0])
        self.assertEqual(list(self.current()), [os.fsencode(self.src / "alpha")])

    def test_what_he_may_read_and_not_lock_is_copied_with_a_note(self):
        sandbox = self.sandbox()
        shared = self.tmp / "shared"
        make_hg(shared / "gamma", 2)
        shared.chmod(0o755)
        must("chmod", "-R", "a+rX", shared)
        self.assert_code(self.as_him("./repo-scan", "-q", "-o", self.manifest, shared), 0)
        before = snapshot(shared)
        done = self.as_him("./repo-dump", *sandbox, "--to", self.to, self.manifest)
        self.assert_code(done, 0)
        self.assertIn("no lock could be made", done.text)
        self.assertEqual(snapshot(shared), before)
        self.assert_whole()


class RootWithoutSandboxTest(Case):
    def test_it_copies_both_kinds(self):
        alpha = make_svn(self.src / "alpha", 2)
        beta = make_hg(self.src / "beta", 2)
        must("chown", "-R", f"{USER}:{USER}", self.src)
        self.src.chmod(0o700)
        # Whatever the caller has there, the tools do not get to see it.
        environment = {**ENVIRONMENT, "HGRCPATH": "/nonexistent/hgrc", "LC_ALL": "C",
                       "PYTHONHOME": "/nonexistent"}
        manifest = self.scan()
        done = self.dump(manifest, "--sandbox", "none", env=environment)
        self.assert_code(done, 0)
        self.assertEqual(done.err, b"")
        self.assert_whole()
        self.assertEqual(svn_tree(self.copy_of(alpha) / "data"), svn_tree(alpha))
        state = must("hg", "-R", beta, "log", "-T", "{node} {phase}\n")
        self.assertEqual(must("hg", "-R", self.copy_of(beta) / "data", "log", "-T",
                              "{node} {phase}\n"), state)

    def test_the_environment_of_the_caller_does_not_matter(self):
        make_svn(self.src / "alpha")
        make_hg(self.src / "beta")
        environment = {"PATH": "/nonexistent", "HGRCPATH": "/nonexistent/hgrc", "LC_ALL": "xx_XX",
                       "PYTHONHOME": "/nonexistent", "LD_LIBRARY_PATH": "/nonexistent",
                       "TMPDIR": "/nonexistent", "HGPLAIN": "", "TZ": "Asia/Tokyo"}
        self.assert_code(run(DUMP, "--to", self.to, self.scan(), env=environment, umask=0o777), 0)
        self.assert_whole()
        self.assertEqual([each["status"] for each in self.last_run()["items"]], 2 * ["copied"])

    def test_a_damaged_copy_is_refused_here_too(self):
        alpha = make_svn(self.src / "alpha", 1)
        manifest = self.scan()
        revision = alpha / "db/revs/0/1"
        revision.chmod(0o644)
        revision.write_bytes(revision.read_bytes()[:-20])
        done = self.dump(manifest, "--sandbox", "none")
        self.assert_code(done, 3)
        self.assertEqual(self.current(), {})
        self.assert_whole()
        self.assertEqual(read_json(manifest)["complete"], True)


if __name__ == "__main__":
    main()
