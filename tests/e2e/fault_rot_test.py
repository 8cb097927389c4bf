"""Published copies that are damaged by a disk or a person: they are never good for long."""
import os
import re

from faults import FaultCase, add_git_commit, make_git
from support import add_svn_revision, main, make_hg, make_svn, must, run, wait_for


class RotCase(FaultCase):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 3)
        self.beta = make_hg(self.src / "beta", 2)
        self.gamma = make_git(self.src / "gamma", 3)
        must("git", "-C", self.gamma, "gc", "-q")
        add_git_commit(self.gamma, "loose")
        self.manifest = self.scan()

    def quiet_night(self, *options):
        """From here on nothing has changed: all three are unchanged."""
        wait_for(lambda: self.statuses(*options) == 3 * ["unchanged"], "a night without changes")

    def statuses(self, *options):
        return [line["status"] for line in self.lines(*options)]

    def lines(self, *options):
        done = self.dump(self.manifest, "--json", *options)
        self.assert_code(done, 0)
        return done.json_lines()[:-1]

    def line_of(self, path, *options):
        done = self.dump(self.manifest, "--json", "--only", path, *options)
        self.assert_code(done, 0)
        return done.json_lines()[0]

    def verify_whole(self, path):
        """The line of the next run that finds the verification of the whole to be due."""
        def line_where_due():
            line = self.line_of(path, "--verify-all-every", "1s")
            return line if line["status"] != "unchanged" else None
        return wait_for(line_where_due, "a verification that is due")

    def assert_is_made_good(self, path):
        """The current copy is what its sums say, and the tool of its kind agrees."""
        self.assert_sums(self.copy_of(path))
        self.assert_verified_by_the_tools([self.copy_of(path)])

    @staticmethod
    def flip(path, at, bits=0x20):
        """One byte; the file looks as before but for its ctime."""
        st = os.stat(path)
        content = bytearray(path.read_bytes())
        content[at] ^= bits
        with open(path, "r+b") as file:
            file.write(content)
        os.utime(path, ns=(st.st_atime_ns, st.st_mtime_ns))


