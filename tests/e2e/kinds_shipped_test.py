#!/usr/bin/env python3
"""ZODB and Oracle as kinds/ has them, with stubs in place of ZODB, of rman and of the server it asks."""
import json
import re
import socketserver
import threading

from kinds_case import SHIPPED, KindsCase
from support import main, must, read_json

OWNER = 4321

# As repozo of ZODB 5, in a script of buildout: -B makes a full backup with its sum, -V and -R -w
# compare, plain -R does not.
REPOZO = """#!/usr/bin/python3 -B
import sys
sys.path[0:0] = ["EGGS"]
import ZODB.scripts.repozo
if __name__ == "__main__":
    sys.exit(ZODB.scripts.repozo.main())
"""

REPOZO_MAIN = """
import getopt, glob, hashlib, shutil, sys
def digest(path):
    with open(path, "rb") as file:
        return hashlib.md5(file.read()).hexdigest()
def main():
    options = dict(getopt.getopt(sys.argv[1:], "BVRwFf:r:o:")[0])
    path = options["-r"] + "/2026-01-01-00-00-00.fs"
    def check():
        with open(options["-r"] + "/sums.dat") as sums:
            return sums.read() == digest(path)
    if "-B" in options:
        shutil.copyfile(options["-f"], path)
        with open(options["-r"] + "/sums.dat", "w") as sums:
            sums.write(digest(path))
        BACKUP
    elif "-V" in options or "-w" in options:
        if not check():
            return "the sums differ"
    if "-R" in options:
        shutil.copyfile(path, options["-o"])
"""

# Records of a length and so many bytes; like the real one it ends before what it does not understand.
FILE_STORAGE = """
import os
class FileStorage:
    def __init__(self, path, read_only):
        assert read_only
        self.records, self.end = [], 4
        with open(path, "rb") as file:
            data = file.read()
        if data[:4] != b"FS30":
            raise ValueError("no FileStorage")
        while len(data) > self.end and self.end + 1 + data[self.end] <= len(data):
            self.records.append(data[self.end + 1:self.end + 1 + data[self.end]])
            self.end += 1 + data[self.end]
    def getSize(self):
        return self.end
    def iterator(self):
        return iter([self.records])
"""

# Hands what it is told to the server, and says what that answers.
RMAN = """#!/bin/bash
commands=${1#cmdfile=}
grep -q '^@/secrets/connect.rman' "$commands" || exit 1
grep -q secret /secrets/connect.rman || exit 1
exec 3<>/dev/tcp/127.0.0.1/PORT
cat "$commands" >&3
cat <&3
"""


class ZodbTest(KindsCase):
    def setUp(self):
        super().setUp()
        self.tools = self.tmp / "opt"
        (self.tools / "eggs/ZODB/scripts").mkdir(parents=True)
        for name, text in {"__init__.py": "", "scripts/__init__.py": "",
                           "FileStorage.py": FILE_STORAGE}.items():
            (self.tools / "eggs/ZODB" / name).write_text(text)
        self.repozo(REPOZO.replace("EGGS", f"{self.tools}/eggs"))
        self.backup("pass")
        text = (SHIPPED / "zodb.json").read_text()
        text = text.replace("/opt/zope/bin/repozo", f"{self.tools}/repozo")
        text = text.replace("/opt/zope", str(self.tools)).replace("/srv/zope", str(self.src))
        self.ship("zodb")
        self.define(json.loads(text))
        self.site = self.src / "site"
        self.site.mkdir()
        self.write_storage(b"FS30\x03abc\x04defg")

    def repozo(self, text):
        """A program of the site's owner, as is usual."""
        path = self.tools / "repozo"
        path.write_text(text)
        path.chmod(0o755)
        must("chown", f"{OWNER}:{OWNER}", path)

    def backup(self, what):
        """What repozo does at last, with a backup that is there."""
        (self.tools / "eggs/ZODB/scripts/repozo.py").write_text(REPOZO_MAIN.replace("BACKUP", what))

    def write_storage(self, data):
        (self.site / "Data.fs").write_bytes(data)
        must("chown", "-R", f"{OWNER}:{OWNER}", self.site)
        self.site.chmod(0o700)

    def dump(self, code=0):
        return self.one(self.dump_items(("zodb", self.site), options=["--full"]), code)

    def drilled(self, code):
        done = self.drill()
        self.assert_code(done, code)
        line, = self.lines_of(done, "drill")
        return line

    def test_a_backup_of_the_owner_is_restored_opened_and_compared(self):
        self.assertEqual(self.dump()["status"], "copied")
        self.assertIn("a change of it was noticed", self.drilled(0)["compared"])

    def test_D10_a_backup_that_is_not_the_storage_is_no_copy(self):
        self.repozo("#!/bin/sh\nexit 0\n")
        self.dump(3)
        self.repozo(REPOZO.replace("EGGS", f"{self.tools}/eggs"))
        # Half of it, and -V sees that by its sum.
        self.backup("open(path, 'r+b').truncate(6)")
        self.assertIn("verify", self.dump(3)["error"])

    def test_D10_what_cannot_be_opened_as_a_storage_does_not_pass_the_drill(self):
        for data, words in {b"FS30\x03abc\x90cut": "it can be read to byte 8 of 12",
                            b"FS30": "there is no object in it"}.items():
            with self.subTest(words):
                self.write_storage(data)
                self.assertEqual(self.dump()["status"], "copied", "its sums are right")
                line = self.drilled(3)
                self.assertEqual(line["state"], "failed")
                self.assertIn(words, line["error"])

    def test_without_a_zodb_that_opens_it_there_is_no_drill(self):
        self.dump()
        for text, words in {
                f'#!/bin/sh\nexec {self.tools}/real "$@"\n': "is no script of Python",
                REPOZO.replace("EGGS", "/none").replace("import ZODB.scripts.repozo\n", "").replace(
                    "sys.exit(ZODB", f"sys.path[0:0] = ['{self.tools}/eggs']\n"
                    "    import ZODB.scripts.repozo\n    sys.exit(ZODB"): "has no ZODB"}.items():
            with self.subTest(words):
                (self.tools / "real").write_text(REPOZO.replace("EGGS", f"{self.tools}/eggs"))
                (self.tools / "real").chmod(0o755)
                self.repozo(text)
                line = self.drilled(3)
                self.assertEqual(line["state"], "not run", line)
                self.assertIn(words, line["error"])


