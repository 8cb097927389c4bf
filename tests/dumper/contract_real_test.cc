// What every kind must do, with real repositories of each: a new kind is a row in
// tests/support/repositories.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "base/stop_signal.h"
#include "dumper/dump_item.h"
#include "dumper/sandbox.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/repositories.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class DumperContractTest : public testing::TestWithParam<test::KindFactory> {
 protected:
  void SetUp() override {
    REPO_NEEDS_ROOT();
    Result<std::unique_ptr<CommandRunner>> made = make_sandbox();
    ASSERT_TRUE(made) << describe(made.error());
    sandbox_ = *std::move(made);
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    kind().create(path_);
  }
  static const test::KindFactory& kind() { return GetParam(); }
  ItemResult dump(const CommandRunner& runner) {
    item_ = test::item_at(kind().kind, path_);
    ItemContext context = test::context_of(*root_, runner);
    context.max_time = max_time_;
    return test::dump_once(item_, *Dumpers().find(kind().kind), context);
  }
  ItemResult must_dump() {
    const ItemResult result = dump(*sandbox_);
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    EXPECT_EQ(kind().complaint(data()), "");
    return result;
  }
  // With the error that it gives, and `current` as it was.
  Error must_fail(const CommandRunner& runner, ItemStatus status = ItemStatus::kFailed) {
    const std::string current = root_->path + "/current";
    const std::string before = test::snapshot(current);
    const ItemResult result = dump(runner);
    EXPECT_EQ(result.status, status);
    EXPECT_EQ(test::snapshot(current), before);
    EXPECT_THAT(test::staged_in(*root_), IsEmpty());
    return result.error.value_or(Error());
  }
  std::string data() const { return test::current_of(*root_, item_) + "/data"; }

  test::TempDir tree_;
  std::string path_ = tree_ / "repository";
  std::optional<DumpRoot> root_;
  std::unique_ptr<CommandRunner> sandbox_;
  PlanItem item_;
  std::chrono::seconds max_time_{120};
};

INSTANTIATE_TEST_SUITE_P(Kinds, DumperContractTest, testing::ValuesIn(test::kind_factories()),
                         [](const auto& kind) { return kind.param.kind; });

TEST_P(DumperContractTest, AnEmptyRepositoryIsCopied) {
  const std::string state = kind().state(path_);
  must_dump();
  EXPECT_EQ(kind().state(data()), state);
}

TEST_P(DumperContractTest, TheCopyIsWhatTheSourceIs) {
  for (int i = 0; i < 4; ++i) kind().commit(path_, "content " + std::to_string(i));
  const std::string state = kind().state(path_);
  must_dump();
  EXPECT_EQ(kind().state(data()), state);
}

TEST_P(DumperContractTest, TheCopyTakesCommitsAndTheSourceDoesNotNotice) {
  kind().commit(path_, "one");
  const std::string state = kind().state(path_);
  must_dump();
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  kind().commit(tree_ / "restored", "two");
  EXPECT_EQ(kind().complaint(tree_ / "restored"), "");
  EXPECT_EQ(kind().state(path_), state);
}

TEST_P(DumperContractTest, TheSecondRunReplacesTheFirstAndKeepsIt) {
  kind().commit(path_, "one");
  const std::string first_state = kind().state(path_);
  const ItemResult first = must_dump();
  kind().commit(path_, "two");
  must_dump();
  EXPECT_EQ(kind().state(data()), kind().state(path_));
  const std::string older = test::older_of(*root_, item_) + "/" + first.generation + "/data";
  EXPECT_EQ(kind().complaint(older), "");
  EXPECT_EQ(kind().state(older), first_state);
}

TEST_P(DumperContractTest, NoFileOfTheSourceIsTouched) {
  kind().commit(path_, "one");
  test::must_run({"chown", "-R", "1234:1234", path_});
  const auto before = test::contents_and_x(path_);
  const std::string files_before = test::snapshot_of_files(path_);
  must_dump();
  EXPECT_EQ(test::contents_and_x(path_), before);
  EXPECT_EQ(test::snapshot_of_files(path_), files_before);
}

TEST_P(DumperContractTest, APrivateRepositoryOfAnotherUserIsCopied) {
  kind().commit(path_, "one");
  const std::string state = kind().state(path_);
  test::must_run({"chown", "-R", "1234:1234", path_});
  test::must_run({"chmod", "-R", "go-rwx", path_});
  must_dump();
  EXPECT_EQ(kind().state(data()), state);
}

TEST_P(DumperContractTest, D27_FilesWithoutAnyModeBitAreCopiedAndTheirModesKnown) {
  kind().commit(path_, "one");
  const std::string state = kind().state(path_);
  for (const auto& each : std::filesystem::recursive_directory_iterator(path_)) {
    if (each.is_regular_file()) test::set_mode(each.path(), 0);
  }
  must_dump();
  EXPECT_EQ(kind().state(data()), state);
  EXPECT_THAT(test::read_file(test::current_of(*root_, item_) + "/owners"), HasSubstr("f 0000 "));
}

