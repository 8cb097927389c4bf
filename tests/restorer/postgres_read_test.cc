#include "restorer/postgres_read.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/unique_fd.h"
#include "dumper/damage.h"
#include "tests/support/result_support.h"
#include "tests/support/test_support.h"

namespace repo {
namespace {

const std::string kDump =
    "version 15%2E18\nmajor 15\nsystem_identifier 77\nsuperuser the%20boss\nencoding UTF8\n"
    "collate C%2EUTF-8\nctype C\nmethod dump\nunknown x\n";

TEST(PostgresCopyTest, ValuesAreWrittenAsFileNamesAre) {
  const PostgresCopy copy = test::value_of(parse_postgres_cluster(kDump));
  EXPECT_EQ(copy.version, "15.18");
  EXPECT_EQ(copy.superuser, "the boss");
  EXPECT_EQ(copy.collate, "C.UTF-8");
  EXPECT_TRUE(copy.is_dump());
}

TEST(PostgresCopyTest, WhatIsNoPartOfAPathIsNoMajorVersion) {
  for (const std::string major : {"..", ".", "", "15/../x", "%2E%2E", "x", "15%2F"}) {
    SCOPED_TRACE(major);
    const Result<PostgresCopy> copy = parse_postgres_cluster("major " + major + "\nmethod files\n");
    ASSERT_FALSE(copy);
    EXPECT_TRUE(is_damage(copy.error()));
  }
  EXPECT_TRUE(parse_postgres_cluster("major 9%2E6\nmethod files\n"));
}

TEST(PostgresCopyTest, AMethodThatIsNotKnownIsRefused) {
  EXPECT_FALSE(parse_postgres_cluster("major 15\nmethod tape\n"));
  EXPECT_FALSE(parse_postgres_cluster("major 15\nmethod dump\n")) << "no superuser";
  EXPECT_FALSE(parse_postgres_cluster("major 15\nmethod\n"));
}

class PostgresCopyFilesTest : public testing::Test {
 protected:
  void SetUp() override {
    put("cluster", kDump);
    std::filesystem::create_directories(top_ / "databases/a%2Fb");
    put("rows/a%2Fb", "3\t\"public.t\"\n4\t\"public.u\"\n");
    data_ = UniqueFd(open(top_.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  }
  void put(const std::string& path, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(top_ / path).parent_path());
    test::write_file(top_ / path, text);
  }
  Result<PostgresCopy> copy() { return read_postgres_copy(data_.get()); }
  Status compared(const Detail& recorded) {
    const Result<PostgresCopy> read = copy();
    return read ? expect_as_recorded(data_.get(), *read, recorded) : Status(read.error());
  }
  const test::TempDir top_;
  UniqueFd data_;
};

TEST_F(PostgresCopyFilesTest, R10_CountsAreComparedWithTheRecord) {
  const Detail good = {{"version", std::string("15.18")},
                       {"databases", std::uint64_t{1}},
                       {"tables", std::uint64_t{2}},
                       {"rows", std::uint64_t{7}},
                       {"database_bytes", std::uint64_t{99}}};
  const Status same = compared(good);
  EXPECT_TRUE(same) << describe(same.error());
  for (const char* key : {"databases", "tables", "rows"}) {
    Detail other = good;
    for (auto& [name, value] : other) {
      if (name == key) value = std::uint64_t{8};
    }
    const Status found = compared(other);
    ASSERT_FALSE(found);
    EXPECT_TRUE(is_damage(found.error()));
    EXPECT_NE(found.error().message.find(key), std::string::npos);
  }
}

TEST_F(PostgresCopyFilesTest, R10_LinesThatAreNoCountsAreDamage) {
  for (const std::string text : {"x\t\"t\"\n", "3\n", "-1\t\"t\"\n", "\n"}) {
    put("rows/a%2Fb", text);
    const Status found = compared({});
    ASSERT_FALSE(found) << text;
    EXPECT_TRUE(is_damage(found.error()));
  }
}

TEST_F(PostgresCopyFilesTest, A2_AFolderThatIsNoDatabasesNameIsDamage) {
  for (const std::string name : {"a b", "%2f", "-x"}) {
    std::filesystem::create_directories(top_ / ("databases/" + name));
    EXPECT_FALSE(copy()) << name;
    std::filesystem::remove(top_ / ("databases/" + name));
  }
}

TEST_F(PostgresCopyFilesTest, A2_DatabasesBecomeConnectionStrings) {
  const Script script = postgres_script(test::value_of(copy()), "/bin", 1234);
  EXPECT_TRUE(script.arguments.empty()) << "a command line has no room for them";
  EXPECT_EQ(script.sockets, Sockets::kOwn);
  EXPECT_EQ(postgres_databases(test::value_of(copy())),
            "databases=1\neach() {\n  \"$1\" 'a%2Fb' 'dbname='\\''a/b'\\'''\n}\n");
}

TEST_F(PostgresCopyFilesTest, R6_AVersionThatIsNotInstalledIsNoDamage) {
  PostgresCopy other = test::value_of(copy());
  other.major = "99";
  const Result<std::string> programs = postgres_binaries(other);
  ASSERT_FALSE(programs);
  EXPECT_FALSE(is_damage(programs.error()));
  EXPECT_NE(programs.error().message.find("apt-get install postgresql-99"), std::string::npos);
}

}  // namespace
}  // namespace repo
