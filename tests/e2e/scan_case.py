"""repo-scan as people, cron and pipes run it: what its tests share. Needs root (to become somebody
else, and to lose capabilities), and REPO_BACKUP_BIN, the directory of the built tools."""
import base64
import hashlib
import json
import os
import pathlib
import resource
import shutil
import subprocess
import tempfile
import unittest

import jsonschema

SOURCE = pathlib.Path(__file__).resolve().parents[2]
SCAN = os.path.join(os.environ.get("REPO_BACKUP_BIN", ""), "repo-scan")
NOBODY = 65534
STRANGER = 4321

# Root without the two capabilities that make permissions meaningless for it.
AS_ORDINARY = ["setpriv", "--bounding-set=-dac_override,-dac_read_search",
               "--inh-caps=-dac_override,-dac_read_search", "--"]
AS_NOBODY = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
# What a careful service gives a scanner: nobody, who may read everything and write nothing.
AS_READER = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
             "--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search",
             "--bounding-set=-all,+dac_read_search", "--no-new-privs", "--"]

# Deadline of what should take milliseconds, for a machine under load.
DEADLINE = 60


def write(path, text=""):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def make_svn(path, revision=42):
    path = os.fsencode(path)
    os.makedirs(path + b"/db")
    for name, text in ((b"format", "5\n"), (b"db/fs-type", "fsfs\n"), (b"db/format", "8\n"),
                       (b"db/current", f"{revision}\n"),
                       (b"db/uuid", "eb55e2dd-c13e-45ef-ae12-827a0bee4983\n")):
        with open(path + b"/" + name, "w", encoding="ascii") as file:
            file.write(text)


def make_hg(path):
    os.makedirs(os.fsencode(path) + b"/.hg/store")


def limit(kind, value):
    """For preexec_fn."""
    return lambda: resource.setrlimit(kind, (value, value))


class ScanTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        assert os.geteuid() == 0, "these tests must run as root"
        assert os.access(SCAN, os.X_OK), f"no {SCAN}: set REPO_BACKUP_BIN"
        schema = json.loads((SOURCE / "docs/schemas/manifest.schema.json").read_text())
        jsonschema.Draft202012Validator.check_schema(schema)
        cls.validator = jsonschema.Draft202012Validator(schema)

    def setUp(self):
        self.dir = os.path.realpath(tempfile.mkdtemp(prefix="repo-scan-test."))
        # rm: shutil.rmtree opens a descriptor a level.
        self.addCleanup(subprocess.run, ["rm", "-rf", "--", self.dir], check=True)
        os.chmod(self.dir, 0o755)
        self.tree = self.dir + "/tree"
        os.mkdir(self.tree)
        # Where everybody may run it from: the build may lie in somebody's home.
        self.program = self.dir + "/repo-scan"
        shutil.copy(SCAN, self.program)

    def run_scan(self, *arguments, wrapper=(), **options):
        options = {"capture_output": True, "timeout": DEADLINE, "check": False,
                   "stdin": subprocess.DEVNULL} | options
        if "stdout" in options or "stderr" in options:
            del options["capture_output"]
        return subprocess.run([*wrapper, self.program, *arguments], **options)

    def manifest(self, *arguments, status=0, **options):
        """The manifest of a scan, checked against the schema."""
        done = self.run_scan(*arguments, **options)
        self.assertEqual(done.returncode, status, done.stderr)
        return self.checked(done.stdout)

    def checked(self, text):
        document = json.loads(text)
        self.validator.validate(document)
        for item in document["repositories"]:
            raw = self.raw(item, "path")
            self.assertEqual(item["id"][-32:], hashlib.sha256(raw).hexdigest()[:32])
        ids = {item["id"] for item in document["repositories"]}
        for pointer in document["pointers"]:
            self.assertIn(pointer.get("repository", None), ids | {None})
        return document

    @staticmethod
    def raw(item, key):
        if key + "_b64" in item:
            return base64.b64decode(item[key + "_b64"], validate=True)
        return item[key].encode()

    def found(self, document):
        """Paths below the tree."""
        return [os.path.relpath(self.raw(item, "path"), self.tree.encode()).decode(
            errors="surrogateescape") for item in document["repositories"]]
