"""What repo-scan --diff tells of real repositories that came, went and moved."""
import base64
import contextlib
import json
import os
import shutil
import subprocess

import jsonschema

from support import (DUMP, SCAN, Case, add_hg_commit, add_svn_revision, as_user, main, make_hg,
                     make_svn, must, read_json, run, validate)

STRANGER = 1234
LISTS = ("new", "gone", "moved", "changed", "replaced", "unknown")


def make_git(path):
    must("git", "init", "-q", path)
    return path


def copy_and_remove(old, new):
    """As somebody moves it to another disk: nothing of it keeps its inode."""
    must("cp", "-a", old, new)
    assert os.stat(old).st_ino != os.stat(new).st_ino
    shutil.rmtree(old)


class DiffCase(Case):
    def setUp(self):
        super().setUp()
        self.tmp.chmod(0o755)
        self.old = self.tmp / "old.json"

    def diff(self, *arguments, old=None, **keywords):
        return run(SCAN, "--diff", old or self.old, *(arguments or [self.src]), **keywords)

    def told(self, *arguments, code=0):
        """The lines, without the path of the tree."""
        done = self.diff(*arguments)
        self.assert_code(done, code)
        return done.text.replace(f"{self.src}/", "").splitlines()

    def document(self, *arguments, code=0):
        """The lists that are not empty; the document is that of the schema."""
        done = self.diff("--json", *(arguments or [self.src]))
        self.assert_code(done, code)
        document = json.loads(done.out)
        validate(document, "diff")
        return {key: document[key] for key in LISTS if document[key]}


