"""repo-report's channels, with real servers: what arrives, and what happens where nothing can."""
import email
import email.policy
import html
import json
import os
import re
import stat

import feedparser

from report_case import HOSTILE, SERVERS, ReportCase, make_root, make_run, now
from support import (REPORT, Case, main, make_hg, make_mounts_private, must, run, wait_for)

SYSLOG_CONFIG = """
module(load="imuxsock" SysSock.Use="off")
input(type="imuxsock" Socket="{socket}" CreatePath="off" RateLimit.Interval="0")
action(type="omfile" file="{log}" template="RSYSLOG_SyslogProtocol23Format")
"""


def setUpModule():
    make_mounts_private()


def mails_in(folder):
    parsed = []
    for path in sorted(folder.glob("*.eml"), key=lambda each: int(each.stem)):
        parsed.append(email.message_from_bytes(path.read_bytes(), policy=email.policy.default))
    return parsed


class MailTest(ReportCase):
    def mail(self, port, *options, code=0):
        return self.report("--mail", "admin@example.org", "--smtp", f"127.0.0.1:{port}",
                           "--smtp-tls", "none", *options, code=code)

    def test_a_mail_says_first_what_is_and_then_what_to_do(self):
        port = self.mail_server()
        self.damage()
        self.night(3)
        self.mail(port)
        message = mails_in(self.mails)[0]
        self.assertRegex(message["Subject"], r"^FAILED \S+: 1 of 2 items FAILED")
        self.assertEqual(message["To"], "admin@example.org")
        self.assertEqual(message.get_content_type(), "multipart/alternative")
        plain = message.get_body(("plain",)).get_content()
        self.assertEqual(plain.splitlines()[2], "What to do:")
        self.assertIn(str(self.src / "alpha"), plain)
        page = message.get_body(("html",)).get_content()
        self.assertIn("What to do", page)
        self.assertNotIn("<script", page)

    def test_by_tls_and_login_with_a_password_from_a_file(self):
        (self.tmp / "ca").mkdir()
        must(SERVERS / "make_certificates", self.tmp / "ca")
        port = self.mail_server("--tls", "starttls", "--certificate", self.tmp / "ca/good.pem",
                                "--login", "me:geheim")
        options = ["--mail", "admin@example.org", "--smtp", f"localhost:{port}", "--smtp-user", "me",
                   "--smtp-password", self.secret("geheim"), "--smtp-ca", self.tmp / "ca/ca.pem"]
        self.report(*options)
        self.assertEqual(len(mails_in(self.mails)), 1)
        wrong = self.report(*options[:-4], "--smtp-password", self.secret("falsch", name="wrong"),
                            *options[-2:], code=4)
        self.assertNotIn("falsch", wrong.message)

    def test_when_is_said_for_all_and_for_each_channel(self):
        port = self.mail_server()
        self.mail(port, "--on", "failure")
        self.mail(port, "--mail-on", "failure", "--on", "always")
        self.assertEqual(mails_in(self.mails), [])
        self.mail(port, "--on", "success")
        self.assertEqual(len(mails_in(self.mails)), 1)
        self.mail(port, "--on", "change")  # it was told this by the one before
        self.assertEqual(len(mails_in(self.mails)), 1)
        self.damage()
        self.night(3)
        self.mail(port, "--on", "success")
        self.assertEqual(len(mails_in(self.mails)), 1)
        self.mail(port, "--on", "change")
        self.mail(port, "--on", "change")
        self.assertEqual(len(mails_in(self.mails)), 2)

    def test_D28_an_alert_that_no_server_took_is_told_elsewhere_and_owed(self):
        metrics = self.tmp / "metrics.prom"
        for options, why in ((("--reject-data",), "554"), (("--cut", "connect"), ""),
                             (("--refuse", "admin@example.org"), "550")):
            with self.subTest(options):
                port = self.mail_server(*options)
                done = self.mail(port, "--prometheus", metrics, code=4)
                self.assertIn("cannot tell by mail", done.message)
                self.assertIn(why, done.message)
                self.assertIn("\nrepo_backup_state 2\n", metrics.read_text())
        self.assertIn("failing_since", self.told()["mail"])
        # Whoever looks hears of it; the dumps are not touched by it.
        self.assertIn("by mail to admin@example.org were not delivered", self.report("--nagios", code=2).text)
        self.night()
        port = self.mail_server()
        self.mail(port, "--on", "failure")  # it owes one, though all is good now
        self.assertIn("were not delivered from", mails_in(self.mails)[-1].get_body(("plain",)).get_content())
        self.assertNotIn("failing_since", self.told()["mail"])
        self.report("--nagios")

    def test_D28_a_server_that_is_down_is_an_undelivered_alert(self):
        port = self.mail_server("--cut", "connect")
        started = self.mail(port, code=4)
        self.assertIn("mail", started.message)

    def test_D28_sendmail_that_is_not_there_fails_or_hangs(self):
        missing = self.report("--mail", "a@example.org", "--sendmail", self.tmp / "none", code=4)
        self.assertIn("SMTP", missing.message)
        stub = self.tmp / "sendmail"
        stub.write_text("#!/bin/sh\ncat >/dev/null\necho it is full >&2\nexit 75\n")
        stub.chmod(0o755)
        failing = self.report("--mail", "a@example.org", "--sendmail", stub, code=4)
        self.assertIn("it is full", failing.message)
        stub.write_text(f"#!/bin/sh\ncat >{self.tmp}/got\n")
        self.report("--mail", "a@example.org", "--sendmail", stub)
        self.assertIn("Subject: OK ", (self.tmp / "got").read_text())

    def test_D30_five_thousand_failures_are_one_mail(self):
        port = self.mail_server()
        flood = self.tmp / "flood"
        make_root(flood)
        make_run(flood, now(), [(f"/srv/{i}", "failed", 0) for i in range(5000)], 3)
        done = run(REPORT, "--from", flood, "--mail", "a@example.org", "--smtp",
                   f"127.0.0.1:{port}", "--smtp-tls", "none")
        self.assert_code(done, 0)
        sent = mails_in(self.mails)
        self.assertEqual(len(sent), 1)
        self.assertRegex(sent[0]["Subject"], "5000 of 5000 items FAILED")
        self.assertIn("and 9961 more", sent[0].get_body(("plain",)).get_content())
        self.assertLess(len(bytes(sent[0])), 300_000)


