"""repo-restore list, show and restore, with copies as they are, read-only, moved, and damaged."""
import os
import shutil
import signal
import stat

from drill_case import DrillCase, flip_byte
from faults import TRACED, calls_in, strace
from support import (RESTORE, add_svn_revision, as_user, hg_state, main, make_mounts_private,
                     make_svn, must, read_json, run, svn_tree, validate, wait_for)

OWNER, GROUP = 1234, 2345


def setUpModule():
    make_mounts_private()


def seen(top):
    """Type, mode, owner, group, size and time of all that is in a tree, and where links lead."""
    found = {}
    for base, folders, files in os.walk(os.fsencode(top)):
        for name in (b".", *folders, *files):
            path = os.path.join(base, name)
            st = os.lstat(path)
            is_file = stat.S_ISREG(st.st_mode)
            found[os.path.relpath(path, os.fsencode(top))] = (
                oct(st.st_mode), st.st_uid, st.st_gid, st.st_size if is_file else 0,
                st.st_mtime_ns, os.readlink(path) if stat.S_ISLNK(st.st_mode) else "")
    return found


class ListTest(DrillCase):
    def test_lines_are_for_pipes_and_json_has_a_schema(self):
        odd = self.src / "esc\x1b[31m new\nline \udcff"
        make_svn(self.src / "plain").rename(odd)
        self.dump_all()
        done = self.restore("list")
        self.assertEqual(len(done.text.splitlines()), 4)
        self.assertNotIn("\x1b", done.text)
        lines = self.restore("list", "--json").json_lines()
        for line in lines:
            validate(line, "restore")
        self.assertEqual(len(lines), 4)
        shown = self.restore("show", self.alpha).text
        for word in (str(self.alpha), "never", "verified", str(self.copy_of(self.alpha))):
            self.assertIn(word, shown)
        validate(self.restore("show", self.alpha, "--json").json_lines()[0], "restore")

    def test_a_folder_without_copies(self):
        for folder in (self.src, self.tmp / "none"):
            done = run(RESTORE, "list", "--from", folder)
            self.assert_code(done, 1)
            self.assert_one_line(done, str(folder))

    def test_the_place_is_that_of_the_configuration(self):
        self.dump_all()
        config = self.tmp / "config.toml"
        config.write_text(f'[repo-dump]\nto = "{self.to}"\n')
        self.assertEqual(len(run(RESTORE, "list", "--config", config).text.splitlines()), 3)
        config.write_text(f'[repo-dump]\nto = "/none"\n[repo-restore]\nfrom = "{self.to}"\n')
        self.assertEqual(len(run(RESTORE, "list", "--config", config).text.splitlines()), 3)


