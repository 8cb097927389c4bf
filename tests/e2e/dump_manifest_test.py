"""repo-dump takes nothing of a manifest on trust: a bad one is refused whole, before anything.

In the names of these tests: M a fault of a manifest, D of a dump, S of what is scanned, numbered.
"""
import base64
import copy
import json

from support import DUMP, Case, main, make_hg, make_svn, must, read_json, run, SCAN

MISSING = object()
USED_FIELDS = ("format", "version", "host", "complete", "roots", "repositories")
OTHER_FIELDS = ("tool", "started", "finished", "stats", "pointers", "pruned", "errors")
ITEM_FIELDS = ("id", "kind", "path", "store", "device", "inode", "uid", "gid", "mode", "detail")


class ManifestCase(Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = cls.make_tmp(cls.addClassCleanup)
        make_svn(cls.shared / "src/alpha", 0)
        make_hg(cls.shared / "src/beta", 0)
        must(SCAN, "-q", "-o", cls.shared / "manifest.json", cls.shared / "src")
        cls.bytes = (cls.shared / "manifest.json").read_bytes()
        cls.good = read_json(cls.shared / "manifest.json")

    def give(self, content):
        """Runs repo-dump on this manifest: bytes, or a document."""
        if not isinstance(content, bytes):
            content = json.dumps(content).encode()
        path = self.tmp / "given.json"
        path.write_bytes(content)
        path.chmod(0o600)
        return self.dump(path)

    def assert_manifest_refused(self, content, *words):
        self.assert_refused(self.give(content), 2, *words)
        self.assertFalse(self.to.exists())

    def changed(self, where, value):
        """The good manifest with one field changed; where: keys and indexes."""
        document = copy.deepcopy(self.good)
        inner = document
        for key in where[:-1]:
            inner = inner[key]
        if value is MISSING:
            del inner[where[-1]]
        else:
            inner[where[-1]] = value
        return document


class ManifestBytesTest(ManifestCase):
    def test_the_manifest_that_the_others_damage_is_taken(self):
        self.assert_code(self.give(self.bytes), 0)
        self.assertEqual(len(self.current()), 2)

    def test_M1_truncated_at_any_byte(self):
        end = self.bytes.rindex(b"}")  # of the document: all before it is not whole
        for length in [0, 1, 2, *range(3, end, 41), end - 1, end]:
            with self.subTest(length=length):
                self.assert_manifest_refused(self.bytes[:length], "manifest", "cut short")

    def test_M2_one_flipped_bit_never_leads_to_another_path(self):
        paths = {each["path"] for each in self.good["repositories"]}
        for at in range(5, len(self.bytes), 17):
            flipped = bytearray(self.bytes)
            flipped[at] ^= 1 << (at % 7)
            path = self.tmp / "flipped.json"
            path.write_bytes(flipped)
            with self.subTest(at=at):
                done = self.dump(path, "-n")
                self.assertIn(done.code, (0, 2, 3), f"{done}")
                named = [line.split("  (")[0] for line in done.text.splitlines()[:-1]]
                for line in named:
                    self.assertTrue(any(path in line for path in paths), line)
                self.assertTrue(done.code != 2 or not named, f"{done}")
        self.assertFalse(self.to.exists())

    def test_M5_deep_nesting(self):
        self.assert_manifest_refused(b"[" * 1_000_000, "manifest")
        self.assert_manifest_refused(b"[" * 100_000 + b"]" * 100_000, "manifest")
        self.assert_manifest_refused(b'{"roots":' * 100_000 + b"1" + b"}" * 100_000, "format")

    def test_M5_twenty_thousand_items(self):
        items = 20_000 * [self.good["repositories"][0]]
        document = {**self.good, "repositories": items}
        path = self.tmp / "many.json"
        path.write_text(json.dumps(document), encoding="utf-8")
        done = self.dump(path, "-n")
        self.assert_code(done, 3)  # they share an id
        self.assertEqual(done.text.count("REFUSED"), len(items))

    def test_M6_not_json(self):
        for content in (b"", b" ", b"\0", b"repo-scan: no such root\n", b"<html></html>", b"{]",
                        b"{'format': 1}", self.bytes + b"x", self.bytes + self.bytes,
                        self.bytes + 9 * b"\0", b"\xef\xbb\xbf"):
            with self.subTest(content=content[:20]):
                self.assert_manifest_refused(content, "manifest")

    def test_M6_json_but_no_object(self):
        for content in (b"null", b"[]", b'"repo-backup/manifest"', b"1", b"true"):
            with self.subTest(content=content):
                self.assert_manifest_refused(content, "manifest", "object")

    def test_M4_invalid_utf8(self):
        name = b"/src/alpha"
        for bad in (b"\xff", b"\xc3", b"\xed\xa0\x80", b"\xc0\xaf"):
            with self.subTest(bad=bad):
                self.assert_manifest_refused(self.bytes.replace(name, name[:-1] + bad),
                                             "manifest", "UTF-8")

    def test_no_such_file_and_no_file(self):
        for path in (self.tmp / "none.json", self.tmp, self.tmp / "manifest.json" / "x"):
            with self.subTest(path=path):
                self.assert_refused(self.dump(path), 2, str(path))
        self.assertFalse(self.to.exists())

    def test_an_empty_pipe_is_no_manifest(self):
        done = run(DUMP, "--to", self.to, "-", input=b"")
        self.assert_refused(done, 2, "manifest", "cut short")
        self.assertFalse(self.to.exists())


class ManifestFieldsTest(ManifestCase):
    def refuse_changes(self, where, values, *words):
        for value in values:
            told = "missing" if value is MISSING else str(value)[:60]
            with self.subTest(where=where, value=told):
                self.assert_manifest_refused(self.changed(where, value), *(words or [where[-1]]))

    def test_M6_missing_or_mistyped_field_of_the_manifest(self):
        for field in USED_FIELDS:
            self.refuse_changes([field], (MISSING, None, {}, 1.5, -1))

    def test_M6_missing_or_mistyped_field_that_a_dump_does_not_need(self):
        for field in OTHER_FIELDS:
            self.refuse_changes([field], (MISSING, None, 7))

    def test_M6_missing_or_mistyped_field_of_an_item(self):
        for field in ITEM_FIELDS:
            self.refuse_changes(["repositories", 1, field], (MISSING, None, [], 1.5, -1, True),
                                f"repositories[1].{field}")

    def test_M6_an_item_that_is_no_object(self):
        for value in (None, 1, "x", []):
            self.refuse_changes(["repositories", 0], (value,), "repositories[0]")

    def test_M6_another_format(self):
        self.refuse_changes(["format"], ("repo-backup/run", "", "repo-backup/manifest ",
                                         "Repo-Backup/Manifest"))

    def test_M6_another_version(self):
        self.refuse_changes(["version"], (2, 0, 10**19, "1", 1.0, True))

    def test_M6_unknown_fields_are_ignored(self):
        document = self.changed(["new"], {"a": [1]})
        document["repositories"][0]["new"] = None
        document["repositories"][0]["detail"] = {"new": {"of": "another type"}}
        self.assert_code(self.give(document), 0)
        self.assertEqual(len(self.current()), 2)

    def test_M6_numbers_that_do_not_fit(self):
        self.refuse_changes(["repositories", 0, "inode"], (2**64, 1e300))
        for field in ("uid", "gid"):
            self.refuse_changes(["repositories", 0, field], (2**32,))
        self.refuse_changes(["repositories", 0, "mode"], ("", "755", "0778", "07555", "+755",
                                                          "rwx-", "0x1f", " 755"))

    def test_M4_paths_that_are_not_canonical(self):
        top = str(self.shared)
        odd = ("", "alpha", "./alpha", f"{top}/src/../src/alpha", f"{top}/./src/alpha",
               f"{top}//src/alpha", f"{top}/src/alpha/", f"{top}/src/alpha/.", "/..", "//",
               f"{top}/src/alpha\0", f"{top}/src/al\0pha", "~/alpha", "file:///etc")
        self.refuse_changes(["repositories", 0, "path"], odd, "repositories[0].path")
        self.refuse_changes(["repositories", 0, "store"], odd, "repositories[0].store")
        self.refuse_changes(["roots"], [[each] for each in odd], "roots[0]")

    def test_M4_a_path_of_a_megabyte_and_the_root_do_not_fit_the_id(self):
        self.refuse_changes(["repositories", 0, "path"], ("/" + "a" * 1_000_000, "/"),
                            "repositories[0]")

    def test_M4_a_path_with_another_id(self):
        other = f"{self.shared}/src/gamma"
        self.refuse_changes(["repositories", 0, "path"], (other, "/etc"), "repositories[0].id")

    def test_M4_ids_that_are_no_file_names_or_not_those_of_the_path(self):
        good = self.good["repositories"][0]["id"]
        self.refuse_changes(["repositories", 0, "id"],
                            ("../x", "a/b", "", ".", "..", "/etc", "x" * 300, good[:-1], good + "0",
                             good.upper(), good + "\0", "-" + good, "../" + good,
                             self.good["repositories"][1]["id"]),
                            "repositories[0].id")

    def test_M4_a_store_outside_its_path(self):
        for store in (f"{self.shared}/src", "/etc", f"{self.shared}/src/alphabet", "/"):
            self.refuse_changes(["repositories", 0, "store"], (store,), "repositories[0].store")

    def test_M4_path_b64_that_does_not_fit(self):
        path = self.good["repositories"][0]["path"]
        encoded = base64.b64encode(path.encode()).decode()
        for value in (7, None, "", "not base64", encoded[:-1], encoded + "=", encoded + "\n",
                      encoded + "AAAA", base64.b64encode(b"/etc").decode(),
                      base64.b64encode(path.encode() + b"\0").decode(),
                      base64.b64encode(b"../" + path.encode()).decode()):
            self.refuse_changes(["repositories", 0, "path_b64"], (value,),
                                "repositories[0].path_b64")

    def test_M4_store_b64_and_roots_b64_that_do_not_fit(self):
        wrong = base64.b64encode(b"/etc").decode()
        self.refuse_changes(["repositories", 0, "store_b64"], (wrong, 1, "?"),
                            "repositories[0].store_b64")
        self.refuse_changes(["roots_b64"], ([wrong], [1], [], wrong, [wrong, wrong]), "roots_b64")

    def test_M4_an_approximated_path_needs_its_bytes(self):
        """U+FFFD in `path` without path_b64 is the name of another file: the id does not fit."""
        document = copy.deepcopy(self.good)
        item = document["repositories"][0]
        exact = item["path"].encode() + b"\xff"
        item["path"] += "\ufffd"
        item["store"] = item["path"]
        self.assert_manifest_refused(document, "repositories[0].id")
        item["path_b64"] = base64.b64encode(exact[:-1] + b"\xfe").decode()
        self.assert_manifest_refused(document, "repositories[0].id")

    def test_S10_refusals_of_hostile_text_stay_one_plain_line(self):
        for path in ("/a\nrepo-dump: all is well", "/\x1b[2J", "/\u202eevil", "relative\r\n"):
            with self.subTest(path=path):
                done = self.give(self.changed(["repositories", 0, "path"], path))
                self.assert_refused(done, 2, "repositories[0]")
                self.assertTrue(all(c.isprintable() for c in done.message.rstrip("\n")), done)


if __name__ == "__main__":
    main()
