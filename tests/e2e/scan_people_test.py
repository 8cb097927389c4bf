"""What repo-scan shows to people: the progress line, and what it does not enter."""
import os
import pty
import re
import subprocess
import unittest

from scan_case import DEADLINE, ScanTest, make_hg
from support import make_mounts_private, must


def setUpModule():
    make_mounts_private()


class Progress(ScanTest):
    def on_terminal(self, *arguments, columns=60):
        """What a terminal of that width gets on stderr."""
        parent, child = pty.openpty()
        must("stty", "-F", os.ttyname(child), "cols", str(columns), "-opost")
        with subprocess.Popen([self.program, *arguments], stdout=subprocess.DEVNULL,
                              stderr=child) as scan:
            os.close(child)
            written = b""
            try:
                while chunk := os.read(parent, 65536):
                    written += chunk
            except OSError:  # EIO: nobody has it open for writing any more
                pass
            self.assertEqual(scan.wait(DEADLINE), 0)
        os.close(parent)
        return written

    def lines_of(self, written):
        return re.findall(rb"\r([^\r\n]+)\033\[K", written)

    def test_it_is_shown_on_a_terminal_and_goes(self):
        make_hg(self.tree + "/a")
        written = self.on_terminal(self.tree)
        first = self.lines_of(written)[0]
        self.assertRegex(first, rb"^[0-9]+ directories, [0-9]+/s, [0-9]+ repositories  /")
        self.assertIn(b"\r\033[Krepo-scan: 1 repositories", written)

    def test_it_is_shown_nowhere_else(self):
        make_hg(self.tree + "/a")
        self.assertNotIn(b"\r", self.run_scan(self.tree).stderr)
        self.assertNotIn(b"\r", self.on_terminal("--progress", "never", self.tree))
        self.assertEqual(self.on_terminal("-q", self.tree), b"")
        self.assertIn(b"\r", self.run_scan("--progress", "always", self.tree).stderr)

    def test_s10_it_fits_the_terminal_and_holds_no_control_character(self):
        root = self.tree + "/" + "\033[2J\n" * 30 + "\u65e5\u672c" * 8
        make_hg(root + "/a")
        for columns in (20, 60, 200):
            lines = self.lines_of(self.on_terminal(root, columns=columns))
            self.assertGreater(len(lines), 0)
            for line in lines:
                text = line.decode()
                self.assertTrue(text.isprintable(), line)
                self.assertLess(len(text), columns)


class Layers(ScanTest):
    def storage(self, *beside):
        """A folder of a container engine: an image with a repository in it."""
        for name in beside:
            os.makedirs(f"{self.tree}/lib/{name}")
        os.makedirs(f"{self.tree}/lib/{beside[0]}/l")
        make_hg(f"{self.tree}/lib/{beside[0]}/1/diff/in-the-image")

    def test_s6_layers_of_containers_are_told_and_not_entered(self):
        self.storage("overlay2", "image", "containers")
        done = self.run_scan(self.tree)
        document = self.checked(done.stdout)
        self.assertEqual(document["repositories"], [])
        self.assertEqual(document["pruned"], [
            {"path": self.tree + "/lib/overlay2", "why": "layers of containers, docker",
             "not_looked_at": True}])
        self.assertIn(b"not looked at: ", done.stderr)
        self.assertEqual(self.found(self.manifest("--layers", self.tree)),
                         ["lib/overlay2/1/diff/in-the-image"])

    def test_s6_what_runs_is_found_through_its_mount_and_once(self):
        for kind in ("overlay", "overlay2"):
            beside = {"overlay": ("overlay-images", "overlay-layers"),
                      "overlay2": ("image", "containers")}[kind]
            with self.subTest(kind=kind):
                must("mount", "-t", "tmpfs", "layers", self.tree)
                self.storage(kind, *beside)
                make_hg(f"{self.tree}/{kind}/1/diff/of-somebody")  # in folders of these names
                for name in beside:
                    os.makedirs(f"{self.tree}/{name}")
                top = f"{self.tree}/lib/{kind}"
                for name in ("2/diff", "2/work", "2/merged"):
                    os.makedirs(f"{top}/{name}")
                must("mount", "-t", "overlay", "-o",
                     f"lowerdir={top}/1/diff,upperdir={top}/2/diff,workdir={top}/2/work",
                     "container", f"{top}/2/merged")
                make_hg(f"{top}/2/merged/made-by-it")
                document = self.manifest(self.tree)
                self.assertEqual(self.found(document), [f"lib/{kind}/2/merged/in-the-image",
                                                        f"lib/{kind}/2/merged/made-by-it",
                                                        f"{kind}/1/diff/of-somebody"])
                self.assertEqual([each["path"] for each in document["pruned"]], [top])
                must("umount", f"{top}/2/merged")
                must("umount", self.tree)

    def test_s6_an_overlay_of_somebody_shows_what_it_writes_to(self):
        must("mount", "-t", "tmpfs", "layers", self.tree)
        self.addCleanup(must, "umount", "-R", self.tree)
        for name in ("low", "up", "work", "merged"):
            os.makedirs(f"{self.tree}/{name}")
        make_hg(self.tree + "/low/below")
        must("mount", "-t", "overlay", "-o", "lowerdir=low,upperdir=up,workdir=work"
             .replace("=", f"={self.tree}/"), "somebody", self.tree + "/merged")
        make_hg(self.tree + "/merged/above")
        document = self.manifest(self.tree)
        self.assertEqual(self.found(document), ["low/below", "merged/above", "merged/below"])
        self.assertEqual([(os.path.relpath(each["path"], self.tree), each["why"])
                          for each in document["pruned"]],
                         [("up", f"a layer of {self.tree}/merged"),
                          ("work/work", f"a layer of {self.tree}/merged")])
        self.assertEqual(len(self.manifest("--layers", self.tree)["repositories"]), 4)


if __name__ == "__main__":
    unittest.main()
