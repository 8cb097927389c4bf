// What another program reads out of our mails: Python's email package, with its strict policy.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "reporter/mime.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

const std::string kReader = R"(
import email, email.policy, json, sys
with open(sys.argv[1], "rb") as mail:
    message = email.message_from_binary_file(mail, policy=email.policy.default)
parts = list(message.iter_parts())
defects = message.defects + [d for p in parts for d in p.defects]
defects += [d for h in message.values() for d in h.defects]
print(json.dumps({
    "names": sorted(message.keys()), "subject": message["Subject"], "from": message["From"],
    "to": [a.addr_spec for a in message["To"].addresses], "id": message["Message-ID"],
    "date": message["Date"].datetime.isoformat(), "type": message.get_content_type(),
    "types": [p.get_content_type() for p in parts],
    "contents": [p.get_content() for p in parts], "defects": [repr(d) for d in defects]}))
)";

struct ParsedCase : test::NamedCase {
  MailText sent;
  MailText read;
};
class ParsedMailTest : public testing::TestWithParam<ParsedCase> {};

TEST_P(ParsedMailTest, ArrivesAsItWasMeant) {
  const MailHead head = {"backup@example.org",
                         {"a@example.org", "b@example.org"},
                         *parse_rfc3339("2026-11-27T06:13:26Z"),
                         "run-1",
                         "host.example.org"};
  for (const LineEnd line_end : {LineEnd::kLf, LineEnd::kCrLf}) {
    const test::TempDir tree;
    test::write_file(tree / "mail", mail_message(head, GetParam().sent, line_end));
    const auto read =
        nlohmann::json::parse(test::must_run({"/usr/bin/python3", "-c", kReader, tree / "mail"}));
    EXPECT_EQ(read["names"], nlohmann::json({"Auto-Submitted", "Content-Type", "Date", "From",
                                             "MIME-Version", "Message-ID", "Subject", "To"}));
    EXPECT_EQ(read["subject"], GetParam().read.subject);
    EXPECT_EQ(read["to"], nlohmann::json({"a@example.org", "b@example.org"}));
    EXPECT_EQ(read["from"], "backup@example.org");
    EXPECT_EQ(read["id"], "<run-1@host.example.org>");
    EXPECT_EQ(read["date"], "2026-11-27T06:13:26+00:00");
    EXPECT_EQ(read["type"], "multipart/alternative");
    EXPECT_EQ(read["types"], nlohmann::json({"text/plain", "text/html"}));
    EXPECT_EQ(read["contents"], nlohmann::json({GetParam().read.text, GetParam().read.html}));
    EXPECT_EQ(read["defects"], nlohmann::json::array());
  }
}

std::string times(int count, const std::string& text) {
  std::string all;
  for (int i = 0; i < count; ++i) all += text;
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Mails, ParsedMailTest,
    testing::Values(
        ParsedCase{{"plain"},
                   {"OK host: all 3 good", "one\ntwo\n", "<p>one</p>\n"},
                   {"OK host: all 3 good", "one\ntwo\n", "<p>one</p>\n"}},
        ParsedCase{{"unicode"},
                   {"Ärger: größe 😀", "naïve €😀\n", "<p>ß</p>\n"},
                   {"Ärger: größe 😀", "naïve €😀\n", "<p>ß</p>\n"}},
        ParsedCase{{"long_lines"},
                   {times(60, "größer "), times(100'000, "x"), times(50'000, "€")},
                   {times(59, "größer ") + "größer", times(100'000, "x") + "\n",
                    times(50'000, "€") + "\n"}},
        ParsedCase{{"long_plain_subject"},
                   {times(100, "word "), "", ""},
                   {times(99, "word ") + "word", "\n", "\n"}},
        ParsedCase{
            {"one_long_word_as_subject"}, {times(998, "w"), "", ""}, {times(998, "w"), "\n", "\n"}},
        ParsedCase{{"header_injection"},
                   {"a\r\nBcc: x@y\r\n\r\nbody\n", "t\n", "h\n"},
                   {"a  Bcc: x@y    body", "t\n", "h\n"}},
        ParsedCase{{"terminal_and_direction"},
                   {"a\x1b[2Jb\u202Ec\u2028d\x7f\tz", "\x1b[31m\ttab\n", "\x1b\n"},
                   {"a [2Jb c d  z", "\uFFFD[31m\ttab\n", "\uFFFD\n"}},
        ParsedCase{{"encoded_word_of_somebody_else"},
                   {"=?UTF-8?Q?=0ABcc:_x?=", "=41\n", "&eacute;=\n"},
                   {"=?UTF-8?Q?=0ABcc:_x?=", "=41\n", "&eacute;=\n"}},
        ParsedCase{{"dots_and_from"},
                   {"s", ".\n..\n.x\nFrom me\n>From\n", "."},
                   {"s", ".\n..\n.x\nFrom me\n>From\n", ".\n"}},
        ParsedCase{{"nul_and_no_utf8"},
                   {std::string("a\0b\xff", 4), std::string("a\0b\xc3\n", 5), "\xed\xa0\x80\n"},
                   {"a b\uFFFD", "a\uFFFDb\uFFFD\n", "\uFFFD\uFFFD\uFFFD\n"}},
        ParsedCase{{"blanks_at_line_ends"},
                   {"s", "a \nb\t\n \n" + times(75, "x") + " \n" + times(76, "x") + " y\n", " "},
                   {"s", "a \nb\t\n \n" + times(75, "x") + " \n" + times(76, "x") + " y\n", " \n"}},
        ParsedCase{{"line_ends"}, {"s", "a\r\nb\rc\n\n", "x"}, {"s", "a\nb\nc\n\n", "x\n"}},
        ParsedCase{{"boundary"},
                   {"s", "--=_repo-report.run-1--\n--=_repo-report.run-1\n", "x\n"},
                   {"s", "--=_repo-report.run-1--\n--=_repo-report.run-1\n", "x\n"}}),
    test::case_name);

}  // namespace
}  // namespace repo