TEST_P(DumperContractTest, D18_AnyPathWorks) {
  kind().commit(path_, "one");
  const std::string state = kind().state(path_);
  for (const std::string& name :
       {std::string("two\nlines"), std::string("quo'te\" "), std::string("-rf"),
        std::string("a@1@"), std::string("\xff\xfe"), std::string("%20#?&;"),
        std::string("back\\slash"), std::string(255, 'n')}) {
    std::filesystem::rename(path_, tree_.path() + "/" + name);
    path_ = tree_.path() + "/" + name;
    must_dump();
    EXPECT_EQ(kind().state(data()), state) << testing::PrintToString(name);
  }
}

TEST_P(DumperContractTest, D10_ADamagedSourceIsNotPublished) {
  for (int i = 0; i < 3; ++i) {
    kind().commit(path_, std::string(2000, static_cast<char>('a' + i)) + std::to_string(i));
  }
  must_dump();
  kind().damage(path_);
  EXPECT_NE(kind().complaint(path_), "") << "the control";
  EXPECT_THAT(must_fail(*sandbox_).op, HasSubstr("verify"));
}

TEST_P(DumperContractTest, D24_ASourceThatVanishedSinceTheScanIsToldAsVanished) {
  kind().commit(path_, "one");
  must_dump();
  const PlanItem item = item_;
  std::filesystem::remove_all(path_);
  const ItemResult result =
      test::dump_once(item, *Dumpers().find(kind().kind), test::context_of(*root_, *sandbox_));
  EXPECT_EQ(result.status, ItemStatus::kVanished);
  EXPECT_EQ(kind().complaint(data()), "");
}

// Vanishes while the tool is at work.
class VanishingRunner final : public CommandRunner {
 public:
  VanishingRunner(const CommandRunner& real, std::string path)
      : real_(real), path_(std::move(path)) {}
  CommandResult run(const Command& command) const override {
    std::filesystem::remove_all(path_);
    return real_.run(command);
  }

 private:
  const CommandRunner& real_;
  const std::string path_;
};

TEST_P(DumperContractTest, D24_ASourceThatVanishesMidwayIsNeverAnEmptySuccess) {
  kind().commit(path_, "one");
  const std::string state = kind().state(path_);
  must_dump();
  const ItemResult result = dump(VanishingRunner(*sandbox_, path_));
  // A kind that had copied everything before its tool ran may have succeeded.
  if (result.status != ItemStatus::kCopied) {
    EXPECT_TRUE(result.error);
  }
  EXPECT_EQ(kind().state(data()), state);
  EXPECT_EQ(kind().complaint(data()), "");
}

TEST_P(DumperContractTest, D39_AToolThatIsMissingFailsTheItem) {
  kind().commit(path_, "one");
  EXPECT_THAT(must_fail(test::ScriptedRunner()).message, HasSubstr("could not be started"));
}

TEST_P(DumperContractTest, D11_ADeadlineThatHasPassedFailsTheItem) {
  kind().commit(path_, "one");
  max_time_ = std::chrono::seconds(0);
  EXPECT_NE(describe(must_fail(*sandbox_)), "");
}

TEST_P(DumperContractTest, D14_AStopLeavesNothingBehind) {
  kind().commit(path_, "one");
  must_dump();
  test::in_child([this] {
    request_stop(15);
    must_fail(*sandbox_, ItemStatus::kSkipped);
  });
}

// A tmpfs of which less and less is taken: at some point the last file just does not fit.
TEST_P(DumperContractTest, D5_AFullDiskLeavesTheOldCopy) {
  kind().commit(path_, std::string(30'000, 'x'));
  test::make_folder(tree_ / "disk");
  root_.reset();
  test::in_child([this] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(tree_ / "disk", "size=4m,mode=700");
    Result<DumpRoot> root = test::open_root(tree_ / "disk/dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    must_dump();
    bool copied = false;
    int failed = 0;
    for (int free = 0; free < 100 && !copied; free += 6) {  // pages
      const std::string ballast = tree_ / "disk/ballast";
      test::run({"dd", "if=/dev/zero", "of=" + ballast, "bs=4096", "count=1024"});
      const auto full = static_cast<int>(std::filesystem::file_size(ballast) / 4096);
      ASSERT_GT(full, free);
      std::filesystem::resize_file(ballast, static_cast<std::uintmax_t>(full - free) * 4096);
      const std::string before = test::snapshot(test::current_of(*root_, item_));
      const ItemResult result = dump(*sandbox_);
      std::filesystem::remove(ballast);
      copied = result.status == ItemStatus::kCopied;
      EXPECT_THAT(test::staged_in(*root_), IsEmpty());
      EXPECT_EQ(kind().complaint(data()), "");
      if (copied) break;
      ++failed;
      EXPECT_EQ(test::snapshot(test::current_of(*root_, item_)), before);
    }
    EXPECT_TRUE(copied);
    EXPECT_GT(failed, 1);
  });
}

}  // namespace
}  // namespace repo
