"""repo-report: what it says of real copies, and of records that are not as they should be."""
import datetime
import json
import os
import pathlib
import shutil
import signal

import feedparser

from report_case import ReportCase, make_root, make_run, now, stamp
from support import DUMP, REPORT, Case, main, make_hg, read_json, run, wait_for


class GoodNightTest(ReportCase):
    def test_everything_is_restorable_and_every_form_says_so(self):
        self.drill()
        state = self.state()
        self.assertEqual(state["state"], "ok")
        self.assertRegex(state["headline"], "^all 2 items restorable, oldest proof ")
        self.assertEqual([item["state"] for item in state["items"]], ["ok", "ok"])
        for item in state["items"]:
            for key in ("last_attempt", "last_success", "last_restore_proof", "store"):
                self.assertIn(key, item)
        text = self.report().text
        self.assertRegex(text.splitlines()[0], "^OK .*: all 2 items restorable")
        self.assertNotIn("What to do", text)
        self.assertIn(str(self.src / "alpha"), self.report("--text").text)
        self.assertRegex(self.report("--nagios").text, r"^REPO-BACKUP OK - all 2 items.* \| items=2;")
        self.assertEqual(self.report("--check").text, "")
        self.assertEqual(self.report("--quiet").text, "")

    def test_copies_that_nothing_has_proven_yet_are_said_to_be_so(self):
        state = self.state()
        self.assertEqual(state["state"], "ok")
        self.assertEqual(state["headline"], "all 2 items copied, 2 not drilled yet")

    def test_looking_changes_nothing(self):
        before = sorted(os.listdir(self.to / "control"))
        self.report("--text")
        self.report("--nagios")
        self.assertEqual(sorted(os.listdir(self.to / "control")), before)

    def test_prometheus_takes_the_metrics(self):
        self.drill()
        file = self.tmp / "backup.prom"
        self.report("--prometheus", file)
        checked = run("promtool", "check", "metrics", input=file.read_bytes())
        self.assertEqual((checked.code, checked.out + checked.err), (0, b""), str(checked))
        self.assertEqual(file.stat().st_mode & 0o777, 0o644)
        metrics = file.read_text()
        for name in ("item_last_attempt_timestamp_seconds", "item_last_success_timestamp_seconds",
                     "item_last_restore_proof_timestamp_seconds", "item_size_bytes"):
            self.assertEqual(metrics.count(f"\nrepo_backup_{name}{{"), 2, name)

    def test_a_feed_reader_sees_each_run_once(self):
        file = self.tmp / "feed.xml"
        self.report("--feed", file)
        first = feedparser.parse(str(file))
        self.assertFalse(first.bozo, first.get("bozo_exception"))
        self.assertEqual(first.version, "rss20")
        self.assertTrue(first.feed.updated_parsed)
        self.assertEqual(len(first.entries), 1)
        entry = first.entries[0]
        self.assertRegex(entry.title, "^OK .*: 2 items copied or unchanged, 0 failed")
        self.assertFalse(entry.guidislink)
        self.assertTrue(entry.published_parsed)
        self.damage()
        self.night(3)
        self.report("--feed", file)
        second = feedparser.parse(str(file))
        self.assertIn(entry.id, [each.id for each in second.entries])
        titles = [each.title for each in second.entries]
        self.assertEqual(sum("FAILED" in title for title in titles), 1, titles)
        self.assertTrue(any(title.startswith("TROUBLE ") and "alpha" in title for title in titles), titles)
        again = self.tmp / "again.xml"
        self.report("--feed", again)
        self.assertEqual(sorted(each.id for each in feedparser.parse(str(again)).entries),
                         sorted(each.id for each in second.entries))
        self.assertEqual(len({each.id for each in second.entries}), len(second.entries))


