#!/usr/bin/python3
"""usage: bench/report_status.py [ITEMS [RUNS [OLD]]]

How long repo-report takes for the records of ITEMS repositories (default 1000) and RUNS runs (365),
and OLD empty records of runs before those (100000): median of five, in seconds. Makes the records
in a temporary directory; nothing of a repository is needed for them.
"""
import datetime
import hashlib
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(TOP / "tests/e2e"))
from report_case import make_id, make_root, make_run, now, rfc3339, stamp  # noqa: E402
from support import REPORT  # noqa: E402

ROUNDS = 5


def make_copy(to, path, time_of_copy):
    """item.json of a current and an older generation, and a proof."""
    name, kind = make_id(path), "svn"
    for place, when in (("current", time_of_copy),
                        ("older", time_of_copy - datetime.timedelta(days=1))):
        folder = to / place / kind / name
        if place == "older":
            folder /= stamp(when)
        folder.mkdir(parents=True)
        record = {"format": "repo-backup/item", "version": 1, "tool": "repo-dump 0.1.0", "id": name,
                  "kind": kind, "generation": stamp(when), "host": "web1",
                  "source": {"path": path, "store": path, "device": 1, "inode": 1, "uid": 0, "gid": 0,
                             "mode": "0755"},
                  "fingerprint": {"uuid": "0" * 36, "revision": 3},
                  "verified": {"whole": rfc3339(when), "by": "svnadmin", "version": "1.14.2"},
                  "copied_whole": rfc3339(when),
                  "totals": {"files": 30, "directories": 12, "links": 0, "bytes": 56000},
                  "sha256": {"SHA256SUMS": "0" * 64, "owners": "0" * 64, "links": "0" * 64},
                  "looks": {"source": "0" * 64, "copy": "0" * 64}, "notes": []}
        text = json.dumps(record, indent=1)[:-2]
        digest = hashlib.sha256(text.encode()).hexdigest()
        (folder / "item.json").write_text(f'{text},\n "record_sha256": "{digest}"\n}}\n')
    drill = {"generation": stamp(time_of_copy), "time": rfc3339(time_of_copy), "state": "passed",
             "seconds": 0.4, "restore_seconds": 0.1, "bytes": 56000, "compared": ["checkout of r3"]}
    proofs = to / "control/proofs" / kind
    proofs.mkdir(parents=True, exist_ok=True)
    proof = {"format": "repo-backup/proof", "version": 1, "passed": drill, "last": drill, "bad": {},
             "unusable": {}}
    (proofs / f"{name}.json").write_text(json.dumps(proof))
    return {"message_type": "drill", "id": name, "kind": kind, "path": path, **drill}


def main():
    items, runs, old = (int(word) for word in (sys.argv[1:] + ["1000", "365", "100000"][len(sys.argv) - 1:]))
    with tempfile.TemporaryDirectory(prefix="repo-backup-bench.") as folder:
        to = pathlib.Path(folder) / "backup"
        make_root(to)
        end = now() - datetime.timedelta(hours=1)
        paths = [f"/srv/svn/project{i}" for i in range(items)]
        drills = [json.dumps(make_copy(to, path, end)) + "\n" for path in paths]
        for day in reversed(range(runs)):
            make_run(to, end - datetime.timedelta(days=day), [(path, "unchanged", 56000) for path in paths])
            if day % 7 == 0:  # each is drilled once a week
                with open(to / "control/ledger", "a", encoding="utf-8") as ledger:
                    ledger.writelines(drills)
        before = end - datetime.timedelta(days=runs + 30)
        for i in range(old):
            (to / f"control/runs/{stamp(before - datetime.timedelta(seconds=i))}.json").touch()
        command = [REPORT, "--from", str(to), "--check"]
        taken = []
        for _ in range(ROUNDS):
            begin = time.monotonic()
            code = subprocess.run(command, check=False).returncode
            taken.append(time.monotonic() - begin)
            if code not in (0, 3):
                sys.exit(f"{command} ended with {code}")
        size = sum(each.stat().st_size for each in (to / "control").rglob("*") if each.is_file())
        print(f"{items} items, {runs} runs, {old} older records, {size / 1e6:.0f} MB of records: "
              f"median {statistics.median(taken):.2f} s, {min(taken):.2f} to {max(taken):.2f} "
              f"({os.cpu_count()} cores)")


if __name__ == "__main__":
    main()
