"""Names that people and other systems really make: found, copied, verified and restorable."""
import base64
import hashlib
import json
import os
import shutil

from support import (DUMP, SCAN, Case, current_of, hg_state, main, make_hg, make_svn, must,
                     read_json, run, svn_tree, validate, without_table)

NAMES = (
    b"with space", b" leading and trailing ", b"new\nline", b"tab\tand\rreturn", b"quo'te\"s",
    b"back\\slash", b"-rf", b"--help", b"a@b", b"@", b"$(id)`id`;&|", b"*?[x]{a,b}", b"esc\x1b[2J",
    b"right-to-left \xe2\x80\xae", b"invalid \xff\xfe", b"cut short \xc3",
    b"surrogate \xed\xa0\x80", b"Case", b"case", b"\xc3\xa9 composed",
    b"e\xcc\x81 combined", b"bundle:x", b"http:", b"%41#x", b".hidden", b"n" * 255, b"\xff" * 255,
)


def raw(item, key="path"):
    """The bytes that a document means."""
    if key + "_b64" in item:
        return base64.b64decode(item[key + "_b64"], validate=True)
    return item[key].encode()


class NamesTest(Case):
    """Two roots, one of them oddly named itself; each name once as svn and once as hg."""

    @classmethod
    def setUpClass(cls):
        cls.tmp = cls.make_tmp(cls.addClassCleanup)
        cls.to = cls.tmp / "backup"
        cls.svn = make_svn(cls.tmp / "template/svn", 2)
        cls.hg = make_hg(cls.tmp / "template/hg", 2)
        cls.roots = [os.fsencode(cls.tmp / "svn"), os.fsencode(cls.tmp) + b"/hg \xff\n"]
        cls.paths = []
        for root, template in zip(cls.roots, (cls.svn, cls.hg)):
            for name in NAMES:
                cls.paths.append(os.path.join(root, name))
                shutil.copytree(os.fsencode(template), cls.paths[-1], symlinks=True)
        cls.manifest = cls.tmp / "manifest.json"
        cls.scanned = run(SCAN, "-o", cls.manifest, *cls.roots)
        cls.items = read_json(cls.manifest)["repositories"]
        cls.done = run(DUMP, "--to", cls.to, "--results", cls.tmp / "results", cls.manifest)

    def setUp(self):
        pass  # one temporary directory for all

    def assert_plain_lines(self, text, count):
        self.assertTrue(text.endswith("\n"))
        lines = text[:-1].split("\n")
        self.assertEqual(len(lines), count)
        for line in lines:
            self.assertTrue(line.isprintable(), repr(line))
        return lines

    def test_S10_scan_finds_the_exact_bytes(self):
        self.assert_code(self.scanned, 0)
        self.assertEqual([raw(each) for each in self.items], sorted(self.paths))
        for item in self.items:
            valid = raw(item).decode("utf-8", "replace") == item["path"] and "path_b64" not in item
            self.assertEqual(valid, self.is_utf8(raw(item)), item["path"])
            store = raw(item) if item["kind"] == "svn" else raw(item) + b"/.hg"
            self.assertEqual(raw(item, "store"), store)

    @staticmethod
    def is_utf8(name):
        try:
            return bool(name.decode("utf-8"))
        except UnicodeDecodeError:
            return False

    def test_D18_ids_differ_and_are_file_names(self):
        ids = [each["id"] for each in self.items]
        self.assertEqual(len({each.lower() for each in ids}), len(ids))
        for item in self.items:
            self.assertRegex(item["id"], r"^[\w+@][\w+@.-]{0,99}-[0-9a-f]{32}$")
            self.assertTrue(item["id"].isascii())
            digest = hashlib.sha256(raw(item)).hexdigest()[:32]
            self.assertEqual(item["id"].rpartition("-")[2], digest)

    def test_S10_list_prints_a_plain_line_each_and_raw_bytes_with_0(self):
        listed = run(SCAN, "--list", *self.roots)
        self.assert_code(listed, 0)
        self.assert_plain_lines(listed.text, len(self.paths))
        exact = run(SCAN, "--list", "-0", *self.roots)
        self.assertEqual(sorted(exact.out.split(b"\0")), [b"", *sorted(self.paths)])

    def test_dump_copies_all_and_prints_a_plain_line_each(self):
        self.assert_code(self.done, 0)
        self.assertEqual(self.done.err, b"")
        lines = self.assert_plain_lines(without_table(self.done.text), len(self.paths) + 1)
        self.assertTrue(all(line.startswith("copied   ") for line in lines[:-1]))

    def test_json_lines_hold_the_exact_bytes(self):
        with open(self.tmp / "results", "rb") as file:
            text = file.read().decode("utf-8")
        self.assertTrue(all(c.isprintable() or c in "\n\u202e" for c in text))
        *items, _ = results = [json.loads(line) for line in text.splitlines()]
        for line in results:
            validate(line, "result")
        self.assertEqual([raw(each) for each in items], sorted(self.paths))

    def test_every_copy_is_whole_and_under_its_path(self):
        self.assert_whole()
        self.assertEqual(sorted(current_of(self.to)), sorted(self.paths))

    def test_every_copy_is_usable(self):
        good_svn, good_hg = svn_tree(self.svn), hg_state(self.hg)
        for path, folder in current_of(self.to).items():
            with self.subTest(path=path):
                if folder.parent.name == "svn":
                    self.assertEqual(svn_tree(folder / "data"), good_svn)
                    continue
                # hg writes its caches where it reads.
                restored = self.tmp / "restored" / folder.name
                shutil.copytree(folder / "data", restored, symlinks=True)
                self.assertEqual(hg_state(restored), good_hg)

    def test_only_takes_odd_paths(self):
        for path in (self.paths[0], next(p for p in self.paths if p.endswith(b"invalid \xff\xfe"))):
            done = run(DUMP, "-n", "--to", self.to, "--only", path, self.manifest)
            self.assert_code(done, 0)
            self.assert_plain_lines(done.text, 2)

    def test_a_second_scan_is_equal(self):
        again = self.tmp / "again.json"
        must(SCAN, "-q", "-o", again, *reversed(self.roots))
        self.assertEqual(read_json(again)["repositories"], self.items)

    def test_failures_print_plain_lines_too(self):
        moved = self.tmp / "moved"
        for root in self.roots:
            os.rename(root, moved)
            os.mkdir(root)
            done = run(DUMP, "--to", self.tmp / "other", self.manifest)
            os.rmdir(root)
            os.rename(moved, root)
            self.assert_code(done, 3)
            lines = self.assert_plain_lines(without_table(done.text), len(self.paths) + 1)
            self.assertEqual(sum(line.startswith("VANISHED ") for line in lines), len(NAMES))


class FilesTest(Case):
    """Odd names inside of repositories."""

    def add_files(self, folder, names):
        os.makedirs(folder, exist_ok=True)
        for name in names:
            with open(os.path.join(os.fsencode(folder), name), "wb") as file:
                file.write(name)

    def assert_copied(self, source, folder, names):
        self.assert_code(self.dump(self.scan()), 0)
        self.assert_whole()
        copied = self.copy_of(source) / "data" / folder
        for name in names:
            with open(os.path.join(os.fsencode(copied), name), "rb") as file:
                self.assertEqual(file.read(), name)
        self.assertEqual(sorted(os.listdir(os.fsencode(source / folder))),
                         sorted(os.listdir(os.fsencode(copied))))

    def test_in_a_mercurial_repository(self):
        beta = make_hg(self.src / "beta")
        self.add_files(beta / ".hg/patches", NAMES)
        self.assert_copied(beta, ".hg/patches", NAMES)

    def test_in_a_subversion_repository(self):
        alpha = make_svn(self.src / "alpha")
        self.add_files(alpha / "hooks", NAMES)
        self.assert_copied(alpha, "hooks", NAMES)


if __name__ == "__main__":
    main()