class DifferencesTest(DiffCase):
    def test_nothing_is_different(self):
        make_svn(self.src / "svn")
        make_hg(self.src / "hg")
        make_git(self.src / "git")
        self.scan(name="old.json")
        done = self.diff()
        self.assert_code(done, 0)
        self.assertEqual(done.out, b"")
        self.assertIn("repo-scan: no difference since the scan of 2", done.message)
        self.assertEqual(self.document(), {})

    def test_commits_are_no_difference(self):
        svn, hg, git = (make_svn(self.src / "svn"), make_hg(self.src / "hg"),
                        make_git(self.src / "git"))
        self.scan(name="old.json")
        add_svn_revision(svn, "more")
        add_hg_commit(hg, "more")
        must("git", "-C", git, "-c", "user.name=me", "-c", "user.email=me@example.org", "commit",
             "-q", "--allow-empty", "-m", "more")
        self.assertEqual(self.told(), [])

    def test_new_and_gone_of_every_kind(self):
        for kind, make in (("svn", make_svn), ("hg", make_hg), ("git", make_git)):
            make(self.src / f"old-{kind}")
        self.scan(name="old.json")
        for kind, make in (("svn", make_svn), ("hg", make_hg), ("git", make_git)):
            # Before the other is gone, whose inode it could get. (Two of hg are equal for a second.)
            make(self.src / f"{kind}-new", 0) if kind == "hg" else make(self.src / f"{kind}-new")
            shutil.rmtree(self.src / f"old-{kind}")
        self.assertEqual(self.told(), [
            "new      git  git-new", "new      hg   hg-new", "gone     git  old-git",
            "gone     hg   old-hg", "gone     svn  old-svn", "new      svn  svn-new"])
        self.assertIn("3 new, 3 gone since the scan of", self.diff().message)
        found = self.document()
        self.assertEqual(set(found), {"new", "gone"})
        self.assertEqual(found["gone"][0], {"kind": "git", "path": f"{self.src}/old-git"})

    def test_moved_in_the_same_file_system(self):
        for name, make in (("svn", make_svn), ("hg", make_hg), ("git", make_git)):
            make(self.src / name)
        make_hg(self.src / "hg-empty", 0)
        self.scan(name="old.json")
        (self.src / "there").mkdir()
        for name in ("svn", "hg", "git", "hg-empty"):
            os.rename(self.src / name, self.src / "there" / name)
        self.assertEqual(self.told(), [
            "moved    git  git -> there/git", "moved    hg   hg -> there/hg",
            "moved    hg   hg-empty -> there/hg-empty", "moved    svn  svn -> there/svn"])
        self.assertEqual(self.document()["moved"][0], {
            "kind": "git", "path": f"{self.src}/there/git", "from": f"{self.src}/git"})

    def test_a_folder_above_them_is_renamed(self):
        for name, make in (("svn", make_svn), ("hg", make_hg), ("git", make_git)):
            make(self.src / "a" / name)
        self.scan(name="old.json")
        os.rename(self.src / "a", self.src / "b")
        self.assertEqual(self.told(), [
            f"moved    {kind:<4} a/{kind} -> b/{kind}" for kind in ("git", "hg", "svn")])

    def test_moved_by_copying(self):
        for name, make in (("svn", make_svn), ("hg", make_hg), ("git", make_git)):
            make(self.src / name)
        self.scan(name="old.json")
        for name in ("svn", "hg", "git"):
            copy_and_remove(self.src / name, self.src / f"{name}-there")
        self.assertEqual(self.told(), [
            "gone     git  git", "new      git  git-there", "moved    hg   hg -> hg-there",
            "moved    svn  svn -> svn-there"])

    def test_copies_and_clones_are_new(self):
        make_svn(self.src / "svn")
        make_hg(self.src / "hg")
        self.scan(name="old.json")
        must("svnadmin", "hotcopy", self.src / "svn", self.src / "svn-copy")
        must("hg", "clone", "-q", self.src / "hg", self.src / "hg-clone")
        self.assertEqual(self.told(), ["new      hg   hg-clone", "new      svn  svn-copy"])

    def test_of_copies_the_one_that_was_renamed_has_moved(self):
        make_svn(self.src / "a")
        self.scan(name="old.json")
        must("svnadmin", "hotcopy", self.src / "a", self.src / "b")
        os.rename(self.src / "a", self.src / "c")
        self.assertEqual(self.told(), ["moved    svn  a -> c", "new      svn  b"])

    def test_replaced_by_another_kind_and_by_another_of_its_kind(self):
        make_svn(self.src / "kind")
        make_svn(self.src / "svn")
        make_hg(self.src / "hg")
        make_hg(self.src / "both")
        self.scan(name="old.json")
        for name in ("kind", "svn", "hg"):
            shutil.rmtree(self.src / name)
        make_git(self.src / "kind")
        make_git(self.src / "both")
        make_svn(self.src / "svn")
        must("hg", "init", self.src / "hg")
        add_hg_commit(self.src / "hg", "something-else")
        self.assertEqual(self.told(), [
            "new      git  both", "replaced hg   hg", "changed  svn -> git  kind",
            "replaced svn  svn"])
        self.assertEqual(self.document()["changed"], [
            {"kind": "git", "path": f"{self.src}/kind", "was": "svn"}])

    def test_moved_away_and_another_one_in_its_place(self):
        make_svn(self.src / "a")
        self.scan(name="old.json")
        os.rename(self.src / "a", self.src / "b")
        make_svn(self.src / "a")
        self.assertEqual(self.told(), ["new      svn  a", "moved    svn  a -> b"])

    def test_s10_hostile_names(self):
        names = [b"new\nline", b"\x1b[2J", "\u202eback".encode(), b"not-utf8-\xff", b"-rf",
                 b"a -> b", b"back\\slash"]
        src = os.fsencode(self.src)
        for name in names:
            make_git(src + b"/" + name)
        self.scan(name="old.json")
        for name in names:
            os.rename(src + b"/" + name, src + b"/" + name + b"\t\xfe")
        done = self.diff()
        self.assert_code(done, 0)
        lines = done.out.split(b"\n")[:-1]
        self.assertEqual(len(lines), len(names))
        for line in lines:
            self.assertTrue(line.decode().isprintable(), line)
            self.assertRegex(line, rb"^moved    git  /.* -> /.*\\t\\xfe$")
        moved = self.document()["moved"]
        self.assertEqual([base64.b64decode(each["path_b64"]) for each in moved],
                         [src + b"/" + name + b"\t\xfe" for name in sorted(names)])
        self.assertEqual({base64.b64decode(each["from_b64"]) for each in moved
                          if "from_b64" in each}, {src + b"/not-utf8-\xff"})


