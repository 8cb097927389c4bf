"""Items that fail alone: each is named, the others are copied, the exit status is 3."""
import json
import os
import shutil

from support import (DUMP, SCAN, Case, TwoSvnCase, current_of, main, make_hg, make_svn, must,
                     read_json, run, validate)

STRANGER = 1234


def empty(folder):
    for each in folder.iterdir():
        shutil.rmtree(each) if each.is_dir() and not each.is_symlink() else each.unlink()


class BrokenSourcesTest(Case):
    """One scan, then something happens to most of the repositories, then one dump."""

    @classmethod
    def setUpClass(cls):
        cls.tmp = cls.make_tmp(cls.addClassCleanup)
        cls.src, cls.to = cls.tmp / "src", cls.tmp / "backup"
        cls.elsewhere = cls.tmp / "elsewhere"
        svn = make_svn(cls.tmp / "template/svn", 2)
        hg = make_hg(cls.tmp / "template/hg", 2)
        for name in ("good", "gone", "became_hg", "became_nothing", "became_link", "parent/inner",
                     "replaced", "owner", "damaged", "db_link", "db_fifo", "format_gone",
                     "gone/nested"):
            shutil.copytree(svn, cls.src / "svn" / name)
        for name in ("good", "gone", "became_svn", "hg_link", "store_link", "damaged", "file"):
            shutil.copytree(hg, cls.src / "hg" / name, symlinks=True)
        manifest = cls.tmp / "manifest.json"
        must(SCAN, "-q", "-o", manifest, cls.src)
        must(DUMP, "-q", "--to", cls.to, manifest)
        cls.first = {path: cls.text_of(folder) for path, folder in current_of(cls.to).items()}
        for folder in ("svn/good/conf", "hg/good/.hg"):
            (cls.src / folder / "changed").touch()
        cls.break_svn(cls.src / "svn", hg)
        cls.break_hg(cls.src / "hg", svn)
        cls.done = run(DUMP, "--json", "--to", cls.to, manifest)
        *cls.items, cls.summary = cls.done.json_lines()
        cls.of = {each["path"]: each for each in cls.items}

    @staticmethod
    def text_of(folder):
        return (folder / "item.json").read_text(encoding="utf-8")

    @classmethod
    def break_svn(cls, src, hg):
        shutil.rmtree(src / "gone")
        empty(src / "became_hg")
        shutil.copytree(hg / ".hg", src / "became_hg/.hg", symlinks=True)
        empty(src / "became_nothing")
        cls.elsewhere.mkdir()
        (src / "became_link").rename(cls.elsewhere / "became_link")
        (src / "became_link").symlink_to(cls.elsewhere / "became_link")
        (src / "parent").rename(cls.elsewhere / "parent")
        (src / "parent").symlink_to(cls.elsewhere / "parent")
        (src / "replaced").rename(cls.elsewhere / "replaced")
        shutil.copytree(cls.elsewhere / "replaced", src / "replaced")
        os.chown(src / "owner", STRANGER, 0)
        revision = src / "damaged/db/revs/0/1"
        content = bytearray(revision.read_bytes())
        content[len(content) // 3] ^= 0x55
        revision.chmod(0o600)
        revision.write_bytes(content)
        (src / "db_link/db/revs/0").rename(cls.elsewhere / "shard")
        (src / "db_link/db/revs/0").symlink_to(cls.elsewhere / "shard")
        (src / "db_fifo/db/uuid").unlink()
        os.mkfifo(src / "db_fifo/db/uuid")
        (src / "format_gone/format").unlink()

    @classmethod
    def break_hg(cls, src, svn):
        shutil.rmtree(src / "gone")
        empty(src / "became_svn")
        shutil.copytree(svn, src / "became_svn", dirs_exist_ok=True)
        (src / "hg_link/.hg").rename(cls.elsewhere / "hg")
        (src / "hg_link/.hg").symlink_to(cls.elsewhere / "hg")
        (src / "store_link/.hg/store").rename(cls.elsewhere / "store")
        (src / "store_link/.hg/store").symlink_to(cls.elsewhere / "store")
        filelog = src / "damaged/.hg/store/data/c0.i"
        filelog.write_bytes(filelog.read_bytes()[:-9] + b"\0" * 9)
        shutil.rmtree(src / "file")
        (src / "file").write_text("a file now")

    def setUp(self):
        pass  # one temporary directory for all

    def assert_failed(self, name, *words, status="failed"):
        path = str(self.src / name)
        item = self.of[path]
        self.assertEqual(item["status"], status, item)
        for word in words:
            self.assertIn(word, item["error"])
        self.assertEqual(self.text_of(self.copy_of(path)), self.first[os.fsencode(path)],
                         "the generation from before is still the current one")

    def test_exit_status_and_counts(self):
        self.assert_code(self.done, 3)
        self.assertEqual(self.summary["exit_status"], 3)
        self.assertEqual(self.summary["copied"], 2)
        self.assertEqual(self.summary["vanished"], 4)
        self.assertEqual(self.summary["failed"], len(self.items) - 6)
        self.assertEqual(len(self.items), 20)
        self.assertEqual(self.done.err, b"")

    def test_the_lines_are_as_documented(self):
        for line in self.done.json_lines():
            validate(line, "result")

    def test_every_copy_is_whole(self):
        self.assert_whole()
        self.assertEqual(len(self.generations()), 20 + 2)

    def test_the_good_ones_are_copied(self):
        for name in ("svn/good", "hg/good"):
            path = self.src / name
            self.assertEqual(self.of[str(path)]["status"], "copied")
            self.assertNotEqual(self.text_of(self.copy_of(path)), self.first[os.fsencode(path)])

    def test_gone(self):
        for name in ("svn/gone", "hg/gone", "svn/gone/nested"):
            self.assert_failed(name, "No such file", status="vanished")

    def test_became_a_file(self):
        self.assert_failed("hg/file", "Not a directory", status="vanished")

    def test_became_another_kind(self):
        self.assert_failed("svn/became_hg", "no svn repository")
        self.assert_failed("hg/became_svn", "no hg repository")

    def test_is_no_repository_any_more(self):
        self.assert_failed("svn/became_nothing", "no svn repository")
        self.assert_failed("svn/format_gone", "svn/format_gone")

    def test_M9_became_a_link_to_another_repository(self):
        self.assert_failed("svn/became_link", "symbolic link")

    def test_M9_its_parent_became_a_link(self):
        self.assert_failed("svn/parent/inner", "symbolic link")

    def test_M9_another_directory_under_its_name(self):
        self.assert_failed("svn/replaced", "not the directory that was scanned")

    def test_M9_another_owner(self):
        self.assert_failed("svn/owner", "not the directory that was scanned")

    def test_D19_data_behind_links(self):
        self.assert_failed("svn/db_link", "db/revs/0", "link")
        self.assert_failed("hg/hg_link", ".hg", "link")
        self.assert_failed("hg/store_link", "store", "link")

    def test_D20_a_fifo_among_the_data(self):
        self.assert_failed("svn/db_fifo", "db/uuid")

    def test_damaged_data_is_never_published(self):
        self.assert_failed("svn/damaged", "svnadmin verify")
        self.assert_failed("hg/damaged", "hg verify")


class WrongItemsTest(TwoSvnCase):
    """A manifest that is well-formed and wrong about an item."""

    def setUp(self):
        super().setUp()
        self.first, self.second = self.document["repositories"]

    def assert_only_beta_is_copied(self, *words, failures=1):
        self.manifest.write_text(json.dumps(self.document))
        done = self.dump(self.manifest)
        self.assert_code(done, 3)
        lines = [line for line in done.text.splitlines() if line.startswith("FAILED")]
        self.assertEqual(len(lines), failures, f"{done}")
        for word in (*words, "alpha"):
            self.assertIn(word, lines[0])
        self.assertEqual(list(self.current()), [os.fsencode(self.src / "beta")])
        self.assert_whole()
        self.assertEqual(self.last_run()["summary"]["exit_status"], 3)

    def test_M6_unknown_kind(self):
        self.first["kind"] = "cvs"
        self.assert_only_beta_is_copied("cvs")

    def test_S10_a_hostile_kind_is_neither_a_path_nor_a_control_sequence(self):
        self.first["kind"] = "../../\x1b[2J\n"
        self.assert_only_beta_is_copied("..", "\\x1b", "\\n")

    def test_another_kind_than_the_scan_said(self):
        self.first["kind"] = "hg"
        self.first["store"] += "/.hg"
        self.assert_only_beta_is_copied("no hg repository")

    def test_M4_outside_the_roots(self):
        self.document["roots"] = [str(self.src / "beta"), str(self.src / "alp")]
        self.assert_only_beta_is_copied("outside the roots")

    def test_M3_two_items_that_share_an_id(self):
        self.document["repositories"].append(self.first)
        self.assert_only_beta_is_copied("same", "id", failures=2)

    def test_a_store_that_is_not_the_one_of_its_kind(self):
        self.first["store"] += "/db"
        self.assert_only_beta_is_copied("store")

    def test_another_inode_or_device(self):
        self.first["inode"] += 1
        self.assert_only_beta_is_copied("not the directory that was scanned")

    def test_all_items_fail(self):
        self.document["roots"] = []
        self.manifest.write_text(json.dumps(self.document))
        done = self.dump(self.manifest)
        self.assert_code(done, 3)
        self.assertEqual(done.text.count("FAILED "), 2)
        self.assertEqual(self.current(), {})


class MissingToolTest(Case):
    def test_items_of_a_kind_without_its_tool_fail_and_name_the_package(self):
        make_svn(self.src / "alpha", 0)
        make_hg(self.src / "beta", 0)
        manifest = self.scan()
        nothing = self.tmp / "nothing"
        nothing.touch(mode=0o644)
        for tool in ("hg", "svnadmin"):
            hidden = 'mount --bind "$1" "$2" && shift 2 && exec "$@"'
            done = run("unshare", "-m", "sh", "-c", hidden, "sh", nothing, f"/usr/bin/{tool}",
                       DUMP, "--to", self.to, manifest)
            with self.subTest(tool=tool):
                self.assert_code(done, 3)
                lines = [line for line in done.text.splitlines() if line.startswith("FAILED")]
                self.assertEqual(len(lines), 1, f"{done}")
                package = {"hg": "mercurial", "svnadmin": "subversion"}[tool]
                self.assertIn(f"{tool} is not installed: apt-get install {package}", lines[0])
        self.assertEqual(len(self.current()), 2)
        self.assert_whole()


if __name__ == "__main__":
    main()
