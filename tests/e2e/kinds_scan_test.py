"""repo-scan and the kinds that users have defined: found where their files say it, explained, and
refused with the reason."""
import json
import os
import sqlite3

from jsonschema import ValidationError

from kinds_case import SHIPPED, KindsCase
from support import DUMP, SCAN, as_user, main, make_hg, must, read_json, run, validate

STRANGER = 4321
SQLITE = {"format": "repo-backup/kind", "version": 1, "kind": "sqlite",
          "description": "SQLite databases",
          "signature": {"magic": {"glob": ["*.db", "*.sqlite"], "text": "SQLite format 3\0"}},
          "dump": {"argv": ["sqlite3", "{match}", ".backup {dest}/{match}"], "for_each": "match"}}
ZODB = {"format": "repo-backup/kind", "version": 1, "kind": "zodb",
        "signature": {"files": ["Data.fs"], "directories": ["blobs"], "prune": ["blobs"]},
        "dump": {"argv": ["repozo", "-B", "-r", "{dest}", "-f", "{path}/Data.fs"]}}


def make_database(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    with sqlite3.connect(path) as database:
        database.execute("create table t (n)")


class KindsScanTest(KindsCase):
    def define(self, kind, **fields):
        document = json.loads(json.dumps(kind))
        document["signature"] |= fields.pop("signature", {})
        return super().define(document | fields)

    def scanned(self, *arguments, code=0):
        manifest = self.tmp / "manifest.json"
        done = run(SCAN, "--kinds-dir", self.kinds, "-o", manifest, *arguments, self.src)
        self.assert_code(done, code)
        document = read_json(manifest)
        validate(document, "manifest")
        return document

    def found(self, document, key="repositories"):
        return [(each["kind"] if key == "repositories" else each["why"],
                 os.path.relpath(each["path"], self.src)) for each in document[key]]

    def test_databases_are_found_in_their_paths_alone(self):
        for name in ("app/leaf/a.db", "app/b.sqlite", "app/c.db", "other/a.db"):
            make_database(self.src / name)
        (self.src / "app/text").mkdir()
        (self.src / "app/text/a.db").write_text("no database")
        make_hg(self.src / "app/hg")
        self.define(SQLITE, signature={"paths": [str(self.src / "app")]})
        document = self.scanned()
        self.assertEqual(self.found(document), [("sqlite", "app"), ("hg", "app/hg"),
                                                ("sqlite", "app/leaf")])
        self.assertEqual(document["repositories"][0]["detail"], {"files": 2})
        self.assertEqual(document["user_kinds"],
                         [{"name": "sqlite", "paths": [str(self.src / "app")]}])
        self.assertGreater(document["stats"]["leaf_skipped"], 0)
        # A choice of kinds is one of these, too.
        document = self.scanned("-k", "sqlite")
        self.assertEqual(self.found(document), [("sqlite", "app"), ("sqlite", "app/leaf")])
        document = self.scanned("-k", "hg")
        self.assertEqual(self.found(document), [("hg", "app/hg")])
        self.assertNotIn("user_kinds", document)

    def test_directories_are_found_everywhere_and_their_own_folders_left_alone(self):
        (self.src / "a/zope/blobs").mkdir(parents=True)
        (self.src / "a/zope/Data.fs").touch()
        make_hg(self.src / "a/zope/blobs/hg")
        make_hg(self.src / "a/zope/other/hg")
        self.define(ZODB)
        document = self.scanned()
        self.assertEqual(self.found(document), [("zodb", "a/zope"), ("hg", "a/zope/other/hg")])
        self.assertEqual(self.found(document, "pruned"), [("belongs to zodb", "a/zope/blobs")])
        self.assertEqual(document["user_kinds"], [{"name": "zodb"}])

    def test_S4_a_place_that_no_scan_comes_to_is_told(self):
        make_database(self.src / "app/a.db")
        (self.src / "link").symlink_to("app")
        self.define(SQLITE, signature={"paths": [f"{self.src}/{name}" for name in ("app", "link", "nope")]})
        document = self.scanned()
        self.assertEqual(self.found(document), [("sqlite", "app")])
        told = {os.path.relpath(each["path"], self.src): each for each in document["pruned"]}
        self.assertEqual(sorted(told), ["link", "nope"])
        self.assertTrue(all(each["not_looked_at"] for each in told.values()))
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assertIn(f"not looked at: {self.src}/nope (sqlite is looked for there; No such file",
                      done.message)
        self.assertIn(f"a symbolic link leads to {self.src}/app", done.message)

    def test_nobody_hides_what_others_have(self):
        """Who may create entries in a shared directory makes it one of a kind that enters nothing."""
        shared = self.src / "shared"
        make_hg(shared / "hg")
        (shared / "Data.fs").touch()
        (shared / "blobs").mkdir()
        self.define(ZODB, signature={"prune": True})
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assert_code(done, 2)
        self.assertIn('signature.prune: true needs "paths"', done.message)
        self.define(ZODB, signature={"prune": True, "paths": [str(self.src)]})
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assertIn(f"not looked at: {shared} (what is in it belongs to zodb)", done.message)
        self.define(ZODB, signature={"prune": True, "paths": [str(shared)]})
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assertNotIn("not looked at", done.message, "the very place that the file names")

    def test_no_kinds_no_trace(self):
        make_database(self.src / "app/a.db")
        document = self.scanned()
        self.assertEqual(self.found(document), [])
        self.assertNotIn("user_kinds", document)

    def test_what_was_not_looked_for_is_not_gone(self):
        make_database(self.src / "app/a.db")
        old = self.tmp / "old.json"
        self.define(SQLITE, signature={"paths": [str(self.src)]})
        must(SCAN, "-q", "--kinds-dir", self.kinds, "-o", old, self.src)
        self.define(SQLITE, signature={"paths": ["/nowhere"]})
        told = run(SCAN, "-q", "--kinds-dir", self.kinds, "--diff", old, self.src)
        self.assertEqual(told.text, f"unknown  sqlite {self.src}/app (this kind was not looked for)\n")
        self.define(SQLITE, signature={"paths": [str(self.src)]})
        os.remove(self.src / "app/a.db")
        told = run(SCAN, "-q", "--kinds-dir", self.kinds, "--diff", old, self.src)
        self.assertEqual(told.text, f"gone     sqlite {self.src}/app\n")

    def test_a_database_that_cannot_be_looked_at_is_an_error(self):
        make_database(self.src / "app/a.db")
        os.chmod(self.src / "app/a.db", 0)
        for path in (self.tmp, self.src):
            path.chmod(0o755)
        self.define(SQLITE, signature={"paths": [str(self.src)]})
        os.chmod(self.kinds / "sqlite.json", 0o644)
        done = run(*as_user(STRANGER), SCAN, "--kinds-dir", self.kinds, self.src)
        self.assert_code(done, 3)
        error, = json.loads(done.out)["errors"]
        self.assertEqual((error["path"], error["op"]), (str(self.src / "app/a.db"), "probe"))
        self.assertIn("may be sqlite", error["message"])

    def test_a_mistake_in_one_file_ends_a_scan(self):
        self.define(ZODB)
        self.define(SQLITE)  # without paths
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assert_code(done, 2)
        self.assertEqual(done.out, b"")
        self.assertIn(f"{self.kinds}/sqlite.json", done.message)
        self.assertIn("signature.paths: missing", done.message)
        self.assertIn("--check-kinds", done.message)

    def test_a_folder_that_is_named_must_be_there(self):
        self.assert_code(run(SCAN, "--kinds-dir", self.tmp / "none", self.src), 2)

    def test_a_folder_that_others_may_write_to_is_refused(self):
        self.define(ZODB)
        self.kinds.chmod(0o777)
        done = run(SCAN, "--kinds-dir", self.kinds, self.src)
        self.assert_code(done, 2)
        self.assertIn(str(self.kinds), done.message)

    def test_too_many_names(self):
        names = [f"d{number}" for number in range(55)]
        self.define(ZODB, signature={"files": [], "directories": names, "prune": []})
        for argument in (self.src, "--check-kinds"):
            done = run(SCAN, "--kinds-dir", self.kinds, argument)
            self.assert_code(done, 2)
            self.assertIn("name more than 54 files and directories", done.message)

    def test_unknown_kinds_are_refused_and_named(self):
        self.define(ZODB)
        done = run(SCAN, "--kinds-dir", self.kinds, "-k", "cvs", self.src)
        self.assert_code(done, 2)
        self.assertIn('no such kind: "cvs"; there are svn, hg, git, postgres, zodb', done.message)

    def test_the_check_explains(self):
        self.define(SQLITE, signature={"paths": [str(self.src), str(self.tmp / "none"),
                                                 str(self.tmp / "link")]})
        (self.tmp / "link").symlink_to(self.src)
        self.define(ZODB)
        done = run(SCAN, "--kinds-dir", self.kinds, "--check-kinds")
        self.assert_code(done, 0)
        for part in ("sqlite  (", "SQLite databases", 'with "SQLite format 3\\x00" at byte 0',
                     "zodb  (", 'files "Data.fs"', "repozo -B -r {dest} -f {path}/Data.fs",
                     f"NOTE: {self.tmp}/none is not there now",
                     f"NOTE: {self.tmp}/link leads through a symbolic link",
                     "2 kinds, and nothing wrong with them"):
            self.assertIn(part, done.text)
        self.assertEqual(done.err, b"")

    def test_the_check_names_all_mistakes(self):
        self.define(ZODB)
        self.define(SQLITE, dump={"argv": []}, colour="green")
        (self.kinds / "half.json").write_text("{")
        done = run(SCAN, "--kinds-dir", self.kinds, "--check-kinds")
        self.assert_code(done, 2)
        self.assertIn("zodb  (", done.text)
        self.assertIn("nothing is scanned or dumped before that is mended", done.text)
        for part in ("half.json", "sqlite.json", "colour"):
            self.assertIn(part, done.message)

    def test_the_check_tells_what_the_machine_lacks(self):
        secret = self.tmp / "secret"
        secret.touch()
        secret.chmod(0o644)
        (self.tmp / "own").mkdir()
        (self.tmp / "own/data").mkdir()
        os.chown(self.tmp / "own", STRANGER, STRANGER)
        self.define(ZODB, dump={"argv": ["no-such-program"]}, run_as="no-such-user", network="unix",
                    secrets=[{"file": str(secret), "number": 3}, {"file": "/nope", "number": 4}],
                    programs=["/nope/bin", str(self.tmp / "own/data")], package="zodb-tools")
        done = run(SCAN, "--kinds-dir", self.kinds, "--check-kinds")
        self.assert_code(done, 0)
        for part in ("NOTE: cannot run no-such-program: not installed, it is not in /usr/bin: "
                     "apt-get install zodb-tools",
                     "NOTE: run_as: there is no user no-such-user",
                     "NOTE: programs: cannot stat /nope", f"programs: cannot open {self.tmp}/own/data",
                     "NOTE: secrets: cannot open /nope", "chmod 600", 'NOTE: network: "unix"'):
            self.assertIn(part, done.text)

    def test_the_schema_and_the_program_agree(self):
        command = {"argv": ["a"]}
        signature = {"directories": ["d"]}
        for good in ({"run_as": "_apt"}, {"version": 1.0}, {"dump": command | {"timeout": "010m"}},
                     {"signature": signature | {"except": ["a*"]}},
                     {"signature": signature | {"prune": True, "paths": ["/srv"]}}):
            with self.subTest(good):
                self.assertEqual(self.opinions(good), (True, True))
        for bad in ({"verify": []}, {"dump": []}, {"secrets": []}, {"run_as": ""},
                    {"run_as": "Www.data"}, {"run_as": "_x/../y"}, {"run_as": "root"},
                    {"dump": command | {"output": ""}}, {"dump": command | {"output": ".."}},
                    {"dump": command | {"timeout": ""}}, {"dump": command | {"timeout": "0s"}},
                    {"dump": command | {"exit_codes": [126]}}, {"version": 1.5},
                    {"signature": [signature]}, {"tool_version": [command]}, {"signature": {}}, {"signature": {"directories": []}},
                    {"signature": {"paths": ["/srv"]}}, {"signature": {"files": ["a"]}},
                    {"signature": signature | {"prune": True}}, {"signature": signature | {"magic": []}},
                    {"signature": signature | {"magic": {"glob": "*", "text": "", "hex": "00"}}}):
            with self.subTest(bad):
                self.assertEqual(self.opinions(bad), (False, False))

    def opinions(self, fields):
        """Whether the schema takes a kind with these fields, and whether the program does."""
        kind = {"format": "repo-backup/kind", "version": 1, "kind": "app",
                "signature": {"directories": ["d"]}, "dump": {"argv": ["a"]}} | fields
        super().define(kind)
        try:
            validate(kind, "kind")
            is_taken = True
        except ValidationError:
            is_taken = False
        return is_taken, run(SCAN, "--kinds-dir", self.kinds, "--check-kinds").code == 0

    def test_what_we_ship_is_explained(self):
        names = sorted(each.stem for each in SHIPPED.glob("*.json"))
        self.assertGreaterEqual(len(names), 4)
        for name in names:
            self.ship(name)
        done = run(SCAN, "--kinds-dir", self.kinds, "--check-kinds")
        self.assert_code(done, 0)
        for name in names:
            self.assertIn(f"\n{name}  (", "\n" + done.text)

    def test_what_a_scan_finds_is_dumped_and_stays_until_it_is_gone(self):
        make_database(self.src / "app/a.db")
        make_hg(self.src / "hg")
        self.ship("sqlite")
        kind = read_json(self.kinds / "sqlite.json")
        self.define(kind, signature={"paths": [str(self.src)]})
        target = self.tmp / "dump"

        def night(code, kinds=self.kinds):
            manifest = self.tmp / "manifest.json"
            must(SCAN, "-q", "--kinds-dir", kinds, "-o", manifest, self.src)
            done = run(DUMP, "--kinds-dir", kinds, "--to", target, manifest)
            self.assert_code(done, code)
            return done.text + done.message

        self.assertIn("copied    sqlite", night(0))
        # Somebody has taken the kind's file away: that says nothing of the database.
        (self.tmp / "empty").mkdir()
        self.assertIn("not looked at by the scan, so its copy of", night(0, self.tmp / "empty"))
        os.remove(self.src / "app/a.db")
        self.assertNotIn("not looked at", night(3))
        self.assertTrue(list(target.glob("current/sqlite/*/data")))

    def test_the_check_of_a_machine_without_kinds(self):
        done = run(SCAN, "--kinds-dir", self.kinds, "--check-kinds")
        self.assert_code(done, 0)
        self.assertEqual(done.text, "0 kinds, and nothing wrong with them\n")


if __name__ == "__main__":
    main()
