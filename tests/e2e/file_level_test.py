"""What docs/file-level.md says of the tools that take DIR/current: with its flags a second night
reads and sends only what has changed, and what comes back from them is whole.

The dump root is a tmpfs, which has no reflinks: copies share files with older ones by hard links,
and a new name changes the ctime of the file.
"""
import json
import os
import pathlib
import re
import shutil

from dump_nights_test import NightsCase
from support import (Case, ENVIRONMENT, TOP, add_hg_commit, add_svn_revision, current_of, main,
                     make_hg, make_mounts_private, make_svn, must, run, snapshot)

MIB = 1 << 20
LARGE = 12 * MIB  # of bytes that cannot be compressed, in one revision
SMALL = MIB  # more than one commit costs, much less than LARGE

RESTIC = ["--ignore-ctime"]
BORG = ["--files-cache=mtime,size,inode"]
RDIFF_BACKUP = ["--no-hard-links"]
RSYNC = ["-aHAX", "--numeric-ids", "--delete", "--modify-window=-1"]


def setUpModule():
    make_mounts_private()


class FileLevelCase(NightsCase):
    """A night is over; `second_night()` is the next one, before which one repository has changed."""

    def setUp(self):
        super().setUp()
        self.to.mkdir()
        must("mount", "-t", "tmpfs", "-o", "size=256m,mode=0700", "none", self.to)
        self.addCleanup(must, "umount", self.to)
        self.alpha = make_svn(self.src / "alpha", 1)
        must("svnmucc", "-m", "large", "-u", "tester", "put", "/dev/stdin",
             f"{self.alpha.as_uri()}/large", input=os.urandom(LARGE))
        self.beta = self.src / "beta"
        must("hg", "init", self.beta)
        (self.beta / "large").write_bytes(os.urandom(LARGE))
        add_hg_commit(self.beta, "c")
        self.gamma = self.src / "gamma.git"
        work = self.tmp / "work"
        must("git", "init", "-q", work)
        (work / "large").write_bytes(os.urandom(LARGE))
        must("git", "-C", work, "add", ".")
        must("git", "-C", work, "-c", "user.name=t", "-c", "user.email=t@example.org",
             "commit", "-q", "-m", "large")
        must("git", "clone", "-q", "--bare", "--no-hardlinks", work, self.gamma)
        self.environment = {**ENVIRONMENT, "RESTIC_PASSWORD": "test",
                            "RESTIC_CACHE_DIR": str(self.tmp / "restic-cache"),
                            "BORG_BASE_DIR": str(self.tmp / "borg-base"),
                            "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes",
                            "BORG_RELOCATED_REPO_ACCESS_IS_OK": "yes"}
        self.backup = self.tmp / "file-level"
        self.settle()
        self.night()
        self.source = self.to / "current"

    def second_night(self):
        add_svn_revision(self.alpha, "later")
        self.settle()
        self.assertEqual(self.statuses(),
                         {"alpha": "copied", "beta": "unchanged", "gamma.git": "unchanged"})

    def tool(self, *argv, **keywords):
        return must(*argv, **{"env": self.environment, **keywords})

    def bytes_read(self, *argv, **keywords):
        """Runs a tool; what it printed, and how much it and its children read of files."""
        counters = self.tmp / "io"
        text = self.tool("sh", "-ec", '"$@"; cat /proc/$$/io > "$0"', counters, *argv, **keywords)
        return text, int(re.search(r"^rchar: (\d+)$", counters.read_text(), re.M).group(1))

    def assert_restored(self, current):
        """`current`: what a tool gave back of DIR/current. Each copy is as it was, and can be
        used."""
        copies = current_of(pathlib.Path(current).parent)
        self.assertEqual(set(copies), {os.fsencode(each)
                                       for each in (self.alpha, self.beta, self.gamma)})
        for folder in copies.values():
            self.assertEqual(run("sha256sum", "--quiet", "--strict", "-c", "SHA256SUMS",
                                 cwd=folder).code, 0, folder)
        alpha = copies[os.fsencode(self.alpha)] / "data"
        must("svnadmin", "verify", "-q", alpha)
        self.assertEqual(must("svnlook", "youngest", alpha), must("svnlook", "youngest", self.alpha))
        must("hg", "-R", copies[os.fsencode(self.beta)] / "data", "verify", "-q")
        must("git", "-c", "safe.directory=*", "-C", copies[os.fsencode(self.gamma)] / "data",
             "fsck", "--full", "--strict")


