// Repositories made by svnadmin and hg, and what these tools say of them, against the probes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "scanner/probe.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using test::must_run;

std::string value(const Detail& detail, const std::string& key) {
  const DetailValue* found = find_detail(detail, key);
  if (!found) return "";
  if (const auto* text = std::get_if<std::string>(found)) return *text;
  if (const auto* flag = std::get_if<bool>(found)) return *flag ? "true" : "false";
  return std::to_string(std::get<std::uint64_t>(*found));
}

Detail probe(const std::string& kind, const std::string& path, const std::string& inside) {
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
  EXPECT_TRUE(directory) << path;
  const std::optional<ProbeResult> result = probe_kind(kind, inside, **directory);
  EXPECT_TRUE(result && result->detail) << path;
  if (result && result->error) ADD_FAILURE() << describe(*result->error);
  return result && result->detail ? *result->detail : Detail();
}

Detail probe_svn_at(const std::string& path) { return probe("svn", path, ""); }
Detail probe_hg_at(const std::string& path) { return probe("hg", path, ".hg"); }

// --- svn ---

// A line of `svnadmin info`.
std::string info(const std::string& all, const std::string& key) {
  const std::size_t at = all.find(key + ": ");
  if (at == std::string::npos) return "";
  const std::size_t begin = at + key.size() + 2;
  return all.substr(begin, all.find('\n', begin) - begin);
}

void expect_as_svnadmin_says(const std::string& path) {
  const Detail detail = probe_svn_at(path);
  const std::string all = must_run({"svnadmin", "info", path});
  EXPECT_EQ(value(detail, "fs_type"), info(all, "Filesystem Type"));
  EXPECT_EQ(value(detail, "format"), info(all, "Filesystem Format"));
  if (value(detail, "fs_type") == "bdb") return;  // told by svn's own library alone
  EXPECT_EQ(value(detail, "uuid"), info(all, "UUID"));
  EXPECT_EQ(value(detail, "revision"), info(all, "Revisions"));
  EXPECT_EQ(value(detail, "revision") + "\n", must_run({"svnlook", "youngest", path}));
  EXPECT_EQ(value(detail, "uuid") + "\n", must_run({"svnlook", "uuid", path}));
}

void commit(const std::string& path, const std::string& name) {
  must_run({"svn", "mkdir", "-q", "-m", "a commit", "file://" + path + "/" + name});
}

struct SvnCase : test::NamedCase {
  std::vector<std::string> options;  // of svnadmin create
  bool can_pack = false;
};

class SvnProbeRealTest : public testing::TestWithParam<SvnCase> {};

TEST_P(SvnProbeRealTest, SaysWhatSvnadminSays) {
  const test::TempDir tree;
  const std::string path = tree / "repository";
  std::vector<std::string> create = {"svnadmin", "create", path};
  create.insert(create.end(), GetParam().options.begin(), GetParam().options.end());
  must_run(create);
  expect_as_svnadmin_says(path);
  if (GetParam().can_pack) {
    // Shards of two revisions, so that there is something to pack.
    must_run({"sed", "-i", "s/^layout sharded .*/layout sharded 2/", path + "/db/format"});
  }
  for (const char* name : {"a", "b", "c"}) commit(path, name);
  expect_as_svnadmin_says(path);
  if (!GetParam().can_pack) return;
  must_run({"svnadmin", "pack", "-q", path});
  ASSERT_TRUE(fs::exists(path + "/db/revs/0.pack")) << "nothing was packed";
  expect_as_svnadmin_says(path);
  commit(path, "d");
  expect_as_svnadmin_says(path);
}

std::vector<SvnCase> svn_cases() {
  std::vector<SvnCase> cases;
  for (int minor = 1; minor <= 14; ++minor) {
    cases.push_back({"compatible_with_1_" + std::to_string(minor),
                     {"--compatible-version", "1." + std::to_string(minor)},
                     minor >= 6});
  }
  cases.push_back({"fsx", {"--fs-type", "fsx"}, false});
  cases.push_back({"bdb", {"--fs-type", "bdb"}, false});
  return cases;
}

INSTANTIATE_TEST_SUITE_P(Repositories, SvnProbeRealTest, testing::ValuesIn(svn_cases()),
                         test::case_name);

struct FormatCase : test::NamedCase {
  std::string format;
};

class SvnFormatRealTest : public testing::TestWithParam<FormatCase> {};

// The reason why the probe takes more than "3\n" and "5\n": svnlook does.
TEST_P(SvnFormatRealTest, WhatSvnOpensIsFound) {
  const test::TempDir tree;
  const std::string path = tree / "repository";
  must_run({"svnadmin", "create", path});
  fs::permissions(path + "/format", fs::perms(0644));
  test::write_file(path + "/format", GetParam().format);
  ASSERT_EQ(must_run({"svnlook", "youngest", path}), "0\n");
  EXPECT_EQ(value(probe_svn_at(path), "revision"), "0");
}

INSTANTIATE_TEST_SUITE_P(Formats, SvnFormatRealTest,
                         testing::Values(FormatCase{"usual", "5\n"}, FormatCase{"three", "3\n"},
                                         FormatCase{"carriage_return", "5\r\n"},
                                         FormatCase{"second_line", "5\nmore\n"},
                                         FormatCase{"leading_zero", "05\n"}),
                         test::case_name);

TEST(SvnCopyRealTest, WhatIsLeftOfAnInterruptedHotcopyIsNoRepository) {
  const test::TempDir tree;
  must_run({"svnadmin", "create", tree / "a"});
  must_run({"svnadmin", "hotcopy", tree / "a", tree / "b"});
  expect_as_svnadmin_says(tree / "b");
  fs::remove(tree / "b/format");  // svnadmin writes it last
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(tree / "b");
  ASSERT_TRUE(directory);
  const ProbeResult result = probe_svn(**directory);
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.error);
}

