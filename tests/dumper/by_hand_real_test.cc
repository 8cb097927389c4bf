// What is published can be checked and restored by hand, with nothing of ours.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <sstream>

#include "base/digest.h"
#include "dumper/seal.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {
namespace {

using testing::HasSubstr;

TEST(ChecksumsByHandTest, D18_Sha256sumChecksWhatWeWriteAndWritesTheSame) {
  const test::TempDir tree;
  for (const std::string& name :
       {std::string("plain"), std::string("two\nlines"), std::string("back\\slash"),
        std::string("return\r"), std::string("\\n"), std::string(" *blank"),
        std::string("\xff\xfe"), std::string("\xc3\xa4"), std::string("-rf"), std::string("tab\t"),
        std::string(255, 'n')}) {
    test::write_file(tree / "data/" + name, "content of " + name);
  }
  const UniqueFd staging = test::open_folder(tree.path());
  const UniqueFd source = test::open_folder(tree / "data");
  SealJob job;
  job.staging = staging.get();
  job.source = source.get();
  job.patience = test::patient();
  const Result<Sealed> sealed = seal(job);
  ASSERT_TRUE(sealed) << describe(sealed.error());
  const test::Ran ran =
      test::run({"bash", "-c", "cd \"$0\" && sha256sum --strict -c SHA256SUMS", tree.path()});
  EXPECT_EQ(ran.status, 0) << ran.err << ran.out;
  test::write_file(tree / "data/plain", "changed");
  EXPECT_NE(test::run({"bash", "-c", "cd \"$0\" && sha256sum --strict -c SHA256SUMS", tree.path()})
                .status,
            0);
}

class ByHandTest : public test::RealDumpTest {
 protected:
  ByHandTest() : RealDumpTest("svn") {}

  // The commands of RESTORE.md, up to the one that puts the copy in its place.
  std::string commands() const {
    std::istringstream lines(test::read_file(test::current_of(*root_, item_) + "/RESTORE.md"));
    std::string commands;
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("4. ")) break;
      if (line.starts_with("    ")) commands += line.substr(4) + "\n";
    }
    return commands;
  }
};

// Type, mode, owner and group of everything, a line each.
std::string owners_and_modes(const std::string& top) {
  return test::must_run(
      {"bash", "-c",
       "cd \"$0\" && find . -mindepth 1 ! -type p ! -type s -printf '%y %m %U:%G %p\\n' | sort",
       top});
}

std::string access_lists(const std::string& top) {
  return test::must_run({"bash", "-c", "cd \"$0\" && getfacl -n conf/passwd hooks", top});
}

TEST_F(ByHandTest, TheCommandsOfRestoreMdBringOwnersAndModesBack) {
  test::svn_create(path_);
  test::svn_commit(path_, "file", "one\n");
  test::write_file(path_ + "/conf/two\nlines \\ and  blanks ", "odd");
  test::write_file(path_ + "/conf/-rf", "odd");
  test::write_file(path_ + "/conf/*", "odd");
  test::write_file(path_ + "/hooks/post-commit", "#!/bin/sh\n");
  test::make_link(path_ + "/conf/link", "/etc/passwd");
  test::must_run({"chown", "-hR", "1234:1235", path_});
  test::set_mode(path_ + "/hooks/post-commit", 0755);
  test::set_mode(path_ + "/db", 02775);
  test::set_mode(path_ + "/conf/passwd", 0440);
  test::give_to(path_ + "/conf/authz", 4321);
  test::must_run({"setfacl", "-m", "u:1236:rw-,m::rw-", path_ + "/conf/passwd"});
  test::must_run({"setfacl", "-d", "-m", "g:1237:r-x", path_ + "/hooks"});
  const std::string passwd = test::snapshot("/etc/passwd");
  must_dump();

  const std::string source = tree_ / "source";
  std::filesystem::rename(path_, source);
  ASSERT_THAT(commands(), HasSubstr("chown"));
  for (const char* shell : {"dash", "bash"}) {
    const test::Ran ran = test::run(
        {shell, "-c", "cd \"$1\" || exit\n" + commands(), shell, test::current_of(*root_, item_)});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(owners_and_modes(path_ + "/conf"), owners_and_modes(source + "/conf")) << shell;
    EXPECT_EQ(owners_and_modes(path_ + "/hooks"), owners_and_modes(source + "/hooks")) << shell;
    EXPECT_EQ(access_lists(path_), access_lists(source)) << shell;
    EXPECT_EQ(test::lstat_of(path_ + "/db").st_mode & 07777, 02775U);
    EXPECT_EQ(test::lstat_of(path_).st_uid, 1234U);
    EXPECT_EQ(test::svn_complaint(path_), "");
    std::filesystem::remove_all(path_);
  }
  EXPECT_EQ(test::snapshot("/etc/passwd"), passwd);
}

TEST_F(ByHandTest, TheRecordIsFoundByItsPath) {
  test::svn_create(path_);
  must_dump();
  const test::Ran ran = test::run(
      {"bash", "-c", "cd \"$0\" && grep -l \"\\\"path\\\": \\\"$1\\\"\" current/*/*/item.json",
       root_->path, path_});
  EXPECT_EQ(ran.out, "current/svn/" + item_.id + "/item.json\n");
}

}  // namespace
}  // namespace repo
