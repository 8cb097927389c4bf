// The copy of db/rep-cache.db, with locks held by another process as SQLite holds them. What SQLite
// itself makes of the copies is in svn_rep_cache_real_test.cc.
#include "dumper/svn_rep_cache.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/inotify.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

#include "base/stop_signal.h"
#include "tests/support/child.h"
#include "tests/support/table.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr off_t kPending = 0x40000000;
constexpr off_t kReserved = kPending + 1;
constexpr off_t kShared = kPending + 2;

std::string database() {
  std::string bytes("SQLite format 3\0\x10\x00\x01\x01", 20);
  bytes.resize(8192, 'd');
  return bytes;
}

// Another process that holds a lock on some bytes of a file.
class Holder {
 public:
  // With `until_opened` only until the file is opened by somebody else.
  Holder(const std::string& path, int type, off_t at, off_t size, bool until_opened = false) {
    std::array<int, 2> ready{};
    EXPECT_EQ(pipe2(ready.data(), O_CLOEXEC), 0);
    pid_ = fork();
    if (pid_ == 0) {
      const int file = open(path.c_str(), O_RDWR | O_CLOEXEC);
      struct flock lock = {};
      lock.l_type = static_cast<short>(type);
      lock.l_whence = SEEK_SET;
      lock.l_start = at;
      lock.l_len = size;
      const int watch = inotify_init1(IN_CLOEXEC);
      const bool good = file >= 0 && fcntl(file, F_SETLK, &lock) == 0 &&
                        inotify_add_watch(watch, path.c_str(), IN_OPEN) >= 0;
      if (!good || write(ready[1], "x", 1) != 1) _exit(1);
      std::array<char, 4096> event{};
      if (!until_opened) pause();
      _exit(read(watch, event.data(), event.size()) > 0 ? 0 : 1);
    }
    close(ready[1]);
    char byte = 0;
    EXPECT_EQ(read(ready[0], &byte, 1), 1) << "the lock was not to be had";
    close(ready[0]);
  }
  ~Holder() {
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
  Holder(const Holder&) = delete;
  Holder& operator=(const Holder&) = delete;

 private:
  pid_t pid_ = -1;
};

class SvnRepCacheTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(target_);
    test::write_file(source_ + "/other", "not copied");
    test::write_file(cache_, database());
  }
  Result<std::optional<std::string>> copy(const Patience& patience = test::patient()) const {
    const UniqueFd from = test::open_folder(source_);
    const UniqueFd to = test::open_folder(target_);
    return copy_rep_cache(from.get(), to.get(), patience);
  }
  void must_copy() const {
    const auto left_out = copy();
    ASSERT_TRUE(left_out) << describe(left_out.error());
    EXPECT_EQ(*left_out, std::nullopt) << **left_out;
    EXPECT_TRUE(test::read_file(target_ + "/rep-cache.db") == test::read_file(cache_));
  }
  void expect_left_out(const std::string& why) const {
    const auto left_out = copy();
    ASSERT_TRUE(left_out) << describe(left_out.error());
    ASSERT_TRUE(*left_out);
    EXPECT_THAT(**left_out, HasSubstr(why));
    EXPECT_THAT(**left_out, HasSubstr("build-repcache"));
    EXPECT_THAT(test::names_in(target_), IsEmpty());
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string target_ = tree_ / "target";
  const std::string cache_ = source_ + "/rep-cache.db";
  const std::string journal_ = source_ + "/rep-cache.db-journal";
};

