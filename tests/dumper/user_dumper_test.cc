// A user-defined kind's copies, from the source to a published generation; its programs are a
// test's functions, which see what a sandbox would show them.
#include "dumper/user_dumper.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/file_io.h"
#include "dumper/user_copy.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/scripted_runner.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using test::ScriptedRunner;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const Bind* find_bind(const Command& command, const std::string& at) {
  for (const Bind& bind : command.binds) {
    if (bind.at == at) return &bind;
  }
  return nullptr;
}

UserCommand command(std::vector<std::string> argv) {
  UserCommand made;
  made.argv = std::move(argv);
  return made;
}

// The programs are real ones, since it is looked whether they are there; none of them is run.
class UserDumperTest : public testing::Test {
 protected:
  void SetUp() override {
    Result<DumpRoot> root = test::open_root(tree_ / "dump");
    ASSERT_TRUE(root) << describe(root.error());
    root_.emplace(*std::move(root));
    test::make_folder(source_);
    test::write_file(source_ + "/app.conf", "conf");
    test::write_file(source_ + "/one.db", "1");
    kind_.name = "app";
    kind_.file = "/k/app.json";
    kind_.folder = "/k";
    kind_.signature.globs = {"*.db"};
    kind_.signature.paths = {tree_.path()};
    kind_.dump = {command({"cp", "{path}", "{dest}"})};
    kind_.verify = {command({"cmp", "{dest}"})};
    runner_.on("cp", [this](const Command& asked) { return on_dump_(asked); });
    runner_.on("cmp", [this](const Command& asked) { return on_verify_(asked); });
    runner_.on("cat", [this](const Command&) { return on_identity_(); });
  }

  static CommandResult write_dump(const Command& asked, const std::string& content) {
    const Bind* data = find_bind(asked, "/staging/data");
    EXPECT_TRUE(data && data->writable);
    if (data) {
      EXPECT_TRUE(create_file(data->fd, "dump", content));
    }
    return ScriptedRunner::exits(0);
  }

  ItemResult dump() {
    const std::unique_ptr<Dumper> dumper = make_user_dumper(kind_);
    PlanItem item;
    item = test::item_at("app", source_);
    return test::dump_next(item, *dumper, test::context_of(*root_, runner_), utc_now());
  }
  ItemResult must_dump() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    return result;
  }
  std::string must_fail() {
    const ItemResult result = dump();
    EXPECT_EQ(result.status, ItemStatus::kFailed);
    EXPECT_TRUE(test::staged_in(*root_).empty());
    return describe(result.error.value_or(Error()));
  }
  std::string current() const { return test::current_of(*root_, test::item_at("app", source_)); }

  test::TempDir tree_;
  const std::string source_ = tree_ / "srv";
  std::optional<DumpRoot> root_;
  UserKind kind_;
  ScriptedRunner runner_;
  std::function<CommandResult(const Command&)> on_dump_ = [](const Command& asked) {
    return write_dump(asked, "a dump");
  };
  std::function<CommandResult(const Command&)> on_verify_ = [](const Command&) {
    return ScriptedRunner::exits(0);
  };
  std::function<CommandResult()> on_identity_ = [] { return ScriptedRunner::exits(0, "", "me\n"); };
};

TEST_F(UserDumperTest, TheDumpIsPublishedWithWhatItsCommandsSaid) {
  kind_.identity = {command({"cat", "{source}"})};
  kind_.state = {command({"cat", "{source}"})};
  const ItemResult result = must_dump();
  EXPECT_EQ(test::read_file(current() + "/data/dump"), "a dump");
  EXPECT_EQ(find_text(result.fingerprint, "identity"), "me");
  EXPECT_EQ(find_text(result.fingerprint, "state"), "me");
  EXPECT_EQ(find_number(result.fingerprint, "matches"), 1U);
  EXPECT_EQ(find_number(result.fingerprint, "bytes"), 6U);
  EXPECT_FALSE(test::exists(current() + "/tmp"));
  EXPECT_THAT(test::names_in(current() + "/data"), ElementsAre("dump"));
}

