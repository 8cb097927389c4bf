// The page: the answer first, everything on it, nothing that comes from elsewhere or runs by
// itself.
#include "reporter/html.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/bytes_path.h"
#include "base/digest.h"
#include "reporter/html_parts.h"
#include "reporter/markup.h"
#include "reporter/page_parts.h"
#include "reporter/text.h"
#include "tests/support/markup_check.h"
#include "tests/support/sample_reports.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using test::Element;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::size_t count_of(std::string_view text, std::string_view part) {
  std::size_t count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + part.size())) {
    ++count;
  }
  return count;
}

// What is between the first `begin` and the next `end`.
std::string between(const std::string& text, const std::string& begin, const std::string& end) {
  const std::size_t at = text.find(begin);
  if (at == text.npos) return "no " + begin;
  const std::size_t from = at + begin.size();
  return text.substr(from, text.find(end, from) - from);
}

std::string without_tags(const std::string& html) {
  std::string text;
  bool is_tag = false;
  for (const char c : html) {
    if (c == '<') is_tag = true;
    if (!is_tag) text += c;
    if (c == '>') is_tag = false;
  }
  return text;
}

struct SampleCase : test::NamedCase {};
class SamplePageTest : public testing::TestWithParam<SampleCase> {
 protected:
  const Report report_ =
      test::sample_reports().at(GetParam().name == "self_test" ? "self-test" : GetParam().name)();
  const std::string page_ = html_of(report_);
};

TEST_P(SamplePageTest, IsWellFormed) { EXPECT_EQ(test::broken_markup(page_), ""); }

TEST_P(SamplePageTest, IsUtf8WithoutControlCharacters) {
  EXPECT_TRUE(is_utf8(page_));
  EXPECT_TRUE(std::all_of(page_.begin(), page_.end(), [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 || c == '\n' || c == '\t';
  }));
  for (const char* character : {"\xE2\x80\xAE", "\xE2\x81\xA6", "\xC2\x9B", "\x7F"}) {
    EXPECT_THAT(page_, Not(HasSubstr(character)));
  }
}

TEST_P(SamplePageTest, TheAnswerIsTheFirstHeading) {
  const std::string heading = between(page_, "<h1>", "</h1>");
  EXPECT_EQ(without_tags(heading), escape_markup(first_line_of(report_)));
}

// No handler of events, no style beside the sheet, no element that fetches, no address but a place
// on this page: whatever a name holds.
TEST_P(SamplePageTest, HasNothingThatRunsOrFetches) {
  const std::set<std::string> known = {
      "html",       "head",     "meta",   "link",  "title",   "style",   "body",    "header",
      "h1",         "h2",       "h3",     "p",     "span",    "dl",      "dt",      "dd",
      "div",        "nav",      "ul",     "li",    "a",       "main",    "section", "bdi",
      "br",         "code",     "pre",    "time",  "details", "summary", "table",   "thead",
      "tbody",      "tr",       "th",     "td",    "label",   "input",   "select",  "option",
      "svg",        "polyline", "line",   "text",  "circle",  "path",    "desc",    "figure",
      "figcaption", "strong",   "footer", "script"};
  for (const Element& element : test::elements_of(page_)) {
    EXPECT_TRUE(known.contains(element.name)) << element.name;
    for (const auto& [name, value] : element.attributes) {
      EXPECT_FALSE(name.starts_with("on") || name == "style" || name == "src") << name;
      EXPECT_TRUE(name != "href" || value.starts_with("#") || value == "data:,") << value;
    }
  }
  EXPECT_EQ(count_of(page_, "<script>"), 1U);
  EXPECT_EQ(count_of(page_, "<style>"), 1U);
}

TEST_P(SamplePageTest, IdsAreUniqueAndWhatRefersToThemFindsThem) {
  std::set<std::string> ids;
  std::vector<std::string> wanted;
  for (const Element& element : test::elements_of(page_)) {
    for (const auto& [name, value] : element.attributes) {
      EXPECT_TRUE(name != "id" || ids.insert(value).second) << value;
      if (name == "for") wanted.push_back(value);
      if (name == "href" && value.starts_with("#")) wanted.push_back(value.substr(1));
      if (name != "aria-labelledby") continue;
      std::string rest = value + " ";
      while (!rest.empty()) {
        wanted.push_back(rest.substr(0, rest.find(' ')));
        rest.erase(0, rest.find(' ') + 1);
      }
    }
  }
  for (const std::string& id : wanted) EXPECT_TRUE(ids.contains(id)) << id;
}

