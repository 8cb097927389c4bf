"""docs/restore.md, word for word: every command in it is run, in the situation that it is for, each
block in a new shell (`sh -e`), and what comes of it is looked at. See runbook.py."""
import os
import pathlib
import re
import stat
import unittest

from runbook import (ALPHA, BETA, DUMP_ROOT, OWNERS, PROJECT, STORES, TEXT, TOOLS_AT, USERS,
                     RunbookCase, look, read_sections)
from support import main, must, run, svn_tree

COMMAND = re.compile(r"(?:repo-\w+|nightly|svn\w*|hg|git|cp|mv|rm|cat|cd|sed|runuser)\s+\S")
NAMES = ("svnadmin verify", "hg verify", "git fsck")  # of what tools do


class DocumentTest(unittest.TestCase):
    def test_every_section_with_commands_has_a_test(self):
        tested = {name.split("_")[1] for name in dir(RunbookTest) if re.match(r"test_\d", name)}
        self.assertEqual(tested, {number for number, blocks in read_sections(TEXT).items()
                                  if number and blocks})
        self.assertEqual(len(read_sections(TEXT)[""]), 1, "what every shell begins with")

    def test_no_command_stands_outside_of_a_block(self):
        prose = re.sub(r"(?ms)^```.*?^```$", "", TEXT)
        for said in re.findall(r"`([^`]+)`", prose):
            if said not in NAMES:
                self.assertNotRegex(said, COMMAND)

    def test_links_lead_to_sections(self):
        anchors = {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-")
                   for line in re.findall(r"(?m)^#+ (.*)$", TEXT)}
        for link in re.findall(r"\]\(#([^)]+)\)", TEXT):
            self.assertIn(link, anchors)