TEST_F(UserDumperTest, TheSourceIsReadOnlyAndThePreviousCopyIsSeen) {
  must_dump();
  on_dump_ = [](const Command& asked) {
    const Bind* source = find_bind(asked, "/source");
    const Bind* previous = find_bind(asked, "/previous");
    EXPECT_TRUE(source && !source->writable);
    EXPECT_TRUE(previous && !previous->writable);
    if (previous) {
      const Result<std::string> before = read_small_file(previous->fd, "dump", 100);
      EXPECT_TRUE(before && *before == "a dump");
    }
    EXPECT_TRUE(asked.reads_any_file);
    EXPECT_FALSE(asked.account);
    return write_dump(asked, "another");
  };
  must_dump();
}

TEST_F(UserDumperTest, D10_AnEmptyDumpIsAFailureHoweverItEnded) {
  on_dump_ = [](const Command& asked) { return write_dump(asked, ""); };
  EXPECT_THAT(must_fail(), HasSubstr("its dump has 0 bytes, less than \"min_bytes\""));
  on_dump_ = [](const Command&) { return ScriptedRunner::exits(0); };
  EXPECT_THAT(must_fail(), HasSubstr("its dump has 0 bytes"));
  kind_.min_bytes = 7;
  on_dump_ = [](const Command& asked) { return write_dump(asked, "6bytes"); };
  EXPECT_THAT(must_fail(), HasSubstr("its dump has 6 bytes, less than \"min_bytes\""));
}

TEST_F(UserDumperTest, D10_ADumpThatLacksOneOfTheMatchesIsAFailure) {
  test::write_file(source_ + "/two.db", "2");
  kind_.dump[0].argv = {"cp", "{match}"};
  kind_.dump[0].each_match = true;
  on_dump_ = [](const Command& asked) {
    if (asked.argv[1] != "two.db") {
      EXPECT_TRUE(create_file(find_bind(asked, "/staging/data")->fd, asked.argv[1], "x"));
    }
    return ScriptedRunner::exits(0);
  };
  EXPECT_THAT(must_fail(), HasSubstr("of 2 files that the signature matches the dump has 1"));
  kind_.verify.clear();
  EXPECT_THAT(must_fail(), HasSubstr("of 2 files that the signature matches the dump has 1"));
}

TEST_F(UserDumperTest, ACopyThatDoesNotVerifyLeavesTheOneBefore) {
  must_dump();
  on_dump_ = [](const Command& asked) { return write_dump(asked, "another"); };
  on_verify_ = [](const Command& asked) {
    EXPECT_FALSE(find_bind(asked, "/staging/data")->writable);
    EXPECT_EQ(find_bind(asked, "/source"), nullptr);
    return ScriptedRunner::exits(1, "bad");
  };
  EXPECT_THAT(must_fail(), HasSubstr("verify: cmp: exit status 1: bad"));
  EXPECT_EQ(test::read_file(current() + "/data/dump"), "a dump");
}

TEST_F(UserDumperTest, AFailingDumpIsRunOnceAndCleanedUpAfter) {
  kind_.cleanup = {command({"rm", "{path}"})};
  runner_.on("rm", [](const Command&) { return ScriptedRunner::exits(1, "nor that"); });
  must_dump();
  const std::size_t before = runner_.calls().size();
  EXPECT_FALSE(runner_.calls()[1].patience.heeds_stop) << "a stop leaves nothing behind";
  on_dump_ = [](const Command&) { return ScriptedRunner::exits(2, "no"); };
  EXPECT_THAT(must_fail(), AllOf(HasSubstr("dump: cp: exit status 2: no"),
                                 HasSubstr("cleanup: rm: exit status 1: nor that")));
  EXPECT_EQ(runner_.calls().size(), before + 2);
}

TEST_F(UserDumperTest, ACleanupThatFailsIsANoteOfAGoodCopy) {
  kind_.cleanup = {command({"rm", "{path}"})};
  runner_.on("rm", [](const Command&) { return ScriptedRunner::exits(1, "why"); });
  EXPECT_THAT(must_dump().notes, Contains(HasSubstr("cleanup: rm: exit status 1: why")));
}

