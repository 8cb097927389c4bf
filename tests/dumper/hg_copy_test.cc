// The copy of .hg: locks, shares, what is left out. With repositories made by hand; real ones are
// in hg_dumper_real_test.cc.
#include "dumper/hg_copy.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <sstream>

#include "base/digest.h"
#include "dumper/hg_lock.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class HgCopyTest : public testing::Test {
 protected:
  void SetUp() override {
    test::set_mode(tree_.path(), 0755);
    test::make_hg_skeleton(source_);
    test::make_folder(staging_);
  }
  Result<CopyFacts> copy(std::chrono::seconds stall = std::chrono::seconds(30)) const {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    Patience patience = test::patient();
    patience.stall = stall;
    return copy_hg({test::source_at("hg", source_),
                    source.get(),
                    staging.get(),
                    1'900'000'005,
                    {},
                    patience,
                    {},
                    std::nullopt});
  }
  CopyFacts must_copy() const { return test::value_of(copy()); }
  Error must_fail() const { return test::error_of(copy(std::chrono::seconds(0))); }
  // "TYPE PATH" of each line of the file `owners` that a generation of this copy would have.
  std::vector<std::string> owners(const CopyFacts& facts) const {
    const UniqueFd source = test::open_folder(source_);
    const UniqueFd staging = test::open_folder(staging_);
    SealJob job;
    job.staging = staging.get();
    job.source = source.get();
    job.elsewhere = facts.elsewhere ? &*facts.elsewhere : nullptr;
    job.patience = test::patient();
    const Result<Sealed> sealed = seal(job);
    EXPECT_TRUE(sealed) << describe(sealed.error());
    std::vector<std::string> found;
    std::istringstream lines(test::read_file(staging_ + "/owners"));
    for (std::string line; std::getline(lines, line);) {
      found.push_back(line.substr(0, 2) + line.substr(line.find(" - ") + 3));
    }
    return found;
  }
  // The paths, relative to the source, that a look at it tells of.
  std::vector<std::string> looked_at() const {
    const UniqueFd source = test::open_folder(source_);
    std::vector<std::string> paths;
    DumpJob job;
    job.source = test::source_at("hg", source_);
    job.source_fd = source.get();
    job.patience = test::patient();
    const Result<TreeLook> look =
        look_at_hg(job, [&](const TreeEntry& entry) { paths.push_back(entry.path); });
    EXPECT_TRUE(look) << describe(look.error());
    return paths;
  }
  // A share of `source`, which is there or not.
  void make_share(const std::string& path, const std::string& source, const std::string& how) {
    test::write_file(path + "/.hg/requires", "share-safe\n" + how + "\ndotencode\n");
    test::write_file(path + "/.hg/sharedpath", source);
    test::write_file(path + "/.hg/shared", "");
    test::write_file(path + "/.hg/bookmarks", "of the share\n");
  }

  test::TempDir tree_;
  std::string source_ = tree_ / "source";
  const std::string staging_ = tree_ / "staging";
  const std::string hg_ = staging_ + "/data/.hg";
};

TEST_F(HgCopyTest, EverythingInDotHgIsCopiedAndNothingBesideIt) {
  test::write_file(source_ + "/working file", "not copied");
  test::write_file(source_ + "/.hg/patches/series", "p\n");
  test::make_link(source_ + "/.hg/link", "nowhere");
  test::write_file(source_ + "/.hg/\xff\n", "odd");
  must_copy();
  EXPECT_EQ(test::contents(hg_), test::contents(source_ + "/.hg"));
  EXPECT_THAT(test::names_in(staging_ + "/data"), ElementsAre(".hg"));
}

TEST_F(HgCopyTest, BothLocksAreFreedAndNeverInTheCopy) {
  const CopyFacts facts = must_copy();
  EXPECT_TRUE(facts.lock_seconds);
  EXPECT_THAT(facts.notes, IsEmpty());
  for (const std::string& top : {source_ + "/.hg", hg_}) {
    EXPECT_FALSE(test::exists(top + "/wlock")) << top;
    EXPECT_FALSE(test::exists(top + "/store/lock")) << top;
  }
  test::make_link(source_ + "/.hg/wlock", "web2/f:1");
  test::make_link(source_ + "/.hg/store/lock", "web2/f:1");
  EXPECT_THAT(looked_at(), Not(Contains(testing::EndsWith("lock"))));
}

