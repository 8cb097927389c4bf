// Trees as hg makes them, and as they break. What real repositories give is in
// probe_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "scanner/probe.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

std::string big_endian(std::uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xFF);
  return bytes;
}

// A revlog index of version 1 with `count` changesets; the node of number i is 20 bytes of i + 1.
// Inline, each record is followed by `data` bytes.
std::string changelog(std::uint32_t count, bool is_inline, std::uint32_t data = 100) {
  std::string index;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::string record = big_endian(0) + big_endian(0);  // offset and flags
    if (i == 0) record.replace(0, 4, big_endian(is_inline ? 0x00010001 : 0x00000001));
    record += big_endian(data) + big_endian(data);     // lengths
    record += big_endian(i) + big_endian(i);           // base, link
    record += big_endian(i - 1) + big_endian(0) + "";  // parents
    record += std::string(20, static_cast<char>(i + 1)) + std::string(12, '\0');
    EXPECT_EQ(record.size(), 64U);
    index += record;
    if (is_inline) index += std::string(data, 'd');
  }
  return index;
}

std::string node(std::uint32_t number) {
  const char* digits = "0123456789abcdef";
  std::string hex;
  const std::uint32_t byte = (number + 1) & 0xFF;
  for (int i = 0; i < 20; ++i) hex += {digits[byte >> 4], digits[byte & 15]};
  return hex;
}

ProbeResult probe(const std::string& path) {
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
  EXPECT_TRUE(directory);
  return probe_hg(**directory);
}

std::string text(const Detail& detail) {
  std::string all;
  for (const auto& [key, value] : detail) {
    all += (all.empty() ? "" : " ") + key + "=";
    if (const auto* word = std::get_if<std::string>(&value)) all += *word;
    if (const auto* number = std::get_if<std::uint64_t>(&value)) all += std::to_string(*number);
    if (const auto* flag = std::get_if<bool>(&value)) all += *flag ? "yes" : "no";
  }
  return all;
}

// The detail of a repository with so many of them.
std::string changesets(std::uint32_t count) {
  return "changesets=" + std::to_string(count) + " tip=" + node(count - 1) + " first=" + node(0);
}

using Make = std::function<void(const std::string& hg)>;  // of the folder .hg

void make_usual(const std::string& hg) {
  test::write_file(hg + "/requires", "share-safe\n");
  test::write_file(hg + "/00changelog.i", std::string("\0\0\xFF\xFF dummy", 10));
  test::write_file(hg + "/store/requires", "generaldelta\nrevlogv1\nstore\n");
}

Make with_index(const std::string& index) {
  return [=](const std::string& hg) {
    make_usual(hg);
    test::write_file(hg + "/store/00changelog.i", index);
  };
}

struct GoodCase : test::NamedCase {
  Make make;
  std::string detail;
};

class HgRepositoryTest : public testing::TestWithParam<GoodCase> {};

TEST_P(HgRepositoryTest, IsOneAndSaysOfItself) {
  const test::TempDir tree;
  GetParam().make(tree / ".hg");
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.error) << describe(*result.error);
  ASSERT_TRUE(result.detail);
  EXPECT_EQ(text(*result.detail), GetParam().detail);
}

const std::string kNeeds = " requirements=generaldelta revlogv1 share-safe store";

