// repo-dump as far as it goes without a tool: refusals before anything is touched.
#include "dumper/dump_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "scanner/manifest.h"
#include "tests/support/child.h"
#include "tests/support/dump_support.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

class DumpRunTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_svn_skeleton(tree_ / "srv/alpha");
    test::make_hg_skeleton(tree_ / "srv/beta");
    test::must_scan(tree_ / "srv", manifest_);
    options_ = test::dump_options(manifest_, tree_ / "dump");
  }
  // Ended in `status` with `words` on stderr, and nothing was made.
  void expect_refused(int status, const std::string& words) const {
    const std::string before = test::snapshot(tree_.path());
    const test::Ran ran = test::dump(options_);
    EXPECT_EQ(ran.status, status) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(words));
    EXPECT_EQ(ran.out, "");
    EXPECT_EQ(test::snapshot(tree_.path()), before);
  }
  void edit_manifest(const std::string& from, const std::string& to) const {
    std::string text = test::read_file(manifest_);
    const std::size_t at = text.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    test::write_file(manifest_, text.replace(at, from.size(), to));
    test::set_mode(manifest_, 0600);
  }
  test::TempDir tree_;
  const std::string manifest_ = tree_ / "manifest.json";
  DumpOptions options_;
};

TEST_F(DumpRunTest, ADryRunTellsEveryItemAndTouchesNothing) {
  options_.dry_run = true;
  const std::string before = test::snapshot(tree_.path());
  const test::Ran ran = test::dump(options_);
  EXPECT_EQ(ran.status, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("would copy svn  " + tree_.path() + "/srv/alpha"));
  EXPECT_THAT(ran.out, HasSubstr("would copy hg   " + tree_.path() + "/srv/beta"));
  EXPECT_THAT(ran.out, HasSubstr("2 items, "));
  EXPECT_EQ(test::snapshot(tree_.path()), before);
}

TEST_F(DumpRunTest, ADryRunWithARefusedItemEndsIn3) {
  options_.dry_run = true;
  edit_manifest("\"kind\": \"hg\"", "\"kind\": \"cvs\"");
  const test::Ran ran = test::dump(options_);
  EXPECT_EQ(ran.status, 3) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("REFUSED  cvs"));
}

TEST_F(DumpRunTest, AManifestThatIsMissingIsAUsageError) {
  options_.manifest = tree_ / "no/such";
  expect_refused(2, tree_ / "no/such");
}

TEST_F(DumpRunTest, AManifestThatWasCutShortIsAUsageErrorThatNamesIt) {
  const std::string text = test::read_file(manifest_);
  test::write_file(manifest_, text.substr(0, text.size() - 10));
  expect_refused(2, manifest_);
}

TEST_F(DumpRunTest, AFieldThatIsWrongIsNamed) {
  edit_manifest("\"inode\": ", "\"inode\": -");
  expect_refused(2, "inode");
}

TEST_F(DumpRunTest, M7_AManifestThatSomebodyElseCouldHaveWrittenIsRefused) {
  REPO_NEEDS_ROOT();
  test::give_to(manifest_, 1234);
  expect_refused(2, "somebody else");
}

TEST_F(DumpRunTest, AnItemThatTheManifestLacksIsAUsageError) {
  options_.only = {tree_ / "srv/alpha", "/srv/nobody"};
  expect_refused(2, "/srv/nobody");
}

TEST_F(DumpRunTest, D26_ATargetInsideARepositoryIsRefused) {
  options_.to = tree_ / "srv/alpha/dump";
  expect_refused(1, "inside the repository");
  options_.to = tree_ / "srv/alpha";
  expect_refused(1, "");
}

TEST_F(DumpRunTest, D26_ATargetAmongTheWorkingFilesOfAnHgRepositoryIsRefused) {
  options_.to = tree_ / "srv/beta/dump";
  expect_refused(1, "inside the repository");
  options_.to = tree_ / "srv/beta/.hg/dump";
  expect_refused(1, "inside the repository");
}

