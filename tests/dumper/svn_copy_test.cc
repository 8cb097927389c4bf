// A copy of a Subversion repository that others change meanwhile, at a moment of the test's choice.
#include "dumper/svn_copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// The copier asks for each file that it is about to copy whether the generation before may have it:
// that is the moment.
class SvnCopyRaceTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(source_);
    rewrite("db/revprops/0/7", "properties 7");
    test::make_folder(staging_);
    for (const char* folder : {"/conf", "/hooks", "/db/revs/0", "/db/revprops/0"}) {
      std::filesystem::create_directories(previous_ + folder);
    }
  }
  // `deed` is done once, or each time, that `path` is about to be copied.
  void when_copying(const std::string& path, std::function<void()> deed, bool each_time = false) {
    at_ = path;
    deed_ = std::move(deed);
    each_time_ = each_time;
    times_ = 0;
  }
  Result<CopyFacts> copy() {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    const UniqueFd previous = test::open_folder(previous_);
    DumpJob job;
    job.source = test::source_at("svn", source_);
    job.source_fd = source.get();
    job.staging_fd = staging.get();
    job.patience = test::patient();
    job.shared = {previous.get(), [this](const std::string& path) {
                    if (path == at_ && (each_time_ || times_ == 0)) {
                      ++times_;
                      deed_();
                    }
                    return false;
                  }};
    Result<CopyFacts> facts = copy_svn(job);
    EXPECT_GT(times_, 0) << "the moment never came";
    return facts;
  }
  CopyFacts must_copy() { return test::value_of(copy()); }
  Error must_fail() { return test::error_of(copy()); }
  void rewrite(const std::string& path, const std::string& bytes) const {
    test::write_file(source_ + "/" + path, bytes);
  }
  // As a commit does it: the revision, its properties, and then db/current.
  void commit(int revision) const {
    const std::string number = std::to_string(revision);
    rewrite("db/revs/0/" + number, "revision " + number);
    rewrite("db/revprops/0/" + number, "properties " + number);
    rewrite("db/current.new", number + "\n");
    std::filesystem::rename(source_ + "/db/current.new", source_ + "/db/current");
  }
  DetailValue revision_of_the_copy(const CopyFacts& facts) const {
    EXPECT_EQ(test::read_file(data_ + "/db/current"), "7\n");
    return *find_detail(facts.fingerprint, "revision");
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string previous_ = tree_ / "previous";
  const std::string data_ = staging_ + "/data";

 private:
  std::string at_;
  std::function<void()> deed_ = [] {};
  bool each_time_ = false;
  int times_ = 0;
};

TEST_F(SvnCopyRaceTest, WhatIsCommittedMeanwhileIsLeftOutAsAWhole) {
  when_copying("conf/passwd", [this] {
    for (const int revision : {8, 9}) commit(revision);
  });
  const CopyFacts facts = must_copy();
  EXPECT_EQ(revision_of_the_copy(facts), DetailValue(std::uint64_t{7}));
  EXPECT_THAT(test::names_in(data_ + "/db/revs/0"), ElementsAre("7"));
  EXPECT_FALSE(test::exists(data_ + "/db/revprops/0/8"));
}

TEST_F(SvnCopyRaceTest, WhatIsCommittedWhileTheRevisionsAreCopiedIsLeftOutToo) {
  when_copying("db/revs/0/7", [this] {
    for (const int revision : {8, 9}) commit(revision);
  });
  EXPECT_EQ(revision_of_the_copy(must_copy()), DetailValue(std::uint64_t{7}));
  EXPECT_THAT(test::names_in(data_ + "/db/revs/0"), ElementsAre("7"));
}

TEST_F(SvnCopyRaceTest, WhatIsCommittedBeforeAnotherRoundIsCopiedAsAWhole) {
  when_copying("db/revs/0/7", [this] {
    rewrite("conf/passwd", "SECRET\n");  // which makes another round
    for (const int revision : {8, 9}) commit(revision);
  });
  must_copy();
  EXPECT_EQ(test::contents(data_), test::contents(source_));
}

TEST_F(SvnCopyRaceTest, D23_ASourceThatWentBackMeanwhileIsBusy) {
  when_copying("db/revs/0/7", [this] {
    rewrite("conf/passwd", "SECRET\n");
    rewrite("db/current", "6\n");
  });
  EXPECT_EQ(must_fail().code, EBUSY);
}

TEST_F(SvnCopyRaceTest, ANumberThatIsNoneMeanwhileIsAFailure) {
  for (const char* path : {"db/current", "db/min-unpacked-rev"}) {
    when_copying("conf/passwd", [this, path] { rewrite(path, "-1\n"); });
    EXPECT_THAT(describe(must_fail()), testing::AllOf(HasSubstr(path), HasSubstr("no revision")));
    std::filesystem::remove_all(data_);
    rewrite("db/current", "7\n");
  }
}

