// Trees as svnadmin makes them, and as they break. What real repositories give is in
// probe_real_test.cc.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <functional>
#include <string>

#include "scanner/probe.h"
#include "tests/scanner/probe_fixture.h"
#include "tests/support/fake_fs.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

constexpr const char* kUuid = "eb55e2dd-c13e-45ef-ae12-827a0bee4983";

void make_fsfs(const std::string& path) {
  test::write_file(path + "/format", "5\n");
  test::write_file(path + "/db/fs-type", "fsfs\n");
  test::write_file(path + "/db/format", "8\nlayout sharded 1000\naddressing logical\n");
  test::write_file(path + "/db/current", "42\n");
  test::write_file(path + "/db/uuid", std::string(kUuid) + "\n" + kUuid + "\n");
}

ProbeResult probe(const std::string& path) {
  const Result<std::unique_ptr<Directory>> directory = real_file_system().open_root(path);
  EXPECT_TRUE(directory);
  return probe_svn(**directory);
}

using test::Change;
using test::fifo;
using test::remove;
using test::text;
using test::write;

Change link(const std::string& name, const std::string& target) {
  return [=](const std::string& path) {
    std::filesystem::remove_all(path + "/" + name);
    std::filesystem::create_symlink(target, path + "/" + name);
  };
}
Change directory(const std::string& name) {
  return [=](const std::string& path) {
    std::filesystem::remove_all(path + "/" + name);
    std::filesystem::create_directory(path + "/" + name);
  };
}
Change both(const Change& first, const Change& second) {
  return [=](const std::string& path) {
    first(path);
    second(path);
  };
}
void nothing(const std::string&) {}

struct GoodCase : test::NamedCase {
  Change change;
  std::string detail;
};

class SvnRepositoryTest : public testing::TestWithParam<GoodCase> {};

TEST_P(SvnRepositoryTest, IsOneAndSaysOfItself) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.error) << describe(*result.error);
  ASSERT_TRUE(result.detail);
  EXPECT_EQ(text(*result.detail), GetParam().detail);
}

const std::string kUsual = std::string("uuid=") + kUuid + " fs_type=fsfs format=8 revision=42";

// `format`: libsvn_repos reads the digits of the first line (svn_io_read_version_file) and takes
// 3 and 5, whatever stands behind that line. svnadmin 1.14 opens each of these.
INSTANTIATE_TEST_SUITE_P(
    Formats, SvnRepositoryTest,
    testing::Values(GoodCase{"format_5", nothing, kUsual},
                    GoodCase{"format_3", write("format", "3\n"), kUsual},
                    GoodCase{"format_with_carriage_return", write("format", "5\r\n"), kUsual},
                    GoodCase{"format_with_a_second_line", write("format", "5\nmore\n"), kUsual},
                    GoodCase{"format_with_leading_zero", write("format", "05\n"), kUsual}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    Databases, SvnRepositoryTest,
    testing::Values(
        GoodCase{"fsx", write("db/fs-type", "fsx\n"),
                 std::string("uuid=") + kUuid + " fs_type=fsx format=8 revision=42"},
        GoodCase{"current_of_format_1_to_3", write("db/current", "7 3 1\n"),
                 std::string("uuid=") + kUuid + " fs_type=fsfs format=8 revision=7"},
        GoodCase{"db_format_absent_means_1", remove("db/format"),
                 std::string("uuid=") + kUuid + " fs_type=fsfs format=1 revision=42"},
        GoodCase{"uuid_of_one_line", write("db/uuid", std::string(kUuid) + "\n"), kUsual},
        GoodCase{
            "revision_of_64_bits", write("db/current", "18446744073709551615\n"),
            std::string("uuid=") + kUuid + " fs_type=fsfs format=8 revision=18446744073709551615"},
        GoodCase{"bdb", both(write("db/fs-type", "bdb\n"), write("db/format", "4\n")),
                 "fs_type=bdb format=4"},
        GoodCase{"bdb_has_no_current_and_no_uuid",
                 both(both(write("db/fs-type", "bdb\n"), write("db/DB_CONFIG", "")),
                      both(remove("db/current"), remove("db/uuid"))),
                 "fs_type=bdb format=8"},
        GoodCase{"bdb_of_subversion_1_0_has_no_fs_type",
                 both(both(remove("db/fs-type"), remove("db/format")),
                      write("db/DB_CONFIG", "set_lk_max_locks 2000\n")),
                 "fs_type=bdb format=1"},
        GoodCase{"fsfs_whose_fs_type_has_no_newline", write("db/fs-type", "fsfs"), kUsual}),
    test::case_name);

struct BrokenCase : test::NamedCase {
  Change change;
  std::string path;  // that the error names, relative to the repository
  int code;
};

class SvnBrokenTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(SvnBrokenTest, IsToldAndNotLeftOut) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->op, "probe");
  EXPECT_EQ(result.error->path, GetParam().path);
  EXPECT_EQ(result.error->code, GetParam().code) << describe(*result.error);
  EXPECT_THAT(result.error->message, testing::HasSubstr("svn repository"));
}

