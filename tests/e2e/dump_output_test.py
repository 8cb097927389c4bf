"""What repo-dump is told and what it tells: options, lines for people and programs, records."""
import json
import os
import re
import shutil

from support import (DUMP, Case, add_svn_revision, content_of, main, make_hg, make_svn, must, read_json, run,
                     snapshot, validate)


class OutputCase(Case):
    def setUp(self):
        super().setUp()
        self.alpha = make_svn(self.src / "alpha", 1)
        self.beta = make_hg(self.src / "beta", 1)
        self.manifest = self.scan()
        self.ids = [each["id"] for each in read_json(self.manifest)["repositories"]]

    def paths(self):
        return sorted(os.fsdecode(path) for path in self.current())


class OptionsTest(OutputCase):
    def test_usage_errors(self):
        for options in (["--what"], ["-j", "0"], ["-j", "x"], ["--keep", "0"], ["--keep", "-1"],
                        ["--timeout", "0s"], ["--timeout", "5"], ["--timeout", "1y"],
                        ["--max-time", "-1s"], ["--sandbox", "maybe"], ["--only"], ["--to"],
                        ["another.json"], ["--results"]):
            with self.subTest(options=options):
                done = run(DUMP, "--to", self.to, self.manifest, *options)
                self.assert_code(done, 2)
                self.assertNotEqual(done.err, b"")
                self.assertEqual(done.out, b"")
        self.assert_code(run(DUMP), 2)
        self.assertFalse(self.to.exists())

    def test_help_and_version(self):
        done = run(DUMP, "--help")
        self.assert_code(done, 0)
        for word in ("--dry-run", "--only", "DIR/README.txt", "11     another run holds the lock"):
            self.assertIn(word, done.text)
        self.assertEqual(done.err, b"")
        self.assertRegex(run(DUMP, "--version").text, r"^repo-dump \d+\.\d+\.\d+\n$")

    def test_only_by_path_and_by_id(self):
        self.assert_code(self.dump(self.manifest, "--only", self.beta), 0)
        self.assertEqual(self.paths(), [str(self.beta)])
        self.assert_code(self.dump(self.manifest, "--only", self.ids[0]), 0)
        self.assertEqual(self.paths(), [str(self.alpha), str(self.beta)])
        self.assertEqual(len(self.generations()), 2)
        done = self.dump(self.manifest, "--full", "--only", self.alpha, "--only", self.ids[1])
        self.assert_code(done, 0)
        self.assertEqual(len(self.generations()), 4)
        self.assert_whole()

    def test_only_what_the_manifest_does_not_name(self):
        for name in (self.src / "gamma", "x", "", f"{self.alpha}/", "\x1b[2J\n"):
            with self.subTest(name=name):
                done = self.dump(self.manifest, "--only", self.alpha, "--only", name)
                self.assert_refused(done, 2, "--only")
        self.assertFalse(self.to.exists())

    def test_kinds(self):
        self.assert_code(self.dump(self.manifest, "--kinds", "hg"), 0)
        self.assertEqual(self.paths(), [str(self.beta)])
        self.assert_code(self.dump(self.manifest, "-k", "svn,hg"), 0)
        self.assertEqual(self.paths(), [str(self.alpha), str(self.beta)])

    def test_a_kind_that_is_none_must_not_pass_for_a_good_night(self):
        done = self.dump(self.manifest, "--kinds", "svm")
        self.assert_code(done, 2)
        self.assertIn("svm", done.message)
        self.assertFalse(self.to.exists())

    def test_an_incomplete_scan_is_told(self):
        document = {**read_json(self.manifest), "complete": False}
        self.manifest.write_text(json.dumps(document))
        done = self.dump(self.manifest)
        self.assert_one_line(done, "incomplete scan")

    def test_no_items(self):
        document = {**read_json(self.manifest), "repositories": []}
        self.manifest.write_text(json.dumps(document))
        done = self.dump(self.manifest)
        self.assert_code(done, 0)
        self.assertIn("0 copied", done.text)
        self.assert_whole()


