// What a run leaves behind, also when it dies.
#include "dumper/run_log.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using Json = nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

class RunLogTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    record_.host = "web1";
    record_.tool = "repo-dump 1";
    record_.pid = 42;
    record_.started = *parse_stamp(kFirst);
  }
  RunLog must_begin(std::size_t owed = 2) {
    Result<RunLog> log = RunLog::begin(*root_, record_, kManifestText, owed);
    EXPECT_TRUE(log) << describe(log.error());
    return *std::move(log);
  }
  void must_bury() {
    for (const Error& error : bury_dead_runs(*root_)) ADD_FAILURE() << describe(error);
  }
  static ItemResult item(const std::string& id) {
    ItemResult result;
    result.id = id;
    result.kind = "svn";
    result.path = "/srv/" + id;
    result.status = ItemStatus::kCopied;
    result.generation = kFirst;
    result.fingerprint = {{"revision", std::uint64_t{7}}};
    return result;
  }
  std::string runs() const { return root_->path + "/control/runs"; }
  std::string manifests() const { return root_->path + "/control/manifests"; }
  Json record(const std::string& name) const {
    return Json::parse(test::read_file(runs() + "/" + name + ".json"));
  }
  std::vector<std::string> ledger() const {
    std::vector<std::string> states;
    std::istringstream lines(test::read_file(root_->path + "/control/ledger"));
    for (std::string line; std::getline(lines, line);) {
      const Json entry = Json::parse(line);
      states.push_back(entry["run"].get<std::string>() + " " + entry["state"].get<std::string>());
    }
    return states;
  }

  static constexpr const char* kManifestText = "{\"any\": 1}\n";
  static constexpr const char* kFirst = "20260101T000000Z";
  static constexpr const char* kSecond = "20260101T000001Z";
  test::TempDir tree_;
  std::optional<DumpRoot> root_;
  RunRecord record_;
};

TEST_F(RunLogTest, TheRecordIsThereBeforeTheFirstItemAndWholeAtTheEnd) {
  RunLog log = must_begin();
  EXPECT_EQ(record(kFirst)["state"], "running");
  const std::vector<ItemResult> results = {item("a"), item("b")};
  for (const ItemResult& each : results) ASSERT_TRUE(log.add(each));
  ASSERT_TRUE(log.end(RunSummary(), results, {}));
  EXPECT_EQ(record(kFirst)["state"], "ended");
  EXPECT_EQ(record(kFirst)["items"].size(), 2U);
  EXPECT_THAT(test::names_in(runs()), ElementsAre(std::string(kFirst) + ".json"));
  EXPECT_THAT(ledger(),
              ElementsAre(std::string(kFirst) + " began", std::string(kFirst) + " ended"));
}

TEST_F(RunLogTest, TwoRunsInOneSecondHaveNamesOfTheirOwn) {
  RunLog first = must_begin();
  ASSERT_TRUE(first.end(RunSummary(), {}, {}));
  must_begin();
  EXPECT_EQ(record(kSecond)["state"], "running");
}

TEST_F(RunLogTest, D1_ARunThatDiedIsBuriedWithTheItemsThatHadEnded) {
  {
    const RunLog log = must_begin();
    ASSERT_TRUE(log.add(item("a")));
  }
  const std::string items = runs() + "/" + kFirst + ".items";
  test::write_file(items, test::read_file(items) + "{\"message_type\": \"item\", \"id\": \"cu");
  must_bury();
  EXPECT_EQ(record(kFirst)["state"], "died");
  ASSERT_EQ(record(kFirst)["items"].size(), 1U);
  EXPECT_EQ(record(kFirst)["items"][0]["id"], "a");
  EXPECT_THAT(test::names_in(runs()), ElementsAre(std::string(kFirst) + ".json"));
  EXPECT_THAT(ledger(), ElementsAre(std::string(kFirst) + " began", std::string(kFirst) + " died"));

  const std::string once = test::snapshot_of_files(root_->path);
  must_bury();
  EXPECT_EQ(test::snapshot_of_files(root_->path), once) << "buried twice";
}

TEST_F(RunLogTest, D40_WhatAKilledWriterOfRecordsHasLeftIsRemoved) {
  RunLog log = must_begin();
  ASSERT_TRUE(log.end(RunSummary(), {}, {}));
  test::write_file(runs() + "/.repo-backup.tmp.4711.3", "{");
  test::write_file(runs() + "/" + kFirst + ".items", "");
  test::write_file(runs() + "/somebody else's", "stays");
  must_bury();
  EXPECT_THAT(test::names_in(runs()),
              ElementsAre(std::string(kFirst) + ".json", "somebody else's"));
}