TEST_F(DumpRunTest, D26_ATargetWithOtherThingsInItIsRefused) {
  test::write_file(tree_ / "dump/photo.jpg", "x");
  expect_refused(1, "not empty");
}

TEST_F(DumpRunTest, D9_ATargetWithoutItsParentIsRefused) {
  options_.to = tree_ / "not/mounted";
  expect_refused(1, tree_ / "not");
}

TEST_F(DumpRunTest, D16_ASecondRunEndsIn11) {
  const Result<DumpRoot> held = test::open_root(options_.to);
  ASSERT_TRUE(held) << describe(held.error());
  const auto before = test::contents(options_.to);
  const test::Ran ran = test::dump(options_);
  EXPECT_EQ(ran.status, 11);
  EXPECT_THAT(ran.err, HasSubstr("process " + std::to_string(getpid())));
  EXPECT_EQ(test::contents(options_.to), before);
}

TEST_F(DumpRunTest, D5_WhereThereIsNotEnoughRoomNothingIsCopied) {
  REPO_NEEDS_ROOT();
  for (const char* name : {"alpha", "gamma"}) {
    test::make_svn_skeleton(tree_ / "srv/" + name);
    test::write_file(tree_ / "srv/" + name + "/db/revs/0/large", std::string(200'000, 'x'));
  }
  test::must_scan(tree_ / "srv", manifest_);
  test::make_folder(options_.to);
  // Each fits, and both do not; then none fits.
  for (const char* size : {"size=300k,mode=700", "size=150k,mode=700"}) {
    options_.kinds = {"svn"};
    test::in_child([&] {
      test::enter_private_mount_namespace();
      test::mount_tmpfs(options_.to, size);
      options_.dry_run = true;
      const test::Ran dry = test::dump(options_);
      EXPECT_EQ(dry.status, 1);
      EXPECT_THAT(dry.err, HasSubstr("are free: nothing was copied"));
      options_.dry_run = false;
      const test::Ran ran = test::dump(options_);
      EXPECT_EQ(ran.status, 1);
      EXPECT_THAT(ran.err, HasSubstr("are free: nothing was copied"));
      EXPECT_THAT(test::names_in(options_.to + "/current"), testing::IsEmpty());
    });
  }
}

TEST_F(DumpRunTest, D26_ACopyInTheDumpRootIsNotCopiedAgain) {
  const Result<DumpRoot> root = test::open_root(options_.to);
  ASSERT_TRUE(root) << describe(root.error());
  test::make_svn_skeleton(options_.to + "/current/svn/x/data");
  ScanResult found;
  found.repositories = {test::source_at("svn", options_.to + "/current/svn/x/data")};
  test::write_file(manifest_, write_manifest({"t", "h", utc_now(), utc_now(), {"/"}}, found));
  options_.dry_run = true;
  const test::Ran ran = test::dump(options_);
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("it is one of the copies"));
}

TEST_F(DumpRunTest, D24_ADryRunTellsWhatHasVanished) {
  test::must_run({"rm", "-rf", tree_ / "srv/alpha"});
  options_.dry_run = true;
  const test::Ran ran = test::dump(options_);
  EXPECT_EQ(ran.status, 3);
  EXPECT_THAT(ran.out, HasSubstr("REFUSED  svn"));
}

TEST_F(DumpRunTest, AnIncompleteScanIsToldAndTheRunIsIncompleteToo) {
  edit_manifest("\"complete\": true", "\"complete\": false");
  options_.dry_run = true;
  for (const bool quiet : {false, true}) {
    options_.quiet = quiet;
    const auto ran = test::dump(options_);
    EXPECT_THAT(ran.err, HasSubstr("incomplete scan"));
    EXPECT_EQ(ran.status, 3);
  }
}

}  // namespace
}  // namespace repo