class DryRunTest(OutputCase):
    def bytes_on_disk(self, path):
        text = must("du", "-s", "--block-size=1", path)
        return int(text.split()[0])

    def test_it_touches_nothing_and_tells_the_bytes(self):
        before = snapshot(self.tmp)
        done = self.dump(self.manifest, "--dry-run")
        self.assert_code(done, 0)
        self.assertEqual(done.err, b"")
        self.assertEqual(snapshot(self.tmp), before)
        *lines, total = done.text.splitlines()
        self.assertEqual(len(lines), 2)
        sizes = []
        for line, path in zip(lines, (self.alpha, self.beta)):
            found = re.fullmatch(r"would copy (?:svn|hg )  (.*)  \(([\d.]+) KiB\)", line)
            self.assertTrue(found, line)
            self.assertEqual(found[1], str(path))
            sizes.append(float(found[2]))
        for size, store in zip(sizes, (self.alpha, self.beta / ".hg")):
            self.assertAlmostEqual(size, self.bytes_on_disk(store) / 1024, delta=8)
        found = re.fullmatch(r"2 items, ([\d.]+) KiB to copy, into (.*) \(which would be made\)",
                             total)
        self.assertTrue(found, total)
        self.assertAlmostEqual(float(found[1]), sum(sizes), delta=0.2)
        self.assertEqual(found[2], str(self.to))

    def test_it_names_what_would_be_refused(self):
        document = read_json(self.manifest)
        document["repositories"][0]["kind"] = "cvs"
        self.manifest.write_text(json.dumps(document))
        done = self.dump(self.manifest, "-n")
        self.assert_code(done, 3)
        self.assertRegex(done.text.splitlines()[0], r"REFUSED.*alpha: .*cvs")
        self.beta.rename(self.src / "moved")
        done = self.dump(self.manifest, "-n")
        self.assert_code(done, 3)
        self.assertRegex(done.text.splitlines()[1], r"REFUSED.*beta: .*No such file")

    def test_it_leaves_a_dump_root_as_it_is(self):
        self.assert_code(self.dump(self.manifest), 0)
        before = snapshot(self.tmp)
        self.assert_code(self.dump(self.manifest, "-n"), 0)
        self.assertEqual(snapshot(self.tmp), before)

    def test_a_dry_run_shows_what_is_gone_and_removes_nothing(self):
        self.assert_code(self.dump(self.manifest), 0)
        shutil.rmtree(self.alpha)
        manifest = self.scan()
        before = self.seen_generations()
        done = self.dump(manifest, "-n")
        self.assert_code(done, 0)
        self.assertRegex(done.text, rf"(?m)^gone      svn  {re.escape(str(self.alpha))}  .*--forget")
        done = self.dump(manifest, "-n", "--forget", self.alpha)
        self.assert_code(done, 0)
        self.assertIn(f"would forget svn  {self.alpha}: all its copies\n", done.text)
        self.assert_refused(self.dump(manifest, "-n", "--forget", self.beta), 2, "--forget")
        for options, gone in ((), 1), (("--forget", self.alpha), 0):
            lines = self.dump(manifest, "-n", "--json", *options).json_lines()
            for line in lines:
                validate(line, "result")
            self.assertEqual(lines[-1]["gone"], gone)
            told = [line for line in lines if line["message_type"] == "gone"]
            self.assertEqual([line.get("forgotten", False) for line in told], [not gone])
        self.assertEqual(self.seen_generations(), before)
        lines = self.dump(manifest, "--json", "--forget", self.alpha).json_lines()
        self.assertEqual([line["forgotten"] for line in lines if line["message_type"] == "gone"],
                         [True])
        self.assertTrue(self.last_run()["gone"][0]["forgotten"], "the record says so, too")
        self.assertNotEqual(self.seen_generations(), before)

    def test_a_dry_run_tells_what_may_be_damaged(self):
        self.assert_code(self.dump(self.manifest), 0)
        shutil.rmtree(self.alpha)
        os.mkdir(self.alpha)
        done = self.dump(self.scan(), "-n")
        self.assert_code(done, 3)
        self.assertIn(f"DAMAGED?  svn  {self.alpha}", done.text)

    def test_there_is_nothing_to_forget_where_there_is_no_dump_root(self):
        for options in (), ("-n",):
            self.assert_refused(self.dump(self.manifest, "--forget", self.alpha, *options), 2,
                                "--forget", str(self.alpha))

    def test_a_dump_root_that_is_damaged_is_told(self):
        self.assert_code(self.dump(self.manifest), 0)
        (self.to / "current").rename(self.to / "away")
        self.assert_refused(self.dump(self.manifest, "-n"), 1, f"{self.to}/current")

    def test_with_json_it_prints_json(self):
        done = self.dump(self.manifest, "-n", "--json")
        self.assert_code(done, 0)
        self.assertTrue(all(line.startswith("{") for line in done.text.splitlines()), f"{done}")
        lines = done.json_lines()
        self.assertEqual([line["message_type"] for line in lines], ["item", "item", "summary"])
        for line in lines:
            validate(line, "result")
        self.assertEqual([line["bytes"] for line in lines], [0, 0, 0])
        needed = [line["bytes_needed"] for line in lines]
        self.assertGreater(min(needed), 0)
        self.assertEqual(needed[2], needed[0] + needed[1])


