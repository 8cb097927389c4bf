// What of a real Mercurial repository is in its fingerprint.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/digest.h"
#include "tests/dumper/hg_dumper_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"
#include "tests/support/table.h"

namespace repo {
namespace {

using testing::HasSubstr;

struct HgStateCase : test::NamedCase {
  const char* key;
  const char* file;  // below .hg
};

class HgStateTest : public HgRealTest, public testing::WithParamInterface<HgStateCase> {};

// What hg verify does not look at, the fingerprint tells.
TEST_P(HgStateTest, AChangeIsInTheFingerprint) {
  test::hg_init(path_);
  commit("one");
  test::write_file(path_ + "/.hg/" + GetParam().file, "before\n");
  const Detail before = RealDumpTest::must_dump().fingerprint;
  test::write_file(path_ + "/.hg/" + GetParam().file, "after!\n");
  const Detail after = RealDumpTest::must_dump().fingerprint;
  ASSERT_TRUE(find_detail(before, GetParam().key));
  EXPECT_NE(*find_detail(before, GetParam().key), *find_detail(after, GetParam().key));
}

INSTANTIATE_TEST_SUITE_P(Parts, HgStateTest,
                         testing::Values(HgStateCase{"hgrc", "hgrc", "hgrc"},
                                         HgStateCase{"hgrc_not_shared", "hgrc", "hgrc-not-shared"},
                                         HgStateCase{"mq", "mq", "patches/series"},
                                         HgStateCase{"another_queue", "mq",
                                                     "patches-other/a.patch"},
                                         HgStateCase{"shelved", "shelved", "shelved/x.patch"},
                                         HgStateCase{"local_tags", "local_tags", "localtags"}),
                         test::case_name);

TEST_F(HgRealTest, ANewObsolescenceMarkerIsInTheFingerprint) {
  test::hg_init(path_);
  commit("one");
  EXPECT_FALSE(find_detail(RealDumpTest::must_dump().fingerprint, "obsstore"));
  hg({"commit", "--amend", "-d", "0 0", "-m", "amended", "--config", "experimental.evolution=all"});
  const Detail once = RealDumpTest::must_dump().fingerprint;
  hg({"commit", "--amend", "-d", "0 0", "-m", "again", "--config", "experimental.evolution=all"});
  const Detail twice = RealDumpTest::must_dump().fingerprint;
  ASSERT_TRUE(find_detail(once, "obsstore"));
  EXPECT_NE(*find_detail(once, "obsstore"), *find_detail(twice, "obsstore"));
}

TEST_F(HgRealTest, TheFingerprintCountsHeadsAndKnowsTheFirstChangeset) {
  test::hg_init(path_);
  commit("one");
  commit("two");
  hg({"update", "-q", "0"});
  commit("another head", "other");
  const Detail fingerprint = RealDumpTest::must_dump().fingerprint;
  EXPECT_EQ(*find_detail(fingerprint, "heads"), DetailValue(std::uint64_t{2}));
  const std::string first = test::hg(path_, {"log", "-r", "0", "-T", "{node}"});
  EXPECT_EQ(*find_detail(fingerprint, "first"), DetailValue(first));
  const std::string heads = test::hg(path_, {"log", "-r", "sort(head(), rev)", "-T", "{node}\n"});
  EXPECT_EQ(*find_detail(fingerprint, "heads_sha256"), DetailValue(sha256_hex(heads)));
}

TEST_F(HgRealTest, D25_AnotherRepositoryInItsPlaceFreezesTheOlderCopies) {
  test::hg_init(path_);
  commit("one");
  must_dump();
  std::filesystem::remove_all(path_ + "/.hg");
  test::hg_init(path_);
  commit("something else");
  const ItemResult result = dump_later();
  EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
  EXPECT_THAT(result.notes, testing::Contains(HasSubstr("first changeset changed")));
}

}  // namespace
}  // namespace repo