class ResticTest(FileLevelCase):
    def restic(self, *argv):
        return ["restic", "-q", "-r", self.backup, *argv]

    def back_up(self, *flags):
        text, read = self.bytes_read("restic", "-r", self.backup, "backup", "--json", *flags,
                                     self.source)
        summary = json.loads(text.splitlines()[-1])
        self.assertEqual(summary["message_type"], "summary")
        return summary, read

    def test_a_second_night_reads_and_sends_what_has_changed(self):
        self.tool(*self.restic("init"))
        first, _ = self.back_up()
        self.assertGreater(first["data_added"], 3 * LARGE)
        parent = f"--parent={first['snapshot_id']}"
        self.second_night()
        plain, read_plain = self.back_up(parent)
        second, read = self.back_up(parent, *RESTIC)
        self.assertLess(plain["data_added"], SMALL)
        self.assertLess(second["data_added"], SMALL)
        self.assertGreater(second["files_unmodified"], 0)
        self.assertEqual(second["files_new"] + second["files_changed"] +
                         second["files_unmodified"], second["total_files_processed"])
        self.assertGreater(read_plain, read + 0.9 * LARGE, "the flag saves nothing")
        self.assertLess(read, LARGE / 2)
        out = self.tmp / "out"
        self.tool(*self.restic("restore", second["snapshot_id"], "--target", out))
        self.assert_restored(f"{out}{self.source}")


class BorgTest(FileLevelCase):
    def back_up(self, name, *flags, environment=None):
        text, read = self.bytes_read("borg", "create", "--json", *flags,
                                     f"{self.backup}::{name}", self.source,
                                     env=environment or self.environment)
        return json.loads(text)["archive"]["stats"], read

    def test_a_second_night_reads_and_sends_what_has_changed(self):
        self.tool("borg", "init", "-e", "none", self.backup)
        first, _ = self.back_up("first", *BORG)
        self.assertGreater(first["deduplicated_size"], 3 * LARGE)
        shutil.copytree(self.backup, self.tmp / "kept")
        shutil.copytree(self.tmp / "borg-base", self.tmp / "kept-base")
        self.second_night()
        second, read = self.back_up("second", *BORG)
        self.assertLess(second["deduplicated_size"], SMALL)
        out = self.tmp / "out"
        out.mkdir()
        self.tool("borg", "extract", f"{self.backup}::second", cwd=out)
        self.assert_restored(f"{out}{self.source}")

        # The same night without the flag.
        shutil.rmtree(self.backup)
        (self.tmp / "kept").rename(self.backup)
        plain, read_plain = self.back_up(
            "second", environment={**self.environment, "BORG_BASE_DIR": str(self.tmp / "kept-base")})
        self.assertLess(plain["deduplicated_size"], SMALL)
        self.assertGreater(read_plain, read + 0.9 * LARGE, "the flag saves nothing")


class RsyncSecondsTest(Case):
    def test_a_change_of_the_same_size_within_the_second_is_seen(self):
        """As of `db/current` when two commits fall into one second, with a dump between them."""
        source, to = self.tmp / "one", self.tmp / "two"
        source.mkdir()
        file = source / "current"
        file.write_text("5\n")
        os.utime(file, ns=(0, 1_000_000_000))
        must("rsync", *RSYNC, f"{source}/", f"{to}/")
        file.write_text("6\n")
        os.utime(file, ns=(0, 1_000_000_500))
        without = [each for each in RSYNC if not each.startswith("--modify-window")]
        must("rsync", *without, f"{source}/", f"{to}/")
        self.assertEqual((to / "current").read_text(), "5\n", "the flag is not needed")
        must("rsync", *RSYNC, f"{source}/", f"{to}/")
        self.assertEqual((to / "current").read_text(), "6\n")