class PingTest(ReportCase):
    def test_start_success_failure_and_status(self):
        port = self.http_server()
        url = f"http://127.0.0.1:{port}/uuid?create=1"
        self.report("--ping-start", "--ping", url)
        self.report("--ping", url)
        self.report("--ping-file", self.secret(url), "--ping-status")
        self.damage()
        self.night(3)
        self.report("--ping", url)
        self.report("--ping", url, "--ping-status")
        self.assertEqual(self.pinged(), ["/uuid/start?create=1", "/uuid?create=1", "/uuid/0?create=1",
                                         "/uuid/fail?create=1", "/uuid/3?create=1"])

    def test_a_monitor_that_fails_for_a_moment_is_tried_again(self):
        port = self.http_server("--status", "503", "--times", "1")
        self.report("--ping", f"http://127.0.0.1:{port}/x")
        self.assertEqual(len(self.pinged()), 2)

    def test_a_monitor_that_refuses_is_an_undelivered_alert_without_its_url(self):
        port = self.http_server("--status", "404")
        done = self.report("--ping", f"http://127.0.0.1:{port}/secret-uuid", code=4)
        self.assertNotIn("secret-uuid", done.message)
        self.assertNotIn("secret-uuid", json.dumps(self.told()))


class SyslogTest(ReportCase):
    def setUp(self):
        super().setUp()
        self.log = self.tmp / "log"
        socket = self.tmp / "socket"
        config = self.tmp / "rsyslog.conf"
        config.write_text(SYSLOG_CONFIG.format(socket=socket, log=self.log))
        self.start("rsyslogd", "-n", "-f", config, "-i", self.tmp / "pid")
        wait_for(socket.exists, "the log daemon's socket")
        self.inside = ["bwrap", "--bind", "/", "/", "--dev", "/dev", "--bind", socket, "/dev/log"]

    def lines(self, count):
        def read():
            lines = self.log.read_text().splitlines() if self.log.exists() else []
            return lines if len(lines) >= count else None
        return wait_for(read, f"{count} lines in the log")

    def test_a_line_for_the_run_and_one_for_each_item(self):
        self.report("--syslog", before=self.inside)
        lines = self.lines(3)
        self.assertEqual(len(lines), 3)
        # RFC 5424: <priority>version; 30 is daemon.info.
        self.assertRegex(lines[0], r"^<30>1 \S+ \S+ repo-report \d+ - - +report state=OK headline=")
        self.assertRegex(lines[1], rf'item state=OK kind=svn path="{self.src}/alpha" id=\S+ last_success=')

    def test_D29_hostile_names_are_one_harmless_line(self):
        make_hg(self.src / HOSTILE)
        self.night()
        self.report("--syslog", before=self.inside)
        lines = self.lines(4)
        self.assertEqual(len(lines), 4)
        hostile = [line for line in lines if "%s%n" in line]
        self.assertEqual(len(hostile), 1)
        self.assertFalse(set(hostile[0]) & {"\x1b", "\u202e"})

    def test_D28_no_daemon_is_an_undelivered_alert(self):
        done = self.report("--syslog", "--prometheus", self.tmp / "m.prom", code=4,
                           before=["bwrap", "--bind", "/", "/", "--dev", "/dev"])
        self.assertIn("/dev/log", done.message)
        self.assertIn("\nrepo_backup_state 2\n", (self.tmp / "m.prom").read_text())