struct HeldCase : test::NamedCase {
  const char* lock;
};

class HgHeldLockTest : public HgCopyTest, public testing::WithParamInterface<HeldCase> {};

TEST_P(HgHeldLockTest, D11_IsWaitedForAndThenTheHolderIsNamed) {
  const std::string lock = source_ + "/.hg/" + GetParam().lock;
  test::make_link(lock, "web2/f0000001:4711");
  const auto begin = std::chrono::steady_clock::now();
  const Result<CopyFacts> facts = copy(std::chrono::seconds(1));
  EXPECT_GE(std::chrono::steady_clock::now() - begin, std::chrono::seconds(1));
  ASSERT_FALSE(facts);
  EXPECT_EQ(facts.error().code, EEXIST);
  EXPECT_THAT(facts.error().message, HasSubstr("web2/f0000001:4711"));
  EXPECT_EQ(std::filesystem::read_symlink(lock), "web2/f0000001:4711");
  // The first lock is not left behind where the second could not be had.
  EXPECT_EQ(test::exists(source_ + "/.hg/wlock"), std::string(GetParam().lock) == "wlock");
}

INSTANTIATE_TEST_SUITE_P(Locks, HgHeldLockTest,
                         testing::Values(HeldCase{"wlock", "wlock"},
                                         HeldCase{"lock", "store/lock"}),
                         test::case_name);

TEST_F(HgCopyTest, WithoutAStoreTheLockIsInDotHg) {
  std::filesystem::remove_all(source_ + "/.hg/store");
  test::write_file(source_ + "/.hg/data/file.i", "x");
  test::make_link(source_ + "/.hg/lock", "web2/f:1");
  EXPECT_EQ(must_fail().code, EEXIST);
  std::filesystem::remove(source_ + "/.hg/lock");
  test::must_run({"rm", "-rf", staging_ + "/data"});
  must_copy();
  EXPECT_EQ(test::contents(hg_), test::contents(source_ + "/.hg"));
}

TEST_F(HgCopyTest, TheSourceIsAsBeforeButForTheTimesOfTheLockedFolders) {
  const auto before = test::contents_and_x(source_);
  const std::string file = test::snapshot(source_ + "/.hg/store/data");
  must_copy();
  EXPECT_EQ(test::contents_and_x(source_), before);
  EXPECT_EQ(test::snapshot(source_ + "/.hg/store/data"), file);
}

TEST_F(HgCopyTest, TheFingerprintHasDigestsOfWhatVerifyDoesNotRead) {
  test::write_file(source_ + "/.hg/bookmarks", "b\n");
  test::write_file(source_ + "/.hg/store/phaseroots", "p\n");
  test::write_file(source_ + "/.hg/localtags", "t\n");
  const Detail detail = must_copy().fingerprint;
  EXPECT_EQ(*find_detail(detail, "changesets"), DetailValue(std::uint64_t{0}));
  EXPECT_EQ(*find_detail(detail, "bookmarks"), DetailValue(sha256_hex("b\n")));
  EXPECT_EQ(*find_detail(detail, "phases"), DetailValue(sha256_hex("p\n")));
  EXPECT_EQ(*find_detail(detail, "local_tags"), DetailValue(sha256_hex("t\n")));
  EXPECT_EQ(find_detail(detail, "bookmarks_in_store"), nullptr);
  test::write_file(source_ + "/.hg/store/bookmarks", "s\n");
  test::must_run({"rm", "-rf", staging_ + "/data"});
  EXPECT_EQ(*find_detail(must_copy().fingerprint, "bookmarks_in_store"),
            DetailValue(sha256_hex("s\n")));
}

