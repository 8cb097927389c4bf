// Subversion in Berkeley DB.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class SvnBdbRealTest : public test::RealDumpTest {
 protected:
  SvnBdbRealTest() : RealDumpTest("svn") {}
  void SetUp() override {
    RealDumpTest::SetUp();
    test::svn_create(path_, {"--fs-type", "bdb"});
    for (const char* content : {"one", "two", "three"}) commit(content);
  }
  void commit(const std::string& content) const { test::svn_commit(path_, "file", content); }
  std::string restored() const {
    test::must_run({"cp", "-a", data(), tree_ / "restored"});
    return tree_ / "restored";
  }
};

TEST_F(SvnBdbRealTest, TheCopyIsRecoveredVerifiedAndTakesCommits) {
  test::write_file(path_ + "/hooks/post-commit", "#!/bin/sh\n");
  test::set_mode(path_ + "/hooks/post-commit", 0755);
  const std::string tree = test::svn_tree(path_);
  const std::string uuid = test::svn_uuid(path_);
  const ItemResult result = must_dump();
  const DetailValue* revision = find_detail(result.fingerprint, "revision");
  ASSERT_TRUE(revision);
  EXPECT_EQ(*revision, DetailValue(std::uint64_t{3}));
  EXPECT_EQ(*find_detail(result.fingerprint, "uuid"), DetailValue(uuid.substr(0, uuid.find('\n'))));
  EXPECT_THAT(test::names_in(data() + "/db"), Not(Contains(StartsWith("__db."))));

  const std::string copy = restored();
  EXPECT_EQ(test::svn_complaint(copy), "");
  EXPECT_EQ(test::svn_tree(copy), tree);
  EXPECT_EQ(test::svn_uuid(copy), uuid);
  test::svn_commit(copy, "file", "four");
  EXPECT_EQ(test::svn_youngest(copy), 4);
}

TEST_F(SvnBdbRealTest, NothingIsWrittenInTheSource) {
  const std::string before = test::snapshot(path_);
  must_dump();
  EXPECT_EQ(test::snapshot(path_), before);
}

TEST_F(SvnBdbRealTest, ANewCommitIsInTheNextCopyAndTheOlderOneStays) {
  must_dump();
  commit("four");
  const ItemResult result = dump_later();
  ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
  EXPECT_EQ(*find_detail(result.fingerprint, "revision"), DetailValue(std::uint64_t{4}));
}

TEST_F(SvnBdbRealTest, D10_ADamagedSourceIsNotPublished) {
  // Of the databases alone the log would make it good.
  for (const char* name : {"/db/revisions", "/db/log.0000000001"}) {
    test::write_file(path_ + name, std::string(8192, 'x'));
  }
  EXPECT_THAT(describe(must_fail()), HasSubstr("svnadmin"));
}

TEST_F(SvnBdbRealTest, D19_ALogBehindALinkGivesNothingAway) {
  const std::string secret = "a secret of somebody else";
  test::write_file(tree_ / "secret", secret);
  test::make_link(path_ + "/db/log.0000000002", tree_ / "secret");
  EXPECT_THAT(describe(must_fail()), HasSubstr("log.0000000002"));
  EXPECT_FALSE(dump_root_contains(secret));
}

// Whatever the databases' own configuration names, the sandbox has nothing but the copy.
TEST_F(SvnBdbRealTest, D22_AConfigurationThatPointsElsewhereReachesNothing) {
  test::make_folder(tree_ / "elsewhere");
  test::set_mode(tree_ / "elsewhere", 0777);
  const std::string config = test::read_file(path_ + "/db/DB_CONFIG");
  test::write_file(path_ + "/db/DB_CONFIG", config + "set_lg_dir " + (tree_ / "elsewhere") + "\n");
  const std::string before = test::snapshot(tree_ / "elsewhere");
  must_fail();
  EXPECT_EQ(test::snapshot(tree_ / "elsewhere"), before);
}

TEST_F(SvnBdbRealTest, D23_EveryCopyUnderCommitsVerifies) {
  test::Storm storm = test::Storm::svn(path_, 200);
  int copied = 0;
  constexpr int kCopies = 8;
  for (int i = 0; i < kCopies; ++i) {
    const int before = test::svn_youngest(path_);
    const ItemResult result = dump_later();
    if (result.status != ItemStatus::kCopied) {
      EXPECT_THAT(describe(result.error.value_or(Error())), HasSubstr("busy"));
      continue;
    }
    ++copied;
    const int after = test::svn_youngest(path_);
    const std::uint64_t revision =
        std::get<std::uint64_t>(*find_detail(result.fingerprint, "revision"));
    EXPECT_GE(revision, static_cast<std::uint64_t>(before));
    EXPECT_LE(revision, static_cast<std::uint64_t>(after));
  }
  storm.stop();
  EXPECT_GT(copied, 0);
}

}  // namespace
}  // namespace repo
