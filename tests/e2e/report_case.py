"""What the tests of repo-report share: a dump root with real copies, servers, records by hand."""
import datetime
import hashlib
import json
import os
import shutil
import subprocess
import sys

from support import (REPORT, RESTORE, TOP, Case, add_svn_revision, make_hg, make_svn, must, read_json,
                     run, validate)

SERVERS = TOP / "tests/support/servers"
HOSTILE = "<b>&\n\x1b[31m%s%n'\"\\ $(id) |\u202egnp"


def stamp(time):
    return time.strftime("%Y%m%dT%H%M%SZ")


def rfc3339(time):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def now():
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0)


class ReportCase(Case):
    """Two repositories in src, copied into `to`."""

    @classmethod
    def setUpClass(cls):
        cls.template = cls.make_tmp(cls.addClassCleanup)
        make_svn(cls.template / "alpha", 2)
        make_hg(cls.template / "beta")

    def setUp(self):
        super().setUp()
        for name in ("alpha", "beta"):
            shutil.copytree(self.template / name, self.src / name, symlinks=True)
        self.night()

    def night(self, code=0, *options):
        """A scan and a dump."""
        self.assert_code(self.dump(self.scan(), *options), code)

    def drill(self):
        must(RESTORE, "--drill", "--all", "--from", self.to)

    def report(self, *options, code=0, before=(), **keywords):
        done = run(*before, REPORT, "--from", self.to, *options, **keywords)
        self.assert_code(done, code)
        return done

    def state(self, *options, code=0):
        """What --json says, which is as its schema."""
        document = json.loads(self.report("--json", *options, code=code).out)
        validate(document, "report")
        return document

    def findings(self, *options, **keywords):
        """"what severity" of the machine and of all items."""
        state = self.state(*options, **keywords)
        found = [f"{each['what']} {each['severity']}" for each in state["findings"]]
        for item in state["items"]:
            found += [f"{os.path.basename(item['path'])}: {each['what']} {each['severity']}"
                      for each in item["findings"]]
        return found

    def damage(self):
        """The svn repository's youngest revision cannot be read any more."""
        add_svn_revision(self.src / "alpha", "more")
        revision = next((self.src / "alpha/db/revs").glob("*/3"))
        revision.write_bytes(b"\0" * revision.stat().st_size)

    def config(self, text, name="config.toml"):
        path = self.tmp / name
        path.write_text(text)
        path.chmod(0o600)
        return path

    def secret(self, text, mode=0o600, name="secret"):
        path = self.tmp / name
        path.write_text(text + "\n")
        path.chmod(mode)
        return path

    def server(self, script, *options):
        """Starts a server that ends with the test. Returns its port."""
        process = self.start("/usr/bin/python3", SERVERS / script, *options, stdin=subprocess.PIPE,
                             stderr=sys.stderr)
        line = process.stdout.readline().strip()
        self.assertTrue(line.isdigit(), f"{script} did not start: {line}")
        return int(line)

    def mail_server(self, *options):
        self.mails = self.tmp / "mails"
        self.mails.mkdir(exist_ok=True)
        return self.server("mail_server.py", "--to", self.mails, *options)

    def http_server(self, *options):
        self.pings = self.tmp / "pings"
        return self.server("http_server.py", "--to", self.pings, *options)

    def pinged(self):
        if not self.pings.exists():
            return []
        return [json.loads(line)["path"] for line in self.pings.read_text().splitlines()]

    def told(self):
        """What is remembered of each channel, by its name: of the last of that name."""
        document = read_json(self.to / "control/report/told.json")
        validate(document, "told")
        return {key.split()[0]: memory for key, memory in document["channels"].items()}


def make_id(path):
    digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:32]
    readable = "".join(c if c.isalnum() and c.isascii() else "-" for c in path.strip("/"))[:100]
    return f"{readable}-{digest}"


def make_run(to, began, items, exit_status=0):
    """A record of a run, and its lines in the ledger. `items`: (path, status, bytes)."""
    name = stamp(began)
    ended = began + datetime.timedelta(seconds=60)
    results = []
    for path, status, size in items:
        result = {"message_type": "item", "id": make_id(path), "kind": "svn", "path": path,
                  "status": status, "seconds": 0.25, "bytes": size}
        if status in ("copied", "unchanged"):
            result.update(generation=name, fingerprint={"revision": 3, "uuid": "0" * 36})
        else:
            result.update(error=f"cannot verify {path}: svnadmin: E160004: broken", bytes=0)
        results.append(result)
    counts = {each: sum(1 for item in items if item[1] == each)
              for each in ("copied", "unchanged", "failed", "vanished", "skipped")}
    summary = {"message_type": "summary", "started": rfc3339(began), "finished": rfc3339(ended),
               **counts, "listed": 0, "gone": 0, "bytes": sum(item[2] for item in items),
               "bytes_written": 0, "seconds": 60, "scan_complete": True, "exit_status": exit_status}
    record = {"format": "repo-backup/run", "version": 1, "tool": "repo-dump 0.1.0", "host": "web1",
              "pid": 1, "started": rfc3339(began), "manifest": {"sha256": "0" * 64},
              "state": "ended", "summary": summary, "items": results, "gone": []}
    runs = to / "control/runs"
    (runs / f"{name}.json").write_text(json.dumps(record, indent=1) + "\n")
    line = {"message_type": "run", "run": name, "state": "ended", "time": rfc3339(ended),
            **{key: value for key, value in summary.items()
               if key not in ("message_type", "started", "finished")}}
    with open(to / "control/ledger", "a", encoding="utf-8") as ledger:
        ledger.write(json.dumps({"message_type": "run", "run": name, "state": "began",
                                 "time": rfc3339(began), "tool": "repo-dump", "owed": len(items)}) +
                     "\n" + json.dumps(line) + "\n")


def make_root(to):
    for folder in ("current", "older", "control/runs", "control/staging"):
        (to / folder).mkdir(parents=True)
    (to / ".repo-backup").write_text("")
