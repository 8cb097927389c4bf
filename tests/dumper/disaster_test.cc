// What to do when the whole machine is lost.
#include "dumper/disaster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <sstream>

#include "dumper/proof.h"
#include "scanner/item_id.h"
#include "tests/support/dump_support.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

UtcTime at(std::int64_t seconds) { return UtcTime(std::chrono::seconds(seconds)); }

DisasterItem item(const std::string& kind, const std::string& path, std::uint64_t bytes,
                  std::optional<double> seconds = std::nullopt) {
  DisasterItem made;
  made.kind = kind;
  made.id = "id-of-" + path.substr(path.rfind('/') + 1);
  made.path = path;
  made.generation = "20260101T000000Z";
  made.bytes = bytes;
  made.restore_seconds = seconds;
  if (seconds) made.proven = at(0);
  return made;
}

// The lines of the table, but for its head.
std::vector<std::string> rows(const std::string& text) {
  std::vector<std::string> found;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| ") && !line.starts_with("| kind")) found.push_back(line);
  }
  return found;
}
// As a reader of Markdown counts: a bar behind a backslash is none.
int cells(const std::string& row) {
  int bars = 0;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (row[i] == '\\') {
      ++i;
    } else if (row[i] == '|') {
      ++bars;
    }
  }
  return bars - 1;
}

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

TEST(DisasterTextTest, WhatLiesOutsideComesBeforeWhatLiesInside) {
  const std::string text = disaster_text({item("svn", "/srv/b", 1), item("git", "/srv/b/in", 1),
                                          item("git", "/srv/b", 1), item("hg", "/srv/a", 1)},
                                         "web1", at(60));
  EXPECT_THAT(text, StartsWith("# When web1 is lost\n\nWritten 1970-01-01T00:01:00Z "));
  EXPECT_THAT(rows(text),
              ElementsAre(StartsWith("| hg | /srv/a |"), StartsWith("| git | /srv/b |"),
                          StartsWith("| svn | /srv/b |"), StartsWith("| git | /srv/b/in |")));
}

TEST(DisasterTextTest, WithoutADrillNothingIsSaidOfTimes) {
  const std::string text = disaster_text({item("svn", "/srv/a", kMiB)}, "web1", at(0));
  EXPECT_THAT(text, HasSubstr("No drill has measured anything yet"));
  EXPECT_THAT(rows(text), ElementsAre(HasSubstr("| not known | never |")));
}

TEST(DisasterTextTest, WhatWasMeasuredIsSummedUp) {
  const std::string text = disaster_text(
      {item("svn", "/srv/a", kMiB, 90), item("svn", "/srv/b", kMiB, 30)}, "web1", at(0));
  EXPECT_THAT(text, HasSubstr("about **2 min**, as drills have measured here."));
  EXPECT_THAT(text, HasSubstr("2 items, 2.0 MiB. "));
  EXPECT_THAT(rows(text), ElementsAre(HasSubstr("| 2 min | 1970-01-01T00:00:00Z |"),
                                      HasSubstr("| 30 s | 1970-01-01T00:00:00Z |")));
}