class LinesTest(OutputCase):
    def test_a_line_an_item_and_a_summary(self):
        done = self.dump(self.manifest, "-j", "1")
        self.assert_code(done, 0)
        self.assertEqual(done.err, b"")
        lines = done.text.splitlines()
        hg, svn = sorted(lines[:2], key=lambda line: "svn" in line)
        total = lines[-1]
        self.assertRegex(lines[3], r"^ +copied +unchanged +failed +skipped +listed +in all "
                         r"+written$")
        self.assertEqual([line.split()[:3] for line in lines[4:7]],
                         [["hg", "1", "0"], ["svn", "1", "0"], ["all", "2", "0"]])
        self.assertRegex(svn, rf"^copied    svn  {re.escape(str(self.alpha))}  \(r1, .*KiB, .* s\)$")
        self.assertRegex(hg, rf"^copied    hg   {re.escape(str(self.beta))}  \(1 changeset")
        self.assertRegex(total, rf"^2 copied and verified; .* in .* s, in {self.to}$")

    def test_json_lines_and_results_file(self):
        results = self.tmp / "results"
        done = self.dump(self.manifest, "--json", "--results", results, "-j", "1")
        self.assert_code(done, 0)
        for line in done.json_lines():
            validate(line, "result")
        *items, summary = done.json_lines()
        self.assertEqual([each["message_type"] for each in (*items, summary)],
                         ["item", "item", "summary"])
        self.assertEqual(summary["copied"], 2)
        self.assertEqual(summary["bytes"], sum(each["bytes"] for each in items))
        # As they ended, small ones first; the file and the record in the manifest's order.
        self.assertEqual(sorted(results.read_bytes().splitlines()), sorted(done.out.splitlines()))
        items = [json.loads(line) for line in results.read_bytes().splitlines()[:-1]]
        self.assertEqual([each["path"] for each in items], [str(self.alpha), str(self.beta)])
        self.assertEqual(self.last_run()["items"], items)
        self.assertEqual(self.last_run()["summary"], summary)
        for item in items:
            record = read_json(self.copy_of(item["path"]) / "item.json")
            for key in ("id", "kind", "generation", "fingerprint"):
                self.assertEqual(record[key], item[key])
            self.assertEqual(record["totals"]["bytes"], item["bytes"])
        self.assert_whole()

    def test_results_that_cannot_be_written(self):
        for path in (self.tmp / "none/results", "/dev/null/results"):
            done = self.dump(self.manifest, "--results", path)
            self.assert_refused(done, 2, str(path))
        self.assertFalse(self.to.exists())

    def test_quiet_prints_problems_only(self):
        done = self.dump(self.manifest, "-q")
        self.assert_code(done, 0)
        self.assertEqual((done.out, done.err), (b"", b""))
        self.alpha.rename(self.src / "moved")
        done = self.dump(self.manifest, "-q")
        self.assert_code(done, 3)
        self.assertEqual(done.err, b"")
        self.assertEqual(len(done.text.splitlines()), 1, done)
        self.assertRegex(done.text, r"^VANISHED  svn  .*/alpha: .*No such file")

    def test_the_sources_stay_as_they_are(self):
        before = snapshot(self.src)
        self.assert_code(self.dump(self.manifest), 0)
        after = snapshot(self.src)
        for folder in (b"beta/.hg", b"beta/.hg/store"):  # where hg's locks come and go
            del before[folder], after[folder]
        self.assertEqual(after, before)