class RsyncTest(FileLevelCase):
    def back_up(self):
        text = self.tool("rsync", *RSYNC, "--stats", f"{self.source}/", f"{self.backup}/current/")
        return int(re.search(r"^Total transferred file size: ([\d,]+)", text, re.M).group(1)
                   .replace(",", ""))

    def test_a_second_night_sends_what_has_changed(self):
        self.backup.mkdir()
        self.assertGreater(self.back_up(), 3 * LARGE)
        self.second_night()
        self.assertLess(self.back_up(), SMALL)
        self.assertEqual(self.back_up(), 0)
        self.assert_restored(self.backup / "current")


class RdiffBackupTest(FileLevelCase):
    def back_up(self):
        self.tool("rdiff-backup", "backup", *RDIFF_BACKUP, self.source,
                  self.backup)
        newest = max(self.backup.glob("rdiff-backup-data/session_statistics.*"))
        found = dict(line.split()[:2] for line in newest.read_text().splitlines())
        return {name: float(value) for name, value in found.items()}

    def test_a_second_night_sends_what_has_changed(self):
        self.assertGreater(self.back_up()["NewFileSize"], 3 * LARGE)
        self.second_night()
        second = self.back_up()
        self.assertLess(second["NewFileSize"] + second["ChangedSourceSize"], SMALL)
        self.assertLess(second["TotalDestinationSizeChange"], SMALL)
        out = self.tmp / "out"
        out.mkdir()
        self.tool("rdiff-backup", "restore", self.backup, out / "current")
        self.assert_restored(out / "current")


class TarTest(FileLevelCase):
    def back_up(self, name):
        archive = self.tmp / f"{name}.tar"
        self.tool("tar", "--create", "--file", archive,
                  f"--listed-incremental={self.tmp / 'snar'}", self.source)
        return archive

    def test_a_second_night_sends_the_copies_that_have_changed(self):
        first = self.back_up("first")
        self.assertGreater(first.stat().st_size, 3 * LARGE)
        self.second_night()
        second = self.back_up("second")
        self.assertLess(second.stat().st_size, LARGE + SMALL)
        sent = [name for name in self.tool("tar", "--list", "--file", second).splitlines()
                if not name.endswith("/")]
        self.assertEqual({name.split("/current/")[1].split("/")[0] for name in sent}, {"svn"})
        out = self.tmp / "out"
        out.mkdir()
        for archive in (first, second):
            self.tool("tar", "-C", out, "--extract", "--listed-incremental=/dev/null", "--file",
                      archive)
        self.assert_restored(f"{out}{self.source}")


def commands_of(tool):
    """The commands of docs/file-level.md that begin with `tool`."""
    text = (TOP / "docs" / "file-level.md").read_text(encoding="utf-8")
    blocks = re.findall(r"(?:^    .*\n)+", text, re.M)
    joined = "".join(blocks).replace("\\\n", " ")
    found = [" ".join(line.split()) for line in joined.splitlines()]
    return [line for line in found if line.removeprefix("LC_ALL=C.UTF-8 ").startswith(tool + " ")]


