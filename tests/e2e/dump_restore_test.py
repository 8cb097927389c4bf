"""Restoring with no tool of ours: what README.txt of the dump root and RESTORE.md of a generation
say is done, word for word. The source is moved away, and the commands bring it back where it was.
"""
import os
import pwd
import re
import shutil
import stat

from support import (DUMP, Case, hg_state, main, make_hg, make_svn, must, read_json, run,
                     snapshot, svn_tree)

OWNER, GROUP = 1234, 2345
USER = pwd.getpwnam("daemon")  # somebody who is in every passwd
ODD_NAMES = ("with space", "-dash", "back\\slash", "back\\0101slash", "new\nline", "quo'te\"",
             "tab\t", " leading", "trailing ", " both  ", "two  spaces", "%b $HOME `id` *",
             "\u00e9")


def commands(text):
    """The indented lines of a document."""
    return "".join(line[4:] for line in text.splitlines(keepends=True) if line.startswith("    "))


class RestoreTest(Case):
    def setUp(self):
        super().setUp()
        for folder in (self.tmp, self.src):  # the owners come to their repositories
            folder.chmod(0o755)

    def dump_and_lose(self, source):
        self.assert_code(self.dump(self.scan()), 0)
        self.assert_whole()
        self.folder = self.copy_of(source)
        self.fingerprint = read_json(self.folder / "item.json")["fingerprint"]
        self.saved = self.tmp / "saved"
        source.rename(self.saved)
        self.source = source

    def do(self, text, cwd, shell="dash"):
        done = run(shell, "-c", text, cwd=cwd)
        self.assertEqual((done.code, done.err), (0, b""), f"{done}")
        return done.text

    def find(self):
        """As README.txt says."""
        readme = (self.to / "README.txt").read_text(encoding="utf-8")
        find = re.search(r"grep -ls[^\n]*", readme)[0].replace("/srv/svn/alpha", str(self.source))
        found = run("dash", "-c", find, cwd=self.to)  # grep ends in 2 where there is no older one
        self.assertEqual(found.text, f"{self.folder.relative_to(self.to)}/item.json\n")

    def restore(self):
        self.find()
        text = (self.folder / "RESTORE.md").read_text(encoding="utf-8")
        for shell in ("bash", "dash"):
            if os.path.lexists(self.source):
                must("rm", "-r", self.source)
            self.assertEqual(self.do(commands(text), self.folder, shell), "It is in place.\n")
            self.assertFalse(os.path.lexists(f"{self.source}.restoring"))
        # What a drill compares: what the repository says of itself is what was recorded.
        again = self.tmp / "again"
        self.assert_code(run(DUMP, "--to", again, self.scan()), 0)
        record = again / self.folder.relative_to(self.to) / "item.json"
        self.assertEqual(read_json(record)["fingerprint"], self.fingerprint)

    def assert_same_entries(self, top, left_out=()):
        """Types, owners, modes and contents of all that is there are the source's."""
        seen = []
        for base in (self.saved, self.source):
            entries = {}
            for folder, folders, files in os.walk(base / top):
                for path in [folder, *(os.path.join(folder, name) for name in folders + files)]:
                    st = os.lstat(path)
                    entries[os.path.relpath(path, base)] = (
                        oct(st.st_mode), st.st_uid, st.st_gid,
                        st.st_mtime_ns if stat.S_ISREG(st.st_mode) else 0,
                        os.readlink(path) if stat.S_ISLNK(st.st_mode) else "")
            seen.append(entries)
        for path in left_out:
            seen[0].pop(path, None)
            seen[1].pop(path, None)
        self.assertEqual(sorted(seen[1]), sorted(seen[0]))
        for path, entry in seen[0].items():
            with self.subTest(path=path):
                self.assertEqual(seen[1][path], entry)

    def odd_files(self, folder):
        for i, name in enumerate(ODD_NAMES):
            path = folder / name
            path.write_text(name)
            os.chown(path, OWNER + i, GROUP + i)
            path.chmod(0o604 + 8 * i)

    def make_alpha(self):
        alpha = make_svn(self.src / "alpha", 3)
        must("chown", "-R", f"{OWNER}:{GROUP}", alpha)
        alpha.chmod(0o2770)
        (alpha / "db").chmod(0o2775)
        (alpha / "conf/passwd").chmod(0o600)
        os.chown(alpha / "conf/passwd", 0, OWNER)
        (alpha / "hooks").chmod(0o1711)
        hook = alpha / "hooks/post-commit"
        hook.write_text('#!/bin/sh\necho "$2" >"$1/conf/committed"\n')
        hook.chmod(0o755)
        (alpha / "hooks/link").symlink_to("post-commit")
        os.chown(alpha / "hooks/link", OWNER + 1, GROUP, follow_symlinks=False)
        (alpha / "hooks/suid").touch()
        (alpha / "hooks/suid").chmod(0o4511)
        self.odd_files(alpha / "hooks")
        self.odd_files(alpha)
        return alpha

    def test_subversion(self):
        alpha = self.make_alpha()
        self.dump_and_lose(alpha)
        copy, saved = self.folder / "data", self.saved
        for path in (copy, saved):
            must("svn", "checkout", "-q", path.as_uri(), self.tmp / f"wc-{path.name}")
        must("diff", "-r", "-x", ".svn", self.tmp / "wc-data", self.tmp / "wc-saved")
        self.assertEqual(svn_tree(copy), svn_tree(saved))

        self.restore()
        # What SQLite keeps beside its database is made by whoever needs it.
        self.assert_same_entries(".", left_out=("db/rep-cache.db-journal",))
        self.assertEqual(svn_tree(alpha), svn_tree(saved))

        must("svn", "mkdir", "-q", "-m", "after", f"{alpha.as_uri()}/after")
        self.assertEqual((alpha / "conf/committed").read_text(), "4\n", "the hook runs again")

    def make_beta(self):
        beta = make_hg(self.src / "beta", 4)
        hg = ("hg", "-R", beta)
        must(*hg, "phase", "--public", "-r", "0")
        must(*hg, "phase", "--force", "--secret", "-r", "3")
        must(*hg, "bookmark", "-r", "1", "feature")
        must(*hg, "bookmark", "active")
        must(*hg, "tag", "--local", "-r", "1", "mine")
        must(*hg, "branch", "-q", "side")
        (beta / ".hg/hgrc").write_text("[ui]\nusername = somebody\n[hooks]\nupdate = exit 1\n")
        must("chown", "-R", f"{USER.pw_uid}:{GROUP}", beta)
        beta.chmod(0o2755)
        (beta / ".hg").chmod(0o2770)
        (beta / ".hg/store/data").chmod(0o500)
        (beta / ".hg/hgrc").chmod(0o604)
        (beta / ".hg/odd").mkdir()
        self.odd_files(beta / ".hg/odd")
        return beta

    def test_mercurial(self):
        beta = self.make_beta()
        state = hg_state(beta)
        self.assertEqual(state.count(" secret "), 1)
        files = {each.name: each.read_text() for each in beta.glob("c*")}
        self.dump_and_lose(beta)

        self.restore()
        # hg revert has told the dirstate, and made folders for caches.
        for top in (".hg/store", ".hg/odd", ".hg/hgrc"):
            self.assert_same_entries(top)
        for name in ("st_mode", "st_uid", "st_gid"):
            self.assertEqual(getattr(beta.stat(), name), getattr(self.saved.stat(), name))
        self.assertEqual(hg_state(beta), state)
        for what in ("branch", "bookmarks", "parents"):
            self.assertEqual(must("hg", "-R", beta, what), must("hg", "-R", self.saved, what))
        self.assertEqual({each.name: each.read_text() for each in beta.glob("c*")}, files)
        self.assertTrue(all(each.stat().st_uid == USER.pw_uid for each in beta.glob("c*")))
        self.assertEqual(must("hg", "-R", beta, "status"), "")

    def test_git(self):
        gamma = self.src / "gamma"
        git = ("git", "-c", "safe.directory=*", "-c", "user.name=x", "-c", "user.email=x@localhost",
               "-C", gamma)
        must("git", "init", "-q", gamma)
        for name in ("one", "two"):
            (gamma / name).write_text(name)
            must(*git, "add", name)
            must(*git, "commit", "-q", "-m", name)
        (gamma / ".git/hooks/post-checkout").write_text("#!/bin/sh\nexit 0\n")
        (gamma / ".git/hooks/post-checkout").chmod(0o755)
        must("chown", "-R", f"{USER.pw_uid}:{GROUP}", gamma)
        (gamma / ".git").chmod(0o2770)
        refs = must(*git, "for-each-ref")
        self.dump_and_lose(gamma)

        self.restore()
        self.assert_same_entries(".git")
        self.assertEqual(must(*git, "for-each-ref"), refs)
        self.assertEqual((gamma / "two").read_text(), "two")
        self.assertEqual((gamma / "two").stat().st_uid, USER.pw_uid)

    def test_working_files_that_are_there_stay(self):
        gamma = self.src / "gamma"
        must("git", "init", "-q", gamma)
        (gamma / "mine").write_text("unsaved work")
        self.dump_and_lose(gamma)
        gamma.mkdir()
        (gamma / "mine").write_text("unsaved work")
        text = (self.folder / "RESTORE.md").read_text(encoding="utf-8")
        until = text.index("\n4. ")
        self.do(commands(text[:until]), self.folder)
        self.assertEqual(sorted(os.listdir(gamma)), [".git", "mine"])
        self.assertEqual((gamma / "mine").read_text(), "unsaved work")

    def test_nothing_that_is_there_is_touched(self):
        alpha = make_svn(self.src / "alpha")
        self.dump_and_lose(alpha)
        alpha.mkdir()
        (alpha / "mine").write_text("mine")
        text = (self.folder / "RESTORE.md").read_text(encoding="utf-8")
        for options in (["-c"], ["-ec"]):
            done = run("sh", *options, commands(text), cwd=self.folder)
            self.assertNotEqual(done.code, 0)
            self.assertIn("something is there already", done.message)
            self.assertNotIn("in place", done.text)
            self.assertEqual(os.listdir(alpha), ["mine"])
            self.assertFalse(os.path.lexists(f"{alpha}.restoring"))

    def test_what_an_attempt_has_left_or_somebody_has_put_there_is_not_touched(self):
        alpha = make_svn(self.src / "alpha")
        self.dump_and_lose(alpha)
        victim = self.tmp / "victim"
        (victim / "conf").mkdir(parents=True)
        (victim / "conf/passwd").touch()
        before = snapshot(victim)
        theirs = self.src / "alpha.restoring"
        (theirs / "new").mkdir(parents=True)
        (theirs / "new/conf").symlink_to(victim / "conf")
        must("chown", "-hR", f"{USER.pw_uid}:{GROUP}", theirs)
        text = (self.folder / "RESTORE.md").read_text(encoding="utf-8")
        for shell in ("dash", "bash"):
            done = run(shell, "-ec", commands(text), cwd=self.folder)
            self.assertNotEqual(done.code, 0)
            self.assertNotIn("in place", done.text)
            self.assertFalse(alpha.exists())
        self.assertEqual(snapshot(victim), before)

    def test_odd_paths(self):
        """Nothing has to be filled in, whatever the path is."""
        for name in ("new\nline", "quo'te \"$HOME\" `id`", "esc\x1b[31m", "\udcff\udcfe",
                     "back\\slash %s", "trailing\n"):
            with self.subTest(name=name):
                source = make_svn(self.src / "plain")
                self.source = self.src / name
                source.rename(self.source)
                self.to = self.tmp / f"to {ascii(name).replace('/', '')}"
                self.addCleanup(shutil.rmtree, os.fsencode(self.source), ignore_errors=True)
                self.dump_and_lose(self.source)
                text = (self.folder / "RESTORE.md").read_text(encoding="utf-8")
                self.assertNotIn("\x1b", text)
                self.do(commands(text), self.folder)
                must("diff", "-r", self.source / "db/revs", self.saved / "db/revs")
                must("rm", "-r", self.source, self.saved)

    def test_a_flipped_bit_is_found(self):
        alpha = make_svn(self.src / "alpha")
        self.dump_and_lose(alpha)
        with open(self.folder / "data/db/revs/0/1", "r+b") as file:
            byte = file.read(1)
            file.seek(0)
            file.write(bytes([byte[0] ^ 1]))
        text = commands((self.folder / "RESTORE.md").read_text(encoding="utf-8"))
        check = re.search(r"sha256sum [^\n]*", text)[0]
        self.assertEqual(run("sh", "-c", check, cwd=self.folder).code, 1)


if __name__ == "__main__":
    main()