TEST(SvnCopyRealTest, AWorkingCopyIsNoRepository) {
  const test::TempDir tree;
  must_run({"svnadmin", "create", tree / "a"});
  must_run({"svn", "checkout", "-q", "file://" + (tree / "a"), tree / "wc"});
  const Result<std::unique_ptr<Directory>> directory =
      real_file_system().open_root(tree / "wc/.svn");
  ASSERT_TRUE(directory);
  const ProbeResult result = probe_svn(**directory);
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.error);
}

// --- hg ---

std::string hg(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv = {"env", "HGRCPATH=", "HGPLAIN=1", "HGUSER=tester", "hg"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return must_run(argv);
}

void expect_as_hg_says(const std::string& path) {
  const Detail detail = probe_hg_at(path);
  const std::string nodes = hg({"-R", path, "--hidden", "log", "-T", "{node}\n"});
  const auto count = std::count(nodes.begin(), nodes.end(), '\n');
  EXPECT_EQ(value(detail, "changesets"), std::to_string(count));
  EXPECT_EQ(value(detail, "tip"), nodes.substr(0, nodes.find('\n')));
  // The log begins with the youngest.
  constexpr std::size_t kNode = 40;
  const std::size_t last_line = nodes.empty() ? 0 : nodes.size() - kNode - 1;
  EXPECT_EQ(value(detail, "first"), nodes.substr(last_line, kNode));
}

class HgProbeRealTest : public testing::Test {
 protected:
  void init(const std::vector<std::string>& options = {}) {
    std::vector<std::string> arguments = {"init", path_};
    arguments.insert(arguments.end(), options.begin(), options.end());
    hg(arguments);
  }
  void commit(int number, const std::vector<std::string>& options = {}) {
    test::write_file(path_ + "/file", std::to_string(number));
    std::vector<std::string> arguments = {"-R", path_, "commit", "-q", "-A", "-m", "a commit"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    hg(arguments);
  }
  bool is_inline() const {
    const std::string bytes = test::read_file(path_ + "/.hg/store/00changelog.i");
    EXPECT_GE(bytes.size(), 64U);
    return bytes.size() >= 64 && (bytes[1] & 1) != 0;
  }

  test::TempDir tree_;
  const std::string path_ = tree_ / "repository";
};

TEST_F(HgProbeRealTest, EmptyRepository) {
  init();
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, AFewCommitsAreInlineAndCounted) {
  init();
  for (int i = 0; i < 4; ++i) commit(i);
  ASSERT_TRUE(is_inline());
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, ManyCommitsAreNotInlineAndCounted) {
  init();
  hg({"-R", path_, "debugbuilddag", "+3000"});
  ASSERT_FALSE(is_inline());
  ASSERT_GT(fs::file_size(path_ + "/.hg/store/00changelog.i"), 131072U);
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, SecretAndHiddenChangesetsCount) {
  init();
  commit(1);
  commit(2, {"--secret"});
  test::write_file(path_ + "/file", "3");
  hg({"-R", path_, "--config", "experimental.evolution=all", "commit", "-q", "--amend", "-m", "x"});
  expect_as_hg_says(path_);
  EXPECT_EQ(value(probe_hg_at(path_), "changesets"), "3") << "the amended one is hidden, not gone";
}

TEST_F(HgProbeRealTest, WithoutStore) {
  init({"--config", "format.usestore=no"});
  ASSERT_FALSE(fs::exists(path_ + "/.hg/store"));
  expect_as_hg_says(path_);
  for (int i = 0; i < 3; ++i) commit(i);
  ASSERT_FALSE(fs::exists(path_ + "/.hg/store"));
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, NotShareSafe) {
  init({"--config", "format.use-share-safe=no"});
  commit(1);
  ASSERT_FALSE(fs::exists(path_ + "/.hg/store/requires"));
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, AncientWithoutRequires) {
  init({"--config", "format.usestore=no", "--config", "format.usegeneraldelta=no", "--config",
        "format.sparse-revlog=no"});
  commit(1);
  fs::remove(path_ + "/.hg/requires");
  expect_as_hg_says(path_);
}

TEST_F(HgProbeRealTest, AShareNamesItsSource) {
  init();
  commit(1);
  hg({"--config", "extensions.share=", "share", "-q", path_, tree_ / "absolute"});
  hg({"--config", "extensions.share=", "share", "-q", "--relative", path_, tree_ / "relative"});
  EXPECT_EQ(value(probe_hg_at(tree_ / "absolute"), "shared"), path_ + "/.hg");
  EXPECT_EQ(value(probe_hg_at(tree_ / "relative"), "shared"), "../../repository/.hg");
}

TEST_F(HgProbeRealTest, AfterStripTheTipIsTheOneBefore) {
  init();
  for (int i = 0; i < 3; ++i) commit(i);
  hg({"-R", path_, "--config", "extensions.strip=", "strip", "-q", "tip"});
  expect_as_hg_says(path_);
  EXPECT_EQ(value(probe_hg_at(path_), "changesets"), "2");
}

TEST_F(HgProbeRealTest, ARepositoryThatLostItsStoreIsTold) {
  for (const char* share_safe : {"yes", "no"}) {
    const std::string path = tree_ / share_safe;
    hg({"init", path, "--config", std::string("format.use-share-safe=") + share_safe});
    fs::remove_all(path + "/.hg/store");
    const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
    ASSERT_TRUE(directory);
    const ProbeResult result = probe_hg(**directory);
    EXPECT_FALSE(result.detail) << "share-safe: " << share_safe;
    EXPECT_TRUE(result.error) << "share-safe: " << share_safe;
  }
}

}  // namespace
}  // namespace repo
