"""Restoring with no tool of ours: what README.txt of the dump root says is done, word for word.

The source is moved away, and the commands bring it back where it was.
"""
import os
import pwd
import re
import shlex
import stat

from support import Case, hg_state, main, make_hg, make_svn, must, run, svn_tree

OWNER, GROUP = 1234, 2345
USER = pwd.getpwnam("daemon")  # somebody who is in every passwd
ODD_NAMES = ("with space", "-dash", "back\\slash", "back\\0101slash", "new\nline", "quo'te\"",
             "tab\t", " leading", "trailing ", " both  ", "two  spaces", "%b $HOME `id` *",
             "\u00e9")


class Readme:
    """The commands of README.txt."""

    def __init__(self, path):
        text = path.read_text(encoding="utf-8")

        def found(pattern):
            match = re.search(pattern, text, re.M | re.S)
            if not match:
                raise AssertionError(f"{path} has no {pattern}")
            return match[0]

        self.find = found(r"grep -l[^\n]*item\.json")
        self.folder = found(r"\bC=\S+")
        self.check = found(r"\(cd \"\$C\"[^\n]*\)")
        self.copy = found(r"mkdir -m 700 .*?^ +done$")
        self.place = found(r"cd / && mv [^\n]*")
        self.try_svn = found(r"svnadmin verify \S+")
        self.verify_hg, self.update_hg = re.findall(r"runuser -u OWNER -- env .* hg .*", text)
        self.fsck = found(r"runuser -u OWNER -- git -C \S+ fsck")
        self.checkout = found(r"runuser -u OWNER -- git -C \S+ checkout -f")


class RestoreTest(Case):
    def dump_and_lose(self, source):
        self.assert_code(self.dump(self.scan()), 0)
        self.assert_whole()
        self.folder = self.copy_of(source)
        self.saved = self.tmp / "saved"
        source.rename(self.saved)
        self.source = source
        self.readme = Readme(self.to / "README.txt")

    def meant(self, command):
        """What a person reads, with his own paths in it."""
        above, name = shlex.quote(str(self.src)), self.source.name
        for said, meant in (("/srv/svn/restoring/alpha", f"{above}/restoring/{name}"),
                            ("/srv/svn/restoring", f"{above}/restoring"),
                            ("/srv/svn/alpha", f"{above}/{name}"),
                            ("/srv/hg/beta", f"{above}/{name}"),
                            ("/srv/git/gamma", f"{above}/{name}"),
                            ("OWNER", USER.pw_name),
                            ("/path/to/current/svn/ID", shlex.quote(str(self.folder)))):
            command = command.replace(said, meant)
        return command

    def do(self, command):
        command = f"{self.meant(self.readme.folder)}\n{self.meant(command)}"
        done = run("bash", "-c", command, cwd=self.tmp)
        self.assertEqual((done.code, done.err), (0, b""), f"{done}")
        return done.text

    def find(self):
        done = run("bash", "-c", self.meant(self.readme.find), cwd=self.to)
        self.assertEqual(done.text, f"{self.folder.relative_to(self.to)}/item.json\n")

    def restore(self):
        self.find()
        self.do(self.readme.check)
        self.do(self.readme.copy)
        self.do(self.readme.place)
        self.assertEqual(list((self.src / "restoring").iterdir()), [])

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
        self.do(self.readme.try_svn)
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
        for folder in (self.tmp, self.src):
            folder.chmod(0o755)
        state = hg_state(beta)
        self.assertEqual(state.count(" secret "), 1)
        files = {each.name: each.read_text() for each in beta.glob("c*")}
        self.dump_and_lose(beta)

        self.restore()
        self.assertEqual(os.listdir(beta), [".hg"])
        self.assert_same_entries(".hg")
        for name in ("st_mode", "st_uid", "st_gid"):
            self.assertEqual(getattr(beta.stat(), name), getattr(self.saved.stat(), name))
        self.do(f"{self.readme.verify_hg} -q")
        self.assertEqual(hg_state(beta), state)
        for what in ("branch", "bookmarks", "parents"):
            self.assertEqual(must("hg", "-R", beta, what), must("hg", "-R", self.saved, what))

        self.do(f"{self.readme.update_hg} -q")
        self.assertEqual({each.name: each.read_text() for each in beta.glob("c*")}, files)
        self.assertTrue(all(each.stat().st_uid == USER.pw_uid for each in beta.glob("c*")))
        self.assertEqual(must("hg", "-R", beta, "status"), "")
        self.assertEqual(hg_state(beta), state)

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
        for folder in (self.tmp, self.src):
            folder.chmod(0o755)
        refs = must(*git, "for-each-ref")
        self.dump_and_lose(gamma)

        self.restore()
        self.assertEqual(os.listdir(gamma), [".git"])
        self.assert_same_entries(".git")
        self.do(self.readme.fsck)
        self.assertEqual(must(*git, "for-each-ref"), refs)
        self.do(f"{self.readme.checkout} -q")
        self.assertEqual((gamma / "two").read_text(), "two")
        self.assertEqual((gamma / "two").stat().st_uid, USER.pw_uid)

    def test_what_readme_says_of_the_checksums_is_true(self):
        """A flipped bit in a copy is found by the command of step 2."""
        alpha = make_svn(self.src / "alpha")
        self.dump_and_lose(alpha)
        with open(self.folder / "data/db/revs/0/1", "r+b") as file:
            byte = file.read(1)
            file.seek(0)
            file.write(bytes([byte[0] ^ 1]))
        with self.assertRaises(AssertionError):
            self.do(self.readme.check)


if __name__ == "__main__":
    main()