INSTANTIATE_TEST_SUITE_P(
    S4_Files, SvnBrokenTest,
    testing::Values(
        BrokenCase{"no_fs_type", remove("db/fs-type"), "db/fs-type", ENOENT},
        BrokenCase{"unknown_fs_type", write("db/fs-type", "zfs\n"), "db/fs-type", 0},
        BrokenCase{"empty_fs_type", write("db/fs-type", ""), "db/fs-type", 0},
        BrokenCase{"no_current", remove("db/current"), "db/current", ENOENT},
        BrokenCase{"empty_current", write("db/current", ""), "db/current", 0},
        BrokenCase{"current_of_zeros", write("db/current", std::string(3, '\0')), "db/current", 0},
        BrokenCase{"current_is_no_number", write("db/current", "x1\n"), "db/current", 0},
        BrokenCase{"current_is_half_a_number", write("db/current", "1x\n"), "db/current", 0},
        BrokenCase{"current_is_negative", write("db/current", "-1\n"), "db/current", 0},
        BrokenCase{"current_is_too_large", write("db/current", "99999999999999999999\n"),
                   "db/current", 0},
        BrokenCase{"no_uuid", remove("db/uuid"), "db/uuid", ENOENT},
        BrokenCase{"uuid_is_no_text", write("db/uuid", "\xFF\xFE\n"), "db/uuid", 0},
        BrokenCase{"db_format_is_no_number", write("db/format", "eight\n"), "db/format", 0},
        BrokenCase{"empty_db_format", write("db/format", ""), "db/format", 0}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    S5_Links, SvnBrokenTest,
    testing::Values(BrokenCase{"format", link("format", "db/format"), "format", ELOOP},
                    BrokenCase{"fs_type", link("db/fs-type", "/etc/hostname"), "db/fs-type", ELOOP},
                    BrokenCase{"current", link("db/current", "/etc/shadow"), "db/current", ELOOP},
                    BrokenCase{"uuid", link("db/uuid", "/etc/shadow"), "db/uuid", ELOOP},
                    BrokenCase{"db_format", link("db/format", "nowhere"), "db/format", ELOOP}),
    test::case_name);

INSTANTIATE_TEST_SUITE_P(
    S24_SpecialFiles, SvnBrokenTest,
    testing::Values(BrokenCase{"format_is_a_fifo", fifo("format"), "format", EINVAL},
                    BrokenCase{"format_is_a_directory", directory("format"), "format", EINVAL},
                    BrokenCase{"fs_type_is_a_fifo", fifo("db/fs-type"), "db/fs-type", EINVAL},
                    BrokenCase{"current_is_a_fifo", fifo("db/current"), "db/current", EINVAL},
                    BrokenCase{"current_is_a_directory", directory("db/current"), "db/current",
                               EINVAL},
                    BrokenCase{"current_is_huge", write("db/current", std::string(65537, '1')),
                               "db/current", EFBIG}),
    test::case_name);

// `format` is what svnadmin writes last and reads first. Where the database beside it is
// Subversion's, a `format` that says nothing is a repository that broke, and no repository of
// somebody else.
INSTANTIATE_TEST_SUITE_P(
    Formats, SvnBrokenTest,
    testing::Values(BrokenCase{"empty", write("format", ""), "format", 0},
                    BrokenCase{"of_zeros", write("format", std::string(2, '\0')), "format", 0},
                    BrokenCase{"of_a_later_version", write("format", "6\n"), "format", 0},
                    BrokenCase{"four", write("format", "4\n"), "format", 0}),
    test::case_name);

TEST(SvnBrokenDbTest, S5_ADbThatIsALinkIsToldWithItsTarget) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  std::filesystem::rename(tree / "db", tree / "elsewhere");
  std::filesystem::create_symlink("elsewhere", tree / "db");
  const ProbeResult result = probe(tree.path());
  ASSERT_TRUE(result.error);
  EXPECT_FALSE(result.detail);
  EXPECT_EQ(result.error->path, "db");
  EXPECT_THAT(result.error->message, testing::HasSubstr("symbolic link to elsewhere"));
}

