// Shares, made by Mercurial: the copy needs nothing but itself.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::Contains;
using testing::HasSubstr;

class HgShareRealTest : public test::RealDumpTest {
 protected:
  HgShareRealTest() : RealDumpTest("hg") {}
  void make_origin(const std::vector<std::string>& config = {}) const {
    test::hg_init(origin_, config);
    for (const char* content : {"one", "two", "three"}) {
      test::hg_commit(origin_, "file", std::string(content) + "\n");
    }
    test::hg(origin_, {"phase", "--public", "-r", "0"});
    test::hg(origin_, {"phase", "--force", "--secret", "-r", "2"});
    test::hg(origin_, {"bookmark", "-i", "of-the-origin"});
  }
  void make_share(const std::vector<std::string>& options = {}) const {
    std::vector<std::string> words = {"share", "-q"};
    words.insert(words.end(), options.begin(), options.end());
    words.insert(words.end(), {origin_, path_});
    test::hg("/", words);
  }
  const std::string origin_ = tree_ / "origin";
};

struct ShareCase : test::NamedCase {
  std::vector<std::string> config;
  std::vector<std::string> options;
};

class HgShareKindTest : public HgShareRealTest, public testing::WithParamInterface<ShareCase> {};

TEST_P(HgShareKindTest, TheCopyIsARepositoryOfItsOwn) {
  make_origin(GetParam().config);
  make_share(GetParam().options);
  const std::string log = test::hg_log(path_);
  const ItemResult result = must_dump();
  EXPECT_THAT(result.notes, Contains(HasSubstr("a share")));
  for (const std::string& gone : {origin_, path_}) std::filesystem::remove_all(gone);
  EXPECT_EQ(test::hg_complaint(data()), "");
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  EXPECT_EQ(test::hg_log(tree_ / "restored"), log);
  test::hg(tree_ / "restored", {"update", "-q", "-C", "-r", "tip"});
  test::hg_commit(tree_ / "restored", "file", "after the restore\n");
}

INSTANTIATE_TEST_SUITE_P(
    Shares, HgShareKindTest,
    testing::Values(ShareCase{"share_safe", {}, {}}, ShareCase{"relative", {}, {"--relative"}},
                    ShareCase{"with_bookmarks", {}, {"--bookmarks"}},
                    ShareCase{"with_bookmarks_and_relative", {}, {"--bookmarks", "--relative"}},
                    ShareCase{"not_share_safe", {"--config", "format.use-share-safe=no"}, {}},
                    ShareCase{"not_share_safe_with_bookmarks",
                              {"--config", "format.use-share-safe=no"},
                              {"--bookmarks"}}),
    test::case_name);

TEST_F(HgShareRealTest, LargeFilesOfTheSourceComeAlong) {
  const std::vector<std::string> large = {"--config", "extensions.largefiles=", "--config",
                                          "largefiles.usercache=" + (tree_ / "user-cache")};
  auto hg = [&](const std::string& path, std::vector<std::string> words) {
    words.insert(words.end(), large.begin(), large.end());
    test::hg(path, words);
  };
  make_origin();
  test::write_file(origin_ + "/large", "large content");
  hg(origin_, {"add", "-q", "--large", "large"});
  hg(origin_, {"commit", "-q", "-m", "large"});
  hg("/", {"share", "-q", "-U", origin_, path_});
  must_dump();
  for (const std::string& gone : {origin_, path_, tree_ / "user-cache"}) {
    std::filesystem::remove_all(gone);
  }
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  hg(tree_ / "restored", {"update", "-q", "-C", "-r", "tip"});
  EXPECT_EQ(test::read_file(tree_ / "restored/large"), "large content");
}

TEST_F(HgShareRealTest, BookmarksAreThoseThatTheShareShows) {
  make_origin();
  make_share({"--bookmarks"});
  test::hg(path_, {"bookmark", "-i", "of-the-share"});
  must_dump();
  test::must_run({"cp", "-a", data(), tree_ / "restored"});
  EXPECT_THAT(test::hg(tree_ / "restored", {"bookmarks"}),
              testing::AllOf(HasSubstr("of-the-origin"), HasSubstr("of-the-share")));
}

TEST_F(HgShareRealTest, NoFileOfTheOriginIsTouchedAndNoLockLeft) {
  make_origin();
  make_share();
  test::hg_log(path_);
  const auto before = test::contents_and_x(origin_);
  must_dump();
  EXPECT_EQ(test::contents_and_x(origin_), before);
}

TEST_F(HgShareRealTest, D11_ALockInTheOriginIsHeeded) {
  make_origin();
  make_share();
  test::make_link(origin_ + "/.hg/store/lock", "web2/f:1");
  stall_ = std::chrono::seconds(1);
  EXPECT_THAT(must_fail().message, HasSubstr("web2/f:1"));
}

TEST_F(HgShareRealTest, D19_AShareOfAnotherUsersPrivateRepositoryIsRefused) {
  make_origin();
  test::hg_commit(origin_, "file", "secret bytes of the other user\n");
  make_share();
  test::set_mode(tree_.path(), 0755);
  test::must_run({"chown", "-R", "1235:1235", origin_});
  test::set_mode(origin_, 0700);
  test::must_run({"chown", "-R", "1234:1234", path_});
  const Error error = must_fail();
  EXPECT_EQ(error.code, EACCES);
  EXPECT_THAT(describe(error), HasSubstr("origin"));
}

TEST_F(HgShareRealTest, AShareOfARepositoryThatItsOwnerMayReadIsCopied) {
  make_origin();
  make_share();
  test::set_mode(tree_.path(), 0755);
  test::must_run({"chown", "-R", "1234:1234", origin_});
  test::must_run({"chmod", "-R", "go-rwx", origin_});
  test::must_run({"chown", "-R", "1234:1234", path_});
  must_dump();
  EXPECT_EQ(test::hg_complaint(data()), "");
}

TEST_F(HgShareRealTest, AShareWhoseOriginIsGoneIsAFailureThatNamesIt) {
  make_origin();
  make_share();
  std::filesystem::remove_all(origin_);
  EXPECT_THAT(describe(must_fail()), HasSubstr(origin_));
}

}  // namespace
}  // namespace repo