TEST_F(UserDumperTest, AnIdentityThatChangesWhileItIsDumpedIsAFailure) {
  kind_.identity = {command({"cat"})};
  int calls = 0;
  on_identity_ = [&] { return ScriptedRunner::exits(0, "", calls++ == 0 ? "me" : "you"); };
  EXPECT_THAT(must_fail(), HasSubstr("its identity changed while it was dumped, from \"me\" to "
                                     "\"you\""));
}

TEST_F(UserDumperTest, AnotherIdentityThanBeforeFreezesTheOlderCopies) {
  kind_.identity = {command({"cat"})};
  must_dump();
  on_identity_ = [] { return ScriptedRunner::exits(0, "", "you\x1b"); };
  EXPECT_THAT(must_dump().notes,
              Contains(HasSubstr("its identity was \"me\" and is \"you\\x1b\"")));
}

TEST_F(UserDumperTest, D10_AnIdentityThatIsEmptyIsNone) {
  kind_.identity = {command({"cat"})};
  on_identity_ = [] { return ScriptedRunner::exits(0, "", " \n"); };
  EXPECT_THAT(must_fail(), HasSubstr("identity: it printed nothing"));
}

TEST_F(UserDumperTest, OfALongIdentityAllCounts) {
  kind_.identity = {command({"cat"})};
  on_identity_ = [] { return ScriptedRunner::exits(0, "", std::string(2000, 'x') + "a\n"); };
  const std::string one = find_text(must_dump().fingerprint, "identity").value_or("");
  EXPECT_THAT(one, testing::ContainsRegex("^x{100}… \\(SHA-256 [0-9a-f]{64} of 2002 bytes\\)$"));
  on_identity_ = [] { return ScriptedRunner::exits(0, "", std::string(2000, 'x') + "b\n"); };
  EXPECT_THAT(must_dump().notes, Contains(HasSubstr("it is something else now")));
  EXPECT_NE(as_identity("\xFF"), as_identity("\xFE")) << "both are readable as the same";
  EXPECT_EQ(as_identity(" me \n"), " me");
  EXPECT_EQ(as_identity(std::string(1000, 'x')), std::string(1000, 'x'));
}

TEST_F(UserDumperTest, ADumpThatShrankByMoreThanItsKindAllowsIsAnAlarm) {
  kind_.max_shrink = 20;
  const std::unique_ptr<Dumper> dumper = make_user_dumper(kind_);
  const auto bytes = [](std::uint64_t n) { return Detail{{"bytes", n}}; };
  EXPECT_EQ(dumper->alarm(bytes(100), bytes(80)), std::nullopt);
  EXPECT_THAT(dumper->alarm(bytes(100), bytes(79)).value_or(""),
              HasSubstr("fell from 100 to 79 bytes, by more than 20 percent"));
  EXPECT_THAT(dumper->alarm(bytes(UINT64_MAX), bytes(1)).value_or(""), HasSubstr("fell from"));
  kind_.max_shrink.reset();
  EXPECT_EQ(make_user_dumper(kind_)->alarm(bytes(100), bytes(1)), std::nullopt);
}

TEST_F(UserDumperTest, WithoutVerifyThatIsTold) {
  kind_.stands_for_directory = true;
  EXPECT_FALSE(must_dump().is_unverified);
  EXPECT_THAT(test::read_file(current() + "/item.json"), HasSubstr("\"whole\""));
  kind_.verify.clear();
  const ItemResult result = must_dump();
  EXPECT_THAT(result.notes, Contains(HasSubstr("its kind has no \"verify\": no tool has read")));
  EXPECT_TRUE(result.is_unverified);
  EXPECT_TRUE(find_flag(result.fingerprint, kIsPartial) == true)
      << "no original is left out for it";
  EXPECT_THAT(test::read_file(current() + "/item.json"), Not(HasSubstr("\"whole\"")));
}

TEST_F(UserDumperTest, RestoreMdSaysTheKindsOwnWay) {
  kind_.restore = "feed it to the server";
  must_dump();
  EXPECT_THAT(test::read_file(current() + "/RESTORE.md"), HasSubstr("feed it to the server"));
}

