"""Which manifest files root's repo-dump believes: those that nobody else could have written."""
import os
import shutil
import struct

from support import DUMP, Case, as_user, main, make_svn, run

STRANGER = 1234


class TrustTest(Case):
    def setUp(self):
        super().setUp()
        make_svn(self.src / "alpha", 0)
        self.tmp.chmod(0o755)
        self.manifest = self.scan()

    def assert_distrusted(self, path, *words):
        self.assert_refused(self.dump(path), 2, str(path), "somebody else", *words)
        self.assertFalse(self.to.exists())

    def assert_taken(self, path):
        done = self.dump(path, "-n")
        self.assert_code(done, 0)
        self.assertIn("alpha", done.text)

    def in_folder(self, name, mode, uid=0, gid=0):
        folder = self.tmp / name
        folder.mkdir()
        shutil.copy(self.manifest, folder / "manifest.json")
        os.chmod(folder / "manifest.json", 0o644)
        os.chown(folder, uid, gid)
        folder.chmod(mode)
        return folder / "manifest.json"

    def test_M7_modes_and_owners_of_the_file(self):
        for mode, uid, gid, good in ((0o600, 0, 0, True), (0o644, 0, 0, True),
                                     (0o440, 0, STRANGER, True), (0o666, 0, 0, False),
                                     (0o602, 0, 0, False), (0o660, 0, 0, False),
                                     (0o660, 0, STRANGER, False), (0o600, STRANGER, 0, False),
                                     (0o444, STRANGER, STRANGER, False)):
            with self.subTest(mode=oct(mode), uid=uid, gid=gid):
                os.chown(self.manifest, uid, gid)
                self.manifest.chmod(mode)
                (self.assert_taken if good else self.assert_distrusted)(self.manifest)

    def test_M7_in_a_directory_of_another_user(self):
        path = self.in_folder("theirs", 0o755, uid=STRANGER)
        self.assert_distrusted(path, "theirs")

    def test_M7_below_a_directory_that_others_can_write(self):
        for name, mode, gid, good in (("world", 0o777, 0, False), ("group", 0o775, STRANGER, False),
                                      ("ours", 0o755, 0, True), ("sticky", 0o1777, 0, True)):
            with self.subTest(name=name):
                path = self.in_folder(name, mode, gid=gid)
                if good:
                    self.assert_taken(path)
                    continue
                self.assert_distrusted(path, name)
                deep = path.parent / "deep"
                deep.mkdir(mode=0o700)
                self.assert_distrusted(shutil.copy(path, deep), name)

    def test_M7_by_a_relative_name(self):
        self.in_folder("theirs", 0o755, uid=STRANGER)
        done = self.dump("manifest.json", cwd=self.tmp / "theirs")
        self.assert_refused(done, 2, "manifest.json", "theirs")
        self.assert_code(self.dump("manifest.json", "-n", cwd=self.tmp), 0)

    def test_M7_through_a_link_that_could_be_exchanged(self):
        link = self.tmp / "link"
        link.symlink_to(self.manifest)
        self.assert_taken(link)
        os.chown(link, STRANGER, STRANGER, follow_symlinks=False)
        self.assert_distrusted(link)
        folder = self.tmp / "theirs"
        folder.mkdir()
        (folder / "link").symlink_to(self.manifest)
        os.chown(folder, STRANGER, STRANGER)
        self.assert_distrusted(folder / "link", "theirs")

    def test_M7_through_a_link_to_a_file_of_another_user(self):
        path = self.in_folder("theirs", 0o755, uid=STRANGER)
        link = self.tmp / "link"
        link.symlink_to(path)
        self.assert_refused(self.dump(link), 2, "link", "theirs")

    def test_M7_through_a_chain_of_links(self):
        """root's link leads to one in a directory of somebody else, and that one to root's file."""
        theirs = self.tmp / "theirs"
        theirs.mkdir()
        (theirs / "second").symlink_to(self.manifest)
        os.chown(theirs, STRANGER, STRANGER)
        (self.tmp / "first").symlink_to("theirs/second")
        self.assert_distrusted(self.tmp / "first", "theirs")

    def test_M7_an_access_control_list_lets_somebody_write(self):
        anybody = 0xFFFFFFFF
        entries = ((0x01, 6, anybody), (0x02, 6, STRANGER), (0x04, 4, anybody),
                   (0x10, 6, anybody), (0x20, 4, anybody))  # linux/posix_acl.h
        packed = b"".join(struct.pack("<HHI", *each) for each in entries)
        os.setxattr(self.manifest, "system.posix_acl_access", struct.pack("<I", 2) + packed)
        self.assert_distrusted(self.manifest)

    def test_a_pipe_is_taken_as_it_is(self):
        os.chown(self.manifest, STRANGER, STRANGER)
        self.manifest.chmod(0o666)
        done = run(DUMP, "--to", self.to, "-", input=self.manifest.read_bytes())
        self.assert_code(done, 0)
        self.assertEqual(list(self.current()), [os.fsencode(self.src / "alpha")])

    def test_a_fifo_is_taken_as_it_is(self):
        fifo = self.tmp / "fifo"
        os.mkfifo(fifo, 0o666)
        writer = self.start("sh", "-c", 'cat "$1" >"$2"', "sh", self.manifest, fifo)
        self.assert_code(self.dump(fifo, "-n"), 0)
        self.assert_code(self.finish(writer), 0)

    def test_an_ordinary_user_may_use_what_he_can_read(self):
        """He has nobody else's rights to lend."""
        os.chown(self.manifest, STRANGER + 1, 0)
        self.manifest.chmod(0o666)
        # In its own place: the build may lie where only root can go.
        tool = shutil.copy(DUMP, self.tmp / "repo-dump")
        os.chmod(tool, 0o755)
        self.src.chmod(0o755)
        done = run(*as_user(STRANGER), tool, "-n", "--to", self.to, self.manifest)
        self.assert_code(done, 0)


if __name__ == "__main__":
    main()
