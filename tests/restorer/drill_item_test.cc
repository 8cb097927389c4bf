// One drill: what its result is, and what that makes of what was proven before.
#include "restorer/drill_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <filesystem>
#include <optional>

#include "dumper/svn_copy.h"
#include "scanner/item_id.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/table.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using End = CommandResult::End;
using test::ScriptedRunner;
using testing::Contains;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kSteps =
    "+svnlook\n=uuid aaaaaaaa-0000-4000-8000-000000000001\n"
    "=youngest 7\n+checkout of r7\nwhat is not looked at\n";

// A dump root with one item, an svn repository that no tool has made: tools are played.
class DrillItemTest : public testing::Test {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    root_.emplace(test::value_of(test::open_root(tree_ / "dump")));
    publish("current/svn/" + id_, "20260102T000000Z");
    Result<Scratch> scratch = Scratch::take(*root_, "");
    ASSERT_TRUE(scratch) << describe(scratch.error());
    scratch_.emplace(*std::move(scratch));
    auto runner = std::make_unique<ScriptedRunner>();
    runner_ = runner.get();
    tools_.runner = std::move(runner);
    runner_->on("sh", [this](const Command&) { return ends_; });
  }

  void publish(const std::string& place, const std::string& stamp) {
    const std::string folder = root_->path + "/" + place;
    const std::string source = tree_ / "source of " + stamp;
    test::make_svn_skeleton(source);
    test::write_file(folder + "/.keep", "");
    fs::remove(folder + "/.keep");
    test::must_run({"cp", "-a", source, folder + "/data"});
    const UniqueFd source_fd = test::open_folder(source);
    const UniqueFd staging = test::open_folder(folder);
    const UniqueFd data = test::open_folder(folder + "/data");
    SealJob job;
    job.staging = staging.get();
    job.source = source_fd.get();
    job.patience = test::patient();
    const Sealed sealed = test::value_of(seal(job));
    ItemRecord record;
    record.id = id_;
    record.source.kind = "svn";
    record.source.path = record.source.store = path_;
    record.generation = stamp;
    record.totals = sealed.totals;
    record.checksums_sha256 = sealed.checksums_sha256;
    record.owners_sha256 = sealed.owners_sha256;
    record.links_sha256 = sealed.links_sha256;
    record.fingerprint = test::value_of(svn_fingerprint(data.get(), Skip(), test::patient()));
    test::write_file(folder + "/item.json", write_item_record(record));
  }

  CopiedItem item() {
    std::vector<CopiedItem> items = test::value_of(list_copies(*root_));
    EXPECT_EQ(items.size(), 1U);
    return items.empty() ? CopiedItem() : items[0];
  }
  DrillResult drill(const Room& reserve = {}, const Patience& patience = test::patient()) {
    const DrillResult result =
        drill_item(item(), {*root_, *scratch_, tools_, drills_, 1'900'000'005, reserve, patience});
    EXPECT_THAT(test::names_in(scratch_->path()),
                testing::UnorderedElementsAre(".repo-backup", "CACHEDIR.TAG", "lock"))
        << "the item's folder is removed";
    return result;
  }

  test::TempDir tree_;
  const std::string path_ = "/srv/svn/alpha";
  const std::string id_ = make_item_id(path_);
  std::optional<DumpRoot> root_;
  std::optional<Scratch> scratch_;
  Tools tools_;
  const Drills drills_;
  ScriptedRunner* runner_ = nullptr;
  CommandResult ends_ = ScriptedRunner::exits(0, "", std::string(kSteps) + "+a commit\n=after 8\n");
};

TEST_F(DrillItemTest, APassedOneTellsWhatItDid) {
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kPassed) << result.error;
  EXPECT_EQ(result.id, id_);
  EXPECT_EQ(result.kind, "svn");
  EXPECT_EQ(result.path, path_);
  EXPECT_EQ(result.generation, "20260102T000000Z");
  EXPECT_GT(result.bytes, 0U);
  EXPECT_GE(result.seconds, result.restore_seconds);
  EXPECT_GT(result.restore_seconds, 0);
  EXPECT_THAT(result.compared, Contains(HasSubstr("SHA-256 of 9 files")));
  EXPECT_THAT(result.compared, Contains("checkout of r7"));
  EXPECT_EQ(result.error, "");
}

