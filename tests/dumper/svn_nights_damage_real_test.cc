// Damage that shows on later nights.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/dumper/svn_nights_fixture.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::chrono::hours kDay{24};

void flip(const std::string& path, std::size_t at) {
  const struct stat st = test::lstat_of(path);
  std::string bytes = test::read_file(path);
  bytes[at] = static_cast<char>(bytes[at] ^ 0x20);
  test::write_file(path, bytes);
  test::set_mtime(path, st.st_mtim.tv_sec, st.st_mtim.tv_nsec);
}

TEST_F(SvnNightsTest, D10_DamageInASharedFileIsFoundByTheVerificationOfTheWholeAndCopiedAnew) {
  create();
  test::svn_commit(path_, "large", std::string(5000, 'x') + "\n");
  commit(3);
  night();
  kept_.clear();  // for this one is damaged now
  flip(data() + "/db/revs/0/1", 100);
  ASSERT_NE(test::svn_complaint(data()), "") << "the control";
  commit(1);
  const ItemResult mended = dump_later(8 * kDay);
  ASSERT_EQ(mended.status, ItemStatus::kCopied) << describe(mended.error.value_or(Error()));
  EXPECT_THAT(mended.notes, Contains(HasSubstr("copied whole")));
  EXPECT_TRUE(has_read_all());
  EXPECT_EQ(mended.bytes_written, mended.bytes);
  expect_equal_to_the_source();
}

TEST_F(SvnNightsTest, D10_DamageThatShowsInTheTimesIsFoundAtOnce) {
  create();
  test::svn_commit(path_, "large", std::string(5000, 'x') + "\n");
  commit(3);
  night();
  kept_.clear();
  test::next_tick(tree_.path());
  std::string bytes = test::read_file(data() + "/db/revs/0/1");
  bytes[100] = static_cast<char>(bytes[100] ^ 0x20);
  test::write_file(data() + "/db/revs/0/1", bytes);
  commit(1);
  const ItemResult mended = dump_later();
  ASSERT_EQ(mended.status, ItemStatus::kCopied) << describe(mended.error.value_or(Error()));
  EXPECT_EQ(mended.bytes_written, mended.bytes);
  expect_equal_to_the_source();
}

// Also on a night on which only what is new would be read.
TEST_F(SvnNightsTest, D10_AnOldRevisionThatWasDamagedAtTheSourceIsNotPublished) {
  create();
  test::svn_commit(path_, "large", std::string(5000, 'x') + "\n");
  commit(3);
  const ItemResult good = night();
  std::string bytes = test::read_file(path_ + "/db/revs/0/1");
  bytes[100] = static_cast<char>(bytes[100] ^ 0x20);
  test::set_mode(path_ + "/db/revs/0/1", 0644);
  test::write_file(path_ + "/db/revs/0/1", bytes);
  commit(1);
  const ItemResult bad = dump_later();
  EXPECT_EQ(bad.status, ItemStatus::kFailed);
  EXPECT_THAT(bad.error.value_or(Error()).op, HasSubstr("svnadmin verify"));
  EXPECT_EQ(record()["generation"], good.generation);
}

TEST_F(SvnNightsTest, D10_AnOldRevisionThatWasLostAtTheSourceIsNotPublished) {
  create();
  commit(5);
  const ItemResult good = night();
  std::filesystem::remove(path_ + "/db/revs/0/2");
  test::write_file(path_ + "/conf/passwd", "[users]\n");
  const ItemResult bad = dump_later();
  EXPECT_EQ(bad.status, ItemStatus::kFailed);
  EXPECT_EQ(record()["generation"], good.generation);
}

TEST_F(SvnNightsTest, AFlawedCacheIsLeftOutEachNight) {
  create();
  commit(2);
  night();
  test::write_file(path_ + "/db/rep-cache.db", "garbage");
  for (int i = 0; i < 2; ++i) {
    const ItemResult result = dump_later();
    ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    EXPECT_THAT(result.notes, ElementsAre(HasSubstr("build-repcache")));
    EXPECT_FALSE(test::exists(data() + "/db/rep-cache.db"));
    EXPECT_EQ(test::svn_complaint(data()), "");
    test::write_file(path_ + "/conf/night", std::to_string(i));
  }
}

// Its header is good: only SQLite sees what is wrong with it.
TEST_F(SvnNightsTest, ACacheThatIsDamagedInsideIsLeftOut) {
  create();
  commit(3);
  std::string bytes = test::read_file(path_ + "/db/rep-cache.db");
  std::fill(bytes.begin() + 100, bytes.end(), '\x7f');
  test::write_file(path_ + "/db/rep-cache.db", bytes);
  const ItemResult result = dump_later();
  ASSERT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
  EXPECT_EQ(test::svn_complaint(data()), "");
  EXPECT_EQ(test::exists(data() + "/db/rep-cache.db"), result.notes.empty());
}

}  // namespace
}  // namespace repo