class RestoreTest(DrillCase):
    def setUp(self):
        super().setUp()
        (self.alpha / "hooks/post-commit").write_text("#!/bin/sh\n")
        must("chown", "-R", f"{OWNER}:{GROUP}", *self.sources)
        (self.alpha / "db").chmod(0o2775)
        (self.alpha / "conf/passwd").chmod(0o440)
        os.chown(self.alpha / "conf/authz", 4321, 4322)
        (self.alpha / "hooks/post-commit").chmod(0o4755)
        (self.alpha / "hooks/link").symlink_to("/etc/passwd")
        must("setfacl", "-m", "u:1236:rw-,m::rw-", self.alpha / "conf/passwd")
        must("setfacl", "-d", "-m", "g:1237:r-x", self.alpha / "hooks")
        os.setxattr(self.alpha / "format", "user.note", b"\0\xff")
        (self.alpha / "db/rep-cache.db-journal").unlink(missing_ok=True)

    def assert_same(self, source, target, top=""):
        self.assertEqual(seen(target / top), seen(source / top))
        for name in ("conf/passwd", "hooks"):
            if (source / name).exists():
                self.assertEqual(must("getfacl", "-n", "-c", target / name),
                                 must("getfacl", "-n", "-c", source / name))

    def test_all_comes_back_as_it_was(self):
        self.dump_all()
        back = self.tmp / "back"
        self.restore("restore", self.alpha, "--to", back)
        self.assert_same(self.alpha, back)
        self.assertEqual(os.getxattr(back / "format", "user.note"), b"\0\xff")
        self.assertEqual(svn_tree(back), svn_tree(self.alpha))
        self.restore("restore", self.copy_of(self.beta).name, "--to", f"{self.tmp}/h/beta/")
        self.assert_same(self.beta / ".hg", self.tmp / "h/beta/.hg")
        self.assertEqual(hg_state(self.tmp / "h/beta"), hg_state(self.beta))
        self.restore("restore", self.gamma, "--to", "gamma", cwd=self.tmp)
        self.assert_same(self.gamma / ".git", self.tmp / "gamma/.git")
        self.assertEqual(stat.S_IMODE((self.tmp / "h").stat().st_mode), 0o755)

    def test_all_at_their_places_the_outer_ones_first(self):
        inner = make_svn(self.tmp / "inner", 1).rename(self.alpha / "inner")
        nested = make_svn(self.gamma / "vendor/nested", 1)
        # Bytes put it between the outer one and the inner one.
        beside = make_svn(self.src / "alpha-old", 1)
        shutil.copytree(self.beta / ".hg", self.gamma / ".hg", symlinks=True)
        self.dump_all()
        to = self.tmp / "all"
        done = self.restore("restore", "--all", "--to", to, "--json")
        lines = done.json_lines()
        for line in lines:
            validate(line, "restore")
        self.assertEqual((lines[-1]["good"], lines[-1]["bad"]), (7, 0))
        for source in (self.alpha, inner, nested, beside):
            self.assertEqual(svn_tree(f"{to}{source}"), svn_tree(source))
        self.assertEqual(sorted(os.listdir(f"{to}{self.gamma}")), [".git", ".hg", "vendor"])
        # A second time everything is there, and nothing is touched.
        before = seen(to)
        done = self.restore("restore", "--all", "--to", to, code=3)
        self.assertIn("0 restored, 0 failed, 7 left: something is there already", done.text)
        self.assertEqual(seen(to), before)

    def test_working_files_stay_as_they_are(self):
        self.dump_all()
        back = self.tmp / "back"
        back.mkdir()
        (back / "mine").write_text("mine")
        done = self.restore("restore", self.gamma, "--to", back, code=1)
        self.assertIn("is not empty: nothing there was touched", done.text)
        self.assertIn("--with-files", done.text)
        self.assertEqual(os.listdir(back), ["mine"])
        self.restore("restore", self.gamma, "--to", back, "--with-files")
        self.assertEqual(sorted(os.listdir(back)), [".git", "mine"])
        self.assert_same(self.gamma / ".git", back / ".git")
        done = self.restore("restore", self.gamma, "--to", back, "--with-files", code=1)
        self.assertIn(".git: it is there already: nothing was touched", done.text)
        done = self.restore("restore", self.alpha, "--to", back, "--with-files", code=1)
        self.assertIn("is not empty", done.text)

    def test_of_all_an_older_copy_is_better_than_a_damaged_one(self):
        self.dump_all()
        add_svn_revision(self.alpha, "more")
        self.dump_all()
        flip_byte(self.copy_of(self.alpha) / "data/db/revs/0/4", 5)
        for known in (False, True):
            to = self.tmp / f"all-{known}"
            done = self.restore("restore", "--all", "--to", to, code=3)
            self.assertIn("an OLDER copy, since", done.text)
            self.assertIn("3 restored, 0 failed", done.text)
            self.assertEqual(must("svnlook", "youngest", f"{to}{self.alpha}"), "3\n")
            self.restore("--scrub", self.alpha, code=3)

    def test_an_earlier_generation(self):
        self.dump_all()
        add_svn_revision(self.alpha, "more")
        self.dump_all()
        older = next(self.to.glob("older/svn/*/*")).name
        back = self.tmp / "back"
        self.restore("restore", self.alpha, "--to", back, "--generation", older)
        self.assertEqual(must("svnlook", "youngest", back), "3\n")
        done = self.restore("restore", self.alpha, "--to", self.tmp / "x", "--generation",
                            "20200101T000000Z", code=1)
        self.assert_one_line(done, "there is no copy of 20200101T000000Z", older)

    def test_from_what_a_file_level_backup_has_brought_back(self):
        """Owners, modes and times lost, and read-only."""
        self.dump_all()
        mounted = self.tmp / "mnt"
        mounted.mkdir()
        must("cp", "-r", "--no-preserve=all", self.to, mounted / "copy")
        must("chown", "-R", "65534:65534", mounted / "copy")
        must("mount", "--bind", mounted, mounted)
        self.addCleanup(must, "umount", mounted)
        must("mount", "-o", "remount,bind,ro", mounted)
        for top in ("copy", "only"):
            if top == "only":  # current/ alone was kept
                must("cp", "-r", self.to / "current", self.tmp / "current")
                (self.tmp / "only").mkdir()
                (self.tmp / "current").rename(self.tmp / "only/current")
            place = mounted / top if top == "copy" else self.tmp / top
            done = run(RESTORE, "restore", "--all", "--to", self.tmp / f"all-{top}", "--from", place)
            self.assert_code(done, 0)
            back = self.tmp / f"all-{top}/{str(self.alpha)[1:]}"
            mine, theirs = seen(self.alpha), seen(back)
            self.assertEqual({path: what[:4] for path, what in theirs.items()},
                             {path: what[:4] for path, what in mine.items()})
        done = run(RESTORE, "--scrub", "--from", mounted / "copy")
        self.assert_code(done, 0)
        self.assertIn("3 whole, 0 damaged", done.text)
        self.assertIn("what was found is not kept", done.message)

    def test_other_numbers_on_another_machine(self):
        self.dump_all()
        back = self.tmp / "back"
        self.restore("restore", self.alpha, "--to", back, "--map-owner", f"{OWNER}=daemon",
                     "--map-owner", "1236=5236", "--map-group", "1237=5237",
                     "--map-group", f"{GROUP}=5345")
        self.assertEqual((back.stat().st_uid, back.stat().st_gid), (1, 5345))
        self.assertEqual((back / "conf/authz").stat().st_uid, 4321)
        self.assertIn("user:5236:rw-", must("getfacl", "-n", "-c", back / "conf/passwd"))
        self.assertIn("default:group:5237:r-x", must("getfacl", "-n", "-c", back / "hooks"))
        hook = (back / "hooks/post-commit").stat()
        self.assertEqual(stat.S_IMODE(hook.st_mode), 0o755, "nobody's setuid becomes another's")
        for wrong in ("x=daemon", "1234", "1234=nobody-of-this-name", "1234="):
            done = self.restore("restore", self.alpha, "--to", self.tmp / "x", "--map-owner", wrong,
                                code=2)
            self.assertIn("cannot map", done.message)

    def test_a_user_restores_what_he_may_own(self):
        self.dump_all()
        place = self.tmp / "copy"
        must("cp", "-r", "--preserve=timestamps", self.to, place)
        must("chmod", "-R", "a+rX", place)
        self.tmp.chmod(0o755)
        home = self.tmp / "home"
        home.mkdir()
        os.chown(home, OWNER, GROUP)
        who = ["setpriv", "--reuid", str(OWNER), "--regid", str(GROUP), "--clear-groups", "--"]
        done = run(*who, RESTORE, "restore", self.beta, "--to", home / "beta", "--from", place)
        self.assert_code(done, 0)
        self.assert_same(self.beta / ".hg", home / "beta/.hg")
        done = run(*who, RESTORE, "restore", self.alpha, "--to", home / "alpha", "--from", place)
        self.assert_code(done, 3)
        self.assertIn("owner 4321:4322 could not be set (Operation not permitted): conf/authz",
                      done.text)
        self.assertEqual(svn_tree(home / "alpha"), svn_tree(self.alpha))
        done = run(*as_user(5555), RESTORE, "restore", self.beta, "--to", home / "x", "--from",
                   place)
        self.assert_code(done, 1)
        self.assertIn("Permission denied", done.text + done.message)