class DocumentTest(Case):
    """The commands of the document as they stand there, but for the names of places."""

    def setUp(self):
        super().setUp()
        self.top = self.tmp / "root"
        self.to = self.top / "var" / "data_backup"
        self.to.parent.mkdir(parents=True)
        self.alpha = make_svn(self.top / "srv" / "alpha")
        self.proj = make_hg(self.top / "home" / "proj")
        manifest = self.scan(self.top)
        for _ in range(2):
            self.assert_code(self.dump(manifest, "--full"), 0)
        self.assertTrue(list(self.to.glob("older/*/*/*")))
        self.out = self.tmp / "out"
        self.out.mkdir()
        stores = [f"{self.alpha}", f"{self.proj}/.hg"]
        left_out = [os.fsencode(os.path.relpath(each, self.top))
                    for each in (*stores, self.to / "older", self.to / "control")]
        self.expected = {name for name in snapshot(self.top)
                         if not any(name == each or name.startswith(each + b"/")
                                    for each in left_out)}
        self.assertIn(b"home/proj/c0", self.expected)
        self.list = self.tmp / "list"
        self.entries = {"restic": ["", "/\n"], "borg": ["pp:", "/\n"], "rsync": ["", "\0"],
                        "rdiff-backup": ["", "/\0"], "tar": ["", "\n"]}
        self.stores = stores

    def run_document(self, tool, count=1):
        before, after = self.entries[tool]
        self.list.write_text("".join(before + each + after for each in self.stores))
        commands = commands_of(tool)
        self.assertEqual(len(commands), count, commands)
        environment = {**ENVIRONMENT, "list": str(self.list), "RESTIC_PASSWORD": "test",
                       "RESTIC_REPOSITORY": str(self.out / "repo"),
                       "RESTIC_CACHE_DIR": str(self.tmp / "cache"),
                       "BORG_BASE_DIR": str(self.tmp / "borg"),
                       "BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK": "yes"}
        self.tool = lambda *argv: must(*argv, env=environment, cwd=self.out)
        if tool in ("restic", "borg"):
            self.tool(tool, "init", *(["-e", "none", "repo"] if tool == "borg" else []))
        for command in commands:
            command = re.sub(r" /(?= |$)", f" {self.top}", command)
            for name, place in (("/var/data_backup", self.to), ("REPOSITORY", self.out / "repo"),
                                ("TARGET", self.out), ("HOST:/backup", self.out)):
                command = command.replace(name, str(place))
            self.tool("bash", "-ec", command)

    def assert_taken(self, folder):
        self.assertEqual(set(snapshot(folder)), self.expected)

    def test_restic(self):
        self.run_document("restic")
        self.tool("restic", "-q", "restore", "latest", "--target", self.out)
        self.assert_taken(f"{self.out}{self.top}")

    def test_borg(self):
        self.run_document("borg")
        name = self.tool("borg", "list", "--short", "repo").strip()
        self.tool("borg", "extract", f"repo::{name}")
        self.assert_taken(f"{self.out}{self.top}")

    def test_rdiff_backup(self):
        self.run_document("rdiff-backup", 2)
        taken = set()
        for folder, below in ((self.out / "root", b""), (self.out / "current",
                                                         b"var/data_backup/current")):
            shutil.rmtree(folder / "rdiff-backup-data")
            taken |= {os.path.normpath(os.path.join(below, name)) for name in snapshot(folder)}
        self.assertEqual(taken | {b"var/data_backup"},
                         self.expected - {name for name in self.expected
                                          if os.path.dirname(name) == b"var/data_backup" and
                                          name != b"var/data_backup/current"})

    def test_rsync(self):
        (self.out / "root").mkdir()
        self.run_document("rsync")
        self.assert_taken(f"{self.out}/root{self.top}")

    def test_tar(self):
        self.run_document("tar")
        self.tool("tar", "--extract", "--file=night.tar.new", "--listed-incremental=/dev/null")
        self.assert_taken(f"{self.out}{self.top}")

    def test_flags_are_those_that_are_tested_here(self):
        for tool, flags in (("restic", RESTIC), ("borg", BORG), ("rsync", RSYNC)):
            self.assertLessEqual(set(flags), set(commands_of(tool)[0].split()), tool)
        self.assertLessEqual(set(RDIFF_BACKUP), set(commands_of("rdiff-backup")[1].split()))


if __name__ == "__main__":
    main()