class DoubtsTest(DiffCase):
    """What was not found by a scan that did not look."""

    def test_unknown_for_every_reason(self):
        make_git(self.src / "a" / "git")
        make_git(self.src / "b" / "git")
        make_svn(self.src / "svn")
        self.scan(name="old.json")
        self.assertEqual(self.told(self.src / "b"), [
            "unknown  git  a/git (outside the roots)", "unknown  svn  svn (outside the roots)"])
        self.assertEqual(self.told("--exclude", "a", "-k", "git", self.src), [
            f"unknown  git  a/git ({self.src}/a was not entered: excluded)".replace(
                f"{self.src}/", ""),
            "unknown  svn  svn (this kind was not looked for)"])
        found = self.document("--exclude", self.src / "svn", self.src)
        self.assertEqual(found, {"unknown": [{"kind": "svn", "path": f"{self.src}/svn",
                                              "why": "not entered: excluded"}]})

    def test_an_incomplete_scan_calls_nothing_gone(self):
        make_git(self.src / "gone")
        make_svn(self.src / "broken")
        make_git(self.src / "moved")
        self.scan(name="old.json")
        shutil.rmtree(self.src / "gone")
        os.rename(self.src / "moved", self.src / "there")
        (self.src / "broken/db/current").unlink()
        lines = self.told(code=3)
        self.assertEqual(len(lines), 4, lines)
        self.assertRegex(lines[0], r"^unknown  svn  broken \(cannot probe broken/db/current: ")
        self.assertEqual(lines[1:], [
            "unknown  git  gone (the scan is not complete)",
            "unknown  git  moved (the scan is not complete)", "new      git  there"])
        self.assertEqual({key: len(each) for key, each in self.document(code=3).items()},
                         {"unknown": 3, "new": 1})

    def test_a_directory_that_cannot_be_read(self):
        make_git(self.src / "closed/git")
        self.scan(name="old.json")
        (self.src / "closed").chmod(0)
        self.src.chmod(0o755)
        # Where he can run it: the build may lie in somebody's home.
        tool = shutil.copy(SCAN, self.tmp / "repo-scan")
        os.chmod(tool, 0o755)
        self.old.chmod(0o644)
        done = run(*as_user(STRANGER), tool, "--diff", self.old, self.src)
        self.assert_code(done, 3)
        self.assertEqual(done.text, f"unknown  git  {self.src}/closed/git "
                                    f"(cannot open {self.src}/closed: Permission denied)\n")

    def test_a_missing_root_makes_it_incomplete(self):
        make_git(self.src / "git")
        self.scan(name="old.json")
        (self.tmp / "empty").mkdir()
        self.assertEqual(self.told(self.tmp / "none", self.tmp / "empty", code=3),
                         ["unknown  git  git (outside the roots)"])

    def test_inside_a_folder_of_a_repository_that_came_above_it(self):
        make_hg(self.src / "a/hooks/hg")
        self.scan(name="old.json")
        os.rename(self.src / "a", self.src / "old")
        make_svn(self.src / "a")
        shutil.copytree(self.src / "old/hooks/hg", self.src / "a/hooks/hg")
        shutil.rmtree(self.src / "old")
        self.assertEqual(self.told(), [
            "new      svn  a",
            "unknown  hg   a/hooks/hg (a/hooks belongs to a repository, and was not entered)"])


