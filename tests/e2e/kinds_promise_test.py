#!/usr/bin/env python3
"""What a green light of a user-defined kind's copy promises: of this definition, of what may be seen, read
by a tool."""
import os

from kinds_stub_test import OWNER, StubCase
from support import DUMP, main, read_json, run, validate, wait_for


class PromiseTest(StubCase):
    def test_another_definition_is_no_unchanged_copy(self):
        self.script("look.sh", "exit 0")
        by_files = {"unchanged": "by files", "verify": {"argv": ["./look.sh"]}}
        dump = 'echo x >"$2"/x'

        def status(**fields):
            line, _ = self.dump_stub(dump, **(by_files | fields))
            return line["status"]

        self.assertEqual(status(), "copied")
        wait_for(lambda: status() == "unchanged", "a look that is settled")
        self.assertEqual(status(min_bytes=2), "copied")
        wait_for(lambda: status(min_bytes=2) == "unchanged", "a look that is settled")
        self.script("beside", "x=1")
        self.assertEqual(status(min_bytes=2), "copied", "its scripts may read that")

    def test_D31_a_folder_that_somebody_else_may_exchange_is_not_shown(self):
        secret = self.tmp / "root-only"
        secret.mkdir(mode=0o700)
        (secret / "file").write_text("nobody's business")
        own = self.tmp / "own"
        own.mkdir()
        (own / "data").symlink_to(secret)
        os.chown(own, OWNER, OWNER)
        self.must_fail(f'cp -r {own}/data "$2"', "somebody else than root", '"folders" of',
                       folders=[str(own / "data")])
        line, done = self.dump_stub('echo x >"$2"/x', folders=[str(own)])
        self.assertEqual(line["status"], "copied", f"{done}")

    def test_what_no_tool_has_read_is_not_called_verified(self):
        self.script("dump.sh", 'echo x >"$2"/x')
        self.define(self.kind("app", {"argv": ["./dump.sh", "{path}", "{dest}"]},
                              stands_for="directory"))
        done = run(DUMP, "--to", self.to, "--kinds-dir", self.kinds,
                   self.manifest_of(("app", self.app)))
        self.assert_code(done, 0)
        self.assertIn('its kind has no "verify": no tool has read this copy', done.text)
        self.assertIn("0 copied and verified, 1 copied and NOT verified", done.text + done.message)
        record = read_json(self.data(self.app).parent / "item.json")
        validate(record, "item")
        self.assertNotIn("whole", record["verified"])
        self.assertTrue(record["fingerprint"]["partial"], "no original may be left out for it")


if __name__ == "__main__":
    main()
