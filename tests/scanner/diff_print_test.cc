// A difference as people and programs read it.
#include "scanner/diff_print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/scanner/manifest_fixture.h"

namespace repo {
namespace {

// One of each.
std::vector<DifferenceItem> one_of_each() {
  return {{Difference::kNew, "svn", "/srv/a"},
          {Difference::kGone, "hg", "/srv/b"},
          {Difference::kMoved, "git", "/srv/d", "/srv/c"},
          {Difference::kChanged, "git", "/srv/e", "", "svn"},
          {Difference::kUnknown, "git", "/srv/f", "", "", "why"},
          {Difference::kReplaced, "svn", "/srv/x"}};
}

Manifest untimed() {
  Manifest manifest;
  manifest.host = "web1";
  manifest.complete = true;
  return manifest;
}

Manifest timed() {
  Manifest manifest = untimed();
  manifest.started = UtcTime(std::chrono::seconds(1'769'903'999));
  manifest.finished = UtcTime(std::chrono::seconds(1'769'904'000));
  return manifest;
}

TEST(DifferenceTextTest, IsALineForEach) {
  EXPECT_EQ(difference_text(one_of_each()),
            "new      svn  /srv/a\n"
            "gone     hg   /srv/b\n"
            "moved    git  /srv/c -> /srv/d\n"
            "changed  svn -> git  /srv/e\n"
            "unknown  git  /srv/f (why)\n"
            "replaced svn  /srv/x\n");
}

TEST(DifferenceTextTest, IsHarmlessWhereverSomethingIsPrinted) {
  const std::string bad = "\n\x1b";
  const std::string told = difference_text({{Difference::kMoved, bad, "/" + bad, "/" + bad},
                                            {Difference::kChanged, bad, "/" + bad, "", bad},
                                            {Difference::kUnknown, bad, "/" + bad, "", "", bad}});
  EXPECT_EQ(std::count(told.begin(), told.end(), '\n'), 3);
  EXPECT_EQ(told.find('\x1b'), std::string::npos);
}

TEST(DifferenceSummaryTest, CountsWhatThereIs) {
  std::vector<DifferenceItem> items = one_of_each();
  items.push_back({Difference::kGone, "git", "/srv/z"});
  EXPECT_EQ(difference_summary(timed(), timed(), items),
            "1 new, 2 gone, 1 moved, 1 changed in kind, 1 replaced, 1 unknown since the scan of "
            "2026-02-01T00:00:00Z");
  EXPECT_EQ(difference_summary(timed(), timed(), {}),
            "no difference since the scan of 2026-02-01T00:00:00Z");
}

TEST(DifferenceSummaryTest, SaysWhatMakesItDoubtful) {
  Manifest older = untimed();
  older.host = "web\n2";
  older.complete = false;
  EXPECT_EQ(difference_summary(older, timed(), {}),
            "no difference since the scan of an unknown time, of another host: web\\n2, which was "
            "INCOMPLETE");
}

TEST(DifferenceJsonTest, TheDocumentIsThatOfTheSchema) {
  Manifest now = untimed();
  now.complete = false;
  EXPECT_EQ(parsed(difference_json("repo-scan 1.0.0", timed(), now, one_of_each())), parsed(R"({
    "format": "repo-backup/diff", "version": 1, "tool": "repo-scan 1.0.0",
    "before": {"host": "web1", "started": "2026-01-31T23:59:59Z",
               "finished": "2026-02-01T00:00:00Z", "complete": true},
    "after": {"host": "web1", "complete": false},
    "new": [{"kind": "svn", "path": "/srv/a"}],
    "gone": [{"kind": "hg", "path": "/srv/b"}],
    "moved": [{"kind": "git", "path": "/srv/d", "from": "/srv/c"}],
    "changed": [{"kind": "git", "path": "/srv/e", "was": "svn"}],
    "replaced": [{"kind": "svn", "path": "/srv/x"}],
    "unknown": [{"kind": "git", "path": "/srv/f", "why": "why"}]})"));
}

TEST(DifferenceJsonTest, S10_BytesThatAreNoTextStandBesideIt) {
  const Json document =
      parsed(difference_json("repo-scan 1.0.0", timed(), timed(),
                             {{Difference::kMoved, "git", "/\xFF", "/\xFE"},
                              {Difference::kUnknown, "git", "/\xFF", "", "", "\xFD"},
                              {Difference::kChanged, "\xFC", "/a", "", "\xFB"}}));
  EXPECT_EQ(document["moved"][0]["path_b64"], base64_encode("/\xFF"));
  EXPECT_EQ(document["moved"][0]["from_b64"], base64_encode("/\xFE"));
  EXPECT_EQ(document["unknown"][0]["why"], "\uFFFD");
  EXPECT_EQ(document["changed"][0]["was"], "\uFFFD");
}

}  // namespace
}  // namespace repo
