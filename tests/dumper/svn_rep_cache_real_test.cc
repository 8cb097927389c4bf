// Copies of db/rep-cache.db while SQLite itself writes there, looked at by SQLite.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "dumper/svn_rep_cache.h"
#include "tests/support/background.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::HasSubstr;

// Written to a FIFO by whoever has come so far.
constexpr const char* kTell =
    "def tell():\n  with open(sys.argv[2], 'wb', 0) as f: f.write(b'x')\n";

class SvnRepCacheRealTest : public testing::Test {
 protected:
  void SetUp() override {
    test::make_folder(source_);
    test::make_folder(target_);
    sqlite(
        "db.execute('create table rep_cache (hash text primary key, revision int)')\n"
        "db.executemany('insert into rep_cache values (?, ?)', "
        "((str(i) * 40, i) for i in range(500)))\n"
        "db.commit()\n");
  }
  static std::string script(const std::string& lines) {
    return std::string("import os, signal, sqlite3, sys\n") + kTell +
           "db = sqlite3.connect(sys.argv[1], timeout=30)\n" + lines;
  }
  void sqlite(const std::string& lines) const {
    test::must_run({"python3", "-c", script(lines), cache_});
  }
  test::Background in_background(const std::string& lines) const {
    return test::Background({"python3", "-c", script(lines), cache_, fifo_}, tree_ / "errors");
  }
  std::optional<std::string> copy() const {
    std::filesystem::remove(target_ + "/rep-cache.db");
    const UniqueFd from = test::open_folder(source_);
    const UniqueFd to = test::open_folder(target_);
    Result<std::optional<std::string>> left_out =
        copy_rep_cache(from.get(), to.get(), test::patient());
    EXPECT_TRUE(left_out) << describe(left_out.error());
    return left_out ? *left_out : std::optional<std::string>("failed");
  }
  // "ok ROWS" of a copy that is whole.
  std::string copied() const {
    return test::must_run({"python3", "-c",
                           "import sqlite3, sys\n"
                           "db = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True)\n"
                           "print(*db.execute('pragma integrity_check').fetchone(), "
                           "*db.execute('select count(*) from rep_cache').fetchone(), end='')",
                           target_ + "/rep-cache.db"});
  }

  test::TempDir tree_;
  const std::string source_ = tree_ / "source";
  const std::string target_ = tree_ / "target";
  const std::string cache_ = source_ + "/rep-cache.db";
  const std::string fifo_ = tree_ / "fifo";
};

TEST_F(SvnRepCacheRealTest, WhatIsCommittedIsInTheCopy) {
  EXPECT_EQ(copy(), std::nullopt);
  EXPECT_EQ(copied(), "ok 500");
}

TEST_F(SvnRepCacheRealTest, WhatIsNotCommittedYetIsNotInTheCopy) {
  test::EndOfWriters event(fifo_);
  const test::Background writer = in_background(
      "db.execute('begin immediate')\n"
      "db.execute(\"insert into rep_cache values ('x', 1)\")\n"
      "tell(); signal.pause()\n");
  ASSERT_TRUE(event.wait_for_byte());
  EXPECT_EQ(copy(), std::nullopt);
  EXPECT_EQ(copied(), "ok 500");
}

TEST_F(SvnRepCacheRealTest, D11_AWriterThatNeverEndsLeavesItOut) {
  test::EndOfWriters event(fifo_);
  const test::Background writer =
      in_background("db.execute('begin exclusive')\ntell(); signal.pause()\n");
  ASSERT_TRUE(event.wait_for_byte());
  EXPECT_THAT(copy().value_or(""), HasSubstr("locked"));
}

TEST_F(SvnRepCacheRealTest, D10_AWriterThatWasKilledInTheMiddleLeavesItOut) {
  test::Background writer = in_background(
      "db.execute('pragma cache_size = 1')\n"
      "db.execute('pragma cache_spill = 1')\n"
      "db.executemany('insert into rep_cache values (?, ?)', "
      "((str(i) * 200, i) for i in range(1000, 3000)))\n"
      "os.kill(os.getpid(), signal.SIGKILL)\n");
  EXPECT_EQ(writer.wait(), 128 + 9) << test::read_file(tree_ / "errors");
  ASSERT_TRUE(test::exists(cache_ + "-journal")) << "the control";
  EXPECT_THAT(copy().value_or(""), HasSubstr("died"));
}

TEST_F(SvnRepCacheRealTest, AWriteAheadLogLeavesItOut) {
  sqlite(
      "db.execute('pragma journal_mode = wal')\n"
      "db.execute(\"insert into rep_cache values ('x', 1)\"); db.commit()\n");
  EXPECT_THAT(copy().value_or(""), HasSubstr("left out"));
}

TEST_F(SvnRepCacheRealTest, D23_EveryCopyUnderAStormOfWritesIsWhole) {
  test::EndOfWriters event(fifo_);
  const test::Background writer = in_background(
      "for i in range(500, 200000):\n"
      "  db.execute('insert into rep_cache values (?, ?)', (str(i) * 40, i)); db.commit()\n"
      "  if i == 501: tell()\n");
  ASSERT_TRUE(event.wait_for_byte());
  int whole = 0;
  std::string last;
  int changes = 0;
  for (int i = 0; i < 20; ++i) {
    const std::optional<std::string> left_out = copy();
    if (left_out) {
      EXPECT_THAT(*left_out, HasSubstr("locked"));
      continue;
    }
    const std::string now = copied();
    EXPECT_THAT(now, testing::StartsWith("ok "));
    if (now != last) ++changes;
    last = now;
    ++whole;
  }
  EXPECT_GT(whole, 0);
  EXPECT_GT(changes, 1) << "there was no storm";
}

}  // namespace
}  // namespace repo