TEST_F(UserDumperTest, LooksAreEqualOnlyWhereTheKindSaysThatFilesTell) {
  const UniqueFd fd = test::open_folder(source_);
  DumpJob job;
  job.source_fd = fd.get();
  job.patience = test::patient();
  const auto look = [&] { return *make_user_dumper(kind_)->look(job, Seen()); };
  EXPECT_FALSE(look().is_settled()) << "never unchanged";
  kind_.unchanged_by_files = true;
  const TreeLook before = look();
  test::write_file(source_ + "/app.conf", "changed");
  EXPECT_TRUE(before == look()) << "no file that matched";
  test::write_file(source_ + "/one.db-wal", "a log beside it");
  EXPECT_FALSE(before == look());
  const TreeLook logged = look();
  kind_.digest = "another";
  EXPECT_FALSE(logged == look()) << "another definition may copy in another way";
  kind_.signature.globs.clear();
  kind_.signature.directories = {"x"};
  const TreeLook all = look();
  test::write_file(source_ + "/app.conf", "changed again");
  EXPECT_FALSE(all == look()) << "no file is matched by name: all of them count";
}

TEST_F(UserDumperTest, RunAsOwnerIsNeverRoot) {
  REPO_NEEDS_ROOT();
  kind_.run_as = "owner";
  on_dump_ = [](const Command& asked) {
    EXPECT_FALSE(asked.account);
    EXPECT_TRUE(asked.reads_any_file);
    return write_dump(asked, "x");
  };
  must_dump();
  static constexpr unsigned kSomebody = 4321;
  test::give_to(source_, kSomebody);
  on_dump_ = [](const Command& asked) {
    EXPECT_TRUE(asked.account && asked.account->uid == kSomebody);
    EXPECT_FALSE(asked.reads_any_file) << "it reads what its owner may";
    struct stat st = {};
    EXPECT_EQ(fstat(find_bind(asked, "/staging/data")->fd, &st), 0);
    EXPECT_EQ(st.st_uid, kSomebody);
    return write_dump(asked, "x");
  };
  must_dump();
  EXPECT_EQ(test::lstat_of(current() + "/data").st_uid, 0U);
}

TEST_F(UserDumperTest, D39_AUserThatIsNotThereIsNamed) {
  kind_.run_as = "no-such-user";
  EXPECT_THAT(must_fail(), HasSubstr("the user no-such-user: there is none"));
}

TEST_F(UserDumperTest, AFolderThatIsNotThereIsNamed) {
  kind_.folders = {"/no/such/folder"};
  EXPECT_THAT(must_fail(), AllOf(HasSubstr("/no/such/folder"), HasSubstr("\"folders\" of /k/app")));
}

// The commands of a kind without run_as may read every file that they see.
TEST_F(UserDumperTest, D31_AFolderThatSomebodyElseMayExchangeIsNotShown) {
  REPO_NEEDS_ROOT();
  constexpr unsigned kStranger = 4321;
  test::set_mode(tree_.path(), 0755);
  test::make_folder(tree_ / "own");
  test::make_folder(tree_ / "secret");
  test::make_link(tree_ / "own/data", tree_ / "secret");
  test::give_to(tree_ / "own", kStranger);
  kind_.folders = {tree_ / "own/data"};
  EXPECT_THAT(must_fail(), AllOf(HasSubstr("somebody else than root"), HasSubstr("\"folders\"")));
  kind_.folders = {tree_ / "own"};
  on_dump_ = [&](const Command& asked) {
    EXPECT_TRUE(find_bind(asked, tree_ / "own"));
    return write_dump(asked, "x");
  };
  must_dump();
}

TEST_F(UserDumperTest, D39_ADirectoryThatIsNoneOfTheKindAnyMoreIsToldSo) {
  must_dump();
  std::filesystem::remove(source_ + "/one.db");
  EXPECT_THAT(must_fail(), HasSubstr("no app repository any more"));
}

}  // namespace
}  // namespace repo