class FileTest(ReportCase):
    def test_D28_a_folder_that_cannot_be_written_to_keeps_the_old_file(self):
        folder = self.tmp / "www"
        folder.mkdir()
        must("mount", "-t", "tmpfs", "none", folder)
        self.addCleanup(must, "umount", folder)
        self.report("--feed", folder / "feed.xml")
        before = (folder / "feed.xml").read_bytes()
        must("mount", "-o", "remount,ro", folder)
        port = self.http_server()
        done = self.report("--feed", folder / "feed.xml", "--ping", f"http://127.0.0.1:{port}/x", code=4)
        self.assertIn("cannot tell by feed", done.message)
        self.assertEqual((folder / "feed.xml").read_bytes(), before)
        self.assertEqual(self.pinged()[-1], "/x/fail")

    def test_what_another_user_has_put_in_the_way_is_neither_followed_nor_written_to(self):
        """Whoever owns the folder of a web server must lead root nowhere, and stop no other alert."""
        victim = self.tmp / "victim"
        victim.write_text("untouched")
        www = self.tmp / "www"
        www.mkdir()
        port = self.http_server()
        (www / "link.html").symlink_to(victim)
        os.mkfifo(www / "fifo.html")
        os.chown(www, 65534, 65534)
        (www / "away").symlink_to(self.tmp)
        os.lchown(www / "away", 65534, 65534)
        for name in ("link.html", "fifo.html", "away/page.html"):
            with self.subTest(name):
                done = self.report("--html", www / name, "--ping", f"http://127.0.0.1:{port}/x", code=4)
                self.assertIn("cannot tell by html", done.message)
        self.assertEqual(victim.read_text(), "untouched")
        self.assertFalse((self.tmp / "page.html").exists())
        self.assertEqual(self.pinged()[-1], "/x/fail")

    def test_no_channel_writes_among_the_copies(self):
        ledger = (self.to / "control/ledger").read_bytes()
        for place in ("control/ledger", "current/page.html"):
            self.report("--html", self.to / place, code=4)
        self.assertEqual((self.to / "control/ledger").read_bytes(), ledger)
        self.assertFalse((self.to / "current/page.html").exists())

    def test_D28_a_full_disk_keeps_the_old_files_and_leaves_nothing(self):
        folder = self.tmp / "small"
        folder.mkdir()
        must("mount", "-t", "tmpfs", "-o", "size=64k", "none", folder)
        self.addCleanup(must, "umount", folder)
        for option, name in (("--feed", "feed.xml"), ("--html", "page.html"), ("--prometheus", "m.prom")):
            with self.subTest(option):
                (folder / name).write_text("old")
                fill = folder / "fill"
                with self.assertRaises(OSError):
                    fill.write_bytes(b"x" * 100_000)
                self.report(option, folder / name, code=4)
                self.assertEqual((folder / name).read_text(), "old")
                self.assertEqual(sorted(os.listdir(folder)), sorted([name, "fill"]))
                fill.unlink()
                (folder / name).unlink()

    def test_D29_hostile_names_are_harmless_in_every_form(self):
        path = self.src / os.fsdecode(HOSTILE.encode() + b"\xff")
        make_hg(path)
        self.night()
        page, feed, metrics = (self.tmp / each for each in ("p.html", "f.xml", "m.prom"))
        done = self.report("--html", page, "--feed", feed, "--prometheus", metrics, "--text")
        for text in (done.text, page.read_text(), feed.read_text(), self.report("--nagios").text):
            self.assertFalse(re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e]", text))
        self.assertNotIn("<b>&\\n", page.read_text())
        self.assertIn(html.escape("<b>&"), page.read_text())
        self.assertFalse(feedparser.parse(str(feed)).bozo)
        self.assert_code(run("promtool", "check", "metrics", input=metrics.read_bytes()), 0)
        self.assertEqual(self.report("--nagios").text.splitlines()[0].count("|"), 1)
        port = self.mail_server()
        self.damage()
        (path / ".hg/store/00changelog.i").write_bytes(b"\0" * 100)
        self.night(3)
        self.report("--mail", "a@example.org", "--smtp", f"127.0.0.1:{port}", "--smtp-tls", "none")
        message = mails_in(self.mails)[0]
        self.assertEqual(message.defects, [])
        self.assertNotIn("\x1b", message.get_body(("plain",)).get_content())