INSTANTIATE_TEST_SUITE_P(
    Changelogs, HgRepositoryTest,
    testing::Values(
        GoodCase{"no_commit_yet", make_usual, "changesets=0" + kNeeds},
        GoodCase{"empty_index", with_index(""), "changesets=0" + kNeeds},
        GoodCase{"one_inline", with_index(changelog(1, true)), changesets(1) + kNeeds},
        GoodCase{"many_inline", with_index(changelog(250, true)), changesets(250) + kNeeds},
        GoodCase{"inline_larger_than_what_is_read_at_once", with_index(changelog(200, true, 5000)),
                 changesets(200) + kNeeds},
        GoodCase{"inline_record_larger_than_what_is_read_at_once",
                 with_index(changelog(3, true, 400'000)), changesets(3) + kNeeds},
        GoodCase{"inline_without_data", with_index(changelog(3, true, 0)), changesets(3) + kNeeds},
        GoodCase{"one_not_inline", with_index(changelog(1, false)), changesets(1) + kNeeds},
        GoodCase{"many_not_inline", with_index(changelog(250, false)), changesets(250) + kNeeds},
        GoodCase{"not_inline_appended_to_at_this_moment",
                 with_index(changelog(3, false) + std::string(40, 'x')), changesets(3) + kNeeds},
        GoodCase{"inline_appended_to_at_this_moment",
                 with_index(changelog(3, true).substr(0, 164 * 2 + 100)), changesets(2) + kNeeds},
        GoodCase{"inline_cut_in_a_record", with_index(changelog(3, true).substr(0, 164 * 2 + 10)),
                 changesets(2) + kNeeds},
        GoodCase{"layout_of_version_2",
                 with_index(std::string("\0\0\xDE\xAD", 4) + std::string(200, 'x')),
                 kNeeds.substr(1)},
        GoodCase{"less_than_a_record", with_index(std::string("\0\0\0\1abc", 7)),
                 kNeeds.substr(1)}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Layouts, HgRepositoryTest,
    testing::Values(GoodCase{"without_store",
                             [](const std::string& hg) {
                               test::write_file(hg + "/requires", "generaldelta\nrevlogv1\n");
                               test::write_file(hg + "/00changelog.i", changelog(2, true));
                               test::write_file(hg + "/data/a.i", "");
                             },
                             changesets(2) + " requirements=generaldelta revlogv1"},
                    GoodCase{"ancient_without_requires",
                             [](const std::string& hg) {
                               test::write_file(hg + "/00changelog.i", changelog(2, false));
                               test::write_file(hg + "/data/a.i", "");
                             },
                             changesets(2)},
                    GoodCase{"share",
                             [](const std::string& hg) {
                               test::write_file(hg + "/requires", "share-safe\nshared\n");
                               test::write_file(hg + "/sharedpath", "/srv/hg/source/.hg");
                             },
                             "shared=/srv/hg/source/.hg requirements=share-safe shared"},
                    GoodCase{"relative_share_with_newline",
                             [](const std::string& hg) {
                               test::write_file(hg + "/requires", "relshared\n");
                               test::write_file(hg + "/sharedpath", "../../source/.hg\n");
                             },
                             "shared=../../source/.hg requirements=relshared"},
                    GoodCase{"S10_share_of_a_path_that_is_no_text",
                             [](const std::string& hg) {
                               test::write_file(hg + "/sharedpath", "/caf\xE9/.hg");
                             },
                             "shared=/caf\xE9/.hg"}),
    test::case_name);

struct BrokenCase : test::NamedCase {
  std::function<void(const std::string& path)> make;
  std::string path;  // that the error names
  int code;
};

class HgBrokenTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(HgBrokenTest, IsToldAndNotLeftOut) {
  const test::TempDir tree;
  GetParam().make(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->op, "probe");
  EXPECT_EQ(result.error->path, GetParam().path);
  EXPECT_EQ(result.error->code, GetParam().code) << describe(*result.error);
}

INSTANTIATE_TEST_SUITE_P(
    S4_Repositories, HgBrokenTest,
    testing::Values(
        BrokenCase{
            "empty_hg",
            [](const std::string& path) { std::filesystem::create_directory(path + "/.hg"); },
            ".hg", 0},
        BrokenCase{"nothing_of_hg_in_it",
                   [](const std::string& path) { test::write_file(path + "/.hg/hgrc", ""); }, ".hg",
                   0},
        BrokenCase{"S5_hg_is_a_link",
                   [](const std::string& path) {
                     make_usual(path + "/real");
                     std::filesystem::create_symlink("real", path + "/.hg");
                   },
                   ".hg", ELOOP},
        BrokenCase{"S5_store_is_a_link",
                   [](const std::string& path) {
                     make_usual(path + "/.hg");
                     std::filesystem::rename(path + "/.hg/store", path + "/elsewhere");
                     std::filesystem::create_symlink("../elsewhere", path + "/.hg/store");
                   },
                   ".hg/store", ELOOP},
        BrokenCase{"S5_changelog_is_a_link",
                   [](const std::string& path) {
                     make_usual(path + "/.hg");
                     std::filesystem::create_symlink("/etc/shadow",
                                                     path + "/.hg/store/00changelog.i");
                   },
                   ".hg/store/00changelog.i", ELOOP},
        BrokenCase{"S24_changelog_is_a_fifo",
                   [](const std::string& path) {
                     make_usual(path + "/.hg");
                     ASSERT_EQ(mkfifo((path + "/.hg/store/00changelog.i").c_str(), 0600), 0);
                   },
                   ".hg/store/00changelog.i", EINVAL},
        BrokenCase{"S24_changelog_is_a_directory",
                   [](const std::string& path) {
                     make_usual(path + "/.hg");
                     std::filesystem::create_directory(path + "/.hg/store/00changelog.i");
                   },
                   ".hg/store/00changelog.i", EINVAL},
        BrokenCase{"store_is_a_file",
                   [](const std::string& path) {
                     test::write_file(path + "/.hg/requires", "store\n");
                     test::write_file(path + "/.hg/store", "");
                   },
                   ".hg/store/00changelog.i", ENOTDIR},
        BrokenCase{"S5_sharedpath_is_a_link",
                   [](const std::string& path) {
                     test::write_file(path + "/.hg/requires", "shared\n");
                     std::filesystem::create_symlink("/etc/shadow", path + "/.hg/sharedpath");
                   },
                   ".hg/sharedpath", ELOOP},
        BrokenCase{"S24_sharedpath_is_a_fifo",
                   [](const std::string& path) {
                     test::write_file(path + "/.hg/requires", "shared\n");
                     ASSERT_EQ(mkfifo((path + "/.hg/sharedpath").c_str(), 0600), 0);
                   },
                   ".hg/sharedpath", EINVAL}),
    test::case_name);

// `requires` says that there is a store (a share-safe repository always has one), so one that is
// not there was lost: the repository must not pass for one that holds nothing.
TEST(HgBrokenStoreTest, AStoreThatIsRequiredAndGoneIsTold) {
  for (const char* requirement : {"share-safe\n", "dotencode\nfncache\nrevlogv1\nstore\n"}) {
    const test::TempDir tree;
    make_usual(tree / ".hg");
    test::write_file(tree / ".hg/requires", requirement);
    std::filesystem::remove_all(tree / ".hg/store");
    const ProbeResult result = probe(tree.path());
    EXPECT_FALSE(result.detail) << requirement << "found, with " << text(*result.detail);
    EXPECT_TRUE(result.error) << requirement;
  }
}

// What says that the repository uses another one's store and does not say which.
TEST(HgBrokenStoreTest, AShareWithoutItsSharedpathIsTold) {
  const test::TempDir tree;
  test::write_file(tree / ".hg/requires", "share-safe\nshared\n");
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail) << "found, with " << text(*result.detail);
  EXPECT_TRUE(result.error);
}

TEST(NoHgRepositoryTest, S23_HgAsAFileIsNone) {
  const test::TempDir tree;
  test::write_file(tree / ".hg", "hg\n");
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.error);
}

TEST(NoHgRepositoryTest, WithoutHgIsNone) {
  const test::TempDir tree;
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.error);
}

struct FaultCase : test::NamedCase {
  std::function<void(test::FakeFileSystem&)> fault;
  std::string path;
  int code;
};

class HgProbeFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(HgProbeFaults, S4_AreToldAsARepositoryThatCannotBeRead) {
  test::FakeFileSystem fake;
  fake.add_file("/r/.hg/requires", "share-safe\n");
  fake.add_file("/r/.hg/store/requires", "store\n");
  fake.add_file("/r/.hg/store/00changelog.i", changelog(3, true));
  GetParam().fault(fake);
  const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
  const ProbeResult result = probe_hg(**directory);
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->path, GetParam().path);
  EXPECT_EQ(result.error->code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, HgProbeFaults,
    testing::Values(
        FaultCase{"hg_eio", [](auto& fake) { fake.fail_stat("/r/.hg", EIO); }, ".hg", EIO},
        FaultCase{"hg_unreadable", [](auto& fake) { fake.fail_open("/r/.hg", EACCES); }, ".hg",
                  EACCES},
        FaultCase{"store_unreadable", [](auto& fake) { fake.fail_open("/r/.hg/store", EACCES); },
                  ".hg/store/00changelog.i", EACCES},
        FaultCase{"store_eio", [](auto& fake) { fake.fail_stat("/r/.hg/store", EIO); }, ".hg/store",
                  EIO},
        FaultCase{"changelog_unreadable",
                  [](auto& fake) { fake.fail_open("/r/.hg/store/00changelog.i", EACCES); },
                  ".hg/store/00changelog.i", EACCES},
        FaultCase{"changelog_eio",
                  [](auto& fake) { fake.fail_read("/r/.hg/store/00changelog.i", EIO); },
                  ".hg/store/00changelog.i", EIO}),
    test::case_name);

TEST(HgProbeCutFaults, S4_AnIndexThatIsCutWhileItIsReadIsTold) {
  test::FakeFileSystem fake;
  fake.add_file("/r/.hg/store/00changelog.i", changelog(3, false));
  fake.claim_size("/r/.hg/store/00changelog.i", std::uint64_t{64} * 5);
  const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
  const ProbeResult result = probe_hg(**directory);
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->path, ".hg/store/00changelog.i");
  EXPECT_THAT(result.error->message, testing::HasSubstr("cut"));
}

TEST(HgProbeFuzz, AnyIndexGivesAnAnswer) {
  const std::string whole = changelog(4, true, 30);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    test::FakeFileSystem fake;
    fake.add_file("/r/.hg/store/00changelog.i", whole.substr(0, length));
    const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
    const ProbeResult result = probe_hg(**directory);
    EXPECT_NE(result.detail.has_value(), result.error.has_value()) << length;
  }
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char value : {'\0', '\x7F', '\xFF'}) {
      std::string damaged = whole;
      damaged[at] = value;
      test::FakeFileSystem fake;
      fake.add_file("/r/.hg/store/00changelog.i", damaged);
      const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
      const ProbeResult result = probe_hg(**directory);
      EXPECT_NE(result.detail.has_value(), result.error.has_value()) << at;
    }
  }
}

}  // namespace
}  // namespace repo
