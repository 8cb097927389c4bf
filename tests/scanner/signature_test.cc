#include "scanner/signature.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "tests/support/table.h"

namespace repo {
namespace {

struct NameCase : test::NamedCase {
  std::string entry;
  EntryType type;
  NameBits bit;
};

class NameBitTest : public testing::TestWithParam<NameCase> {};

TEST_P(NameBitTest, IsTheBit) {
  EXPECT_EQ(name_bit(GetParam().entry, GetParam().type), GetParam().bit);
}

INSTANTIATE_TEST_SUITE_P(
    Entries, NameBitTest,
    testing::Values(NameCase{"format", "format", EntryType::kFile, kBitFormat},
                    NameCase{"db", "db", EntryType::kDirectory, kBitDb},
                    NameCase{"hg", ".hg", EntryType::kDirectory, kBitHg},
                    NameCase{"marker", ".repo-backup", EntryType::kFile, kBitMarker},
                    NameCase{"linked_format", "format", EntryType::kSymlink, kBitFormat},
                    NameCase{"linked_db", "db", EntryType::kSymlink, kBitDb},
                    NameCase{"linked_hg", ".hg", EntryType::kSymlink, kBitHg},
                    NameCase{"S22_db_of_unknown_type", "db", EntryType::kUnknown, kBitDb},
                    NameCase{"S22_format_of_unknown_type", "format", EntryType::kUnknown,
                             kBitFormat},
                    NameCase{"S24_format_as_fifo", "format", EntryType::kOther, kBitFormat},
                    NameCase{"S24_db_as_fifo", "db", EntryType::kOther, 0},
                    NameCase{"S24_hg_as_fifo", ".hg", EntryType::kOther, 0},
                    NameCase{"git", ".git", EntryType::kDirectory, kBitGit},
                    NameCase{"git_as_file", ".git", EntryType::kFile, kBitGit},
                    NameCase{"linked_git", ".git", EntryType::kSymlink, kBitGit},
                    NameCase{"head", "HEAD", EntryType::kFile, kBitHead},
                    NameCase{"linked_head", "HEAD", EntryType::kSymlink, kBitHead},
                    NameCase{"S24_head_as_fifo", "HEAD", EntryType::kOther, kBitHead},
                    NameCase{"head_as_directory", "HEAD", EntryType::kDirectory, 0},
                    NameCase{"objects", "objects", EntryType::kDirectory, kBitObjects},
                    NameCase{"linked_objects", "objects", EntryType::kSymlink, kBitObjects},
                    NameCase{"objects_as_file", "objects", EntryType::kFile, 0},
                    NameCase{"longest_name", std::string(255, 'x'), EntryType::kFile, 0},
                    NameCase{"format_as_directory", "format", EntryType::kDirectory, 0},
                    NameCase{"db_as_file", "db", EntryType::kFile, 0},
                    NameCase{"hg_as_file", ".hg", EntryType::kFile, 0},
                    NameCase{"marker_as_directory", ".repo-backup", EntryType::kDirectory, 0},
                    NameCase{"pg_version", "PG_VERSION", EntryType::kFile, kBitPgVersion},
                    NameCase{"pg_version_as_directory", "PG_VERSION", EntryType::kDirectory, 0},
                    NameCase{"base", "base", EntryType::kDirectory, kBitBase},
                    NameCase{"linked_base", "base", EntryType::kSymlink, kBitBase},
                    NameCase{"base_as_file", "base", EntryType::kFile, 0},
                    NameCase{"global", "global", EntryType::kDirectory, kBitGlobal},
                    NameCase{"global_as_fifo", "global", EntryType::kOther, 0},
                    NameCase{"empty_name", "", EntryType::kFile, 0},
                    NameCase{"first_byte_beyond_ascii", "\xA0ormat", EntryType::kFile, 0},
                    NameCase{"longest_of_a_look", std::string(15, '.'), EntryType::kFile, 0},
                    NameCase{"one_longer", std::string(16, '.'), EntryType::kFile, 0},
                    NameCase{"other_name", "README", EntryType::kFile, 0},
                    NameCase{"same_length_and_first_byte", "dx", EntryType::kDirectory, 0},
                    NameCase{"longer", "format2", EntryType::kFile, 0},
                    NameCase{"shorter", "forma", EntryType::kFile, 0},
                    NameCase{"other_case", "DB", EntryType::kDirectory, 0},
                    NameCase{"working_copy", ".svn", EntryType::kDirectory, 0}),
    test::case_name);

TEST(SignaturesTest, NoRowIsTwiceInTheTableAndEachNeedsAName) {
  std::set<std::pair<std::string_view, std::string_view>> rows;
  for (const Signature& each : signatures()) {
    rows.insert({each.kind, each.inside});
    EXPECT_NE(each.required, 0U) << each.kind;
    EXPECT_EQ(each.required & kBitMarker, 0U) << each.kind;
  }
  EXPECT_EQ(rows.size(), signatures().size());
}

struct NeedCase : test::NamedCase {
  NameBits required;
  bool needs;
};

class NeedsASubdirectoryTest : public testing::TestWithParam<NeedCase> {};

TEST_P(NeedsASubdirectoryTest, WhereANameStandsForADirectory) {
  EXPECT_EQ(needs_a_subdirectory({"kind", "", GetParam().required, {}}), GetParam().needs);
}

INSTANTIATE_TEST_SUITE_P(
    Names, NeedsASubdirectoryTest,
    testing::Values(NeedCase{"db", kBitDb, true}, NeedCase{"hg", kBitHg, true},
                    NeedCase{"objects", kBitObjects, true},
                    NeedCase{"git_which_as_a_file_is_a_pointer", kBitGit, true},
                    NeedCase{"file_and_directory", kBitFormat | kBitDb, true},
                    NeedCase{"format", kBitFormat, false}, NeedCase{"head", kBitHead, false},
                    NeedCase{"two_files", kBitFormat | kBitHead, false},
                    NeedCase{"marker", kBitMarker, false}, NeedCase{"nothing", 0, false},
                    NeedCase{"a_bit_that_is_no_name", NameBits{1} << 63, false}),
    test::case_name);

// What the walk's leaf skip stands on.
TEST(SignaturesTest, EachNeedsASubdirectory) {
  for (const Signature& each : signatures()) {
    EXPECT_TRUE(needs_a_subdirectory(each)) << each.kind << " " << each.inside;
  }
}

TEST(SignaturesTest, NoSignatureMatchesAnEmptyDirectoryOrTheMarkerAlone) {
  for (const NameBits word : {NameBits{0}, kBitMarker}) {
    EXPECT_FALSE(std::any_of(signatures().begin(), signatures().end(), [&](const Signature& each) {
      return (word & each.required) == each.required;
    }));
  }
}

}  // namespace
}  // namespace repo