TEST_P(SamplePageTest, HeadingsGoDownByOne) {
  int last = 0;
  for (const Element& element : test::elements_of(page_)) {
    if (element.name != "h1" && element.name != "h2" && element.name != "h3") continue;
    const int level = element.name[1] - '0';
    EXPECT_LE(level, last + 1);
    last = level;
  }
}

TEST_P(SamplePageTest, EveryItemHasARow) {
  EXPECT_EQ(count_of(page_, "<tr data-state="), report_.items.size());
}

INSTANTIATE_TEST_SUITE_P(Samples, SamplePageTest,
                         testing::Values(SampleCase{{"empty"}}, SampleCase{{"unknown"}},
                                         SampleCase{{"good"}}, SampleCase{{"mixed"}},
                                         SampleCase{{"failed"}}, SampleCase{{"hostile"}},
                                         SampleCase{{"self_test"}}),
                         test::case_name);

TEST(HtmlTest, ThePolicyAllowsItsOwnScriptAndStyleAlone) {
  const std::string page = html_of(test::good_report());
  auto source = [](const std::string& part) {
    return "'sha256-" + base64_encode(sha256_raw(part)) + "'";
  };
  EXPECT_EQ(between(page, "<meta http-equiv=\"Content-Security-Policy\" content=\"", "\""),
            "default-src 'none'; script-src " + source(between(page, "<script>", "</script>")) +
                "; style-src " + source(between(page, "<style>", "</style>")) +
                "; img-src data:; base-uri 'none'; form-action 'none'");
  // Before anything that it is about.
  EXPECT_LT(page.find("Content-Security-Policy"), page.find("<style>"));
}

TEST(HtmlTest, ItsPartsAreTextForXml) {
  for (const std::string_view part : {kPageStyle, kPageScript}) {
    EXPECT_EQ(part.find_first_of("<&"), part.npos);
    EXPECT_EQ(part.find("]]>"), part.npos);
    EXPECT_GT(part.size(), 1000U);
  }
}

TEST(HtmlTest, TroublesComeFirstWithWhatToDoAndWhatTheToolSaid) {
  const std::string page = html_of(test::mixed_report(60));
  const std::string todo = between(page, "<h2 id=\"todo\">", "</section>");
  EXPECT_THAT(todo, HasSubstr("copy it again: <code>scripts/nightly</code>, or <code>repo-dump "
                              "--only srv-hg-project-0007-0a1b2c3d</code>"));
  EXPECT_THAT(todo, HasSubstr("svnadmin: E160004: Invalid change kind in rev file\n</pre>"));
  EXPECT_LT(todo.rfind(">FAILED<"), todo.find(">WARNING<"));
  EXPECT_LT(page.find("id=\"todo\""), page.find("id=\"coverage\""));
}

TEST(HtmlTest, WhereNothingIsToBeDoneItSaysSo) {
  EXPECT_THAT(html_of(test::good_report()), HasSubstr("What to do</h2>\n<p>Nothing.</p>"));
}

TEST(HtmlTest, CoverageSaysAllThatIsKnown) {
  const std::string coverage =
      between(html_of(test::mixed_report(60)), "<h2 id=\"coverage\">", "</section>");
  for (const char* part : {"NOT COMPLETE",
                           "In no copy: 30",
                           "and 10 more",
                           "Unreadable: 1",
                           "Not looked at: 1",
                           "Replaced: 1",
                           "New: 2",
                           "Moved: 1",
                           "Gone: 1",
                           "/home/u29/repo",
                           "/srv/locked",
                           "Permission denied",
                           "/mnt/nas",
                           "/srv/svn/made-again",
                           "/srv/git/another",
                           "/srv/hg/old-place",
                           "/srv/hg/new-place",
                           "/srv/svn/gone",
                           "Copies whose source is gone: 6, ",
                           "scripts/nightly --forget srv-git-project-0008-0a1b2c3d"}) {
    EXPECT_THAT(coverage, HasSubstr(part));
  }
}

