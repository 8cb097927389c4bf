// A copy is read as what its record says it is, or it is damaged.
#include "restorer/read_back.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

#include "tests/restorer/read_back_fixture.h"
#include "tests/support/child.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

TEST_F(ReadBackTest, WhatNobodyTouchedIsWhole) {
  make(make_source);
  expect_whole();
}

TEST_F(ReadBackTest, ACopyWithoutAnythingInItIsWhole) {
  make([](const std::string&) {});
  expect_whole();
}

// What a file-level backup loses, and what a disk may give back in another form.
TEST_F(ReadBackTest, R5_OwnersModesAndTimesOfTheCopyAreNoDamage) {
  make(make_source);
  test::must_run({"chown", "-hR", "1234:1235", generation_});
  test::must_run({"chmod", "-R", "a+rwX", generation_});
  test::must_run({"find", generation_, "-exec", "touch", "-h", "-d", "1980-01-01", "{}", "+"});
  expect_whole();
}

TEST_F(ReadBackTest, D18_NamesAreBytes) {
  make([](const std::string& top) {
    for (const char* name : {"two\nlines", "back\\slash", "\\n", "return\r", "\xff\xfe", "-rf",
                             " a ", "tab\t", "*", "\x1b[31m", "trailing\n"}) {
      test::write_file(top + "/" + name, name);
      test::write_file(top + "/d" + name + "/" + name, name);
      test::make_link(top + "/l" + name, name);
    }
  });
  expect_whole();
  test::write_file(data_ + "/two\nlines", "changed");
  expect_damage("data/two\nlines");
  test::write_file(data_ + "/two\nlines", "two\nlines");
  fs::remove(data_ + "/\xff\xfe");
  expect_damage("data/\xff\xfe");
  test::write_file(data_ + "/\xff\xfe", "\xff\xfe");
  expect_whole();
}

// FIFOs and sockets of the source stand in `owners`, in no order, and are not in the copy.
TEST_F(ReadBackTest, WhatIsNeverCopiedIsNotMissed) {
  make([](const std::string& top) {
    make_source(top);
    test::make_fifo(top + "/a-fifo");
    test::make_fifo(top + "/db/z-fifo");
    test::make_socket(top + "/db/socket");
  });
  ASSERT_THAT(test::read_file(generation_ + "/owners"), HasSubstr("z-fifo"));
  expect_whole();
}

TEST_F(ReadBackTest, WhatTheSourceDidNotHaveIsWholeAndItsLossIsDamage) {
  make(make_source, [](const std::string& data) {
    test::write_file(data + "/db/borrowed/pack", "objects of an alternate");
  });
  ASSERT_THAT(test::read_file(generation_ + "/owners"), testing::Not(HasSubstr("borrowed")));
  expect_whole();
  fs::rename(data_ + "/db/borrowed/pack", tree_ / "pack");
  expect_damage("data/db/borrowed/pack");
}

TEST_F(ReadBackTest, RecordsFromBeforeTheDigestOfLinksAreRead) {
  make(make_source);
  record_.links_sha256.clear();
  expect_whole();
  fs::remove(data_ + "/link");
  expect_damage("data/link");
}

TEST_F(ReadBackTest, NumbersThatAreNotThoseOfTheRecordAreDamage) {
  make(make_source);
  for (std::uint64_t* number :
       {&record_.totals.files, &record_.totals.links, &record_.totals.directories}) {
    ++*number;
    expect_damage("data");
    --*number;
  }
  expect_whole();
}

TEST_F(ReadBackTest, ADeadlineIsNoDamage) {
  make(make_source);
  const Status overdue = check(test::no_time());
  ASSERT_FALSE(overdue);
  EXPECT_FALSE(is_damage(overdue.error())) << describe(overdue.error());
  EXPECT_EQ(overdue.error().code, ETIMEDOUT);
}

// It says nothing of the copy that this user may not read it.
TEST_F(ReadBackTest, WhatMayNotBeReadIsNoDamageAndIsNamed) {
  REPO_NEEDS_ROOT();
  make(make_source);
  test::must_run({"chown", "-hR", "1234:1234", tree_.path()});
  for (const char* closed : {"data/db/revs/0", "data/hollow", "SHA256SUMS", "owners"}) {
    test::give_to(generation_ + "/" + closed, 4321);
    test::in_child([&] {
      test::become_user(1234);
      const Status found = check();
      ASSERT_FALSE(found) << closed;
      EXPECT_FALSE(is_damage(found.error())) << describe(found.error());
      EXPECT_EQ(found.error().code, EACCES);
      EXPECT_EQ(found.error().path, closed);
    });
    test::give_to(generation_ + "/" + closed, 1234);
  }
}

}  // namespace
}  // namespace repo