class RunbookTest(RunbookCase):
    def test_0_what_there_is(self):
        listed = self.do("repo-restore list").text.splitlines()
        self.assertEqual([line.split()[1] for line in listed], sorted(OWNERS))
        shown = self.do("repo-restore show").text
        self.assertEqual(shown.count("  copy  "), 2)
        guessed = self.run_script("repo-restore show /srv/svn/alhpa")
        self.assert_code(guessed, 2)
        self.assertIn(f"The nearest: {ALPHA}", guessed.message)

    def test_1_one_repository(self):
        self.lose(*OWNERS)
        for path, words in ((ALPHA, "verify -q /srv/svn/alpha"), (BETA, "verify -q\n"),
                            (PROJECT, "checkout")):
            done = self.do(words)
            self.assertEqual(done.message, "", f"{done}")
            self.assert_is_back_and_was_used(path)
        self.assertEqual(sorted(os.listdir(BETA)), [".hg", "c0", "c1", "c2"])
        self.assertEqual(pathlib.Path(PROJECT, "file").read_text(encoding="ascii"), "committed\n")
        self.assertEqual(os.stat(f"{PROJECT}/file").st_uid, USERS["ann"])
        self.assertEqual(pathlib.Path(PROJECT, "staged").read_text(encoding="ascii"),
                         "not committed\n")
        self.assert_can_be_used()

        pathlib.Path(ALPHA, "db/current").unlink()
        self.do("mv /srv/svn/alpha /srv/svn/alpha.broken")
        self.assert_is_back(ALPHA)
        self.assertFalse(os.path.exists(f"{ALPHA}.broken/db/current"))

        pathlib.Path(PROJECT, "file").write_text("being worked on\n", encoding="ascii")
        self.lose(f"{PROJECT}/.git")
        done = self.do("--with-files")
        self.assertEqual(done.text.splitlines()[1:], [" M file", "A  staged"])
        self.assertEqual(pathlib.Path(PROJECT, "file").read_text(encoding="ascii"),
                         "being worked on\n")

        self.do("--generation")
        self.assertEqual(must("svnlook", "youngest", f"{ALPHA}.before"), "3\n")
        self.commit_to_alpha()
        self.assertEqual(self.do("svnlook youngest").text.splitlines()[1:], ["5", "4"])
        self.do("rm -r /srv/svn/alpha.copy")
        self.assertFalse(os.path.exists(f"{ALPHA}.copy"))

    def test_2_the_whole_server(self):
        pathlib.Path(PROJECT, "file").write_text("from the other backup\n", encoding="ascii")
        self.lose(ALPHA, BETA, f"{PROJECT}/.git")
        self.assertIn(f"| svn | {ALPHA} |", self.do("DISASTER.md").text)
        self.do("--scrub")
        self.do("--with-files\n")
        for path in OWNERS:
            self.assert_is_back(path)
        self.assert_checks_are_content()
        again = self.run_again("--with-files\n")
        self.assert_code(again, 3)
        self.assertEqual(again.text.count("LEFT"), 3)
        self.assertEqual(pathlib.Path(PROJECT, "file").read_text(encoding="ascii"),
                         "from the other backup\n")
        self.do("/mnt/look")
        self.assertEqual(svn_tree(f"/mnt/look{ALPHA}"), self.states[ALPHA])
        self.assertEqual(look("/mnt/look" + STORES[BETA]), self.stores[True][BETA])

        # What the checks are for.
        self.lose(BETA)
        os.chown(f"{ALPHA}/format", 5555, 5555)
        pathlib.Path(ALPHA, "db/revs/0/2").write_bytes(b"")
        self.assertIn(f"{ALPHA}/format", self.run_again("find ").text)
        self.assertIn(f"gone      hg   {BETA}", self.run_again("-n -").text)
        self.assertNotEqual(self.run_again("svnadmin verify").code, 0)

        self.lose(ALPHA, f"{PROJECT}/.git")
        self.users({**USERS, "ann": 2001})
        must("chown", "-R", "ann:ann", "/home/ann")
        self.do("--map-owner")
        for path, owner in OWNERS.items():
            number = 2001 if owner == "ann" else USERS[owner]
            self.assert_is_of_its_owner(path, number)
        self.assert_checks_are_content()
        self.assert_can_be_used()

    def assert_checks_are_content(self):
        for words in ("find ", "svnadmin verify"):
            self.assertEqual(self.do(words).text, "")
        looked = self.do("-n -").text
        self.assertNotIn("gone", looked)
        self.assertIn("3 items", looked)

    def lose_the_dump_root(self):
        """What a file-level backup brings back: another owner and times, and no right to write."""
        must("cp", "-r", "--no-preserve=ownership", f"{DUMP_ROOT}/.", "/mnt/backup")
        must("chown", "-R", "nobody", "/mnt/backup")
        must("rm", "-r", DUMP_ROOT)
        self.mount("--bind", "/mnt/backup", "/mnt/backup")
        must("mount", "-o", "remount,bind,ro", "/mnt/backup")
        self.assertNotEqual(run("touch", "/mnt/backup/new").code, 0, "it is mounted read-only")

    def test_3_a_file_level_backup_first(self):
        self.lose_the_dump_root()
        before = look("/mnt/backup")
        self.lose(BETA)  # alpha and the project are what the file-level backup has brought back
        pathlib.Path(ALPHA, "db/current").write_bytes(b"")
        pathlib.Path(PROJECT, ".git/HEAD").write_bytes(b"")
        self.assertEqual(self.do("list --from").text.count("never proven"), 3)
        self.assertIn("6 whole, 0 damaged", self.do("--scrub").text)
        self.assertIn("3 passed, 0 failed", self.do("--drill").text)
        self.assertEqual(sorted(os.listdir("/var/tmp/repo-backup-drill")),
                         [".repo-backup", "CACHEDIR.TAG", "lock"])
        in_the_way = self.run_again("--all --to /")
        self.assertEqual(in_the_way.text.count("LEFT"), 2)
        self.lose(BETA)

        self.do("mv /srv/svn/alpha")
        self.do("--to /srv/svn/alpha --from /mnt/backup")
        self.do("--all --to /", code=3)
        for path in OWNERS:
            self.assert_is_back(path, times=False)
        self.assertEqual(pathlib.Path(PROJECT, "file").read_text(encoding="ascii"), "committed\n")
        self.assertEqual(look("/mnt/backup"), before)

        self.lose(f"{ALPHA}.from-files", f"{PROJECT}/.git.from-files")
        done = self.do("install -d")
        self.assertIn("3 copied and verified", done.text)
        self.assertIn("not as it was made", done.text)
        self.assertEqual(stat.S_IMODE(os.stat(DUMP_ROOT).st_mode), 0o700)
        self.assertIn("9 whole, 0 damaged", self.run_script("repo-restore --scrub").text)
        self.night()
        self.assert_can_be_used()

    def test_4_a_damaged_copy(self):
        self.damage_the_current_copy_of_alpha()
        self.do("/srv/svn/alpha.again", code=1)
        self.do("--scrub", code=3)
        self.do("repo-restore list", code=3)
        disaster = pathlib.Path("/opt/disaster")
        must("cp", "-a", DUMP_ROOT, disaster)

        # The repository is well.
        self.do("repo-dump -\n")
        generations = self.times_of_copies()
        self.assertEqual(len(generations), 3, "the damaged one and the one before are kept")
        self.assertIn("2 whole, 1 damaged", self.run_again("--scrub").text)
        self.commit_to_alpha()
        self.run_again("repo-dump -\n")
        self.assertEqual(len(self.times_of_copies()), 4)
        self.do("--accept")
        self.assertEqual(len(self.times_of_copies()), 2)
        self.assertNotIn("DAMAGED", self.run_script("repo-restore show /srv/svn/alpha").text)
        self.assert_code(self.run_script("repo-restore --scrub"), 0)

        # It is gone.
        must("rm", "-r", DUMP_ROOT)
        must("mv", disaster, DUMP_ROOT)
        self.lose(ALPHA)
        self.assert_code(self.run_script("repo-restore --drill /srv/svn/alpha"), 3)
        self.assertIn("**damaged**", (DUMP_ROOT / "DISASTER.md").read_text("utf-8"))
        self.do("awk")
        self.assertEqual(must("svnlook", "youngest", ALPHA), "3\n")
        self.as_owner(ALPHA, "svnadmin", "verify", "-q", ALPHA)
        self.assert_can_be_used()
        self.assertEqual(sorted(os.listdir("/srv/svn")), ["alpha"])

    @staticmethod
    def times_of_copies():
        return [*DUMP_ROOT.glob("current/svn/*"), *DUMP_ROOT.glob("older/svn/*/*")]

    def test_5_no_tool_of_ours_at_hand(self):
        self.mount("-t", "tmpfs", "none", TOOLS_AT)  # over the tools
        self.assertNotEqual(self.run_script("command -v repo-restore").code, 0)
        text = self.do("README.txt").text
        for words in ("Copies of repositories", "# When", f"| svn | {ALPHA} |"):
            self.assertIn(words, text)
        self.assertIn("# Bringing svn /srv/svn/alpha back by hand", self.do("cat RESTORE.md").text)
        self.assertEqual(len(self.do("ls /var").text.splitlines()), 1)

        self.lose(*OWNERS)
        self.do("| sh -e")
        self.assert_is_back_and_was_used(ALPHA)
        for path in (BETA, PROJECT):
            commands = self.find("| sh -e").commands.replace(ALPHA, path)
            self.assert_code(self.run_script(commands), 0)
            self.assert_is_back_and_was_used(path)
        self.assertEqual(pathlib.Path(PROJECT, "file").read_text(encoding="ascii"), "committed\n")
        self.assert_can_be_used()

    def test_6_proving_it(self):
        unproven = self.run_again("list --stale")
        self.assert_code(unproven, 3)
        self.assertEqual(unproven.text.count("never proven"), 3)
        sources = {path: look(path) for path in OWNERS}
        self.do("--drill /srv/svn/alpha")
        self.assertIn("2 passed, 0 failed", self.do("--drill --stale").text)
        self.assertIn("6 whole, 0 damaged", self.do("--scrub").text)
        self.assertEqual(self.do("list --stale").text, "")
        self.assertEqual({path: look(path) for path in OWNERS}, sources)
        self.assertEqual([*DUMP_ROOT.glob("control/drill/[a-z]*.*")], [])

        self.damage_the_current_copy_of_alpha()
        self.assert_code(self.run_again("--scrub"), 3)
        damaged = self.run_again("list --stale")
        self.assert_code(damaged, 3)
        self.assertIn(f"svn  {ALPHA}", damaged.text)


if __name__ == "__main__":
    main()