TEST(DisasterTextTest, WhatWasNotMeasuredIsEstimatedBySize) {
  const std::string text =
      disaster_text({item("svn", "/srv/a", 100 * kMiB, 100), item("svn", "/srv/b", 10 * kMiB),
                     item("svn", "/srv/c", 0), item("svn", "/srv/d", 36'000 * kMiB)},
                    "web1", at(0));
  EXPECT_THAT(rows(text), ElementsAre(HasSubstr("| 2 min |"), HasSubstr("| about 10 s | never |"),
                                      HasSubstr("| about 1 s |"), HasSubstr("| about 10.0 h |")));
  EXPECT_THAT(text, HasSubstr("of which 3 of 4 items are estimated"));
}

TEST(DisasterTextTest, DrillsOfEmptyOrInstantCopiesDivideByNothing) {
  const std::string text = disaster_text(
      {item("svn", "/srv/a", 0, 0), item("svn", "/srv/b", UINT64_MAX)}, "web1", at(0));
  EXPECT_THAT(text, Not(HasSubstr("nan")));
  EXPECT_THAT(text, Not(HasSubstr("inf")));
  EXPECT_THAT(disaster_text({}, "web1", at(0)), HasSubstr("0 items"));
}

TEST(DisasterTextTest, DamageIsSaid) {
  DisasterItem bad = item("svn", "/srv/a", 1, 5);
  bad.is_bad = true;
  EXPECT_THAT(rows(disaster_text({bad}, "web1", at(0))), ElementsAre(HasSubstr("| **damaged** |")));
}

TEST(DisasterTextTest, WhatHasNoRecordIsNamed) {
  DisasterItem unreadable = item("svn", "", 0);
  unreadable.id = "srv-a-1";
  const std::string row = rows(disaster_text({unreadable}, "web1", at(0))).at(0);
  EXPECT_THAT(row, HasSubstr("its record cannot be read"));
  EXPECT_THAT(row, HasSubstr("srv-a-1"));
  EXPECT_EQ(cells(row), 6);
}

TEST(DisasterTextTest, D18_HostilePathsStayInTheirCells) {
  for (const char* path : {"/a|b", "/a\\|b", "/a\\\\|b", "/a\n| x | y |", "/`id`", "/<script>",
                           "/*a*_b_", "/\x1b[31m", "/\xff", "/a\\"}) {
    const std::string text = disaster_text({item("svn", path, 1)}, "web1", at(0));
    ASSERT_EQ(rows(text).size(), 1U) << path;
    EXPECT_EQ(cells(rows(text)[0]), 6) << rows(text)[0];
    EXPECT_EQ(text.find('\x1b'), std::string::npos);
    EXPECT_EQ(text.find('\xff'), std::string::npos);
    EXPECT_THAT(text, Not(HasSubstr("/<script")));
  }
}

class DisasterFileTest : public testing::Test {
 protected:
  void SetUp() override { root_.emplace(test::value_of(test::open_root(tree_ / "dump"))); }
  std::string put(const std::string& path, std::uint64_t bytes) {
    ItemRecord record;
    record.id = make_item_id(path);
    record.source.kind = "svn";
    record.source.path = record.source.store = path;
    record.generation = "20260101T000000Z";
    record.totals.bytes = bytes;
    const std::string folder = root_->path + "/current/svn/" + record.id;
    test::write_file(folder + "/item.json", write_item_record(record));
    return record.id;
  }
  std::string written() {
    const Status status = write_disaster_file(*root_, "web1");
    EXPECT_TRUE(status) << describe(status.error());
    return test::read_file(root_->path + "/DISASTER.md");
  }
  test::TempDir tree_;
  std::optional<DumpRoot> root_;
};

TEST_F(DisasterFileTest, IsMadeFromRecordsAndProofs) {
  const std::string proven = put("/srv/a", kMiB);
  const std::string bad = put("/srv/b", kMiB);
  const std::string unreadable = put("/srv/c", kMiB);
  Proof proof;
  proof.passed.emplace();
  proof.passed->generation = "20260101T000000Z";
  proof.passed->state = DrillState::kPassed;
  proof.passed->restore_seconds = 5;
  ASSERT_TRUE(save_proof(root_->control.get(), "svn", proven, proof));
  proof.bad["20260101T000000Z"] = "rot";
  ASSERT_TRUE(save_proof(root_->control.get(), "svn", bad, proof));
  test::write_file(root_->path + "/current/svn/" + unreadable + "/item.json", "{");
  EXPECT_THAT(rows(written()),
              ElementsAre(HasSubstr(unreadable), HasSubstr("| /srv/a | 1.0 MiB | 5 s | 1970"),
                          HasSubstr("| **damaged** |")));
}

TEST_F(DisasterFileTest, IsReplacedWholeAndNothingIsLeft) {
  put("/srv/a", 1);
  written();
  fs::remove_all(root_->path + "/current/svn");
  EXPECT_THAT(rows(written()), IsEmpty());
  EXPECT_THAT(test::names_in(root_->path), Not(testing::Contains(HasSubstr("DISASTER.md."))));
  // What somebody has put there is not written through.
  test::write_file(tree_ / "elsewhere", "kept");
  fs::remove(root_->path + "/DISASTER.md");
  test::make_link(root_->path + "/DISASTER.md", tree_ / "elsewhere");
  written();
  EXPECT_EQ(test::read_file(tree_ / "elsewhere"), "kept");
}

}  // namespace
}  // namespace repo
