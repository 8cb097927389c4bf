"""bench/plot.py: every run is in the picture, and nonsense is refused in one line."""
import collections
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree as ET

PLOT = pathlib.Path(__file__).resolve().parents[2] / "bench/plot.py"
SVG = "{http://www.w3.org/2000/svg}"
HEAD = "# commit    0123456789ab\nkind\ttree\tpeer\tsetting\tseconds\tcpu\n"


def line(kind, tree, peer, setting, seconds):
    return f"{kind}\t{tree}\t{peer}\t{setting}\t{seconds}\t{seconds}\n"


# Two runs of each setting.
THREADS = HEAD + "".join(
    line(kind, "256176/150", peer, setting, seconds * factor)
    for kind, factor in (("warm", 1), ("cold", 7.5))
    for seconds in (0.5, 0.75)
    for peer, setting in (
        ("repo-scan", "-"), ("repo-scan", "--no-leaf-skip"), ("repo-scan", "-j 2"),
        ("repo-scan", "-j 8"), ("repo-scan", "-j 2 --no-leaf-skip"), ("floor", "-j 2"),
        ("floor", "-j 8 --probes"), ("fdfind", "-j 2"), ("fdfind", "-j 8"), ("find", "-")))


class PlotTest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="repo-backup-test.")
        self.addCleanup(folder.cleanup)
        self.tmp = pathlib.Path(folder.name)
        self.files = 0

    def plot(self, what, *texts):
        paths = []
        for text in texts:
            self.files += 1
            path = self.tmp / f"{self.files}.tsv"
            path.write_text(text, encoding="utf-8")
            paths.append(str(path))
        return subprocess.run([sys.executable, str(PLOT), what, *paths], check=False,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8",
                              env={**os.environ, "PYTHONHASHSEED": "random"})

    def drawn(self, what, *texts):
        done = self.plot(what, *texts)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return ET.fromstring(done.stdout)

    @staticmethod
    def dots(svg, kind):
        """{colour: dots} of a class."""
        return collections.Counter(each.get("fill") for each in svg.iter(SVG + "circle")
                                   if each.get("class") == kind)

    def test_every_run_and_every_median_of_threads_is_there(self):
        svg = self.drawn("threads", THREADS)
        blue, black, orange, pink = "#0072b2", "#000000", "#d55e00", "#cc79a7"
        # find has no threads: a level line, from the fewest to the most. Runs without -j repeat
        # others, and those of probes are for another picture.
        self.assertEqual(self.dots(svg, "run"), {blue: 12, black: 4, orange: 8, pink: 8})
        self.assertEqual(self.dots(svg, "median"), {blue: 6, black: 2, orange: 4, pink: 4})
        texts = [each.text for each in svg.iter(SVG + "text")]
        for text in ("warm, 256,176 directories", "cold, 256,176 directories", "threads",
                     "seconds", "repo-scan --no-leaf-skip", "fdfind"):
            self.assertIn(text, texts)
        self.assertNotIn("python", texts)

    def test_all_of_it_is_inside(self):
        svg = self.drawn("threads", THREADS)
        width, height = (float(svg.get(name)) for name in ("width", "height"))
        for circle in svg.iter(SVG + "circle"):
            self.assertTrue(0 < float(circle.get("cx")) < width)
            self.assertTrue(0 < float(circle.get("cy")) < height)
        background = svg.find(SVG + "rect")
        self.assertEqual(background.get("fill"), "#ffffff")
        self.assertEqual(float(background.get("width")), width)

    def test_more_seconds_are_higher_and_more_threads_further_right(self):
        svg = self.drawn("threads", HEAD + line("warm", "9/0", "fdfind", "-j 2", 4)
                         + line("warm", "9/0", "fdfind", "-j 8", 1))
        few, many = [(float(each.get("cx")), float(each.get("cy"))) for each in
                     svg.iter(SVG + "circle") if each.get("class") == "median"]
        self.assertLess(few[0], many[0])
        self.assertLess(few[1], many[1])  # down the page

    def test_of_each_size_the_best_setting_is_drawn(self):
        sizes = [HEAD + line("warm", tree, "fdfind", "-j 2", slow)
                 + line("warm", tree, "fdfind", "-j 4", fast) + line("warm", tree, "find", "-", 9)
                 for tree, slow, fast in (("1000/150", 1, 0.5), ("9000/150", 8, 4))]
        svg = self.drawn("sizes", *sizes)
        self.assertEqual(self.dots(svg, "run"), {"#d55e00": 2, "#cc79a7": 2})
        self.assertIn("9,000", [each.text for each in svg.iter(SVG + "text")])

    def test_the_same_files_give_the_same_bytes(self):
        self.assertEqual(self.plot("threads", THREADS).stdout, self.plot("threads", THREADS).stdout)

    def test_nonsense_is_refused_in_one_line(self):
        good = line("warm", "9/0", "fdfind", "-j 2", 4)
        for what, text, why in (
                ("threads", HEAD, "no runs"),
                ("threads", HEAD + "warm\t9/0\tfind\n", "3 columns"),
                ("threads", HEAD + line("tepid", "9/0", "find", "-", 1), "neither warm nor cold"),
                ("threads", HEAD + line("warm", "9/0", "fastwalk", "-", 1), "unknown peer"),
                ("threads", HEAD + line("warm", "9", "find", "-", 1), "a tree that is not"),
                ("threads", HEAD + line("warm", "9/0", "find", "-", "soon"), "soon"),
                ("threads", HEAD + line("warm", "9/0", "find", "-", "nan"), "not above 0"),
                ("threads", HEAD + line("warm", "9/0", "find", "-", 0), "not above 0"),
                ("threads", HEAD + line("warm", "9/0", "find", "-", 1), "no runs with -j"),
                ("threads", HEAD + good + good.replace("9/0", "8/0"), "more than one"),
                ("sizes", HEAD + good, "one tree only")):
            with self.subTest(text=text):
                done = self.plot(what, text)
                self.assertEqual((done.returncode, done.stdout), (1, ""))
                self.assertRegex(done.stderr, r"\Aplot\.py: [^\n]*\n\Z")
                self.assertIn(why, done.stderr)

    def test_a_file_that_cannot_be_read_and_a_wrong_call(self):
        for arguments, code in ((("threads", "/none"), 1), (("threads", "/dev/null"), 1),
                                (("circles", "/dev/null"), 2), (("threads",), 2)):
            done = subprocess.run([sys.executable, str(PLOT), *arguments], check=False,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            self.assertEqual(done.returncode, code)
            self.assertEqual(done.stderr.count(b"\n"), 1)


if __name__ == "__main__":
    unittest.main()