class KeepTest(OutputCase):
    def test_keep(self):
        for keep in (3, 2, 1):
            with self.subTest(keep=keep):
                self.to = self.tmp / f"keep{keep}"
                states = []
                for run_number in range(4):
                    self.assert_code(self.dump(self.manifest, "--keep", str(keep), "-k", "svn",
                                               "--full"), 0)
                    self.assert_whole()
                    current = self.copy_of(self.alpha)
                    states.append(read_json(current / "item.json")["generation"])
                    kept = sorted(self.to.glob("older/svn/*/*"))
                    first = max(0, run_number - keep + 1)
                    self.assertEqual([each.name for each in kept], states[first:run_number])
                    for each in kept:
                        self.assertEqual(read_json(each / "item.json")["generation"], each.name)
                self.assertEqual(states, sorted(set(states)), "each later than the one before")

    def test_older_generations_keep_what_they_had(self):
        self.assert_code(self.dump(self.manifest, "-k", "svn"), 0)
        first = content_of(self.copy_of(self.alpha) / "data")
        add_svn_revision(self.alpha, "more")
        self.assert_code(self.dump(self.manifest, "-k", "svn"), 0)
        older = next(self.to.glob("older/svn/*/*"))
        self.assertEqual(content_of(older / "data"), first)
        self.assertEqual(must("svnlook", "youngest", older / "data"), "1\n")
        self.assertEqual(must("svnlook", "youngest", self.copy_of(self.alpha) / "data"), "2\n")


class BrokenStreamsTest(OutputCase):
    """The copies are good whatever happens to the streams, and nothing lands in a wrong file."""

    def assert_copied(self):
        self.assertEqual(len(self.current()), 2)
        self.assert_whole()
        self.assertRegex((self.to / "control/lock").read_text(), r"^\d+\n$")
        for path in self.to.glob("**/*"):
            if path.is_file() and "data" not in path.parts:
                content = path.read_bytes()
                self.assertNotIn(b"copied and verified;", content, path)
                self.assertNotIn(b"repo-dump: cannot", content, path)

    def test_D5_stdout_is_full(self):
        with open("/dev/full", "wb") as full:
            done = self.dump(self.manifest, stdout=full)
        self.assert_code(done, 3)
        self.assert_one_line(done, "standard output")
        self.assert_copied()

    def test_stdout_of_a_dry_run_is_full(self):
        with open("/dev/full", "wb") as full:
            done = self.dump(self.manifest, "-n", stdout=full)
        self.assert_code(done, 1)
        self.assert_one_line(done, "standard output")

    def test_S19_nobody_reads_stdout(self):
        read, write = os.pipe()
        os.close(read)
        done = self.dump(self.manifest, "--json", stdout=write)
        os.close(write)
        self.assert_code(done, 3)
        self.assert_one_line(done, "standard output")
        self.assert_copied()

    def test_stderr_is_full(self):
        self.beta.rename(self.src / "moved")
        with open("/dev/full", "wb") as full:
            done = self.dump(self.manifest, stderr=full)
        self.assert_code(done, 3)
        self.assertIn("VANISHED", done.text)

    def test_D27_closed_streams(self):
        for closed, code in (("<&-", 0), ("2>&-", 0), ("<&- 2>&-", 0), (">&-", 3), (">&- 2>&-", 3),
                             ("<&- >&- 2>&-", 3)):
            with self.subTest(closed=closed):
                self.to = self.tmp / f"backup {closed}".replace("/", "").replace(">", "")
                done = run("sh", "-c", f'exec "$@" {closed}', "sh", DUMP, "--to", self.to,
                           self.manifest)
                self.assert_code(done, code)
                self.assert_copied()

    def test_D27_closed_streams_and_bad_news(self):
        self.beta.rename(self.src / "moved")
        done = run("sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh", DUMP, "--to", self.to,
                   self.manifest)
        self.assert_code(done, 3)
        self.assertEqual(list(self.current()), [os.fsencode(self.alpha)])
        self.assert_whole()


if __name__ == "__main__":
    main()
