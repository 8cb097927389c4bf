"""What the tests of user-defined kinds share: a folder of kinds, a manifest, a run of each tool."""
import hashlib
import json
import os
import pathlib
import re
import shutil

from support import DUMP, RESTORE, TOP, Case, current_of, read_json, run

SHIPPED = TOP / "kinds"


def item_id(path):
    """As scanner/item_id.h has it: the readable end of the path, and its SHA-256."""
    raw = os.fsencode(path)
    readable = re.sub(rb"[^A-Za-z0-9._+@-]", b"_", raw.removeprefix(b"/").replace(b"/", b"-"))[-100:]
    if readable[:1] in (b".", b"-"):
        readable = b"_" + readable[1:]
    return readable.decode() + "-" + hashlib.sha256(raw).hexdigest()[:32]


class KindsCase(Case):
    def setUp(self):
        super().setUp()
        self.kinds = self.tmp / "kinds.d"
        self.kinds.mkdir(mode=0o755)
        os.chmod(self.tmp, 0o755)

    def ship(self, name, **changes):
        """The kind that is shipped under that name, with its scripts; `changes` are of its fields."""
        for each in SHIPPED.glob(f"{name}*"):
            shutil.copy2(each, self.kinds)
            os.chown(self.kinds / each.name, 0, 0)
        kind = read_json(SHIPPED / f"{name}.json")
        kind.update(changes)
        return self.define(kind)

    def define(self, kind):
        path = self.kinds / f"{kind['kind']}.json"
        path.write_text(json.dumps(kind), encoding="utf-8")
        path.chmod(0o644)
        return kind

    def script(self, name, text):
        """A program of the kind's own, beside its file."""
        path = self.kinds / name
        path.write_text("#!/bin/sh\n" + text, encoding="utf-8")
        path.chmod(0o755)

    def manifest_of(self, *items):
        """What a scan writes of (kind, path) items."""
        repositories = []
        for kind, path in sorted(items, key=lambda item: os.fsencode(item[1])):
            st = os.stat(path)
            repositories.append({
                "id": item_id(path), "kind": kind, "path": os.fspath(path),
                "store": os.fspath(path), "device": st.st_dev, "inode": st.st_ino,
                "uid": st.st_uid, "gid": st.st_gid, "mode": f"{st.st_mode & 0o7777:04o}",
                "detail": {}})
        document = {
            "format": "repo-backup/manifest", "version": 1, "tool": "repo-scan 1.0.0",
            "host": "web1", "started": "2026-01-01T00:00:00Z", "finished": "2026-01-01T00:00:00Z",
            "roots": [os.fspath(self.src)], "complete": True,
            "stats": {"directories": 1, "directories_read": 1, "leaf_skipped": 0, "entries": 1,
                      "vanished": 0, "seconds": 0.1},
            "repositories": repositories, "pointers": [], "pruned": [], "errors": []}
        path = self.tmp / "manifest.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        return path

    def dump_items(self, *items, options=()):
        return run(DUMP, "--to", self.to, "--kinds-dir", self.kinds, "--json", *options,
                   self.manifest_of(*items))

    @staticmethod
    def lines_of(done, message_type="item"):
        return [line for line in done.json_lines() if line["message_type"] == message_type]

    def one(self, done, code=0):
        """The line of the only item."""
        self.assert_code(done, code)
        lines = self.lines_of(done)
        self.assertEqual(len(lines), 1, f"{done}")
        return lines[0]

    def drill(self, *options):
        return run(RESTORE, "--from", self.to, "--kinds-dir", self.kinds, "--drill", "--all",
                   "--json", *options)

    def data(self, path):
        return pathlib.Path(current_of(self.to)[os.fsencode(path)]) / "data"