TEST_F(SvnCopyRaceTest, D23_WhatIsPackedMeanwhileIsPackedInTheCopyOrNot) {
  rewrite("db/format", "8\nlayout sharded 4\n");
  rewrite("db/min-unpacked-rev", "0\n");
  std::filesystem::remove_all(source_ + "/db/revs");
  for (int i = 0; i < 8; ++i) {
    rewrite("db/revs/" + std::to_string(i / 4) + "/" + std::to_string(i), "revision");
  }
  std::filesystem::create_directories(previous_ + "/db/revs/1");
  for (const char* moment : {"conf/passwd", "db/min-unpacked-rev", "db/revs/0/2", "db/revs/1/6"}) {
    std::filesystem::remove_all(data_);
    test::must_run({"cp", "-a", source_, tree_ / "kept"});
    when_copying(moment, [this] {
      rewrite("db/revs/0.pack/pack", "packed");
      rewrite("db/revs/0.pack/manifest", "0");
      rewrite("db/min-unpacked-rev.new", "4\n");
      std::filesystem::rename(source_ + "/db/min-unpacked-rev.new",
                              source_ + "/db/min-unpacked-rev");
      std::filesystem::remove_all(source_ + "/db/revs/0");
    });
    must_copy();
    const bool packed = test::read_file(data_ + "/db/min-unpacked-rev") == "4\n";
    EXPECT_EQ(test::exists(data_ + "/db/revs/0.pack/pack"), packed) << moment;
    EXPECT_EQ(test::exists(data_ + "/db/revs/0"), !packed) << moment;
    for (const char* each : {"0/0", "0/1", "0/2", "0/3"}) {
      EXPECT_EQ(test::exists(data_ + "/db/revs/" + each), !packed) << moment << " " << each;
    }
    EXPECT_THAT(test::names_in(data_ + "/db/revs/1"), ElementsAre("4", "5", "6", "7")) << moment;
    std::filesystem::remove_all(source_);
    std::filesystem::rename(tree_ / "kept", source_);
  }
}

// A shard is packed once its last revision is there, which may be younger than what is copied.
TEST_F(SvnCopyRaceTest, D23_WhereYoungerRevisionsArePackedMeanwhileTheyAreCopiedToo) {
  rewrite("db/format", "8\nlayout sharded 4\n");
  rewrite("db/min-unpacked-rev", "4\n");
  rewrite("db/revs/0.pack/pack", "packed");
  std::filesystem::remove_all(source_ + "/db/revs/0");
  for (const char* revision : {"4", "5", "6"}) rewrite("db/revs/1/" + std::string(revision), "r");
  rewrite("db/current", "6\n");
  std::filesystem::create_directories(previous_ + "/db/revs/1");
  for (const char* moment : {"conf/passwd", "db/min-unpacked-rev", "db/revs/1/5"}) {
    std::filesystem::remove_all(data_);
    test::must_run({"cp", "-a", source_, tree_ / "kept"});
    when_copying(moment, [this] {
      rewrite("db/revs/1/7", "r");
      rewrite("db/current", "7\n");
      rewrite("db/revs/1.pack/pack", "packed");
      rewrite("db/min-unpacked-rev", "8\n");
      std::filesystem::remove_all(source_ + "/db/revs/1");
    });
    must_copy();
    EXPECT_EQ(test::read_file(data_ + "/db/min-unpacked-rev"), "8\n") << moment;
    EXPECT_EQ(test::read_file(data_ + "/db/current"), "7\n") << moment;
    EXPECT_THAT(test::names_in(data_ + "/db/revs"), ElementsAre("0.pack", "1.pack")) << moment;
    EXPECT_TRUE(test::exists(data_ + "/db/revs/1.pack/pack")) << moment;
    std::filesystem::remove_all(source_);
    std::filesystem::rename(tree_ / "kept", source_);
  }
}

TEST_F(SvnCopyRaceTest, ASettingThatChangesMeanwhileIsOfOneTime) {
  when_copying("db/revs/0/7", [this] {
    rewrite("conf/passwd", "SECRET\n");
    std::filesystem::remove(source_ + "/hooks/post-commit");
    rewrite("hooks/pre-commit", "#!/bin/sh\n");
  });
  const CopyFacts facts = must_copy();
  EXPECT_EQ(test::contents_and_x(data_), test::contents_and_x(source_));
  const UniqueFd data = test::open_folder(data_);
  const Result<Detail> copied = svn_fingerprint(data.get(), Skip(), test::patient());
  ASSERT_TRUE(copied) << describe(copied.error());
  EXPECT_EQ(*copied, facts.fingerprint);
}

TEST_F(SvnCopyRaceTest, D23_SettingsThatChangeAllTheTimeAreBusy) {
  int times = 0;
  when_copying(
      "conf/passwd",
      [&] {
        // Another size each time, so that it shows whatever the clock.
        rewrite("conf/authz", std::string(static_cast<std::size_t>(++times), 'x'));
        rewrite("conf/passwd", std::string(static_cast<std::size_t>(times), 'y'));
      },
      true);
  EXPECT_EQ(must_fail().code, EBUSY);
  EXPECT_GT(times, 3);
}

TEST_F(SvnCopyRaceTest, D25_ASourceThatBecameAnotherRepositoryMeanwhileIsNotMixed) {
  when_copying("db/revs/0/7", [this] { rewrite("db/uuid", "other\n"); });
  EXPECT_THAT(must_fail().message, HasSubstr("uuid"));
}

TEST_F(SvnCopyRaceTest, D24_ASourceThatIsEmptiedMeanwhileIsAFailure) {
  when_copying("db/revs/0/7", [this] {
    std::filesystem::remove_all(source_ + "/db");
    std::filesystem::remove(source_ + "/format");
  });
  must_fail();
}

TEST_F(SvnCopyRaceTest, D19_AFileThatBecomesALinkMeanwhileGivesAwayNothing) {
  test::write_file(tree_ / "secret", "secret bytes");
  when_copying("db/revs/0/7", [this] {
    std::filesystem::remove(source_ + "/db/revs/0/7");
    test::make_link(source_ + "/db/revs/0/7", tree_ / "secret");
  });
  static_cast<void>(copy());
  for (const auto& [path, content] : test::contents(staging_)) {
    EXPECT_THAT(content, testing::Not(HasSubstr("secret bytes"))) << path;
  }
}

}  // namespace
}  // namespace repo
