"""Hostile Mercurial repositories: what stands in place of their files and locks, shares, hgrc."""
import shutil

import hostile
from hostile import Row, place_rows
from hostile_parts import Trap, put_link
from support import ENVIRONMENT, main, must


class HgPlacesTest(hostile.HostileCase):
    kinds = ("hg",)
    rows = tuple(row for place, path, status, words in (
        ("store", ".hg/store", "scan", (".hg/store",)),
        ("changelog", ".hg/store/00changelog.i", "scan", ("store/00changelog.i",)),
        ("sharedpath", ".hg/sharedpath", "scan", (".hg/sharedpath",)),
        ("filelog", ".hg/store/data/first.i", "failed", ()),
        ("fncache", ".hg/store/fncache", "failed", ()),
        ("requires", ".hg/requires", "failed", ()),
        ("bookmarks", ".hg/bookmarks", "failed", ("bookmarks",)),
        ("phaseroots", ".hg/store/phaseroots", "failed", ("phaseroots",)),
        ("cache", ".hg/cache", "copied", ()),
        ("hgrc", ".hg/hgrc", "copied", ()),
    ) for row in place_rows("hg", place, path, status, status, *words))

    def test_D20_what_is_left_out_is_told(self):
        self.assert_left_out_is_told()

    def test_D19_what_fails_is_named_by_its_path(self):
        """It would be hard to find: hg verify speaks of damage, which there is none."""
        silent = [row.name for row in self.rows if row.status == "failed" and
                  f"{self.src / row.path}/{row.place}" not in
                  self.items[str(self.src / row.path)].get("error", "")]
        self.assertEqual(silent, [])


class HgLocksTest(hostile.HostileCase):
    """Any link of the right name is a lock, whatever it leads to."""
    kinds = ("hg",)
    options = ("--max-time", "12s", "-j", "9")
    rows = tuple(row for place in ("wlock", "store/lock") for row in place_rows(
        "hg", place.replace("/", "_"), f".hg/{place}", "failed", "failed",
        f".hg/{place}", "hg debuglocks"))


def share(source):
    """In place of the repository a share, as `hg share` makes it."""
    def deed(repository, outside):
        shutil.rmtree(repository)
        must("cp", "-a", outside.share, repository)
        (repository / ".hg/sharedpath").write_text(str(outside.top / source / ".hg"))
    return deed


def prepare(outside, name, mode):
    outside.private = outside.add_private("hg", outside.top / name, mode)
    outside.share = outside.top / "share"
    must("hg", "--config", "extensions.share=", "share", "-q", "-U", outside.private,
         outside.share)
    shutil.rmtree(outside.share / ".hg/cache", ignore_errors=True)


def lead(to):
    """A share of the private one, which is named otherwise."""
    def deed(repository, outside):
        share("private")(repository, outside)
        (repository / ".hg/way").symlink_to(outside.private)
        (repository / ".hg/sharedpath").write_text(to)
    return deed


def by_own_source(place, target):
    """A share of a source of his own, in which a link leads on."""
    def deed(repository, outside):
        source = repository / ".hg/source"
        shutil.move(repository / ".hg", repository.parent / ".moved")
        share("private")(repository, outside)
        shutil.move(repository.parent / ".moved", source)
        put_link(source / place, outside.top / target)
        (repository / ".hg/sharedpath").write_text("source")
        (repository / ".hg/shared").write_text("bookmarks\n")
    return deed