class BitRotTest(RotCase):
    """What is damaged so that no look can tell is found by reading all of it."""

    def shared_files(self):
        """Files that the next copy would take from this one, one of each sort."""
        objects = self.copy_of(self.gamma) / "data/.git/objects"
        loose = [each for each in objects.glob("??/*") if each.is_file()]
        return [(self.alpha, self.copy_of(self.alpha) / "data/db/revs/0/2"),
                (self.gamma, next(iter(objects.glob("pack/*.pack")))),
                (self.gamma, next(iter(objects.glob("pack/*.idx")))),
                (self.gamma, loose[0])]

    def damage(self, file):
        self.flip(file, file.stat().st_size // 2)
        folder = next(each for each in file.parents if (each / "SHA256SUMS").exists())
        self.assertNotEqual(run("sha256sum", "--quiet", "-c", "SHA256SUMS", cwd=folder).code, 0)

    def test_D33_the_next_whole_verification_finds_it(self):
        self.quiet_night()
        for i in range(len(self.shared_files())):
            source, file = self.shared_files()[i]
            with self.subTest(file=file.relative_to(self.to)):
                self.damage(file)
                self.assertEqual(self.line_of(source)["status"], "unchanged")  # no look can tell
                line = self.verify_whole(source)
                self.assertEqual(line["status"], "copied")
                self.assertTrue(any(note.startswith("copied whole, not with files of the generation")
                                    for note in line.get("notes", [])), line)
                self.assert_is_made_good(source)

    def test_D33_it_is_told_with_quiet_and_no_older_copy_goes_because_of_it(self):
        self.quiet_night()
        for name in ("one", "two"):
            add_svn_revision(self.alpha, name)
            self.line_of(self.alpha)
        older = sorted(self.to.glob("older/svn/*/*"))
        with open(self.copy_of(self.alpha) / "data/hooks/pre-commit.tmpl", "ab") as file:
            file.write(b"more")
        add_svn_revision(self.alpha, "three")
        done = self.dump(self.manifest, "--only", self.alpha, "-q", "--keep", str(len(older) + 1))
        self.assert_code(done, 0)
        self.assertIn("not as it was made", done.text)
        self.assertEqual(sorted(self.to.glob("older/svn/*/*"))[:-1], older)
        self.assert_is_made_good(self.alpha)

    def test_D33_full_copies_anew(self):
        self.quiet_night()
        for _, file in self.shared_files():
            self.damage(file)
        for line in self.lines("--full"):
            self.assertEqual(line["status"], "copied")
            self.assertEqual(line["bytes_written"], line["bytes"])
            self.assert_is_made_good(line["path"])

    def test_D33_in_what_is_never_shared(self):
        self.quiet_night()
        for source, path in ((self.alpha, "data/hooks/pre-commit.tmpl"),
                             (self.alpha, "data/db/revprops/0/1"),
                             (self.beta, "data/.hg/store/00changelog.i"),
                             (self.gamma, "data/.git/config"), (self.gamma, "owners")):
            file = self.copy_of(source) / path
            self.flip(file, file.stat().st_size // 2)
        for source in (self.alpha, self.beta, self.gamma):
            self.assertEqual(self.verify_whole(source)["status"], "copied")
            self.assert_is_made_good(source)

    def test_D33_in_the_sums_of_the_copy(self):
        """The sums of what is shared are carried over, but no wrong ones."""
        self.quiet_night()
        for options in ((), ("--verify-all-every", "1s")):
            with self.subTest(options=options):
                sums = self.copy_of(self.alpha) / "SHA256SUMS"
                line = re.search(rb"(?m)^.*(\d).*  data/db/revs/0/1$", sums.read_bytes())
                self.flip(sums, line.start(1), 1)
                add_svn_revision(self.alpha, f"more{len(options)}")
                self.assertEqual(self.line_of(self.alpha, *options)["status"], "copied")
                self.assert_is_made_good(self.alpha)
                self.assert_code(self.dump(self.manifest, "--full"), 0)

    def test_D33_new_revisions_are_not_put_on_a_damaged_base_for_ever(self):
        """A night with changes may share a damaged file; the next whole verification finds it."""
        self.quiet_night()
        self.flip(self.copy_of(self.alpha) / "data/db/revs/0/1", 40)
        add_svn_revision(self.alpha, "more")
        self.line_of(self.alpha)
        self.assertEqual(self.verify_whole(self.alpha)["status"], "copied")
        self.assert_is_made_good(self.alpha)


class TouchedTest(RotCase):
    """A copy that somebody was at is never called unchanged."""

    def assert_not_unchanged(self, source, harm):
        wait_for(lambda: self.line_of(source)["status"] == "unchanged", "a quiet night")
        folder = self.copy_of(source)
        harm(folder)
        done = self.dump(self.manifest, "--json", "-n", "--only", source)
        self.assert_code(done, 0)
        self.assertEqual(done.json_lines()[0]["status"], "skipped", "-n says it would be copied")
        line = self.line_of(source)
        self.assertEqual(line["status"], "copied", line)
        self.assert_is_made_good(source)

    def test_D33_removed_cut_or_touched(self):
        for harm, source, path in ((self.remove, self.alpha, "data/db/revs/0/1"),
                                   (self.remove, self.gamma, "SHA256SUMS"),
                                   (self.cut, self.alpha, "data/db/revs/0/1"),
                                   (self.cut, self.gamma, "owners"),
                                   (self.lengthen, self.gamma, "data/.git/HEAD"),
                                   (os.utime, self.beta, "data/.hg/store/00changelog.i"),
                                   (os.utime, self.alpha, "owners"),
                                   (self.exchange, self.alpha, "data/db/revs/0/1"),
                                   (self.exchange, self.gamma, "SHA256SUMS")):
            with self.subTest(harm=harm.__name__, path=path):
                self.assert_not_unchanged(source, lambda folder, harm=harm, path=path:
                                          harm(folder / path))

    @staticmethod
    def remove(path):
        path.unlink()

    @staticmethod
    def cut(path):
        os.truncate(path, path.stat().st_size - 1)

    @staticmethod
    def lengthen(path):
        path.write_bytes(path.read_bytes() + b"x")

    @staticmethod
    def exchange(path):
        """The same name, size and time, and another file."""
        st = path.stat()
        other = path.with_name("other")
        other.write_bytes(bytes(st.st_size))
        os.utime(other, ns=(st.st_atime_ns, st.st_mtime_ns))
        other.replace(path)

    def test_D33_one_too_many(self):
        self.assert_not_unchanged(self.gamma, lambda folder: (folder / "data/.git/new").touch())
        self.assert_not_unchanged(self.alpha, lambda folder: (folder / "data/new").mkdir())

    def test_D33_no_record(self):
        self.assert_not_unchanged(self.beta, lambda folder: (folder / "item.json").unlink())
        self.assert_not_unchanged(self.beta, lambda folder: (folder / "item.json").write_text("{"))


if __name__ == "__main__":
    main()