class Server(socketserver.ThreadingTCPServer):
    """In place of Oracle: does what RMAN says to it in the folder of the machine."""
    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.said = ""
        self.piece = b"a piece of a backup"
        self.validated = "Finished restore at 01-JAN-26\n"

    def answer(self, text):
        self.said += text
        for name in re.findall(r"DELETE NOPROMPT BACKUPPIECE '([^']*)'", text):
            must("rm", name)
        for number, name in enumerate(re.findall("(?:FORMAT|TO) '([^']*)'", text)):
            with open(name.replace("%U", f"U{number}_1_1").replace("%F", "c-1234-20260101-00"), "wb") as file:
                file.write(self.piece)
        if "DBID" in text:
            return "1234567890\n"
        if "VALIDATE" in text:
            return self.validated
        return "Finished backup at 01-JAN-26\n" if "BACKUP CHECK" in text else ""


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        text = ""
        while not text.endswith("EXIT;\n"):
            line = self.rfile.readline().decode()
            if not line:
                return
            text += line
        self.wfile.write(self.server.answer(text).encode())


class OracleTest(KindsCase):
    def setUp(self):
        super().setUp()
        self.server = Server()
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}).start()
        tools = self.tmp / "oracle"
        self.backups = self.tmp / "rman"
        (tools / "bin").mkdir(parents=True)
        (self.backups / "ORCL").mkdir(parents=True)
        (tools / "bin/rman").write_text(RMAN.replace("PORT", str(self.server.server_address[1])))
        (tools / "bin/rman").chmod(0o755)
        secret = self.tmp / "connect"
        secret.write_text('connect target "backup/secret@//localhost/ORCL"\n')
        secret.chmod(0o600)
        text = (SHIPPED / "oracle.json").read_text()
        for name, path in {"/u01/app/oracle/product/19": tools, "/var/backups/rman": self.backups,
                           "/etc/repo-backup/secrets/oracle.rman": secret,
                           "/u01/app/oracle/oradata": self.src}.items():
            text = text.replace(name, str(path))
        self.ship("oracle")
        self.define(json.loads(text.replace("1048576", "10")))
        self.source = self.src / "ORCL"
        self.source.mkdir()
        for name in ("control01.ctl", "system01.dbf"):
            (self.source / name).write_text("x")
        must("chown", "-R", f"{OWNER}:{OWNER}", self.source)

    def dump(self, code=0):
        return self.one(self.dump_items(("oracle", self.source)), code)

    def test_a_run_takes_its_own_pieces_and_removes_them(self):
        older = [self.backups / "ORCL" / name for name in ("repo_backup_20200101000000_1", "another")]
        for each in older:
            each.write_text("of an earlier run")
        line = self.dump()
        self.assertEqual(line["status"], "copied")
        self.assertEqual(line["fingerprint"]["identity"], "1234567890")
        names = {each.name for each in self.data(self.source).iterdir()} - {"SHA256SUMS"}
        # Two of the database and its logs, one of the control file, and the automatic one.
        self.assertEqual(len(names), 4)
        for name in names:
            self.assertRegex(name, "^repo_backup_2[0-9]{13}_")
            self.assertEqual((self.data(self.source) / name).read_bytes(), self.server.piece)
        self.assertEqual(set((self.backups / "ORCL").iterdir()), set(older))
        for words in ("RESTORE DATABASE VALIDATE", "RESTORE CONTROLFILE VALIDATE", "RESTORE ARCHIVELOG FROM"):
            self.assertIn(words, self.server.said)
        self.assertNotIn("CONFIGURE", self.server.said, "the settings of the server are not ours")
        record = read_json(self.data(self.source).parent / "item.json")
        self.assertTrue(record["fingerprint"]["partial"], record["fingerprint"])

    def test_D10_errors_are_in_the_output_whatever_the_exit_code(self):
        self.server.validated = ("RMAN-06056: could not access datafile 3\n"
                                 "Finished restore at 01-JAN-26\n")
        self.assertIn("RMAN-06056", self.dump(3)["error"])

    def test_D10_an_empty_piece_is_no_copy(self):
        self.server.piece = b""
        self.assertIn("a piece is empty", self.dump(3)["error"])

    def test_D10_a_copy_that_is_not_what_the_server_has_written_is_none(self):
        script = self.kinds / "oracle-rman"
        text = script.read_text()
        script.write_text(text.replace('cp -- "$folder/$name"', 'ln -s -- "$folder/$name"'))
        self.assertIn("verify", self.dump(3)["error"])
        cut = text.replace('cp -- "$folder/$name"', 'head -c 12 >"$5/$name" "$folder/$name" #')
        self.assertNotEqual(cut, text)
        script.write_text(cut)
        self.assertIn("it is not what the server has written", self.dump(3)["error"])

    def test_D39_a_name_is_no_command_of_rman(self):
        other = self.src / "x'; SHUTDOWN; '"
        self.source.rename(other)
        self.source = other
        self.assertIn("letters that no command can have", self.dump(3)["error"])


if __name__ == "__main__":
    main()