TEST_F(HgCopyTest, OwnersAndLookAreRelativeToData) {
  const std::vector<std::string> found = owners(must_copy());
  ASSERT_FALSE(found.empty());
  EXPECT_EQ(found.front(), "d .");
  EXPECT_THAT(found, Contains("f .hg/store/data/file.i"));
  EXPECT_THAT(looked_at(), Contains(".hg/store/data/file.i"));
  for (const std::string& path : looked_at()) {
    EXPECT_TRUE(test::exists(staging_ + "/data/" + path)) << path;
  }
}

TEST_F(HgCopyTest, D20_AFifoIsNotWaitedFor) {
  test::make_fifo(source_ + "/.hg/fifo");
  test::make_socket(source_ + "/.hg/s");
  const CopyFacts facts = must_copy();
  EXPECT_FALSE(test::exists(hg_ + "/fifo"));
  EXPECT_THAT(owners(facts), Contains("p .hg/fifo"));
}

TEST_F(HgCopyTest, D20_AFifoInTheStoreIsRefusedByName) {
  test::make_fifo(source_ + "/.hg/store/fncache");
  EXPECT_EQ(must_fail().path, ".hg/store/fncache");
}

TEST_F(HgCopyTest, D19_ALinkInTheStoreIsRefusedByName) {
  test::make_link(source_ + "/.hg/store/dh", "/etc");
  EXPECT_THAT(describe(must_fail()), HasSubstr(".hg/store/dh: data behind a symbolic link"));
}

TEST_F(HgCopyTest, D20_AFifoInPlaceOfAFileOfTheFingerprintIsAnError) {
  test::make_fifo(source_ + "/.hg/localtags");
  EXPECT_EQ(must_fail().path, ".hg/localtags");
}

struct LinkCase : test::NamedCase {
  const char* path;
};

class HgLinkTest : public HgCopyTest, public testing::WithParamInterface<LinkCase> {};