class HgPrivateTest(hostile.HostileCase):
    """Ways into the private repository of somebody else."""
    kinds = ("hg",)
    rows = (
        Row("hg", "D19", "share", share("private"), "failed",
            ("source of this share", "Permission denied")),
        Row("hg", "D19", "share_by_a_relative_path", lead("../../../../outside/private/.hg"),
            "failed", ("source of this share", "Permission denied")),
        Row("hg", "D19", "share_by_a_link", lead("way/.hg"), "failed",
            ("source of this share", "Permission denied")),
        Row("hg", "D19", "share_of_a_fifo", lead("fifo"), "failed", ("source of this share",)),
        Row("hg", "D19", "share_of_proc", lead("/proc/self/root"), "failed",
            ("source of this share",)),
        Row("hg", "D19", "store_of_a_share", by_own_source("store", "private/.hg/store"),
            "failed", ("store", "link")),
        Row("hg", "D19", "bookmarks_of_a_share", by_own_source("bookmarks", "secret"), "failed",
            ("bookmarks", "link")),
        Row("hg", "D19", "phases_of_a_share",
            by_own_source("store/phaseroots", "private/.hg/store/phaseroots"), "failed",
            ("phaseroots", "link")),
        Row("hg", "D19", "store", lambda repository, outside: put_link(
            repository / ".hg/store", outside.private / ".hg/store"), "scan", (".hg/store",)),
    )

    @classmethod
    def prepare(cls):
        prepare(cls.outside, "private", 0o700)


class HgPublicTest(hostile.HostileCase):
    """The control: what everybody may read comes along, and would be found."""
    kinds = ("hg",)
    rows = (Row("hg", "D19", "share", share("public"), "copied", ("a share",)),)

    @classmethod
    def prepare(cls):
        prepare(cls.outside, "public", 0o755)

    def test_D19_nothing_of_others_is_in_the_dump_root_or_printed(self):
        with self.assertRaisesRegex(AssertionError, "bytes of others"):
            super().test_D19_nothing_of_others_is_in_the_dump_root_or_printed()


EXTENSION = """
import subprocess
subprocess.call(["{0}"])
def uisetup(ui):
    subprocess.call(["{0}"])
"""
EVENTS = ("pre-verify", "post-verify", "pre-version", "pre-log", "pretxnopen", "txnopen",
          "reposetup", "update", "preupdate", "changegroup", "commit", "listkeys")


def hgrc(text):
    def deed(repository, outside):
        program = outside.trap.program
        (repository / ".hg/evil.py").write_text(EXTENSION.format(program))
        (repository / ".hg/hgrc").write_text(text.format(
            program=program, hg=repository / ".hg", secret=outside.secret,
            hooks="".join(f"{each} = {program}\n" for each in EVENTS)))
    return deed


class HgConfigurationTest(hostile.HostileCase):
    kinds = ("hg",)
    rows = (
        Row("hg", "D22", "extension", hgrc("[extensions]\nevil = {hg}/evil.py\n"), "copied"),
        Row("hg", "D22", "extension_in_the_sandbox",
            hgrc("[extensions]\nevil = /staging/.hg/evil.py\n"), "copied"),
        Row("hg", "D22", "hooks", hgrc("[hooks]\n{hooks}"), "copied"),
        Row("hg", "D22", "alias", hgrc("[alias]\nverify = !{program}\n"), "copied"),
        Row("hg", "D19", "include", hgrc("%include {secret}\n"), "copied"),
        Row("hg", "D19", "include_of_shadow", hgrc("%include /etc/shadow\n"), "copied"),
    )

    @classmethod
    def prepare(cls):
        cls.outside.trap = Trap(cls.outside)
        with open("/etc/shadow", "rb") as file:
            cls.outside.needles += [line for line in file.read().splitlines() if len(line) > 16]

    def test_D22_nothing_has_run(self):
        self.assertFalse(self.outside.trap.ran.exists())

    def test_D22_it_runs_where_the_owner_works(self):
        """The control."""
        plain = {key: value for key, value in ENVIRONMENT.items() if key != "HGPLAIN"}
        for name in ("extension", "hooks", "alias"):
            with self.subTest(name=name):
                control = self.tmp / name
                must("cp", "-a", self.src / "hg" / name, control)
                self.outside.trap.assert_works(self, "hg", "-R", control, "verify", cwd="/",
                                               env=plain)

    def test_D22_the_configuration_is_in_the_copy(self):
        for row in self.rows:
            self.assertEqual((self.copy_of(self.src / row.path) / "data/.hg/hgrc").read_bytes(),
                             (self.src / row.path / ".hg/hgrc").read_bytes())


if __name__ == "__main__":
    main()
