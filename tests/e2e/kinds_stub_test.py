#!/usr/bin/env python3
"""User-defined kinds whose programs are stubs that succeed, fail, hang, lie and flood."""
import os

from kinds_case import KindsCase
from support import DUMP, RESTORE, main, must, run, validate, wait_for

OWNER = 4321


class StubCase(KindsCase):
    """A kind `app` whose dump is the script dump.sh, and an item of it beside one that is good."""

    def setUp(self):
        super().setUp()
        self.app = self.make_source("app")
        self.good = self.make_source("good", "good.mark")
        self.script("good.sh", 'cp -- "$1"/good.mark "$2"/dumped\n')
        self.define(self.kind("good", {"argv": ["./good.sh", "{path}", "{dest}"]},
                              signature={"files": ["good.mark"], "paths": [str(self.src)]}))

    def make_source(self, name, mark="app.mark"):
        path = self.src / name
        path.mkdir()
        (path / mark).write_text(f"mark of {name}")
        return path

    def kind(self, name, dump, **fields):
        kind = {"format": "repo-backup/kind", "version": 1, "kind": name,
                "signature": {"files": ["app.mark"], "paths": [str(self.src)]},
                "dump": dump, **fields}
        validate(kind, "kind")
        return kind

    def dump_stub(self, text, *options, **fields):
        """What comes of the item of `app`, whose dump is this script; the good one is copied in any
        case, and nothing half done is left."""
        self.script("dump.sh", text)
        fields.setdefault("dump", {"argv": ["./dump.sh", "{path}", "{dest}", "{tmp}"]})
        self.define(self.kind("app", **fields))
        done = self.dump_items(("app", self.app), ("good", self.good), options=options)
        lines = {line["kind"]: line for line in self.lines_of(done)}
        self.assertEqual(lines["good"]["status"], "copied", f"{done}")
        self.assertEqual((self.data(self.good) / "dumped").read_text(), "mark of good")
        self.assert_whole()
        return lines["app"], done

    def must_fail(self, text, *words, options=(), **fields):
        line, done = self.dump_stub(text, *options, **fields)
        self.assert_code(done, 3)
        self.assertEqual(line["status"], "failed")
        for word in words:
            self.assertIn(word, line["error"], f"{done}")
        self.assertNotIn(os.fsencode(self.app), self.current())
        return line