TEST_F(DrillItemTest, TheSandboxSeesTheScratchFolderAlone) {
  drill();
  ASSERT_EQ(runner_->calls().size(), 1U);
  const Command command = runner_->calls()[0];
  ASSERT_EQ(command.binds.size(), 1U);
  EXPECT_EQ(command.binds[0].at, "/staging");
  EXPECT_TRUE(command.binds[0].writable);
  EXPECT_EQ(command.uid, 1'900'000'005U);
  EXPECT_FALSE(command.reads_any_file);
  ASSERT_TRUE(command.patience.has_room);
}

// Hooks and settings are data of somebody.
TEST_F(DrillItemTest, NoHookAndNoSettingIsThereWhenAToolRuns) {
  std::map<std::string, std::string> seen;
  std::uint32_t owner = 0;
  auto runner = std::make_unique<ScriptedRunner>();
  runner->on("sh", [&](const Command& command) {
    const std::string scratch = "/proc/self/fd/" + std::to_string(command.binds[0].fd);
    seen = test::contents(fs::canonical(scratch));
    owner = test::lstat_of(scratch + "/data/db/current").st_uid;
    return ends_;
  });
  tools_.runner = std::move(runner);
  EXPECT_EQ(drill().state, DrillState::kPassed);
  EXPECT_EQ(seen.at("data/hooks"), "dir");
  EXPECT_EQ(seen.at("data/conf"), "dir");
  EXPECT_FALSE(seen.contains("data/hooks/post-commit"));
  EXPECT_FALSE(seen.contains("data/conf/passwd"));
  EXPECT_EQ(seen.at("data/db/current"), "7\n");
  EXPECT_EQ(owner, 1'900'000'005U);
}

TEST_F(DrillItemTest, TheGenerationIsOnlyRead) {
  const std::string before = test::snapshot(root_->path + "/current");
  drill();
  EXPECT_EQ(test::snapshot(root_->path + "/current"), before);
}

struct EndCase : test::NamedCase {
  CommandResult ends;
  DrillState state;
  std::string said;
};

class DrillEndTest : public DrillItemTest, public testing::WithParamInterface<EndCase> {};

// Only what a tool says of the repository is said of the copy.
TEST_P(DrillEndTest, R10_IsOfTheCopyOrOfTheMachine) {
  ends_ = GetParam().ends;
  if (ends_.out.empty()) ends_.out = kSteps;
  const DrillResult result = drill();
  EXPECT_EQ(result.state, GetParam().state) << result.error;
  EXPECT_THAT(result.error, HasSubstr(GetParam().said));
  EXPECT_THAT(result.error, HasSubstr("checkout of r7")) << "the step";
}

CommandResult exits(int status, const std::string& err) {
  return ScriptedRunner::exits(status, err);
}

INSTANTIATE_TEST_SUITE_P(
    Ends, DrillEndTest,
    testing::Values(
        EndCase{"no", exits(1, "svn: E160004: Corrupt node-id"), DrillState::kFailed, "E160004"},
        EndCase{"no_without_a_word", exits(1, ""), DrillState::kFailed, "1"},
        EndCase{"crash", ScriptedRunner::ends(End::kSignalled, SIGSEGV), DrillState::kFailed, "11"},
        EndCase{"abort", ScriptedRunner::ends(End::kSignalled, SIGABRT), DrillState::kFailed, "6"},
        EndCase{"killed", ScriptedRunner::ends(End::kSignalled, SIGKILL), DrillState::kNotRun, "9"},
        // The shell tells so of a tool that it has started, git of one that it has.
        EndCase{"a_tool_killed", exits(137, "Killed"), DrillState::kNotRun, "137"},
        EndCase{"a_tool_of_a_tool_killed", exits(128, "error: index-pack died of signal 9"),
                DrillState::kNotRun, "signal 9"},
        EndCase{"a_tool_that_crashed", exits(139, "Segmentation fault"), DrillState::kFailed,
                "Segmentation fault"},
        EndCase{"stalled", ScriptedRunner::ends(End::kStalled), DrillState::kNotRun, ""},
        EndCase{"overdue", ScriptedRunner::ends(End::kOverdue), DrillState::kNotRun, ""},
        EndCase{"no_room_left", ScriptedRunner::ends(End::kNoRoom), DrillState::kNotRun, ""},
        EndCase{"not_started", ScriptedRunner::ends(End::kNotStarted), DrillState::kNotRun, ""},
        EndCase{"no_such_tool", exits(127, "sh: 1: svn: not found"), DrillState::kNotRun, "svn"},
        EndCase{"no_tool", exits(126, "sh: 1: svn: Permission denied"), DrillState::kNotRun, "svn"},
        EndCase{"full_disk", exits(1, "svn: E000028: No space left on device"), DrillState::kNotRun,
                "No space left"},
        EndCase{"quota", exits(1, "Disk quota exceeded"), DrillState::kNotRun, "quota"},
        EndCase{"memory", exits(128, "fatal: Out of memory, malloc failed"), DrillState::kNotRun,
                "memory"},
        EndCase{"descriptors", exits(1, "Too many open files"), DrillState::kNotRun, "open files"},
        EndCase{"processes", exits(2, "sh: 0: Cannot fork: Resource temporarily unavailable"),
                DrillState::kNotRun, "fork"}),
    test::case_name);

TEST_F(DrillItemTest, WhatAToolHasSaidIsKept) {
  ends_ = exits(1, "svn: E1: one\nsvn: E2: two\n");
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kFailed);
  EXPECT_THAT(result.tool_output, HasSubstr("E1: one"));
}

struct FactCase : test::NamedCase {
  std::string out;
  std::string said;
};

class DrillFactTest : public DrillItemTest, public testing::WithParamInterface<FactCase> {};

TEST_P(DrillFactTest, R10_ThatIsNotTheRecordedOneFails) {
  ends_.out = GetParam().out;
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kFailed);
  EXPECT_THAT(result.error, HasSubstr(GetParam().said));
}