TEST(HtmlTest, AScanThatIsNotOnRecordIsNoGoodNews) {
  Report report = test::good_report();
  report.coverage.scanned.reset();
  EXPECT_THAT(between(html_of(report), "<h2 id=\"coverage\">", "</section>"),
              testing::AllOf(HasSubstr("WARNING"), Not(HasSubstr("None:"))));
}

// Of a row, the text of each of its cells.
std::vector<std::string> cells_of(const ItemState& item) {
  Report report = test::good_report();
  report.items = {item};
  const std::string row = between(html_of(report), "<tr data-state=", "</tr>");
  std::vector<std::string> cells;
  for (std::size_t at = 0; at < row.size();) {
    const std::size_t begin = std::min(row.find("<td", at), row.find("<th", at));
    if (begin == row.npos) break;
    at = std::min(row.find("</td>", begin), row.find("</th>", begin));
    cells.push_back(without_tags(row.substr(begin, at - begin)));
  }
  return cells;
}

TEST(HtmlTest, ARowTellsAllOfAnItem) {
  const Report report = test::good_report();
  EXPECT_THAT(cells_of(report.items[1]),
              testing::ElementsAre("OK", "hg", "/srv/hg/team-1/project-0001", "682.7 KiB", " +78 %",
                                   "9 hours ago", "31 hours ago", "0.4 s", ""));
}

TEST(HtmlTest, WhatIsNotKnownIsNoSuccess) {
  ItemState item = test::good_report().items[1];
  item.id = "new";
  item.generation.clear();
  item.sizes.clear();
  item.succeeded = item.proven = std::nullopt;
  item.drill.reset();
  item.findings = {{Severity::kFailure, "never", "it is in <no> copy"}};
  EXPECT_THAT(cells_of(item),
              testing::ElementsAre("FAILED", "hg", "/srv/hg/team-1/project-0001", "–", "–", "never",
                                   "never", "–", "it is in &lt;no&gt; copy"));
}

TEST(HtmlTest, WhatThePolicyOnlyListsIsNotCalledOk) {
  ItemState item = test::good_report().items[1];
  item.generation.clear();
  item.succeeded = item.proven = std::nullopt;
  item.listed_by = "cache folders";
  const std::vector<std::string> cells = cells_of(item);
  EXPECT_EQ(cells.front(), "listed");
  EXPECT_EQ(cells.back(), "not copied, by the policy: cache folders");
}

TEST(HtmlTest, ARunThatDidNotEndWellSaysSo) {
  RunPoint run = test::good_report().runs.back();
  struct Case {
    RunState state;
    int status;
    const char* word;
    const char* shown_as;
  };
  for (const auto& [state, status, word, shown_as] :
       {Case{RunState::kEnded, 0, "OK", "ok"},
        Case{RunState::kEnded, 3, "INCOMPLETE (3)", "warning"},
        Case{RunState::kEnded, 1, "FAILED (1)", "failed"},
        Case{RunState::kEnded, 130, "FAILED (130)", "failed"},
        Case{RunState::kDied, 0, "DIED", "failed"},
        Case{RunState::kRunning, 0, "at work", "other"}}) {
    run.state = state;
    run.summary->exit_status = status;
    const RunWord found = word_of(run);
    EXPECT_EQ(found.word, word);
    EXPECT_STREQ(found.state, shown_as) << word;
  }
}

TEST(HtmlTest, PlotsAndTheirTablesAreThere) {
  const std::string page = html_of(test::mixed_report(1000));
  EXPECT_EQ(count_of(page, "<svg class=\"plot\""), 4U);
  EXPECT_EQ(count_of(page, "<summary>As a table</summary>"), 4U);
  EXPECT_THAT(page, HasSubstr("400 of 500 shown."));
  EXPECT_THAT(page, HasSubstr("500 runs on record. The last 30:"));
}

TEST(HtmlTest, FiveThousandItemsAreOneFileOfBearableSize) {
  const std::string page = html_of(test::mixed_report(5000));
  EXPECT_LT(page.size(), 8U << 20U);
  EXPECT_EQ(test::broken_markup(page), "");
}

TEST(HtmlTest, ATestSaysSoFirst) {
  const std::string page = html_of(test::self_test_report());
  EXPECT_THAT(between(page, "<h1>", "</h1>"), testing::StartsWith("TEST "));
  EXPECT_THAT(between(page, "<title>", "</title>"), testing::StartsWith("TEST "));
}

}  // namespace
}  // namespace repo