class StubTest(StubCase):
    def test_success(self):
        line, done = self.dump_stub('cat "$1"/app.mark >"$2"/x; mkdir "$2"/d; echo y >"$2"/d/y',
                                    "--quiet")
        self.assert_code(done, 0)
        self.assertEqual(line["status"], "copied")
        data = self.data(self.app)
        self.assertEqual((data / "x").read_text(), "mark of app")
        self.assertEqual((data / "d/y").read_text(), "y\n")
        self.assertEqual(line["fingerprint"]["bytes"], len("mark of app") + 2)

    def test_D39_each_way_to_fail_is_told_as_what_it_is(self):
        for text, words in {
            "echo why >&2; exit 3": ["dump: ./dump.sh: exit status 3: why"],
            "no-such-program": ["a program is not there", "127"],
            "touch /tmp/x; chmod 644 /tmp/x; /tmp/x": ["a program cannot be executed", "126"],
            "kill -SEGV $$": ["a program in it ended by signal 11"],
        }.items():
            with self.subTest(text):
                self.must_fail(text, *words)

    def test_D39_a_program_that_is_missing_or_not_executable_fails_its_own_kind(self):
        missing = {"argv": ["no-such-program"]}
        self.must_fail("", "no-such-program", "not installed", dump=missing, package="a-package")
        self.must_fail("", "a-package", dump=missing, package="a-package")
        program = self.kinds / "plain"
        program.write_text("#!/bin/sh\n")
        program.chmod(0o644)
        self.script("dump.sh", "")
        self.define(self.kind("app", {"argv": ["./plain"]}))
        done = self.dump_items(("app", self.app))
        self.assert_refused(done, 2, "dump.argv[0]", "plain", "chmod 755")

    def test_D39_a_wrong_user_fails_its_own_kind(self):
        self.must_fail("true", "no-such-user", run_as="no-such-user")

    def test_D39_placeholders_are_no_shell(self):
        app = self.src / "; touch owned; $(touch owned)"
        app.mkdir()
        (app / "app.mark").write_text("x")
        self.script("dump.sh", 'printf %s "$1" >"$2"/said; [ $# = 2 ]')
        self.define(self.kind("app", {"argv": ["./dump.sh", "{source}", "{dest}"]}))
        self.one(self.dump_items(("app", app)))
        self.assertEqual((self.data(app) / "said").read_text(), str(app))
        self.assertEqual(list(self.tmp.rglob("owned")), [])

    def test_a_hang_ends_after_its_timeout_with_all_that_it_has_started(self):
        token = f"{os.getpid()}7"
        line = self.must_fail(f"sleep {token} & sleep {token}", "longer than its \"timeout\"",
                              dump={"argv": ["./dump.sh"], "timeout": "1s"})
        self.assertLess(line["seconds"], 60)
        self.assertEqual(run("pgrep", "-f", f"sleep {token}").out, b"")

    def test_a_process_that_is_left_behind_is_ended(self):
        token = f"{os.getpid()}8"
        line, _ = self.dump_stub(f'echo x >"$2"/x; setsid sleep {token} >/dev/null 2>&1 &')
        self.assertEqual(line["status"], "copied")
        wait_for(lambda: run("pgrep", "-f", f"sleep {token}").out == b"", "its end")

    def test_D10_lies_are_found(self):
        self.must_fail("exit 0", "its dump has 0 bytes, less than \"min_bytes\"")
        self.must_fail(': >"$2"/empty', "its dump has 0 bytes")
        self.must_fail('echo x >"$2"/x', "its dump has 2 bytes", min_bytes=1000)
        self.must_fail('echo x >"$2"/x; echo "ORA-01555: too old"', 'it says "ORA-01555: too old"',
                       dump={"argv": ["./dump.sh", "{path}", "{dest}"], "fail_if": ["ORA-*"]})
        self.must_fail('echo x >"$2"/x; echo half', 'no line of its output is "done"',
                       dump={"argv": ["./dump.sh", "{path}", "{dest}"], "must_say": ["done"]})
        self.must_fail('echo x >"$2"/x', "verify: ./bad.sh: exit status 1: truncated",
                       **self.verified("echo truncated >&2; exit 1"))

    def verified(self, text):
        self.script("bad.sh", text)
        return {"verify": {"argv": ["./bad.sh", "{dest}"]}}

    def test_a_flood_of_words_is_bounded_and_hides_no_failure(self):
        patterns = {"argv": ["./dump.sh", "{path}", "{dest}"], "fail_if": ["ERROR"]}
        flood = 'echo x >"$2"/x; echo ERROR; yes | head -c 50000000'
        self.must_fail(flood, "more than can be looked through", dump=patterns)
        line, _ = self.dump_stub(flood)
        self.assertEqual(line["status"], "copied", "nobody asked what it says")

    def test_a_flood_of_bytes_ends_before_the_disk_is_full(self):
        """On a tmpfs of 200 MiB, in a mount namespace of the command alone."""
        for place in ("$2", "$3"):
            with self.subTest(place):
                self.script("dump.sh", f'echo x >"$2"/small; cat /dev/zero >"{place}"/x')
                self.define(self.kind("app", {"argv": ["./dump.sh", "{path}", "{dest}", "{tmp}"]}))
                self.to.mkdir(exist_ok=True)
                manifest = self.manifest_of(("app", self.app), ("good", self.good))
                done = run("unshare", "--mount", "sh", "-c",
                           'mount -t tmpfs -o size=200m,mode=0700 none "$1"; shift; exec "$@"',
                           "sh", self.to, *self.dump_command(manifest))
                self.assert_code(done, 3)
                lines = {line["kind"]: line for line in self.lines_of(done)}
                self.assertEqual(lines["app"]["status"], "failed", f"{done}")
                self.assertEqual(lines["good"]["status"], "copied", f"{done}")

    def dump_command(self, manifest):
        return [DUMP, "--to", self.to, "--kinds-dir", self.kinds, "--json", manifest]

    def test_D39_nothing_outside_can_be_written_or_read(self):
        secret = self.tmp / "secret"
        secret.write_text("nobody's business")
        must("chown", "-R", f"{OWNER}:{OWNER}", self.app)
        outside = self.tmp / "outside"
        outside.mkdir(mode=0o777)
        outside.chmod(0o777)
        line, done = self.dump_stub(f"""
            echo x >"$2"/x
            touch "$1"/written 2>/dev/null
            touch {outside}/written 2>/dev/null
            cat {secret} >"$2"/secret 2>/dev/null
            cat /etc/shadow >"$2"/shadow 2>/dev/null
            ls / >"$2"/root
            id -u >"$2"/uid
            exit 0
        """, run_as="owner")
        self.assertEqual(line["status"], "copied", f"{done}")
        self.assertFalse((self.app / "written").exists())
        self.assertEqual(list(outside.iterdir()), [])
        data = self.data(self.app)
        self.assertEqual((data / "secret").read_bytes(), b"")
        self.assertEqual((data / "shadow").read_bytes(), b"")
        self.assertNotIn("root", (data / "root").read_text().split())
        self.assertEqual((data / "uid").read_text(), f"{OWNER}\n")

    def test_what_is_neither_file_nor_folder_nor_link_fails_the_item(self):
        self.must_fail('echo x >"$2"/x; mkfifo "$2"/fifo')

    def test_D31_a_secret_reaches_the_command_and_nothing_else(self):
        secret = self.tmp / "password"
        secret.write_text("hunter2-hunter2")
        secret.chmod(0o600)
        fields = {"secrets": [{"file": str(secret), "number": 3},
                              {"file": str(secret), "at": "/secrets/p"}]}
        line, done = self.dump_stub("""
            password=$(cat <&3)
            [ "$password" = hunter2-hunter2 ] && [ "$password" = "$(cat /secrets/p)" ] || exit 9
            env >"$2"/env; printf '%s\\n' "$@" >"$2"/arguments; echo fine
        """, **fields)
        self.assertEqual(line["status"], "copied", f"{done}")
        self.assertEqual(run("grep", "-r", "-a", "-F", "hunter2", self.to).code, 1)
        self.assertNotIn(b"hunter2", done.out + done.err)
        secret.chmod(0o644)
        line, done = self.dump_stub('echo x >"$2"/x', "--full", **fields)
        self.assertEqual(line["status"], "failed")
        self.assertIn("chmod 600", line["error"])

    def test_no_network_but_where_the_kind_says_so(self):
        look = 'echo x >"$2"/x; exec python3 -c "import socket; socket.socket({})"'
        self.must_fail(look.format(""), "dump")
        self.must_fail(look.format("socket.AF_UNIX"), "dump")
        line, done = self.dump_stub(look.format("socket.AF_UNIX"), network="unix")
        self.assertEqual(line["status"], "copied", f"{done}")

    def test_repo_restore_drills_by_the_kinds_commands(self):
        self.script("drill.sh", """case $1 in
            restore) cp "$2"/x "$3"/restored ;;
            compare) cmp "$2"/x "$3"/restored ;;
            control) echo changed >"$3"/restored ;;
            esac""")
        steps = {step: {"argv": ["./drill.sh", step, "{dest}", "{tmp}"]}
                 for step in ("compare", "control")}
        line, _ = self.dump_stub('echo x >"$2"/x', **steps,
                                 drill={"argv": ["./drill.sh", "restore", "{dest}", "{tmp}"]})
        self.assertEqual(line["status"], "copied")
        done = self.drill()
        drills = {each["kind"]: each for each in self.lines_of(done, "drill")}
        self.assertEqual(drills["app"]["state"], "passed", f"{done}")
        self.assertEqual(drills["good"]["state"], "not run", f"{done}")
        self.assert_code(done, 3)
        self.script("drill.sh", "exit 0")
        done = self.drill()
        drills = {each["kind"]: each for each in self.lines_of(done, "drill")}
        self.assertEqual(drills["app"]["state"], "not run", "a comparison that notices nothing")
        self.assertIn("it proves nothing", drills["app"]["error"])
        self.script("drill.sh", "echo cannot >&2; exit 1")
        done = self.drill()
        drills = {each["kind"]: each for each in self.lines_of(done, "drill")}
        self.assertEqual(drills["app"]["state"], "failed", f"{done}")

    def test_a_wrong_kind_file_refuses_the_run_and_no_restore(self):
        self.dump_stub('echo x >"$2"/x')
        (self.kinds / "app.json").write_text('{"format": "repo-backup/kind", "versio": 1}')
        done = self.dump_items(("good", self.good))
        self.assert_refused(done, 2, "app.json")
        self.assert_code(self.drill(), 2)
        done = run(RESTORE, "--from", self.to, "--kinds-dir", self.kinds, "restore", self.app,
                   "--to", self.tmp / "back")
        self.assert_code(done, 0)
        self.assertEqual((self.tmp / "back/x").read_text(), "x\n")

    def test_kinds_of_copies_are_known_where_nobody_has_defined_them(self):
        self.dump_stub('echo x >"$2"/x')
        done = run(RESTORE, "--from", self.to, "list", "--kinds", "app")
        self.assert_code(done, 0)
        self.assertIn(str(self.app), done.text)
        self.assertNotIn(str(self.good), done.text)
        done = run(RESTORE, "--from", self.to, "list", "--kinds", "apq")
        self.assert_refused(done, 2, "no such kind", "apq")

    def test_a_folder_of_kinds_that_somebody_else_can_write_to_is_refused(self):
        self.dump_stub('echo x >"$2"/x')
        os.chown(self.kinds, OWNER, OWNER)
        self.assert_refused(self.dump_items(("good", self.good)), 2, "somebody else than root")

if __name__ == "__main__":
    main()
