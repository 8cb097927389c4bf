// What is read of a dump root, whatever lies in it.
#include "reporter/records.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dumper/ledger.h"
#include "dumper/run_log.h"
#include "tests/support/dump_support.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using namespace std::chrono_literals;
using test::value_of;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Names of `count` records, the newest first.
std::vector<std::string> names_of(std::size_t count) {
  std::vector<std::string> names;
  for (std::size_t i = count; i > 0; --i) names.push_back("run-" + std::to_string(i));
  return names;
}

// For each chosen one, where it stands in `names`.
std::vector<std::size_t> places_of(const std::vector<std::string>& chosen,
                                   const std::vector<std::string>& names) {
  std::vector<std::size_t> places;
  std::size_t at = 0;
  for (const std::string& name : chosen) {
    while (at < names.size() && names[at] != name) ++at;
    places.push_back(at++);
  }
  return places;
}

class ChooseTest : public testing::TestWithParam<std::size_t> {};

TEST_P(ChooseTest, TheNewestAndEvenlySomeOfTheYearBefore) {
  constexpr std::size_t kMost = kRecentRuns + kEarlierRuns;
  const std::vector<std::string> names = names_of(GetParam());
  const std::vector<std::string> chosen = choose_records(names);
  EXPECT_EQ(chosen.size(), std::min(names.size(), kMost));
  const std::vector<std::size_t> places = places_of(chosen, names);
  for (std::size_t i = 0; i < places.size(); ++i) {
    ASSERT_LT(places[i], names.size()) << "none twice, all in their order";
    if (i < kRecentRuns) {
      EXPECT_EQ(places[i], i) << "none of the newest is left out";
    }
  }
  if (names.size() <= kMost) return;
  const std::size_t end = std::min<std::size_t>(names.size(), 366);
  EXPECT_EQ(places.back(), end - 1) << "the oldest of the year";
  const std::size_t step = (end - kRecentRuns) / kEarlierRuns;
  for (std::size_t i = kRecentRuns; i < places.size(); ++i) {
    EXPECT_GE(places[i] - places[i - 1], step);
    EXPECT_LE(places[i] - places[i - 1], step + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Counts, ChooseTest,
                         testing::Values(0, 1, 13, 14, 15, 16, 39, 40, 41, 100, 365, 366, 367, 1000,
                                         100'000));

class RecordsTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(dir_);
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
  }
  Records records() { return value_of(read_records(dir_, kNow)); }
  std::string control(const std::string& name) const { return dir_ + "/control/" + name; }

  static RunRecord record_of(UtcTime started) {
    RunRecord record;
    record.host = "web1";
    record.tool = "repo-dump 1";
    record.started = started;
    return record;
  }
  // One that ended, its record alone.
  void put_run(UtcTime started, int exit_status = 0) {
    RunRecord record = record_of(started);
    record.summary.emplace();
    record.summary->started = started;
    record.summary->finished = started + 60s;
    record.summary->exit_status = exit_status;
    test::write_file(control("runs/" + stamp(started) + ".json"), write_run_record(record));
  }
  void put_manifest(UtcTime time, const std::string& host) {
    const std::string text = write_manifest({"repo-scan", host, time, time, {"/"}}, {});
    test::write_file(control("manifests/" + stamp(time) + ".json"), text);
  }
  static ItemResult item(const std::string& id) {
    ItemResult result;
    result.id = id;
    result.kind = "svn";
    result.path = "/srv/" + id;
    result.status = ItemStatus::kCopied;
    return result;
  }
  static std::vector<std::string> messages(const Records& records) {
    std::vector<std::string> lines;
    for (const Error& error : records.unreadable) lines.push_back(describe(error));
    return lines;
  }

  inline static const UtcTime kNow = *parse_rfc3339("2026-03-10T06:00:00Z");
  test::TempDir tree_;
  std::string dir_ = std::filesystem::canonical(tree_.path()).string() + "/dump";
  std::optional<DumpRoot> root_;
};

TEST_F(RecordsTest, AYoungDumpRootHasNone) {
  const Records read = records();
  EXPECT_EQ(read.dir, dir_);
  EXPECT_THAT(read.items, IsEmpty());
  EXPECT_THAT(read.runs, IsEmpty());
  EXPECT_THAT(read.ledger.runs, IsEmpty());
  EXPECT_FALSE(read.manifest);
  EXPECT_THAT(messages(read), IsEmpty());
  EXPECT_THAT(read.future, IsEmpty());
}

TEST_F(RecordsTest, WithoutADumpRootThereIsAnError) {
  EXPECT_FALSE(read_records(tree_ / "nowhere", kNow));
  test::make_folder(tree_ / "empty");
  EXPECT_FALSE(read_records(tree_ / "empty", kNow));
  test::write_file(tree_ / "file", "");
  EXPECT_FALSE(read_records(tree_ / "file", kNow));
}

TEST_F(RecordsTest, WhatARunLeavesIsRead) {
  Result<RunLog> log =
      RunLog::begin(*root_, record_of(kNow - 2h),
                    write_manifest({"repo-scan", "web1", kNow - 3h, kNow - 3h, {"/"}}, {}), 1);
  ASSERT_TRUE(log) << describe(log.error());
  RunSummary summary;
  summary.finished = kNow - 1h;
  ASSERT_TRUE(log->end(summary, {item("a")}, {}));
  const Records read = records();
  ASSERT_EQ(read.runs.size(), 1u);
  EXPECT_EQ(read.runs[0].stamp, stamp(kNow - 2h));
  EXPECT_EQ(read.runs[0].run.state, RunState::kEnded);
  ASSERT_EQ(read.runs[0].run.items.size(), 1u);
  EXPECT_EQ(read.runs[0].run.items[0].id, "a");
  ASSERT_EQ(read.ledger.runs.size(), 1u);
  EXPECT_EQ(read.ledger.runs[0].ended, kNow - 1h);
  ASSERT_TRUE(read.manifest);
  EXPECT_EQ(read.manifest->finished, kNow - 3h);
  EXPECT_FALSE(read.manifest_before);
  EXPECT_THAT(messages(read), IsEmpty());
}

TEST_F(RecordsTest, ARunThatLivesIsAtWorkAndOneThatWasKilledDied) {
  {
    Result<RunLog> log = RunLog::begin(*root_, record_of(kNow - 1h), "{}", 2);
    ASSERT_TRUE(log);
    ASSERT_TRUE(log->add(item("a")));
    const Records read = records();
    ASSERT_EQ(read.runs.size(), 1u);
    EXPECT_EQ(read.runs[0].run.state, RunState::kRunning);
    EXPECT_THAT(read.runs[0].run.items, IsEmpty()) << "they are not known yet";
  }
  // Whoever held the lock is no more, as after a kill.
  const std::string before = test::snapshot(dir_);
  const Records read = records();
  EXPECT_EQ(test::snapshot(dir_), before) << "it only looks";
  ASSERT_EQ(read.runs.size(), 1u);
  EXPECT_EQ(read.runs[0].run.state, RunState::kDied);
  ASSERT_EQ(read.runs[0].run.items.size(), 1u);
  EXPECT_EQ(read.runs[0].run.items[0].id, "a");
  EXPECT_EQ(read.runs[0].run.items[0].status, ItemStatus::kCopied);
}

TEST_F(RecordsTest, ARunThatDiedHasTheItemsWhoseLinesAreWhole) {
  const std::string name = "runs/" + stamp(kNow - 1h);
  test::write_file(control(name + ".json"), write_run_record(record_of(kNow - 1h)));
  EXPECT_EQ(records().runs.at(0).run.state, RunState::kDied) << "without a lock to ask for";
  const std::string line = result_line(item("b"));
  test::write_file(control(name + ".items"),
                   result_line(item("a")) + "rubbish\n" + line.substr(0, line.size() / 2));
  const Records read = records();
  EXPECT_EQ(read.runs.at(0).run.state, RunState::kDied);
  ASSERT_EQ(read.runs[0].run.items.size(), 1u);
  EXPECT_EQ(read.runs[0].run.items[0].id, "a");
}

TEST_F(RecordsTest, RunsGoFromNewToOldAndTheNewestAreAllThere) {
  for (int i = 0; i < 20; ++i) put_run(kNow - i * 24h);
  const Records read = records();
  ASSERT_EQ(read.runs.size(), 20u);
  for (std::size_t i = 0; i < read.runs.size(); ++i) {
    EXPECT_EQ(read.runs[i].stamp, stamp(kNow - static_cast<int>(i) * 24h));
  }
}

TEST_F(RecordsTest, D17_WhatIsStillToComeCountsForNothingAndIsSaid) {
  put_run(kNow - 1h);
  put_run(kNow + 1h);
  put_run(kNow + 1h + 1s);
  put_manifest(kNow + 48h, "later");
  put_manifest(kNow - 1h, "now");
  const Records read = records();
  ASSERT_EQ(read.runs.size(), 2u) << "clocks may differ by an hour";
  EXPECT_EQ(read.runs[0].stamp, stamp(kNow + 1h));
  EXPECT_THAT(read.future, ElementsAre("control/runs/" + stamp(kNow + 1h + 1s) + ".json",
                                       "control/manifests/" + stamp(kNow + 48h) + ".json"));
  EXPECT_EQ(read.manifest.value().host, "now");
}

// What lies where a record was.
struct SpoiledRecord : test::NamedCase {
  std::function<void(const std::string& path)> spoil;
};

class SpoiledRecordTest : public RecordsTest, public testing::WithParamInterface<SpoiledRecord> {};

TEST_P(SpoiledRecordTest, IsSaidAndTheOthersAreRead) {
  put_run(kNow - 48h);
  put_run(kNow - 24h);
  const std::string name = "runs/" + stamp(kNow - 24h) + ".json";
  GetParam().spoil(control(name));
  const Records read = records();
  ASSERT_EQ(read.runs.size(), 1u);
  EXPECT_EQ(read.runs[0].stamp, stamp(kNow - 48h));
  ASSERT_EQ(read.unreadable.size(), 1u);
  EXPECT_EQ(read.unreadable[0].path, "control/" + name);
}

INSTANTIATE_TEST_SUITE_P(
    Records, SpoiledRecordTest,
    testing::Values(SpoiledRecord{"empty", [](auto& path) { test::write_file(path, ""); }},
                    SpoiledRecord{"cut",
                                  [](auto& path) {
                                    const std::string text = test::read_file(path);
                                    test::write_file(path, text.substr(0, text.size() / 2));
                                  }},
                    SpoiledRecord{"of_another_version",
                                  [](auto& path) {
                                    test::write_file(
                                        path, R"({"format": "repo-backup/run", "version": 2})");
                                  }},
                    SpoiledRecord{"folder",
                                  [](auto& path) {
                                    std::filesystem::remove(path);
                                    test::make_folder(path);
                                  }},
                    SpoiledRecord{"fifo",
                                  [](auto& path) {
                                    std::filesystem::remove(path);
                                    test::make_fifo(path);
                                  }},
                    SpoiledRecord{"link",
                                  [](auto& path) {
                                    std::filesystem::rename(path, path + ".moved");
                                    test::make_link(path, path + ".moved");
                                  }}),
    test::case_name);

TEST_F(RecordsTest, WhatIsCalledOtherwiseIsNoRecord) {
  put_run(kNow - 24h);
  test::write_file(control("runs/notes.json"), "x");
  test::write_file(control("runs/" + stamp(kNow) + ".json~"), "x");
  test::write_file(control("runs/.repo-backup.tmp.1.1"), "x");
  const Records read = records();
  EXPECT_EQ(read.runs.size(), 1u);
  EXPECT_THAT(messages(read), IsEmpty());
}

TEST_F(RecordsTest, TheManifestBeforeIsAnotherOne) {
  put_manifest(kNow - 1h, "same");
  std::filesystem::copy(control("manifests/" + stamp(kNow - 1h) + ".json"),
                        control("manifests/" + stamp(kNow) + ".json"));
  Records read = records();
  EXPECT_EQ(read.manifest.value().host, "same");
  EXPECT_FALSE(read.manifest_before) << "it was dumped twice";
  put_manifest(kNow - 24h, "before");
  put_manifest(kNow - 48h, "long ago");
  read = records();
  EXPECT_EQ(read.manifest.value().host, "same");
  EXPECT_EQ(read.manifest_before.value().host, "before");
}

TEST_F(RecordsTest, AManifestThatCannotBeReadIsSaidAndOneBeforeIsTaken) {
  put_manifest(kNow - 24h, "before");
  test::write_file(control("manifests/" + stamp(kNow) + ".json"), "{");
  const Records read = records();
  EXPECT_EQ(read.manifest.value().host, "before");
  EXPECT_THAT(messages(read), ElementsAre(HasSubstr("control/manifests/" + stamp(kNow))));
}

TEST_F(RecordsTest, WithoutControlThereAreCopiesAndNothingIsKnownOfRuns) {
  root_.reset();
  std::filesystem::remove_all(dir_ + "/control");
  const Records read = records();
  EXPECT_THAT(read.runs, IsEmpty());
  EXPECT_THAT(messages(read), ElementsAre(HasSubstr("control")));
}

TEST_F(RecordsTest, WhatIsNoFolderIsSaid) {
  std::filesystem::remove_all(control("runs"));
  test::write_file(control("runs"), "");
  test::write_file(control("manifests"), "");
  EXPECT_THAT(messages(records()),
              ElementsAre(HasSubstr("control/runs"), HasSubstr("control/manifests")));
}

TEST_F(RecordsTest, OfALargeLedgerTheEndIsRead) {
  const std::string first = ledger_line_died("20200101T000000Z", kNow - 48h);
  std::string text = first;
  while (text.size() <= kLedgerRead) text += drill_line({});
  text += ledger_line_died("20260301T000000Z", kNow - 24h);
  test::write_file(control("ledger"), text);
  const Records read = records();
  ASSERT_EQ(read.ledger.runs.size(), 1u);
  EXPECT_EQ(read.ledger.runs[0].run, "20260301T000000Z");
  EXPECT_GT(read.ledger.drills.size(), 1000u);
  EXPECT_EQ(read.ledger.unreadable, 0u) << "it begins in the middle of a line";
  EXPECT_THAT(messages(read), IsEmpty());
}

TEST_F(RecordsTest, ALedgerWithRubbishInItIsSaid) {
  test::write_file(control("ledger"), ledger_line_died("20260301T000000Z", kNow) + "rubbish\n" +
                                          ledger_line_died("20260302T000000Z", kNow));
  const Records read = records();
  EXPECT_EQ(read.ledger.runs.size(), 2u);
  EXPECT_THAT(messages(read), ElementsAre(HasSubstr("control/ledger")));
}

TEST_F(RecordsTest, ALedgerThatIsNoFileIsSaidAndWaitedForByNobody) {
  test::make_fifo(control("ledger"));
  EXPECT_THAT(messages(records()), ElementsAre(HasSubstr("control/ledger")));
}

TEST_F(RecordsTest, CopiesAreListed) {
  test::make_generation(dir_ + "/current/svn/made-by-hand", "20260301T000000Z", "x");
  const Records read = records();
  ASSERT_EQ(read.items.size(), 1u);
  EXPECT_EQ(read.items[0].id, "made-by-hand");
  EXPECT_TRUE(read.items[0].has_current());
}

}  // namespace
}  // namespace repo