TEST_P(HgLinkTest, D19_DataBehindALinkIsNotCopied) {
  const std::string path = source_ + "/" + GetParam().path;
  test::write_file(tree_ / "elsewhere/secret", "secret bytes");
  std::filesystem::remove_all(path);
  test::make_link(path, tree_ / "elsewhere");
  EXPECT_EQ(must_fail().code, ELOOP);
  for (const auto& [name, content] : test::contents(staging_)) {
    EXPECT_THAT(content, Not(HasSubstr("secret bytes"))) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Links, HgLinkTest,
                         testing::Values(LinkCase{"dot_hg", ".hg"}, LinkCase{"store", ".hg/store"},
                                         LinkCase{"bookmarks", ".hg/bookmarks"},
                                         LinkCase{"sharedpath", ".hg/sharedpath"}),
                         test::case_name);

struct ShareCase : test::NamedCase {
  bool relative;
  const char* how;
  bool newline = false;
};

class HgShareTest : public HgCopyTest, public testing::WithParamInterface<ShareCase> {};

TEST_P(HgShareTest, BecomesARepositoryOfItsOwn) {
  const std::string origin = source_;
  source_ = tree_ / "share";
  make_share(source_,
             (GetParam().relative ? "../../source/.hg" : origin + "/.hg") +
                 std::string(GetParam().newline ? "\n" : ""),
             GetParam().how);
  const auto before = test::contents(origin);
  const CopyFacts facts = must_copy();
  EXPECT_EQ(test::contents(hg_ + "/store"), test::contents(origin + "/.hg/store"));
  EXPECT_EQ(test::read_file(hg_ + "/requires"), "share-safe\ndotencode\n");
  EXPECT_EQ(test::read_file(hg_ + "/bookmarks"), "of the share\n");
  EXPECT_FALSE(test::exists(hg_ + "/sharedpath"));
  EXPECT_FALSE(test::exists(hg_ + "/shared"));
  EXPECT_THAT(facts.notes, Contains(HasSubstr("a share")));
  EXPECT_THAT(owners(facts), Contains("f .hg/store/data/file.i"));
  EXPECT_EQ(test::contents(origin), before);
}

INSTANTIATE_TEST_SUITE_P(Shares, HgShareTest,
                         testing::Values(ShareCase{"absolute", false, "shared"},
                                         ShareCase{"relative", true, "relshared"},
                                         ShareCase{"absolute_with_newline", false, "shared", true}),
                         test::case_name);

TEST_F(HgCopyTest, AShareThatSharesBookmarksGetsThoseOfItsSource) {
  test::write_file(source_ + "/.hg/bookmarks", "of the source\n");
  make_share(tree_ / "share", source_ + "/.hg", "shared");
  test::write_file(tree_ / "share/.hg/shared", "bookmarks\n");
  source_ = tree_ / "share";
  const CopyFacts facts = must_copy();
  EXPECT_EQ(test::read_file(hg_ + "/bookmarks"), "of the source\n");
  EXPECT_EQ(*find_detail(facts.fingerprint, "bookmarks"),
            DetailValue(sha256_hex("of the source\n")));
}

TEST_F(HgCopyTest, AShareWhoseSourceIsGoneIsAFailureThatNamesIt) {
  make_share(tree_ / "share", tree_ / "gone/.hg", "shared");
  source_ = tree_ / "share";
  const Error error = must_fail();
  EXPECT_EQ(error.path, tree_ / "gone/.hg");
  EXPECT_THAT(error.message, HasSubstr("source of this share"));
}

// In a folder where others may write: their link is not followed with the owner's rights.
TEST_F(HgCopyTest, D19_AShareThatSomebodyElseHasPlantedIsNotFollowed) {
  REPO_NEEDS_ROOT();
  make_share(tree_ / "share", source_ + "/.hg", "shared");
  for (const char* planted : {"/.hg", "/.hg/sharedpath"}) {
    test::give_to(tree_ / "share" + planted, 1234);
    source_ = tree_ / "share";
    EXPECT_EQ(must_fail().path, ".hg/sharedpath") << planted;
    test::give_to(tree_ / "share" + planted, 0);
  }
}

// In a repository of a group everyone may write what the owner's file says.
TEST_F(HgCopyTest, D19_AShareWhoseSourceOthersCanWriteIsNotFollowed) {
  make_share(tree_ / "share", source_ + "/.hg", "shared");
  for (const mode_t mode : {0664, 0646}) {
    test::set_mode(tree_ / "share/.hg/sharedpath", mode);
    source_ = tree_ / "share";
    EXPECT_EQ(must_fail().path, ".hg/sharedpath") << mode;
  }
}

TEST_F(HgCopyTest, D15_AGiantOfHolesIsRefused) {
  test::write_file(source_ + "/.hg/giant", "x");
  std::filesystem::resize_file(source_ + "/.hg/giant", std::uintmax_t{1} << 40);
  EXPECT_THAT(describe(must_fail()), HasSubstr("holes"));
}

TEST_F(HgCopyTest, D19_AShareGivesItsOwnerNothingThatOnlyOthersMayRead) {
  REPO_NEEDS_ROOT();
  test::write_file(source_ + "/.hg/store/data/secret.i", "secret bytes");
  test::must_run({"chown", "-R", "1235:1235", source_});
  test::set_mode(source_ + "/.hg", 0700);
  make_share(tree_ / "share", source_ + "/.hg", "shared");
  test::must_run({"chown", "-R", "1234:1234", tree_ / "share"});
  source_ = tree_ / "share";
  EXPECT_EQ(must_fail().code, EACCES);
  for (const auto& [name, content] : test::contents(staging_)) {
    EXPECT_THAT(content, Not(HasSubstr("secret bytes"))) << name;
  }
}

TEST_F(HgCopyTest, D19_AShareOfFilesThatTheOwnerMayNotReadIsAFailureToo) {
  REPO_NEEDS_ROOT();
  test::write_file(source_ + "/.hg/store/data/secret.i", "secret bytes");
  test::must_run({"chown", "-R", "1235:1235", source_});
  test::must_run({"chmod", "-R", "a+rX", source_});
  test::set_mode(source_ + "/.hg/store/data/secret.i", 0600);
  make_share(tree_ / "share", source_ + "/.hg", "shared");
  test::must_run({"chown", "-R", "1234:1234", tree_ / "share"});
  source_ = tree_ / "share";
  const Error error = must_fail();
  EXPECT_EQ(error.code, EACCES);
  EXPECT_EQ(error.path, ".hg/store/data/secret.i");
}

}  // namespace
}  // namespace repo