class FilesTest(DiffCase):
    def setUp(self):
        super().setUp()
        make_git(self.src / "a")
        self.scan(name="old.json")
        make_git(self.src / "b")

    def test_the_nightly_line(self):
        """The manifest is written over the one that it is compared with."""
        done = self.diff("-o", self.old, self.src)
        self.assert_code(done, 0)
        self.assertEqual(done.text, f"new      git  {self.src}/b\n")
        validate(read_json(self.old), "manifest")
        self.assertEqual(len(read_json(self.old)["repositories"]), 2)
        self.assertEqual(self.told("-o", self.old, self.src), [])
        self.assert_code(run(DUMP, "-n", "--to", self.to, self.old), 0)

    def test_without_a_file_no_manifest_is_written(self):
        before = self.old.read_bytes()
        self.assertEqual(self.told(), ["new      git  b"])
        self.assertEqual(self.old.read_bytes(), before)

    def test_quiet_leaves_the_difference_alone(self):
        done = self.diff("-q", self.src)
        self.assertEqual((done.text, done.message), (f"new      git  {self.src}/b\n", ""))

    def test_the_document_has_times_and_hosts(self):
        document = json.loads(self.diff("--json", self.src).out)
        old = read_json(self.old)
        self.assertEqual(document["before"], {key: old[key] for key in
                                              ("host", "started", "finished", "complete")})
        self.assertGreaterEqual(document["after"]["started"], document["before"]["finished"])

    def test_the_schema_refuses_what_is_no_difference(self):
        good = json.loads(self.diff("--json", self.src).out)
        for key in good:
            with self.subTest(key=key), self.assertRaises(jsonschema.ValidationError):
                validate({name: good[name] for name in good if name != key}, "diff")
        for key, bad in (("new", {"kind": "git", "path": "srv"}),
                         ("moved", {"kind": "git", "path": "/srv"}),
                         ("changed", {"kind": "git", "path": "/srv"}),
                         ("unknown", {"kind": "git", "path": "/srv", "why": ""}),
                         ("gone", {"path": "/srv"})):
            with self.subTest(key=key), self.assertRaises(jsonschema.ValidationError):
                validate({**good, key: [bad]}, "diff")

    def test_json_alone_is_the_manifest(self):
        done = run(SCAN, "--json", self.src)
        self.assert_code(done, 0)
        validate(json.loads(done.out), "manifest")

    def test_list_and_diff_exclude_each_other(self):
        done = self.diff("--list", self.src)
        self.assert_code(done, 2)
        self.assertEqual(done.out, b"")

    def test_a_pipe_is_taken_as_it_is(self):
        text = self.old.read_bytes()
        self.old.unlink()
        done = run(SCAN, "--diff", "-", self.src, input=text)
        self.assertEqual((done.code, done.text), (0, f"new      git  {self.src}/b\n"))
        fifo = self.tmp / "fifo"
        os.mkfifo(fifo, 0o666)
        self.old.write_bytes(text)
        writer = self.start("sh", "-c", 'cat "$1" >"$2"', "sh", self.old, fifo)
        done = self.diff(old=fifo)
        self.assertEqual((done.code, done.text), (0, f"new      git  {self.src}/b\n"))
        self.assert_code(self.finish(writer), 0)

    def refuse(self, old, *words):
        """Before anything was scanned or written."""
        output = self.tmp / "m.json"
        self.assert_refused(self.diff("-o", output, self.src, old=old), 2, *words)
        self.assertFalse(output.exists())

    def test_m1_what_is_no_manifest_is_refused(self):
        self.refuse(self.tmp / "none.json", "none.json", "No such file")
        self.refuse(self.src, "directory")
        text = self.old.read_text()
        for bad in (text[:-20], "", "[]", text.replace('"version": 1', '"version": 2')):
            self.old.write_text(bad)
            self.refuse(self.old, "old.json")
        done = run(SCAN, "--diff", "-", self.src, input=b"{")
        self.assert_refused(done, 2, "manifest")

    def test_it_is_read_before_the_scan_begins(self):
        """A root that is not there would be told of first."""
        self.assert_refused(self.diff(self.tmp / "no-root", old=self.tmp / "none.json"), 2,
                            "none.json")

    def test_m7_one_that_others_can_write_is_refused(self):
        self.old.chmod(0o666)
        self.refuse(self.old, "old.json", "somebody else")
        self.old.chmod(0o600)
        self.assert_code(self.diff(), 0)
        os.chown(self.old, STRANGER, STRANGER)
        self.refuse(self.old, "old.json", "somebody else")
        os.chown(self.old, 0, 0)
        theirs = self.tmp / "theirs"
        theirs.mkdir()
        shutil.copy(self.old, theirs)
        os.chown(theirs, STRANGER, STRANGER)
        self.refuse(theirs / "old.json", "theirs", "somebody else")

    def test_s20_a_full_device_is_a_failure_and_keeps_the_older_manifest(self):
        """So that the next scan tells what this one could not."""
        before = self.old.read_bytes()
        for options in ((), ("--json",)):
            with open("/dev/full", "wb") as full:
                done = self.diff(*options, "-o", self.old, self.src, stdout=full)
            self.assert_code(done, 1)
            self.assertIn("No space left on device", done.message)
            self.assertEqual(self.old.read_bytes(), before)

    def test_s19_a_closed_stdout_is_a_failure(self):
        before = self.old.read_bytes()
        read, write = os.pipe()
        os.close(read)
        with contextlib.closing(os.fdopen(write, "wb")) as closed:
            done = self.diff("-o", self.old, self.src, stdout=closed)
        self.assertIn(done.code, (1, -13))
        self.assertEqual(self.old.read_bytes(), before)
        done = subprocess.run(["sh", "-c", 'exec "$0" --diff "$1" -o "$1" "$2" >&-', SCAN,
                               self.old, self.src], check=False, stderr=subprocess.DEVNULL)
        self.assertEqual(done.returncode, 1)
        self.assertEqual(self.old.read_bytes(), before)

    def test_a_file_that_cannot_be_written_is_a_failure(self):
        done = self.diff("-o", self.tmp / "no/m.json", self.src)
        self.assert_code(done, 1)
        self.assertIn("no/m.json", done.message)

    def test_stopped_while_it_waits_for_the_older_manifest(self):
        fifo = self.tmp / "fifo"
        os.mkfifo(fifo, 0o600)
        process = self.start(SCAN, "--diff", fifo, self.src)
        with open(fifo, "wb"):  # from when the other end is open
            done = self.signalled(process, 15)
        self.assert_code(done, 143)
        self.assert_one_line(done, "stopped by signal 15")
        self.assertEqual(done.out, b"")


if __name__ == "__main__":
    main()
