// The URLs of pings: which are taken, where an addition goes, what people may see of them.
#include <gtest/gtest.h>

#include "reporter/http_ping.h"
#include "tests/support/table.h"

namespace repo {
namespace {

TEST(PingUrlTest, HttpAndHttpsAreTaken) {
  for (const std::string url :
       {"https://hc-ping.com/aa-bb", "http://127.0.0.1:8000/ping/x", "HTTPS://h", "https://h?x=1",
        "https://user:pass@h/p", "http://[::1]:80/x", "https://h/a%20b"}) {
    EXPECT_TRUE(is_ping_url(url)) << url;
  }
}

TEST(PingUrlTest, EverythingElseIsNot) {
  for (const std::string url : {"",
                                "h",
                                "hc-ping.com/x",
                                "file:///etc/passwd",
                                "ftp://h/x",
                                "https:/h",
                                "https://",
                                "https:///x",
                                "https://:80/x",
                                "https://user@/x",
                                "https://h/a b",
                                "https://h/\n",
                                "https://h/a\r\nX: y",
                                "https://h/ä",
                                "https://h/#start",
                                "https://-h/x",
                                "javascript:x",
                                "https://h\\x",
                                " https://h",
                                "httpss://h",
                                "-https://h"}) {
    EXPECT_FALSE(is_ping_url(url)) << url;
  }
  EXPECT_FALSE(is_ping_url(std::string("https://h/\0x", 12)));
  EXPECT_FALSE(is_ping_url("https://h/" + std::string(2000, 'x')));
}

struct AdditionCase : test::NamedCase {
  std::string url;
  std::string addition;
  std::string expected;
};
class PingAdditionTest : public testing::TestWithParam<AdditionCase> {};

TEST_P(PingAdditionTest, GoesToTheEndOfThePath) {
  EXPECT_EQ(ping_url(GetParam().url, GetParam().addition), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, PingAdditionTest,
    testing::Values(
        AdditionCase{{"start"}, "https://h/u", "/start", "https://h/u/start"},
        AdditionCase{{"success_changes_nothing"}, "https://h/u/?a=b", "", "https://h/u/?a=b"},
        AdditionCase{{"status"}, "https://h/u", ping_exit_status(3), "https://h/u/3"},
        AdditionCase{{"slash_at_the_end"}, "https://h/u//", "/fail", "https://h/u/fail"},
        AdditionCase{{"no_path"}, "https://h", "/start", "https://h/start"},
        AdditionCase{{"query"}, "https://h/u?create=1", "/start", "https://h/u/start?create=1"},
        AdditionCase{{"query_with_slash"}, "https://h/u?a=/b", "/fail", "https://h/u/fail?a=/b"},
        AdditionCase{{"query_without_path"}, "https://h?a", "/fail", "https://h/fail?a"},
        AdditionCase{{"user"}, "https://u:p@h:8/x", "/fail", "https://u:p@h:8/x/fail"}),
    test::case_name);

TEST(PingUrlTest, PeopleSeeSchemeAndHostAlone) {
  EXPECT_EQ(ping_host("https://hc.example.org:8443/secret?key=secret"),
            "https://hc.example.org:8443");
  EXPECT_EQ(ping_host("http://user:secret@h/secret"), "http://h");
  EXPECT_EQ(ping_host("https://h?secret"), "https://h");
  EXPECT_EQ(ping_host("secret"), "");
  EXPECT_EQ(ping_host("https:secret"), "");
}

}  // namespace
}  // namespace repo