TEST(SvnBrokenDbTest, S10_TheTargetOfALinkIsMadeHarmlessWhereItIsPrinted) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  std::filesystem::remove_all(tree / "db");
  std::filesystem::create_symlink("a\x1b[2J", tree / "db");
  const ProbeResult result = probe(tree.path());
  ASSERT_TRUE(result.error);
  EXPECT_THAT(describe(*result.error), testing::HasSubstr("a\\x1b[2J"));
  EXPECT_THAT(describe(*result.error), testing::Not(testing::HasSubstr("\x1b")));
}

// Undefined in Subversion itself (it reads on behind the end of what it read): opened or refused as
// it happens. Whatever this is taken for, it is not nothing.
TEST(SvnBrokenFormatTest, WithoutNewlineIsFoundOrTold) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  test::write_file(tree / "format", "5");
  const ProbeResult result = probe(tree.path());
  EXPECT_TRUE(result.detail || result.error);
}

struct OtherCase : test::NamedCase {
  Change change;
};

class NoSvnRepositoryTest : public testing::TestWithParam<OtherCase> {};

TEST_P(NoSvnRepositoryTest, S23_IsNoneAndNoError) {
  const test::TempDir tree;
  make_fsfs(tree.path());
  GetParam().change(tree.path());
  const ProbeResult result = probe(tree.path());
  EXPECT_FALSE(result.detail);
  EXPECT_FALSE(result.error) << describe(*result.error);
}

INSTANTIATE_TEST_SUITE_P(
    Decoys, NoSvnRepositoryTest,
    testing::Values(
        OtherCase{"no_format", remove("format")},  // as the target of a hotcopy that was broken off
        OtherCase{"no_db", remove("db")},
        OtherCase{"another_programs_format",
                  both(write("format", "sqlite 3\n"), remove("db/fs-type"))},
        OtherCase{"number_of_another_program", both(write("format", "4\n"), remove("db/fs-type"))},
        OtherCase{"empty_format_of_another_program",
                  both(write("format", ""), remove("db/fs-type"))},
        OtherCase{"working_copys_format", both(write("format", "12\n"), remove("db/fs-type"))},
        OtherCase{"fifo_of_another_program", both(fifo("format"), remove("db/fs-type"))}),
    test::case_name);

struct FaultCase : test::NamedCase {
  std::function<void(test::FakeFileSystem&)> fault;
  std::string path;
  int code;
};

class SvnProbeFaults : public testing::TestWithParam<FaultCase> {};

TEST_P(SvnProbeFaults, S4_AreToldAsARepositoryThatCannotBeRead) {
  test::FakeFileSystem fake;
  fake.add_file("/r/format", "5\n");
  fake.add_file("/r/db/fs-type", "fsfs\n");
  fake.add_file("/r/db/format", "8\n");
  fake.add_file("/r/db/current", "42\n");
  fake.add_file("/r/db/uuid", kUuid);
  GetParam().fault(fake);
  const Result<std::unique_ptr<Directory>> directory = fake.open_root("/r");
  const ProbeResult result = probe_svn(**directory);
  EXPECT_FALSE(result.detail);
  ASSERT_TRUE(result.error);
  EXPECT_EQ(result.error->path, GetParam().path);
  EXPECT_EQ(result.error->code, GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, SvnProbeFaults,
    testing::Values(
        FaultCase{"format_unreadable", [](auto& fake) { fake.fail_open("/r/format", EACCES); },
                  "format", EACCES},
        FaultCase{"format_eio", [](auto& fake) { fake.fail_read("/r/format", EIO); }, "format",
                  EIO},
        FaultCase{"db_unreadable", [](auto& fake) { fake.fail_open("/r/db", EACCES); },
                  "db/fs-type", EACCES},
        FaultCase{"db_eio", [](auto& fake) { fake.fail_stat("/r/db", EIO); }, "db", EIO},
        FaultCase{"fs_type_eio", [](auto& fake) { fake.fail_read("/r/db/fs-type", EIO); },
                  "db/fs-type", EIO},
        FaultCase{"db_format_unreadable",
                  [](auto& fake) { fake.fail_open("/r/db/format", EACCES); }, "db/format", EACCES},
        FaultCase{"current_unreadable", [](auto& fake) { fake.fail_open("/r/db/current", EACCES); },
                  "db/current", EACCES},
        FaultCase{"uuid_eio", [](auto& fake) { fake.fail_read("/r/db/uuid", EIO); }, "db/uuid",
                  EIO}),
    test::case_name);

}  // namespace
}  // namespace repo
