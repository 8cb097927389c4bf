// What lies where in a Subversion repository.
#include "dumper/svn_layout.h"

#include <gtest/gtest.h>

#include "tests/support/table.h"

namespace repo {
namespace {

struct PartCase : test::NamedCase {
  std::string path;
  SvnPart part;
};

class SvnPartTest : public testing::TestWithParam<PartCase> {};

TEST_P(SvnPartTest, IsToldByThePath) { EXPECT_EQ(svn_part(GetParam().path), GetParam().part); }

INSTANTIATE_TEST_SUITE_P(
    Paths, SvnPartTest,
    testing::Values(
        PartCase{"top", "", SvnPart::kState}, PartCase{"format", "format", SvnPart::kState},
        PartCase{"hook", "hooks/post-commit", SvnPart::kState},
        PartCase{"db", "db", SvnPart::kState}, PartCase{"uuid", "db/uuid", SvnPart::kState},
        PartCase{"db_format", "db/format", SvnPart::kState},
        PartCase{"min_unpacked", "db/min-unpacked-rev", SvnPart::kState},
        PartCase{"current", "db/current", SvnPart::kCurrent},
        PartCase{"txn_current", "db/txn-current", SvnPart::kCurrent},
        PartCase{"lock_of_txn_current", "db/txn-current-lock", SvnPart::kState},
        PartCase{"what_begins_as_current", "db/current.old", SvnPart::kState},
        PartCase{"current_elsewhere", "conf/current", SvnPart::kState},
        PartCase{"cache", "db/rep-cache.db", SvnPart::kRepCache},
        PartCase{"journal", "db/rep-cache.db-journal", SvnPart::kLeftOut},
        PartCase{"wal", "db/rep-cache.db-wal", SvnPart::kLeftOut},
        PartCase{"shm", "db/rep-cache.db-shm", SvnPart::kLeftOut},
        PartCase{"cache_elsewhere", "conf/rep-cache.db", SvnPart::kState},
        PartCase{"transactions", "db/transactions", SvnPart::kState},
        PartCase{"transaction", "db/transactions/5-6.txn/changes", SvnPart::kLeftOut},
        PartCase{"protorevs", "db/txn-protorevs", SvnPart::kState},
        PartCase{"protorev", "db/txn-protorevs/5-6.rev", SvnPart::kLeftOut},
        PartCase{"what_begins_as_transactions", "db/transactions.old/x", SvnPart::kState},
        PartCase{"revisions", "db/revs", SvnPart::kRevisions},
        PartCase{"what_begins_as_revisions", "db/revs.old/1", SvnPart::kState},
        PartCase{"linear_revision", "db/revs/12", SvnPart::kRevisions},
        PartCase{"revision", "db/revs/0/12", SvnPart::kRevisions},
        PartCase{"pack", "db/revs/0.pack/pack", SvnPart::kRevisions},
        PartCase{"manifest", "db/revs/0.pack/manifest", SvnPart::kState},
        PartCase{"property", "db/revprops/0/12", SvnPart::kState},
        PartCase{"packed_property", "db/revprops/0.pack/1.0", SvnPart::kState},
        PartCase{"fsx_revision", "db/revs/0/r12", SvnPart::kRevisions},
        PartCase{"fsx_property", "db/revs/0/p12", SvnPart::kState},
        PartCase{"fsx_packed_property", "db/revs/0.pack/1.0", SvnPart::kState},
        PartCase{"fsx_first_property", "db/revs/0.pack/p0", SvnPart::kState},
        PartCase{"node_origins", "db/node-origins/0", SvnPart::kState},
        PartCase{"lock", "db/locks/a1b/a1b2c3", SvnPart::kState}),
    test::case_name);

struct LeadsCase : test::NamedCase {
  std::string path;
  std::uint64_t shard;
  bool leads;
};

class SvnLeadsTest : public testing::TestWithParam<LeadsCase> {};

TEST_P(SvnLeadsTest, AreTheFoldersAboveTheRevisions) {
  EXPECT_EQ(leads_to_parts(GetParam().path, GetParam().shard), GetParam().leads);
}

INSTANTIATE_TEST_SUITE_P(Paths, SvnLeadsTest,
                         testing::Values(LeadsCase{"top", "", 0, true},
                                         LeadsCase{"db", "db", 0, true},
                                         LeadsCase{"revisions", "db/revs", 0, true},
                                         LeadsCase{"linear_revision", "db/revs/5", 0, false},
                                         LeadsCase{"shard", "db/revs/5", 1000, true},
                                         LeadsCase{"pack", "db/revs/5.pack", 1000, true},
                                         LeadsCase{"revision", "db/revs/5/5001", 1000, false},
                                         LeadsCase{"hooks", "hooks", 1000, false},
                                         LeadsCase{"properties", "db/revprops", 1000, false}),
                         test::case_name);

struct BeyondCase : test::NamedCase {
  std::string path;
  SvnExtent extent;
  bool beyond;
};

class SvnBeyondTest : public testing::TestWithParam<BeyondCase> {};

TEST_P(SvnBeyondTest, IsWhatTheCopyDoesNotHave) {
  EXPECT_EQ(is_beyond(GetParam().path, GetParam().extent), GetParam().beyond);
}

constexpr SvnExtent kLinear = {7, 0, 0};
constexpr SvnExtent kSharded = {7, 4, 0};      // 0-3, 4-7
constexpr SvnExtent kPacked = {9, 4, 4};       // 0.pack, 4-7, 8-9
constexpr SvnExtent kAllPacked = {11, 4, 12};  // nothing but packs

INSTANTIATE_TEST_SUITE_P(
    Paths, SvnBeyondTest,
    testing::Values(BeyondCase{"linear_youngest", "db/revs/7", kLinear, false},
                    BeyondCase{"linear_younger", "db/revs/8", kLinear, true},
                    BeyondCase{"linear_much_younger", "db/revs/100", kLinear, true},
                    BeyondCase{"linear_property", "db/revprops/7", kLinear, false},
                    BeyondCase{"linear_younger_property", "db/revprops/8", kLinear, true},
                    BeyondCase{"linear_no_number", "db/revs/x", kLinear, false},
                    BeyondCase{"youngest", "db/revs/1/7", kSharded, false},
                    BeyondCase{"younger", "db/revs/1/8", kSharded, true},
                    BeyondCase{"shard", "db/revs/1", kSharded, false},
                    BeyondCase{"younger_shard", "db/revs/2", kSharded, true},
                    BeyondCase{"in_a_younger_shard", "db/revs/2/8", kSharded, true},
                    BeyondCase{"pack_not_in_use_yet", "db/revs/0.pack", kSharded, true},
                    BeyondCase{"in_a_pack_not_in_use_yet", "db/revs/0.pack/pack", kSharded, true},
                    BeyondCase{"younger_property", "db/revprops/1/8", kSharded, true},
                    BeyondCase{"younger_shard_of_properties", "db/revprops/2", kSharded, true},
                    BeyondCase{"property", "db/revprops/0/3", kSharded, false},
                    BeyondCase{"pack", "db/revs/0.pack", kPacked, false},
                    BeyondCase{"in_a_pack", "db/revs/0.pack/pack", kPacked, false},
                    BeyondCase{"shard_that_is_packed", "db/revs/0", kPacked, true},
                    BeyondCase{"revision_that_is_packed", "db/revs/0/3", kPacked, true},
                    BeyondCase{"shard_after_the_packs", "db/revs/1", kPacked, false},
                    BeyondCase{"next_pack", "db/revs/1.pack", kPacked, true},
                    BeyondCase{"properties_of_what_is_packed", "db/revprops/0", kPacked, false},
                    BeyondCase{"packed_properties", "db/revprops/0.pack/1.0", kPacked, false},
                    BeyondCase{"last_pack", "db/revs/2.pack", kAllPacked, false},
                    BeyondCase{"shard_after_the_last_pack", "db/revs/3", kAllPacked, true},
                    BeyondCase{"fsx_youngest", "db/revs/1/r7", kSharded, false},
                    BeyondCase{"fsx_younger", "db/revs/1/r8", kSharded, true},
                    BeyondCase{"fsx_younger_property", "db/revs/1/p8", kSharded, true},
                    BeyondCase{"fsx_property", "db/revs/1/p7", kSharded, false},
                    BeyondCase{"elsewhere", "conf/99", kSharded, false},
                    BeyondCase{"too_large_a_number", "db/revs/1/99999999999999999999999", kSharded,
                               false},
                    BeyondCase{"revisions", "db/revs", kSharded, false}),
    test::case_name);

struct RevisionCase : test::NamedCase {
  std::string path;
  std::optional<std::uint64_t> revision;
};

class SvnRevisionOfTest : public testing::TestWithParam<RevisionCase> {};

TEST_P(SvnRevisionOfTest, IsItsNumber) {
  EXPECT_EQ(revision_of(GetParam().path), GetParam().revision);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, SvnRevisionOfTest,
    testing::Values(RevisionCase{"linear", "db/revs/12", 12},
                    RevisionCase{"sharded", "db/revs/3/3017", 3017},
                    RevisionCase{"zero", "db/revs/0/0", 0}, RevisionCase{"fsx", "db/revs/0/r5", 5},
                    RevisionCase{"fsx_property", "db/revs/0/p5", std::nullopt},
                    RevisionCase{"pack", "db/revs/0.pack/pack", std::nullopt},
                    RevisionCase{"number_in_a_pack", "db/revs/0.pack/1", std::nullopt},
                    RevisionCase{"temporary", "db/revs/0/12.tmp", std::nullopt},
                    RevisionCase{"negative", "db/revs/0/-1", std::nullopt},
                    RevisionCase{"signed", "db/revs/0/+1", std::nullopt},
                    RevisionCase{"no_number", "db/revs/0/", std::nullopt},
                    RevisionCase{"letter_alone", "db/revs/0/r", std::nullopt},
                    RevisionCase{"too_deep", "db/revs/0/0/1", std::nullopt},
                    RevisionCase{"property", "db/revprops/0/5", std::nullopt},
                    RevisionCase{"too_large", "db/revs/0/99999999999999999999", std::nullopt}),
    test::case_name);

struct ImmutableCase : test::NamedCase {
  std::string path;
  bool immutable;
};

class SvnImmutableTest : public testing::TestWithParam<ImmutableCase> {};

TEST_P(SvnImmutableTest, AreRevisionsAndPacksAlone) {
  EXPECT_EQ(is_immutable_svn(GetParam().path), GetParam().immutable);
}

INSTANTIATE_TEST_SUITE_P(
    Paths, SvnImmutableTest,
    testing::Values(ImmutableCase{"linear", "db/revs/12", true},
                    ImmutableCase{"sharded", "db/revs/0/12", true},
                    ImmutableCase{"fsx", "db/revs/0/r12", true},
                    ImmutableCase{"pack", "db/revs/0.pack/pack", true},
                    ImmutableCase{"manifest", "db/revs/0.pack/manifest", true},
                    ImmutableCase{"fsx_property", "db/revs/0/p12", false},
                    ImmutableCase{"fsx_packed_property", "db/revs/0.pack/1.0", false},
                    ImmutableCase{"property", "db/revprops/0/12", false},
                    ImmutableCase{"packed_property", "db/revprops/0.pack/1.0", false},
                    ImmutableCase{"cache", "db/rep-cache.db", false},
                    ImmutableCase{"current", "db/current", false},
                    ImmutableCase{"hook", "hooks/12", false},
                    ImmutableCase{"pack_elsewhere", "conf/x.pack/pack", false}),
    test::case_name);

struct ShardCase : test::NamedCase {
  std::string format;
  std::uint64_t shard;
};

class SvnShardSizeTest : public testing::TestWithParam<ShardCase> {};

TEST_P(SvnShardSizeTest, IsWhatDbFormatSays) {
  EXPECT_EQ(shard_size(GetParam().format), GetParam().shard);
}

// As svnadmin 1.14 writes them for each --compatible-version.
INSTANTIATE_TEST_SUITE_P(
    Formats, SvnShardSizeTest,
    testing::Values(ShardCase{"format_1", "1\n", 0}, ShardCase{"format_2", "2\n", 0},
                    ShardCase{"format_3", "3\nlayout sharded 1000\n", 1000},
                    ShardCase{"format_3_linear", "3\nlayout linear\n", 0},
                    ShardCase{"format_4", "4\nlayout sharded 1000\n", 1000},
                    ShardCase{"format_6", "6\nlayout sharded 1000\n", 1000},
                    ShardCase{"format_7", "7\nlayout sharded 1000\naddressing logical\n", 1000},
                    ShardCase{"format_8", "8\nlayout sharded 4\naddressing logical\n", 4},
                    ShardCase{"fsx", "2\nlayout sharded 1000\n", 1000},
                    ShardCase{"no_newline", "8\nlayout sharded 12", 12}, ShardCase{"empty", "", 0},
                    ShardCase{"no_number", "8\nlayout sharded many\n", 0}),
    test::case_name);

}  // namespace
}  // namespace repo