class PlaceTest(DrillCase):
    def setUp(self):
        super().setUp()
        self.dump_all()

    def test_where_it_may_not_go(self):
        (self.tmp / "full").mkdir()
        (self.tmp / "full/mine").touch()
        (self.tmp / "file").touch()
        (self.tmp / "link").symlink_to("empty")
        (self.tmp / "empty").mkdir()
        (self.tmp / "mounted").mkdir()
        must("mount", "-t", "tmpfs", "none", self.tmp / "mounted")
        self.addCleanup(must, "umount", self.tmp / "mounted")
        for name in ("full", "file", "link", "mounted", "file/below", "/"):
            with self.subTest(name=name):
                done = self.restore("restore", self.alpha, "--to", self.tmp / name, code=1)
                self.assertEqual(len((done.text + done.message).splitlines()), 1)
        self.assertEqual(os.listdir(self.tmp / "full"), ["mine"])
        self.assertEqual(os.listdir(self.tmp / "empty"), [])
        self.assertEqual(os.listdir(self.tmp / "mounted"), [])
        self.restore("restore", self.alpha, "--to", self.tmp / "empty")
        self.restore("restore", self.alpha, "--to", self.tmp / "mounted/alpha")

    def test_nothing_goes_into_the_dump_root(self):
        before = seen(self.to)
        for target in ("current/svn/new", "new", f"current/svn/{self.copy_of(self.alpha).name}/x"):
            done = self.restore("restore", self.alpha, "--to", self.to / target, code=1)
            self.assert_one_line(done, "it lies in the dump root")
        for target in ("current", "current/new", "new"):
            done = self.restore("restore", "--all", "--to", self.to / target, code=1)
            self.assert_one_line(done, "it lies in the dump root")
        self.assertEqual(seen(self.to), before)

    def test_links_of_others_do_not_lead_root_elsewhere(self):
        home = self.tmp / "home"
        home.mkdir()
        (self.tmp / "etc").mkdir()
        (home / "a").symlink_to(self.tmp / "etc")
        must("chown", "-hR", "1234:1234", home)
        done = self.restore("restore", self.alpha, "--to", home / "a/alpha", code=1)
        self.assert_one_line(done, "a link that somebody else has made")
        self.assertEqual(os.listdir(self.tmp / "etc"), [])
        self.restore("restore", self.alpha, "--to", home / "alpha")

    def test_users_links_do_not_lead_a_restore_of_all_elsewhere(self):
        to = self.tmp / "all"
        above = to / str(self.src.parent)[1:]
        above.mkdir(parents=True)
        (self.tmp / "elsewhere").mkdir()
        (above / self.src.name).symlink_to(self.tmp / "elsewhere")
        done = self.restore("restore", "--all", "--to", to, code=1)
        self.assertIn("0 restored, 3 failed", done.text)
        self.assertEqual(os.listdir(self.tmp / "elsewhere"), [])

    def test_killed_it_leaves_nothing_that_looks_whole_and_can_be_done_again(self):
        back = self.tmp / "place/back"
        log = self.tmp / "log"
        self.restore("restore", self.alpha, "--to", self.tmp / "count", before=strace(
            log, calls=["openat", "fchmod", "renameat", "renameat2", "syncfs", "mkdirat"]),
                     env=TRACED)
        calls = {}
        for call in calls_in(log):
            calls[call.name] = calls.get(call.name, 0) + 1
        moments = [("syncfs", 1), ("renameat2", 1), ("mkdirat", 3),
                   *(("openat", calls["openat"] * part // 8) for part in range(1, 8)),
                   *(("fchmod", calls["fchmod"] * part // 4) for part in range(1, 4))]
        for name, count in moments:
            with self.subTest(name=name, count=count):
                done = run(*strace(log, inject=[f"{name}:signal=KILL:when={count}"]), RESTORE,
                           "restore", self.alpha, "--to", back, "--from", self.to, env=TRACED)
                self.assertNotEqual(done.code, 0)
                self.assertFalse(back.exists())
                manifest = read_json(self.scan(self.tmp / "place"))
                self.assertEqual(manifest["repositories"], [])
        self.restore("restore", self.alpha, "--to", back)
        self.assertEqual(os.listdir(self.tmp / "place"), ["back"])
        self.assertEqual(svn_tree(back), svn_tree(self.alpha))

    def test_stopped_it_leaves_nothing(self):
        log = self.tmp / "log"
        process = self.start(*strace(log, inject=["syncfs:signal=STOP:when=1"]), RESTORE,
                             "restore", self.alpha, "--to", self.tmp / "place/back", "--from",
                             self.to, env=TRACED)
        wait_for(lambda: log.exists() and "stopped by SIGSTOP" in log.read_text(), "SIGSTOP")
        stopped = int(log.read_text().split("stopped by SIGSTOP")[0].split("\n")[-1].split()[0])
        # While it is at work, nobody else goes there.
        done = self.restore("restore", self.alpha, "--to", self.tmp / "place/back", code=11)
        self.assertIn("another restore to this place is at work", done.text + done.message)
        os.kill(stopped, signal.SIGTERM)
        os.kill(stopped, signal.SIGCONT)
        done = self.finish(process)
        # All was copied: it may be put in its place, whole, or not at all.
        if done.code == 0:
            self.assertEqual(os.listdir(self.tmp / "place"), ["back"])
        else:
            self.assertFalse((self.tmp / "place").exists(), f"{done}")

    def test_a_full_disk(self):
        small = self.tmp / "small"
        small.mkdir()
        must("mount", "-t", "tmpfs", "-o", "size=40k", "none", small)
        self.addCleanup(must, "umount", small)
        done = self.restore("restore", self.alpha, "--to", small / "a/alpha", code=1)
        self.assertIn("No space left on device", done.text)
        self.assertEqual(os.listdir(small), [])
        results = self.restore("restore", "--all", "--to", small, "--json", code=None)
        self.assertEqual(list(small.rglob(".repo-restore*")), [])
        self.assertIn(results.code, (1, 3))

    def assert_code(self, done, code):
        if code is not None:
            super().assert_code(done, code)


if __name__ == "__main__":
    main()
