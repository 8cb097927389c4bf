"""Single system calls that fail: the item fails, what was there stays, the next run is good."""
from faults import FaultCase, add_git_commit, calls_in, make_git
from support import add_svn_revision, main, make_svn, read_json, snapshot


class ErrorCase(FaultCase):
    """alpha has changed since its first copy, and a call for its second one fails."""

    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        self.beta = make_git(self.src / "beta", 1)
        self.manifest = self.scan()
        self.nights = 0
        self.assert_code(self.dump(self.manifest), 0)
        name = self.copy_of(self.alpha).name
        self.staging = self.to / "control/staging"
        self.staged = self.staging / f"svn.{name}"
        self.published = self.to / "current/svn"
        self.retired = self.to / f"older/svn/{name}"

    def commit(self):
        self.nights += 1
        add_svn_revision(self.alpha, f"night{self.nights}")
        add_git_commit(self.beta, f"night{self.nights}")

    def failing(self, call, path, *more, when=1, options=("--full",), words=("Input/output error",)):
        """Both have changed; the call fails for alpha. Returns alpha's line."""
        self.commit()
        self.before = self.generation_of(self.alpha)
        done = self.traced(self.manifest, "-j", "1", "--json", *options, paths=[path],
                           calls=["syncfs", "unlinkat"],
                           inject=[f"{call}:error=EIO:when={when}", *more])
        self.assertGreaterEqual(self.injected(), 1, self.log.read_text())
        self.assert_code(done, 3)
        lines = {line["path"]: line for line in done.json_lines()[:-1]}
        self.assertEqual(lines[str(self.beta)]["status"], "copied", f"{done}")
        line = lines[str(self.alpha)]
        for word in words:
            self.assertIn(word, line["error"])
        return line

    def assert_left_alone(self, line):
        self.assertEqual(line["status"], "failed")
        self.assertEqual(self.generation_of(self.alpha), self.before)
        self.assert_copies_are_whole()
        self.assertEqual([each.name for each in self.staging.iterdir()], ["CACHEDIR.TAG"])

    def assert_next_run_is_good(self):
        self.assert_code(self.dump(self.manifest, "-j", "1", "--keep", "3"), 0)
        self.assertGreater(self.generation_of(self.alpha), self.before)
        self.assert_copies_are_whole()
        self.assert_only_documented()


class BeforeThePublishTest(ErrorCase):
    def test_D4_eio(self):
        data = self.staged / "data"
        for call, path, when in (
                ("mkdirat", self.staged, 1),
                ("openat", data / "conf", 2),
                ("ftruncate", data / "conf/passwd", 1),
                ("copy_file_range", data / "db/fsfs.conf", 1),
                ("copy_file_range", self.alpha / "db/format", 1),
                ("utimensat", data / "db/uuid", 1),
                ("read", data / "db/uuid", 1),
                ("fchmod", data / "db/uuid", 1),
                ("write", self.staged / "SHA256SUMS", 1),
                ("write", self.staged / "owners", 1),
                ("write", self.staged / "item.json.part", 1),
                ("fsync", self.staged / "item.json.part", 1),
                ("renameat", self.staged, 1)):
            with self.subTest(call=call, path=path.relative_to(self.tmp), when=when):
                seen = snapshot(self.copy_of(self.alpha))
                line = self.failing(call, path, when=when)
                self.assert_left_alone(line)
                self.assertEqual(snapshot(self.copy_of(self.alpha)), seen)
                self.assert_next_run_is_good()

    def test_D4_eio_where_files_are_copied_by_hand(self):
        for call, path in (("pread64", self.alpha / "db/fsfs.conf"),
                           ("pwrite64", self.staged / "data/db/fsfs.conf")):
            with self.subTest(call=call):
                line = self.failing(call, path, "copy_file_range:error=EXDEV")
                self.assert_left_alone(line)
                self.assert_next_run_is_good()

    def test_D4_eio_is_not_taken_for_damage_of_the_generation_before(self):
        """What shares files with it is copied again where it does not verify. A disk that fails is
        another matter, and must be told."""
        for call, path in (("linkat", "data/db/revs/0"), ("copy_file_range", "data/db/fsfs.conf"),
                           ("write", "SHA256SUMS")):
            with self.subTest(call=call):
                line = self.failing(call, self.staged / path, options=())
                self.assert_left_alone(line)
                self.assert_next_run_is_good()

    def test_D4_a_close_that_tells_of_an_error(self):
        """Some file systems tell only there that what was written is lost."""
        for path in ("data/db/current", "data/db/fsfs.conf", "SHA256SUMS", "owners",
                     "item.json.part"):
            with self.subTest(path=path):
                line = self.failing("close", self.staged / path)
                self.assert_left_alone(line)
                self.assert_next_run_is_good()

    def test_D4_a_syncfs_that_fails_is_not_tried_again(self):
        """The kernel tells of lost data once: a second try would say that all is well."""
        # One worker takes the smallest first: beta, then alpha.
        line = self.failing("syncfs", self.staging, when=2,
                            words=("syncfs", "Input/output error"))
        self.assert_left_alone(line)
        calls = calls_in(self.log)
        syncs = [i for i, call in enumerate(calls) if call.name == "syncfs"]
        self.assertEqual(len(syncs), 2)
        self.assertTrue(calls[syncs[1]].failed)
        thrown_away = [i for i, call in enumerate(calls) if call.name == "unlinkat" and
                       f'"{self.staged.name}", AT_REMOVEDIR' in call.arguments and
                       not call.failed]
        self.assertEqual(len(thrown_away), 1)
        self.assertLess(syncs[1], thrown_away[0])
        self.assert_next_run_is_good()


class FromThePublishOnTest(ErrorCase):
    """The new one may be the current one, and whole; it is never told as good, and the one before
    is kept. What is left in staging is for the next run to sort out."""

    def test_D4_eio(self):
        for call, path, when in (("renameat2", self.published, 1),  # as if there were no old one
                                 ("renameat2", self.published, 2),  # the exchange
                                 ("fsync", self.published, 1),
                                 ("renameat2", self.retired, 1),
                                 ("fsync", self.retired, 1)):
            with self.subTest(call=call, path=path.relative_to(self.tmp), when=when):
                line = self.failing(call, path, when=when)
                self.assertIn("error", line)
                kept = {}
                for folder in (self.copy_of(self.alpha), self.staged, *self.retired.glob("*")):
                    if folder.exists():
                        self.assert_sums(folder)
                        kept[read_json(folder / "item.json")["generation"]] = folder
                self.assertIn(self.before, kept)
                if call == "renameat2" and path == self.published:
                    self.assertEqual(kept[self.before], self.copy_of(self.alpha))
                self.assert_next_run_is_good()
                self.assertTrue((self.retired / self.before).exists())


if __name__ == "__main__":
    main()
