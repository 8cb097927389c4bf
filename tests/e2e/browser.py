"""Chromium without a window, driven by its own driver, and axe-core, which judges accessibility."""
import base64
import hashlib
import json
import os
import pathlib
import subprocess
import tarfile

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

from support import BIN, TIMEOUT, must

AXE = "axe-core@4.10.3"
AXE_SHA256 = "0f2b4d7dcdf7d1219df8d1959ad68e565f51d14c3f0d88bb71cd59abeb956292"


def axe_script():
    """The source of axe-core: fetched once into the build tree, and always what was looked at."""
    store = pathlib.Path(os.environ.get("REPO_BACKUP_AXE", BIN.parent / "axe-core"))
    store.mkdir(parents=True, exist_ok=True)
    archive = store / (AXE.replace("@", "-") + ".tgz")
    if not archive.exists():
        with subprocess.Popen(["npm", "pack", AXE], cwd=store, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=subprocess.DEVNULL) as process:
            try:
                out, err = process.communicate(timeout=TIMEOUT)
            except BaseException:
                process.kill()
                raise
        if process.returncode != 0 or not archive.exists():
            raise RuntimeError(f"npm cannot fetch {AXE}: {os.fsdecode(out + err)}")
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    if digest != AXE_SHA256:
        archive.unlink()
        raise RuntimeError(f"{AXE} is not what it was: {digest}")
    with tarfile.open(archive) as packed, packed.extractfile("package/axe.min.js") as file:
        return file.read().decode()


class Browser:
    """One that keeps account of what it printed and what it asked for. close() ends it."""

    def __init__(self, profile):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage",
                         "--disable-gpu", "--no-first-run", "--disable-background-networking",
                         "--force-color-profile=srgb", f"--user-data-dir={profile}"):
            options.add_argument(argument)
        options.binary_location = "/usr/bin/chromium"
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_script_timeout(TIMEOUT)
        self.driver.set_page_load_timeout(TIMEOUT)

    def close(self):
        self.driver.quit()

    def open(self, path, width=1280, height=900):
        self.resize(width, height)
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get(pathlib.Path(path).as_uri())

    def resize(self, width, height=900):
        self.command("Emulation.setDeviceMetricsOverride", width=width, height=height,
                     deviceScaleFactor=1, mobile=width < 600)

    def command(self, name, **arguments):
        return self.driver.execute_cdp_cmd(name, arguments)

    def emulate(self, media="screen", scheme="light"):
        self.command("Emulation.setEmulatedMedia", media=media,
                     features=[{"name": "prefers-color-scheme", "value": scheme}])

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def printed(self):
        """What went to the console since it was last asked for: also what the policy refused."""
        return [each["message"] for each in self.driver.get_log("browser")]

    def requested(self):
        """The addresses that were asked for since it was last asked for."""
        messages = [json.loads(each["message"])["message"]
                    for each in self.driver.get_log("performance")]
        return [each["params"]["request"]["url"] for each in messages
                if each["method"] == "Network.requestWillBeSent"]

    def violations(self, axe, *rules):
        """What axe-core finds, a line each; by these of its rules alone, or by all."""
        self.run(axe)
        found = self.driver.execute_async_script(
            "const [rules, done] = arguments;"
            "const only = rules.length > 0 ? {runOnly: {type: 'rule', values: rules}} : {};"
            "axe.run(document, {resultTypes: ['violations'], ...only})"
            "  .then((all) => done(all.violations), (error) => done([{id: String(error)}]));",
            rules)
        return [f"{each['id']}: " + "; ".join(
            f"{node['html'][:200]}: {node['failureSummary']}" for node in each.get("nodes", [])[:5])
                for each in found]

    def screenshot(self, path, full=False):
        shot = self.command("Page.captureScreenshot", captureBeyondViewport=full)
        pathlib.Path(path).write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path):
        self.emulate("print")
        printed = self.command("Page.printToPDF", printBackground=False, preferCSSPageSize=True)
        pathlib.Path(path).write_bytes(base64.b64decode(printed["data"]))


def sample_pages(folder):
    """Writes the pages of all sample reports into `folder`."""
    must(BIN / "report_pages", folder)
    return folder
