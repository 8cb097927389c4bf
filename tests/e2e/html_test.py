"""The page of repo-report in a browser: nothing fetched, nothing refused, nothing that axe-core
objects to; it sorts and filters, fits a phone, and is whole without scripts and on paper."""
import os
import re
import shutil
import socket
import tempfile

from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

import browser
from support import BIN, Case, main, make_hg, make_svn, must, run

REPORT = str(BIN / "repo-report")
ITEMS = {"empty": 0, "failed": 12, "good": 12, "hostile": 17, "many": 5000, "mixed": 60,
         "self-test": 12, "unknown": 0}
# axe-core takes minutes for 5,000 rows.
SMALL = [name for name in ITEMS if name not in ("many", "self-test")]
COLUMNS = ["State", "Kind", "Path", "Size", "Trend", "Last good copy", "Last proof",
           "Restore took", "Why"]


def natural(key):
    """As people sort: team-9 before team-10."""
    if not isinstance(key, str):
        return key
    return [(each.isdigit(), int(each) if each.isdigit() else each)
            for each in re.split(r"(\d+)", key)]


class PageCase(Case):
    """One browser for all tests of a class; each opens its page anew."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.pages = cls.make_tmp(cls.addClassCleanup)
        browser.sample_pages(cls.pages)
        cls.axe = browser.axe_script()
        profile = tempfile.mkdtemp(prefix="repo-backup-test.")
        cls.addClassCleanup(shutil.rmtree, profile, ignore_errors=True)
        cls.browser = browser.Browser(profile)
        cls.addClassCleanup(cls.browser.close)

    def open(self, name, **keywords):
        self.browser.emulate()
        self.browser.open(self.pages / f"{name}.html", **keywords)

    def find(self, css):
        return self.browser.driver.find_element(By.CSS_SELECTOR, css)

    def assert_quiet(self, path):
        """It printed nothing, so that nothing was refused either, and asked for itself alone."""
        self.assertEqual(self.browser.printed(), [])
        self.assertEqual(self.browser.requested(), [path.as_uri()])

    def rows(self, visible=True):
        return self.browser.run(
            "return [...document.querySelectorAll('#items tbody tr')]"
            ".filter((row) => !arguments[0] || row.checkVisibility())"
            ".map((row) => [...row.cells].map((cell) => cell.innerText.trim()))", visible)

    def keys(self, column):
        """What the rows are sorted by, in their order."""
        return self.browser.run(
            "return [...document.querySelectorAll('#items tbody tr')].map((row) => {"
            "const cell = row.cells[arguments[0]];"
            "return cell.dataset.v === undefined ? cell.textContent : Number(cell.dataset.v); })",
            column)

    def sorted_by(self):
        return self.browser.run(
            "return [...document.querySelectorAll('#items thead th[aria-sort]')]"
            ".map((head) => [head.cellIndex, head.getAttribute('aria-sort')])")

    def button(self, column):
        return self.find(f"#items thead th:nth-child({column + 1}) button")


class SamplesTest(PageCase):
    def test_nothing_is_fetched_and_nothing_refused(self):
        for name, items in ITEMS.items():
            with self.subTest(name):
                self.open(name)
                self.assertEqual(len(self.rows()), items)
                self.assert_quiet(self.pages / f"{name}.html")

    def test_the_answer_is_the_first_line(self):
        for name, words in {"good": "OK web1.example: all 12 items restorable",
                            "failed": "FAILED web1.example: 12 of 12 items FAILED",
                            "unknown": "FAILED web1.example: cannot open /var/data_backup",
                            "self-test": "TEST of repo-report --self-test: OK web1"}.items():
            with self.subTest(name):
                self.open(name)
                text = self.browser.run("return document.body.innerText")
                self.assertTrue(text.startswith(words), text[:200])
                self.assertIn("web1.example", self.browser.driver.title)

    def test_axe_finds_nothing_in_light_in_dark_and_on_a_phone(self):
        for name in SMALL:
            with self.subTest(name):
                self.open(name)
                self.assertEqual(self.browser.violations(self.axe), [])
                self.browser.emulate(scheme="dark")
                self.assertEqual(self.browser.violations(self.axe, "color-contrast"), [])
                self.browser.emulate()
                self.browser.resize(360)
                self.assertEqual(self.browser.violations(self.axe), [])

    def test_axe_finds_nothing_where_all_is_open(self):
        self.open("mixed")
        self.browser.run("for (const each of document.querySelectorAll('details'))"
                         "  each.open = true;")
        self.assertEqual(self.browser.violations(self.axe), [])

    def test_axe_is_at_work(self):
        self.open("good")
        self.browser.run("document.querySelector('h1').append(new Image());")
        self.assertIn("image-alt", "".join(self.browser.violations(self.axe)))

    def test_no_width_makes_the_page_scroll_sideways(self):
        for name in ITEMS:
            self.open(name, width=320)
            for width in (320, 360, 599, 768, 992, 993, 1248, 1250, 1280):
                with self.subTest(name, width=width):
                    self.browser.resize(width)
                    wide, inner = self.browser.run(
                        "return [document.documentElement.scrollWidth, innerWidth]")
                    self.assertEqual(inner, width)
                    self.assertLessEqual(wide, width)

    def test_dark_is_dark(self):
        self.open("good")
        seen = []
        for scheme in ("light", "dark"):
            self.browser.emulate(scheme=scheme)
            seen.append(self.browser.run(
                "return getComputedStyle(document.body).backgroundColor"))
        self.assertEqual(seen, ["rgb(255, 255, 255)", "rgb(20, 23, 27)"])

    def test_what_has_the_focus_can_be_seen(self):
        self.open("good")
        self.find("body").send_keys(Keys.TAB)
        self.assertEqual(self.browser.run(
            "const at = document.activeElement;"
            "return [at.textContent, getComputedStyle(at).outlineStyle]"), ["What to do", "solid"])


class HarmlessTest(PageCase):
    def test_names_are_text(self):
        self.open("hostile")
        paths = [row[2] for row in self.rows()]
        for path in ("/srv/<script>alert(1)</script>", "/srv/two\\nlines\\x0d\\n\\x0d\\n<p>",
                     "/srv/%s%n%d{}{0}${HOME}`id`$(id)", "/srv/not-utf8-\\xff\\xfe\\x80",
                     "/srv/\\u{202e}gnp.exe…\\u{2066}", "/srv/&lt;i&gt;&amp;&#x3c;"):
            self.assertIn(path, paths)
        self.assertEqual(self.browser.run(
            "return [document.scripts.length, document.styleSheets.length,"
            " document.querySelectorAll('img, iframe, object, embed, form, base').length]"),
                         [1, 1, 0])

    def test_the_policy_is_in_force(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        server.setblocking(False)
        self.open("good")
        self.browser.run(
            "const script = document.createElement('script');"
            "script.textContent = 'window.intruder = 1';"
            "const image = document.createElement('img');"
            "image.src = arguments[0];"
            "const link = document.createElement('p');"
            "link.setAttribute('onclick', 'window.intruder = 1');"
            "document.body.append(script, image, link); link.click();",
            f"http://127.0.0.1:{server.getsockname()[1]}/")
        self.assertIsNone(self.browser.run("return window.intruder"))
        printed = "\n".join(self.browser.printed())
        for directive in ("script-src", "img-src"):
            self.assertIn(directive, printed)
        self.assertRaises(BlockingIOError, server.accept)  # nobody came

    def test_a_script_that_was_changed_does_not_run(self):
        page = (self.pages / "good.html").read_text(encoding="utf-8")
        changed = self.tmp / "changed.html"
        changed.write_text(page.replace('"use strict";\n', '"use strict"; \n'), encoding="utf-8")
        self.browser.open(changed)
        self.assertTrue(self.browser.printed())
        self.assertFalse(self.find("#filters").is_displayed())


class TableTest(PageCase):
    def test_each_column_sorts_both_ways(self):
        self.open("mixed")
        self.assertEqual(self.sorted_by(), [[0, "descending"]])
        for column, name in enumerate(COLUMNS):
            with self.subTest(name):
                self.assertEqual(self.button(column).text.strip(" ↕↑↓\xa0"), name)
                seen = set()
                for _ in range(2):
                    self.button(column).click()
                    [[by, direction]] = self.sorted_by()
                    self.assertEqual(by, column)
                    seen.add(direction)
                    keys = self.keys(column)
                    if column != COLUMNS.index("Why"):  # as people sort, which python does not
                        self.assertEqual(keys, sorted(keys, key=natural,
                                                      reverse=direction == "descending"))
                    self.assertGreater(len(set(keys)), 1)
                self.assertEqual(seen, {"ascending", "descending"})

    def test_numbers_begin_with_the_largest_and_text_with_a(self):
        self.open("mixed")
        for column, direction in ((COLUMNS.index("Size"), "descending"),
                                  (COLUMNS.index("Path"), "ascending"),
                                  (COLUMNS.index("State"), "descending")):
            self.button(column).click()
            self.assertEqual(self.sorted_by(), [[column, direction]])

    def test_never_is_older_than_all(self):
        self.open("mixed")
        self.button(COLUMNS.index("Last proof")).click()
        self.assertEqual(self.rows()[0][COLUMNS.index("Last proof")], "never")

    def test_equal_rows_stay_in_their_order(self):
        self.open("mixed")
        kind = COLUMNS.index("Kind")
        before = [row for row in self.rows() if row[kind] == "svn"]
        self.button(kind).click()
        after = [row for row in self.rows() if row[kind] == "svn"]
        self.assertEqual(before, after)

    def test_the_keyboard_sorts(self):
        self.open("mixed")
        self.find("#filter-kind").send_keys(Keys.TAB)  # the first head
        for _ in range(COLUMNS.index("Size")):
            self.browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        for key, direction in ((Keys.ENTER, "descending"), (Keys.SPACE, "ascending")):
            self.browser.driver.switch_to.active_element.send_keys(key)
            self.assertEqual(self.sorted_by(), [[COLUMNS.index("Size"), direction]])

    def test_filters_by_text_state_and_kind(self):
        self.open("mixed")
        every = self.rows()
        self.assertEqual(self.find("#filter-count").text, "60 of 60 shown")
        self.find("#filter-text").send_keys("TEAM-7 project")
        shown = self.rows()
        self.assertEqual(shown, [row for row in every if "team-7/" in row[2]])
        self.assertEqual(self.find("#filter-count").text, f"{len(shown)} of 60 shown")
        self.find("#filter-text").clear()
        Select(self.find("#filter-state")).select_by_value("warning")
        self.assertEqual(self.rows(), [row for row in every if row[0] == "WARNING"])
        Select(self.find("#filter-kind")).select_by_value("hg")
        self.assertEqual(self.rows(), [row for row in every
                                       if row[0] == "WARNING" and row[1] == "hg"])
        self.find("#filter-text").send_keys("corrupt")  # why others failed
        self.assertEqual(self.rows(), [])
        self.assertEqual(self.find("#filter-count").text, "No item is like that.")

    def test_choices_say_how_many_there_are(self):
        self.open("mixed")
        self.assertEqual([each.text for each in Select(self.find("#filter-state")).options],
                         ["all (60)", "FAILED (2)", "WARNING (3)", "OK (49)", "listed (6)"])

    def test_five_thousand_rows_sort_and_filter(self):
        self.open("many")
        self.button(COLUMNS.index("Size")).click()
        keys = self.keys(COLUMNS.index("Size"))
        self.assertEqual((len(keys), keys), (5000, sorted(keys, reverse=True)))
        self.find("#filter-text").send_keys("project-4321")
        self.assertEqual([row[2] for row in self.rows()], ["/srv/hg/team-3/project-4321"])

    def test_a_phone_has_cards_that_sort(self):
        self.open("mixed", width=360)
        self.button(COLUMNS.index("Size")).click()
        self.assertEqual(self.sorted_by(), [[COLUMNS.index("Size"), "descending"]])
        right = self.browser.run(
            "return Math.max(...[...document.querySelectorAll('#items td, #items th')]"
            ".map((cell) => cell.getBoundingClientRect().right))")
        self.assertLessEqual(right, 360)


class WholeTest(PageCase):
    def test_without_scripts_all_is_there_and_nothing_that_would_do_nothing(self):
        self.browser.command("Emulation.setScriptExecutionDisabled", value=True)
        self.addCleanup(self.browser.command, "Emulation.setScriptExecutionDisabled", value=False)
        self.open("mixed")
        self.assertEqual(len(self.rows()), 60)
        self.assertFalse(self.find("#filters").is_displayed())
        self.assertEqual(self.browser.driver.find_elements(By.CSS_SELECTOR, "button"), [])

    def test_paper_shows_all_and_no_controls(self):
        self.open("mixed")
        self.find("#filter-text").send_keys("team-7")
        self.assertLess(len(self.rows()), 60)
        hidden = ("return [...document.querySelectorAll(arguments[0])]"
                  ".filter((each) => !each.checkVisibility()).length")
        behind = "section > details li"
        self.assertEqual(self.browser.run(hidden, behind), 10)
        self.browser.emulate("print", "dark")
        self.assertEqual(len(self.rows()), 60)
        self.assertEqual(self.browser.run(hidden, behind), 0)
        for controls in ("nav", "#filters"):
            self.assertFalse(self.find(controls).is_displayed())
        self.assertEqual(self.browser.run(
            "return [getComputedStyle(document.body).color,"
            " getComputedStyle(document.body).backgroundColor]"),
                         ["rgb(0, 0, 0)", "rgb(255, 255, 255)"])

    def test_it_opens_what_is_closed_before_it_is_printed(self):
        self.open("mixed")
        count = "return document.querySelectorAll('details[open]').length"
        self.find("figure summary").click()
        self.assertEqual(self.browser.run(count), 1)
        self.browser.run("dispatchEvent(new Event('beforeprint'))")
        self.assertEqual(self.browser.run(count),
                         self.browser.run("return document.querySelectorAll('details').length"))
        self.browser.run("dispatchEvent(new Event('afterprint'))")
        self.assertEqual(self.browser.run(count), 1)

    def test_it_becomes_paper(self):
        self.open("mixed")
        self.browser.pdf(self.tmp / "page.pdf")
        self.assertTrue((self.tmp / "page.pdf").read_bytes().startswith(b"%PDF-"))


class RealTest(PageCase):
    def test_the_page_of_real_repositories(self):
        names = ["plain", "<img src=x onerror=alert(1)>", "two\nlines", "%s \u202egnp"]
        for name in names:
            make_svn(self.src / "svn" / name)
        os.rename(make_svn(self.src / "svn" / "new"), self.src / "svn" / "\udcff")
        make_hg(self.src / "hg" / "<b>")
        must("git", "init", "-q", self.src / "git" / "'\"&amp;")
        manifest = self.scan()
        self.assert_code(self.dump(manifest), 0)
        page = self.tmp / "page.html"
        done = run(REPORT, "--from", self.to, "--html", page)
        self.assert_code(done, 0)
        self.browser.emulate()
        self.browser.open(page)
        self.assert_quiet(page)
        top = str(self.src)
        self.assertEqual(sorted(row[2] for row in self.rows()), sorted([
            f"{top}/svn/plain", f"{top}/svn/<img src=x onerror=alert(1)>",
            f"{top}/svn/two\\nlines", f"{top}/svn/%s \\u{{202e}}gnp", f"{top}/svn/\\xff",
            f"{top}/hg/<b>", f"{top}/git/'\"&amp;"]))
        self.assertEqual(self.browser.violations(self.axe), [])
        self.assertEqual(os.stat(page).st_mode & 0o777, 0o644)


if __name__ == "__main__":
    main()