class SelfTestTest(ReportCase):
    def test_every_channel_gets_a_test_that_says_so(self):
        mail = self.mail_server()
        http = self.http_server()
        files = {each: self.tmp / each for each in ("html", "feed", "prometheus")}
        config = self.config(f"""
[repo-dump]
to = "{self.to}"
[repo-report]
html = "{files['html']}"
feed = "{files['feed']}"
prometheus = "{files['prometheus']}"
mail = ["admin@example.org"]
mail-on = "failure"
smtp = "127.0.0.1:{mail}"
smtp-tls = "none"
ping-file = "{self.secret(f'http://127.0.0.1:{http}/uuid')}"
""")
        self.assert_code(run(REPORT, "--config", config, "--check-config"), 0)
        self.assertEqual(self.pinged(), [])
        done = run(REPORT, "--config", config, "--self-test")
        self.assert_code(done, 0)
        self.assertEqual(len(re.findall("^told ", done.text, re.M)), 5, done)
        self.assertTrue(mails_in(self.mails)[0]["Subject"].startswith("TEST "))
        self.assertEqual(self.pinged(), ["/uuid/log"])
        titles = [each.title for each in feedparser.parse(str(files["feed"])).entries]
        self.assertEqual(sum(title.startswith("TEST ") for title in titles), 1, titles)
        # What stands there must be true: it was a test for a moment only.
        self.assertNotIn("TEST", files["html"].read_text())
        self.assertNotIn("self_test", files["prometheus"].read_text())
        for path in files.values():
            self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o644)

    def test_a_channel_that_fails_is_named_and_told_through_the_others(self):
        mail = self.mail_server()
        done = self.report("--self-test", "--mail", "a@example.org", "--smtp", f"127.0.0.1:{mail}",
                           "--smtp-tls", "none", "--feed", self.tmp / "none/feed.xml", code=4)
        self.assertRegex(done.text, "(?m)^FAILED +feed ")
        self.assertRegex(done.text, "(?m)^told +mail ")
        self.assertIn("by feed", mails_in(self.mails)[-1]["Subject"])

    def test_without_a_channel_nobody_would_hear(self):
        self.assertIn("no channel", self.report("--self-test", code=2).message)


class ConfigTest(Case):
    def check(self, text, code, *words):
        make = self.tmp / "config.toml"
        make.write_text(text)
        make.chmod(0o600)
        if not self.to.exists():
            make_root(self.to)
        done = run(REPORT, "--config", make, "--from", self.to, "--check-config")
        self.assert_code(done, code)
        for word in words:
            self.assertIn(word, done.text + done.message, str(done))

    def test_what_is_wrong_is_named(self):
        secret = self.tmp / "password"
        secret.write_text("geheim\n")
        secret.chmod(0o644)
        smtp = '[repo-report]\nmail = ["a@example.org"]\nsmtp = "mail.example.org"\nsmtp-user = "me"\n'
        self.check(smtp + f'smtp-password = "{secret}"\n', 2, "WRONG", "password", "chmod 600")
        secret.chmod(0o600)
        self.check(smtp + f'smtp-password = "{secret}"\n', 0)
        self.check(smtp, 2, "--smtp-password")
        self.check('[repo-report]\nmail = ["a b"]\n', 2, "line 2")
        self.check('[repo-report]\nmailto = "x"\n', 2, "line 2", "mailto")
        self.check('[repo-report]\nexpect = "soon"\n', 2, "line 2")
        self.check(f'[repo-report]\nfeed = "{self.tmp}/none/feed.xml"\n', 2, "WRONG", "feed")
        self.check('[repo-report]\nping-file = "none"\n', 2, "WRONG", "ping")
        self.check('[repo-report]\nmail = ["a@example.org"]\nsendmail = "/none"\n', 2, "smtp")
        self.check('[repo-report]\nping = "https://x/uuid"\n', 2, "command line only")

    def test_who_looks_by_hand_tells_nobody(self):
        make_root(self.to)
        feed = self.tmp / "feed.xml"
        config = self.tmp / "config.toml"
        config.write_text(f'[repo-report]\nfeed = "{feed}"\n')
        config.chmod(0o600)
        self.assert_code(run(REPORT, "--config", config, "--from", self.to, "--text"), 0)
        self.assertFalse(feed.exists())
        self.assert_code(run(REPORT, "--config", config, "--from", self.to), 0)
        self.assertTrue(feed.exists())


if __name__ == "__main__":
    main()
