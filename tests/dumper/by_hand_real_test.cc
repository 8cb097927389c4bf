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

  // The commands of README.txt's third step, for a copy to below `target`.
  std::string commands_of_the_readme(const std::string& target) const {
    std::istringstream lines(test::read_file(root_->path + "/README.txt"));
    std::string commands;
    bool inside = false;
    for (std::string line; std::getline(lines, line);) {
      inside = inside || line.find("mkdir -m 700 /srv/svn/restoring") != std::string::npos;
      if (inside) commands += line + "\n";
      if (inside && line == "       done") break;
    }
    for (std::size_t at = commands.find("/srv/svn"); at != std::string::npos;
         at = commands.find("/srv/svn", at + target.size())) {
      commands.replace(at, 8, target);
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

TEST_F(ByHandTest, TheCommandsOfTheReadmeBringOwnersAndModesBack) {
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

  test::make_folder(tree_ / "srv");
  const std::string script = commands_of_the_readme(tree_ / "srv");
  ASSERT_THAT(script, HasSubstr("chown"));
  for (const char* shell : {"dash", "bash"}) {
    const test::Ran ran =
        test::run({shell, "-c", "C=$1\n" + script, shell, test::current_of(*root_, item_)});
    EXPECT_EQ(ran.status, 0) << ran.err;
    EXPECT_EQ(ran.err, "");
    EXPECT_EQ(owners_and_modes(tree_ / "srv/restoring/alpha/conf"),
              owners_and_modes(path_ + "/conf"))
        << shell;
    EXPECT_EQ(owners_and_modes(tree_ / "srv/restoring/alpha/hooks"),
              owners_and_modes(path_ + "/hooks"));
    EXPECT_EQ(access_lists(tree_ / "srv/restoring/alpha"), access_lists(path_)) << shell;
    EXPECT_EQ(test::lstat_of(tree_ / "srv/restoring/alpha/db").st_mode & 07777, 02775U);
    EXPECT_EQ(test::lstat_of(tree_ / "srv/restoring/alpha").st_uid, 1234U);
    EXPECT_EQ(test::svn_complaint(tree_ / "srv/restoring/alpha"), "");
    std::filesystem::remove_all(tree_ / "srv/restoring");
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