TEST_F(SvnRepCacheTest, ItAloneIsCopiedAndTheSourceIsNotTouched) {
  test::set_mtime(cache_, 1'000'000'000, 5);
  const std::string before = test::snapshot(source_);
  must_copy();
  EXPECT_THAT(test::names_in(target_), testing::ElementsAre("rep-cache.db"));
  EXPECT_EQ(test::lstat_of(target_ + "/rep-cache.db").st_mtim.tv_nsec, 5);
  EXPECT_EQ(test::snapshot(source_), before);
}

TEST_F(SvnRepCacheTest, WhereThereIsNoneNothingIsTold) {
  for (const bool empty : {true, false}) {
    test::write_file(cache_, "");
    if (!empty) unlink(cache_.c_str());
    const auto left_out = copy();
    ASSERT_TRUE(left_out) << describe(left_out.error());
    EXPECT_EQ(*left_out, std::nullopt);
    EXPECT_THAT(test::names_in(target_), IsEmpty());
  }
}

struct HeaderCase : test::NamedCase {
  std::string bytes;
};

class SvnRepCacheHeaderTest : public SvnRepCacheTest,
                              public testing::WithParamInterface<HeaderCase> {};

TEST_P(SvnRepCacheHeaderTest, ADamagedOneIsLeftOut) {
  test::write_file(cache_, GetParam().bytes);
  expect_left_out("damaged");
}

std::string with(std::string bytes, std::size_t at, char byte) {
  bytes[at] = byte;
  return bytes;
}

INSTANTIATE_TEST_SUITE_P(Headers, SvnRepCacheHeaderTest,
                         testing::Values(HeaderCase{"garbage", std::string(8192, 'g')},
                                         HeaderCase{"short", "garbage"},
                                         HeaderCase{"cut_short", database().substr(0, 99)},
                                         HeaderCase{"zeros", std::string(8192, '\0')},
                                         HeaderCase{"another_magic", with(database(), 15, 'x')},
                                         // Its writers lock otherwise.
                                         HeaderCase{"write_ahead_log", with(database(), 18, 2)}),
                         test::case_name);

TEST_F(SvnRepCacheTest, AReaderDoesNotHinder) {
  const Holder reader(cache_, F_RDLCK, kShared, 510);
  must_copy();
}

TEST_F(SvnRepCacheTest, AWriterThatHasNotBegunToWriteDoesNotHinder) {
  test::write_file(journal_, "what will be written");
  const Holder writer(cache_, F_WRLCK, kReserved, 1);
  must_copy();
}

TEST_F(SvnRepCacheTest, AWriterWhoseTurnItIsGetsIt) {
  const Holder writer(cache_, F_WRLCK, kPending, 1);
  expect_left_out("locked");
}

TEST_F(SvnRepCacheTest, D11_OneThatIsLockedAllTheTimeIsLeftOut) {
  const Holder writer(cache_, F_WRLCK, kPending, 512);
  expect_left_out("locked");
}

TEST_F(SvnRepCacheTest, AWriterThatEndsMeanwhileIsWaitedFor) {
  const Holder writer(cache_, F_WRLCK, kPending, 512, true);
  must_copy();
}

TEST_F(SvnRepCacheTest, D11_ADeadlineEndsTheWaiting) {
  const Holder writer(cache_, F_WRLCK, kPending, 512);
  const auto late = copy(test::no_time());
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, ETIMEDOUT);
}

TEST_F(SvnRepCacheTest, D14_AStopEndsTheWaiting) {
  const Holder writer(cache_, F_WRLCK, kPending, 512);
  test::in_child([this] {
    request_stop(15);
    const auto stopped = copy();
    ASSERT_FALSE(stopped);
    EXPECT_EQ(stopped.error().message, "stopped");
  });
}

TEST_F(SvnRepCacheTest, D10_WithTheJournalOfADeadWriterItIsLeftOut) {
  test::write_file(journal_, "what was there before");
  expect_left_out("died");
}

TEST_F(SvnRepCacheTest, AnEmptyJournalIsNobodys) {
  test::write_file(journal_, "");
  must_copy();
}

TEST_F(SvnRepCacheTest, TheLockIsGoneAfterwards) {
  must_copy();
  const Holder writer(cache_, F_WRLCK, kPending, 512);  // fails where it is not
}

TEST_F(SvnRepCacheTest, D20_AFifoIsNotWaitedFor) {
  unlink(cache_.c_str());
  test::make_fifo(cache_);
  expect_left_out("no file");
}

TEST_F(SvnRepCacheTest, D19_ALinkIsNotFollowed) {
  test::write_file(tree_ / "elsewhere", database());
  unlink(cache_.c_str());
  test::make_link(cache_, tree_ / "elsewhere");
  const auto refused = copy();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ELOOP);
  EXPECT_EQ(refused.error().path, "rep-cache.db");
  EXPECT_THAT(test::names_in(target_), IsEmpty());
}

TEST_F(SvnRepCacheTest, AFolderIsLeftOut) {
  unlink(cache_.c_str());
  test::make_folder(cache_);
  expect_left_out("no file");
}

}  // namespace
}  // namespace repo