INSTANTIATE_TEST_SUITE_P(
    Facts, DrillFactTest,
    testing::Values(FactCase{"another_revision",
                             "=uuid aaaaaaaa-0000-4000-8000-000000000001\n=youngest 6\n=after 7\n",
                             "youngest"},
                    FactCase{"another_uuid", "=uuid x\n=youngest 7\n=after 8\n", "uuid"},
                    FactCase{"nothing_said", "+svnlook\n", "youngest"},
                    FactCase{"hostile_words", "=uuid \x1b[31m\n=youngest 7\n=after 8\n", "\\x1b"},
                    // The control: a comparison that cannot see a change proves nothing.
                    FactCase{"a_commit_that_changed_nothing",
                             "=uuid aaaaaaaa-0000-4000-8000-000000000001\n=youngest 7\n=after 7\n",
                             "after a commit"}),
    test::case_name);

TEST_F(DrillItemTest, R8_ADamagedCopyFailsBeforeAnyToolRunsAndTheWholeOneIsNamed) {
  publish("older/svn/" + id_ + "/20260101T000000Z", "20260101T000000Z");
  test::write_file(root_->path + "/current/svn/" + id_ + "/data/db/revs/0/7", "rotten\n");
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kFailed);
  EXPECT_THAT(result.error, HasSubstr("data/db/revs/0/7"));
  EXPECT_EQ(result.whole_instead, "20260101T000000Z");
  EXPECT_THAT(runner_->calls(), IsEmpty());
  test::write_file(root_->path + "/older/svn/" + id_ + "/20260101T000000Z/data/db/uuid", "rot\n");
  EXPECT_EQ(drill().whole_instead, "");
}

TEST_F(DrillItemTest, R11_ARecordThatWasEditedFails) {
  const std::string path = root_->path + "/current/svn/" + id_ + "/item.json";
  std::string text = test::read_file(path);
  text.replace(text.find("\"revision\": 7"), 13, "\"revision\": 6");
  test::write_file(path, text);
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kFailed);
  EXPECT_THAT(result.error, HasSubstr("item.json"));
  EXPECT_EQ(result.generation, "");
}

TEST_F(DrillItemTest, WithoutACurrentCopyItFails) {
  fs::create_directories(root_->path + "/older/svn/" + id_);
  fs::rename(root_->path + "/current/svn/" + id_,
             root_->path + "/older/svn/" + id_ + "/20260102T000000Z");
  const DrillResult result = drill();
  EXPECT_EQ(result.state, DrillState::kFailed);
  EXPECT_THAT(result.error, HasSubstr("no current copy"));
  EXPECT_EQ(result.whole_instead, "20260102T000000Z");
}

TEST_F(DrillItemTest, WhatCannotBeTriedSaysNothingOfTheCopy) {
  const DrillResult no_room = drill({UINT64_MAX, 0});
  EXPECT_EQ(no_room.state, DrillState::kNotRun);
  EXPECT_THAT(no_room.error, HasSubstr("--scratch"));
  EXPECT_EQ(drill({}, test::no_time()).state, DrillState::kNotRun);
  tools_.of_kind["svn"].missing = plain_error("run", "svn", "not installed");
  const DrillResult no_tool = drill();
  EXPECT_EQ(no_tool.state, DrillState::kNotRun);
  EXPECT_THAT(no_tool.error, HasSubstr("not installed"));
  EXPECT_THAT(runner_->calls(), IsEmpty());
}

TEST_F(DrillItemTest, AKindThatNobodyCanDrillIsNotRun) {
  fs::rename(root_->path + "/current/svn", root_->path + "/current/cvs");
  CopiedItem other = item();
  other.kind = "cvs";
  other.generations[0].record = GenerationSummary();
  const DrillResult result =
      drill_item(other, {*root_, *scratch_, tools_, drills_, 1'900'000'005, {}, test::patient()});
  EXPECT_EQ(result.state, DrillState::kNotRun);
  EXPECT_THAT(result.error,
              AllOf(HasSubstr("no drill for this kind"), HasSubstr("/etc/repo-backup/kinds.d")));
}

}  // namespace
}  // namespace repo