class BadNightTest(ReportCase):
    def test_an_item_that_fails_is_told_with_what_its_tool_said(self):
        self.drill()
        self.damage()
        self.night(3)
        state = self.state()
        self.assertEqual(state["state"], "failed")
        item = state["items"][0]
        self.assertEqual((item["path"], item["state"], item["last_outcome"]),
                         (str(self.src / "alpha"), "failed", "failed"))
        self.assertLess(item["last_success"], item["last_attempt"])
        self.assertTrue(item["findings"][0]["output"])
        text = self.report().text
        self.assertRegex(text.splitlines()[0], "^FAILED .*: 1 of 2 items FAILED")
        self.assertIn("What to do:", text)
        self.assertEqual(self.report("--check", code=3).text, "")
        self.assertRegex(self.report("--nagios", code=2).text, r"^REPO-BACKUP CRITICAL - ")

    def test_a_run_that_was_killed_is_told_and_its_items_count(self):
        self.assertEqual(self.findings(), ["alpha: unproven note", "beta: unproven note"])
        make_hg(self.src / "gamma")
        # Stopped behind the record of its beginning, then killed.
        tracer = self.start("strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=clone3,clone,fork,vfork",
                         "-e", "inject=clone3,clone,fork,vfork:signal=SIGSTOP:when=12",
                         DUMP, "--to", self.to, "--jobs", "1", self.scan())
        running = wait_for(self.running_record, "a record that says running", tracer)
        self.assertEqual(self.findings()[0], "running note")
        with open(running.with_suffix(".items"), "rb") as items:
            holder = [line for line in pathlib.Path("/proc/locks").read_text().splitlines()
                      if f":{os.fstat(items.fileno()).st_ino} " in line and "OFDLCK" in line]
        self.assertTrue(holder)
        tracer.send_signal(signal.SIGKILL)
        for pid in self.dumps():
            os.kill(pid, signal.SIGKILL)
        wait_for(lambda: "died failed" in self.findings(), "that it died")
        self.assertEqual(self.state()["runs"][-1]["state"], "died")

    def running_record(self):
        for record in (self.to / "control/runs").glob("*.json"):
            if read_json(record)["state"] == "running" and record.with_suffix(".items").exists():
                return record
        return None

    def dumps(self):
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                argv = pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if argv[0] == os.fsencode(DUMP) and os.fsencode(self.to) in argv:
                found.append(int(pid))
        return found

    def test_copies_that_vanish_are_a_failure(self):
        self.drill()
        shutil.rmtree(self.to / "current/hg")
        self.assertIn("beta: missing failed", self.findings())

    def test_a_repository_that_is_gone_stays_known_with_its_size(self):
        shutil.rmtree(self.src / "beta")
        self.night()
        state = self.state()
        self.assertEqual(state["coverage"]["gone"], [{"path": str(self.src / "beta")}])
        gone = [item for item in state["items"] if item.get("gone")]
        self.assertEqual([item["path"] for item in gone], [str(self.src / "beta")])
        self.assertGreater(gone[0]["bytes_of_all_generations"], 0)
        self.assertIn("--forget " + gone[0]["id"], self.report().text)

    def test_what_was_found_and_is_in_no_copy_is_a_failure(self):
        make_hg(self.src / "gamma")
        self.night(0, "--only", self.src / "alpha")
        state = self.state()
        self.assertEqual(state["coverage"]["not_dumped"], [{"path": str(self.src / "gamma")}])
        self.assertEqual(state["coverage"]["new"], [{"path": str(self.src / "gamma")}])
        self.assertIn("gamma: never failed", self.findings())

    def test_tools_that_left_no_record_are_told_by_the_script_and_stay_known(self):
        self.report("--ended", "repo-scan=0", "--ended", "repo-dump=11")
        self.assertIn("ended repo-dump failed", self.findings())
        self.report("--ended=repo-scan=0", "--ended=repo-dump=0")
        self.assertNotIn("ended repo-dump failed", self.findings())

    def test_without_a_dump_root_nothing_is_known(self):
        done = run(REPORT, "--from", self.tmp / "none", "--json")
        self.assert_code(done, 1)
        self.assertEqual(json.loads(done.out)["findings"][0]["what"], "unknown")
        self.assert_code(run(REPORT, "--from", self.tmp / "none", "--nagios"), 3)
        done = run(REPORT, "--from", self.tmp / "none", "--check")
        self.assert_code(done, 1)
        self.assertIn("none", done.message)


class RecordsTest(Case):
    """Records that are not as they should be, or very many."""

    def setUp(self):
        super().setUp()
        make_root(self.to)

    def state(self, code=0):
        done = run(REPORT, "--from", self.to, "--json")
        self.assert_code(done, code)
        return json.loads(done.out)

    def whats(self):
        return [each["what"] for each in self.state()["findings"]]

    def record(self):
        """The record of a good run of an hour ago."""
        began = now() - datetime.timedelta(hours=1)
        make_run(self.to, began, [])
        return self.to / f"control/runs/{stamp(began)}.json"

    def test_a_good_record_is_read(self):
        self.record()
        self.assertNotIn("records", self.whats())
        self.assertNotIn("missed", self.whats())

    def test_a_record_that_is_cut_anywhere_is_never_good(self):
        record = self.record()
        whole = record.read_bytes()
        for length in range(0, len(whole) - 2, 37):
            record.write_bytes(whole[:length])
            self.assertIn("records", self.whats(), length)

    def test_a_record_of_a_newer_version_is_told(self):
        record = self.record()
        document = read_json(record)
        document["version"] = 2
        record.write_text(json.dumps(document))
        state = self.state()
        self.assertIn("another version", [each["text"] for each in state["findings"]
                                          if each["what"] == "records"][0])

    def test_D17_a_record_from_the_future_counts_for_nothing(self):
        make_run(self.to, now() + datetime.timedelta(days=400), [])
        self.assertEqual(sorted(self.whats()[:2]), ["clock", "missed"])

    def test_a_ledger_with_rubbish_in_it_is_told(self):
        self.record()
        with open(self.to / "control/ledger", "a", encoding="utf-8") as ledger:
            ledger.write("rubbish\n{}\n")
        self.assertIn("records", self.whats())

    def test_runs_of_years_are_read_as_far_as_they_are_needed(self):
        """370 runs, and a hundred thousand records; how long it takes is in docs/performance.md."""
        end = now() - datetime.timedelta(hours=1)
        items = [(f"/srv/svn/{i}", "copied", 1000 + i) for i in range(20)]
        for day in range(370):
            make_run(self.to, end - datetime.timedelta(days=day), items)
        old = end - datetime.timedelta(days=400)
        runs = self.to / "control/runs"
        for i in range(100_000):
            (runs / f"{stamp(old - datetime.timedelta(seconds=i))}.json").touch()
        state = self.state()
        self.assertNotIn("records", [each["what"] for each in state["findings"]])
        self.assertEqual(len(state["runs"]), 370)
        self.assertEqual(len(state["items"]), 20)
        sizes = state["items"][0]["sizes"]
        self.assertGreater(len(sizes), 20)
        self.assertLess(sizes[0]["time"], f"{(end - datetime.timedelta(days=300)):%Y-%m-%d}")
        self.assertEqual(sizes, sorted(sizes, key=lambda point: point["time"]))


if __name__ == "__main__":
    main()