TEST_F(RunLogTest, OldRecordsGoAndTheNewestStay) {
  UtcTime time = *parse_stamp(kFirst);
  for (std::size_t i = 0; i < kRunsKept + 2; ++i, time += std::chrono::seconds(1)) {
    test::write_file(runs() + "/" + stamp(time) + ".json", "{}");
  }
  must_bury();
  const std::vector<std::string> names = test::names_in(runs());
  EXPECT_EQ(names.size(), kRunsKept);
  EXPECT_EQ(names.front(), "20260101T000002Z.json");
}

TEST_F(RunLogTest, ARecordThatCannotBeReadIsToldAndTheOthersAreBuried) {
  must_begin();
  test::make_folder(runs() + "/20250101T000000Z.json");
  const std::vector<Error> errors = bury_dead_runs(*root_);
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].path, "20250101T000000Z.json");
  EXPECT_EQ(record(kFirst)["state"], "died");
}

TEST_F(RunLogTest, D20_WhatIsNoRecordIsLeftAloneAndStopsNothing) {
  must_begin();
  test::write_file(runs() + "/0 garbage.json", "garbage");
  test::write_file(runs() + "/0 large.json", R"({"state": "running"})" + std::string(10'000, ' '));
  test::make_fifo(runs() + "/0 fifo.json");
  test::make_link(runs() + "/0 link.json", "1.json");
  const std::string before =
      test::snapshot(runs() + "/0 garbage.json") + test::snapshot(runs() + "/0 large.json");
  bury_dead_runs(*root_);
  EXPECT_EQ(record(kFirst)["state"], "died");
  EXPECT_EQ(test::snapshot(runs() + "/0 garbage.json") + test::snapshot(runs() + "/0 large.json"),
            before);
  EXPECT_EQ(test::contents(runs()).at("0 link.json"), "-> 1.json");
}

TEST_F(RunLogTest, ItsItemsAreLockedForAsLongAsItLives) {
  const std::string items = runs() + "/" + kFirst + ".items";
  UniqueFd opened;
  {
    const RunLog log = must_begin();
    ASSERT_TRUE(log.add(item("a")));
    opened = UniqueFd(open(items.c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_TRUE(opened);
    EXPECT_TRUE(is_running(opened.get()));
    EXPECT_TRUE(is_running(opened.get())) << "to ask takes no lock";
    const UniqueFd again(open(items.c_str(), O_RDONLY | O_CLOEXEC));
    EXPECT_TRUE(is_running(again.get()));
  }
  EXPECT_FALSE(is_running(opened.get())) << "a run that was killed holds none";
  EXPECT_FALSE(is_running(-1));
}

TEST_F(RunLogTest, ARunThatHasEndedIsNotRunning) {
  std::optional<RunLog> log = must_begin();
  const UniqueFd opened(open((runs() + "/" + kFirst + ".items").c_str(), O_RDONLY | O_CLOEXEC));
  ASSERT_TRUE(log->end(RunSummary(), {}, {}));
  log.reset();
  EXPECT_FALSE(is_running(opened.get()));
}

TEST_F(RunLogTest, TheManifestThatItGoesByIsKeptAsItWasRead) {
  const std::string text = "{\"any\":\t1} \xff\n\n";
  Result<RunLog> log = RunLog::begin(*root_, record_, text, 2);
  ASSERT_TRUE(log) << describe(log.error());
  EXPECT_EQ(test::read_file(manifests() + "/" + kFirst + ".json"), text);
  ASSERT_TRUE(log->end(RunSummary(), {}, {}));
  EXPECT_EQ(test::read_file(manifests() + "/" + kFirst + ".json"), text);
}

TEST_F(RunLogTest, TheNewestManifestsAreKeptAndNothingThatAKilledWriterHasLeft) {
  test::make_folder(manifests());
  test::write_file(manifests() + "/.repo-backup.tmp.4711.3", "{");
  constexpr std::size_t kRuns = kManifestsKept + 3;
  for (std::size_t i = 0; i < kRuns; ++i) {
    RunLog log = must_begin();
    ASSERT_TRUE(log.end(RunSummary(), {}, {}));
  }
  std::vector<std::string> newest;
  for (std::size_t i = kRuns - kManifestsKept; i < kRuns; ++i) {
    newest.push_back(stamp(record_.started + std::chrono::seconds(i)) + ".json");
  }
  EXPECT_EQ(test::names_in(manifests()), newest);
  EXPECT_EQ(test::names_in(runs()).size(), kRuns) << "of records more are kept";
}

TEST_F(RunLogTest, WithoutAPlaceForItsManifestARunBeginsAndSaysSo) {
  test::write_file(manifests(), "no folder");
  const RunLog log = must_begin();
  ASSERT_EQ(log.lacks().size(), 1u);
  EXPECT_EQ(log.lacks()[0].path, "manifests");
  EXPECT_TRUE(test::exists(runs() + "/" + kFirst + ".json"));
}

}  // namespace
}  // namespace repo
