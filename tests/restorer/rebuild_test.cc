// What comes back of a copy: everything that was at the source.
#include "restorer/rebuild.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>

#include "dumper/damage.h"
#include "tests/restorer/generation_fixture.h"
#include "tests/support/child.h"

namespace repo {
namespace {

namespace fs = std::filesystem;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// Type, mode, owner, group, size, mtime and what a link says of everything, a line each; of what
// is no FIFO or socket.
std::string told_of(const std::string& top) {
  return test::must_run({"bash", "-c",
                         "cd \"$0\" && find . ! -type p ! -type s -printf "
                         "'%y %m %U:%G %T@ %l %P\\0' | sort -z | tr '\\0' '\\n'",
                         top});
}
std::string attributes_of(const std::string& top) {
  return test::must_run({"bash", "-c", "cd \"$0\" && getfattr -Rhd -m - . && getfacl -Rnp .", top});
}

class RebuildTest : public GenerationTest {
 protected:
  void SetUp() override { test::make_folder(target_); }

  Result<Rebuilt> try_rebuild(const RebuildOptions& options = {true, {}, test::patient()}) {
    const UniqueFd folder = test::open_folder(generation_);
    const UniqueFd target = test::open_folder(target_);
    return rebuild(folder.get(), record_, target.get(), options);
  }
  Rebuilt must_rebuild(const OwnerMap& map = {}) {
    return test::value_of(try_rebuild({true, map, test::patient()}));
  }
  void empty_target() {
    fs::remove_all(target_);
    test::make_folder(target_);
  }
  static mode_t mode_of(const std::string& path) { return test::lstat_of(path).st_mode & 07777; }

  const std::string target_ = tree_ / "target";
};

void set_attribute(const std::string& path, const std::string& name, const std::string& value) {
  ASSERT_EQ(lsetxattr(path.c_str(), name.c_str(), value.data(), value.size(), 0), 0)
      << std::strerror(errno);
}

// What a source may have, of several users.
void make_source(const std::string& top) {
  test::write_file(top + "/plain", "plain\n");
  test::write_file(top + "/empty", "");
  test::write_file(top + "/hooks/post-commit", "#!/bin/sh\n");
  test::write_file(top + "/hooks/as-root", "#!/bin/sh\n");
  test::write_file(top + "/db/revs/0/0", "revision\n");
  test::write_file(top + "/closed/secret", "secret\n");
  test::write_file(top + "/two\nlines\\ \xff", "odd\n");
  test::make_folder(top + "/hollow");
  test::make_link(top + "/link", "plain");
  test::make_link(top + "/db/away", "/etc/passwd");
  test::must_run({"chown", "-hR", "1234:1235", top});
  test::give_to(top + "/link", 1300);
  test::give_to(top + "/db/away", 1301);
  test::give_to(top + "/closed/secret", 1302);
  test::give_to(top + "/hooks/as-root", 0);
  test::set_mode(top + "/plain", 0440);
  test::set_mode(top + "/empty", 0);
  test::set_mode(top + "/hooks/post-commit", 02755);
  test::set_mode(top + "/hooks/as-root", 06755);
  test::set_mode(top + "/db", 02775);
  test::set_mode(top + "/db/revs", 01777);
  test::set_mode(top + "/closed", 0500);
  test::set_mode(top, 02750);
  test::set_mtime(top + "/plain", 1'000'000'000, 123'456'789);
  test::set_mtime(top + "/db/revs/0", 5, 0);
  test::set_mtime(top + "/db", 1'100'000'000, 1);
  test::set_mtime(top + "/link", -1, 0);
  test::set_mtime(top, 1'200'000'000, 999'999'999);
}

TEST_F(RebuildTest, R4_OwnersModesTimesAndLinksComeBackExactly) {
  REPO_NEEDS_ROOT();
  make(make_source);
  // What a file-level backup loses is in `owners`.
  test::must_run({"chown", "-hR", "4321:4321", generation_});
  test::must_run({"chmod", "-R", "u+rwX,go=", generation_});
  const Rebuilt rebuilt = must_rebuild();
  EXPECT_THAT(rebuilt.not_set, IsEmpty());
  EXPECT_EQ(rebuilt.files, 7U);
  EXPECT_EQ(
      rebuilt.bytes,
      test::must_run({"bash", "-c", "cd \"$0\" && find . -type f -exec cat {} +", source_}).size());
  EXPECT_EQ(told_of(target_), told_of(source_));
  EXPECT_EQ(test::contents(target_), test::contents(source_));
}

TEST_F(RebuildTest, R4_AttributesAndAccessListsComeBackExactly) {
  REPO_NEEDS_ROOT();
  make([](const std::string& top) {
    make_source(top);
    set_attribute(top + "/plain", "user.note", std::string("\0\xff x", 4));
    set_attribute(top + "/hollow", "user.a, b=c", "");
    set_attribute(top + "/db/away", "trusted.of-a-link", "x");
    set_attribute(top, "user.top", "top");
    test::must_run({"setfacl", "-m", "u:1236:rwx,g:1237:r-x,m::r-x", top + "/plain"});
    test::must_run({"setfacl", "-d", "-m", "g:1237:r-x", top + "/db"});
    test::must_run({"setfacl", "-m", "u:1238:r-x", top});
  });
  EXPECT_THAT(must_rebuild().not_set, IsEmpty());
  EXPECT_EQ(attributes_of(target_), attributes_of(source_));
  EXPECT_EQ(told_of(target_), told_of(source_));
}

// The folder that a repository comes back to may hand rights down to what is made in it.
TEST_F(RebuildTest, NothingIsInheritedFromWhereItIsRestored) {
  REPO_NEEDS_ROOT();
  make(make_source);
  test::must_run({"setfacl", "-m", "u:1236:rwx,d:u:1236:rwx,d:g:1237:rwx", target_});
  test::must_run({"chgrp", "1250", target_});
  test::set_mode(target_, 02700);
  must_rebuild();
  EXPECT_EQ(attributes_of(target_), attributes_of(source_));
  EXPECT_EQ(told_of(target_), told_of(source_));
}

TEST_F(RebuildTest, GroupsOfOnesOwnAreNotThoseOfTheFolder) {
  REPO_NEEDS_ROOT();
  make([](const std::string& top) { test::write_file(top + "/dir/file", "of root\n"); });
  test::must_run({"chgrp", "1250", target_});
  test::set_mode(target_, 02700);
  must_rebuild();
  EXPECT_EQ(told_of(target_), told_of(source_));
}

TEST_F(RebuildTest, HolesStayHoles) {
  constexpr off_t kSize = off_t{16} << 20;
  make([](const std::string& top) {
    test::write_file(top + "/sparse", "begin");
    test::write_file(top + "/tail", "");
    fs::resize_file(top + "/sparse", kSize / 2);
    test::must_run({"bash", "-c", "echo end >>\"$0\"", top + "/sparse"});
    fs::resize_file(top + "/sparse", kSize);
    fs::resize_file(top + "/tail", kSize);
  });
  must_rebuild();
  for (const char* name : {"/sparse", "/tail"}) {
    const struct stat st = test::lstat_of(target_ + name);
    EXPECT_EQ(st.st_size, kSize);
    EXPECT_LT(st.st_blocks * 512, kSize / 4) << name;
    EXPECT_EQ(test::read_file(target_ + name), test::read_file(source_ + name));
  }
}

TEST_F(RebuildTest, FilesHaveInodesOfTheirOwn) {
  make([](const std::string& top) { test::write_file(top + "/file", "content"); });
  must_rebuild();
  test::write_file(target_ + "/file", "changed");
  EXPECT_EQ(test::read_file(data_ + "/file"), "content");
}

// Objects of an alternate, say.
TEST_F(RebuildTest, WhatTheSourceDidNotHaveIsAsTheFolderAboveIt) {
  REPO_NEEDS_ROOT();
  make(
      [](const std::string& top) {
        test::write_file(top + "/objects/x", "x");
        test::must_run({"chown", "-hR", "1234:1235", top});
        test::give_to(top + "/objects", 1300);
        test::set_mode(top + "/objects", 02750);
      },
      [](const std::string& data) {
        test::write_file(data + "/objects/pack/p.pack", "pack");
        test::write_file(data + "/objects/pack/run", "#!/bin/sh\n");
        test::set_mode(data + "/objects/pack/run", 0700);
      });
  must_rebuild();
  for (const char* name : {"/objects/pack", "/objects/pack/p.pack", "/objects/pack/run"}) {
    EXPECT_EQ(test::lstat_of(target_ + name).st_uid, 1300U) << name;
    EXPECT_EQ(test::lstat_of(target_ + name).st_gid, 1300U) << name;
  }
  EXPECT_EQ(mode_of(target_ + "/objects/pack"), 02750U);
  EXPECT_EQ(mode_of(target_ + "/objects/pack/p.pack"), 0640U);
  EXPECT_EQ(mode_of(target_ + "/objects/pack/run"), 0740U);
}

TEST_F(RebuildTest, AMapGivesToOthersAndTakesTheRightToRunAsThem) {
  REPO_NEEDS_ROOT();
  make([](const std::string& top) {
    make_source(top);
    test::write_file(top + "/of-another", "x");
    test::give_to(top + "/of-another", 1400);
    test::set_mode(top + "/of-another", 06755);
    test::must_run({"setfacl", "-m", "u:1234:rwx,g:1235:r-x", top + "/plain"});
  });
  OwnerMap map;
  map.users = {{1234, 2234}, {0, 2000}};
  map.groups = {{1235, 2235}};
  must_rebuild(map);
  EXPECT_EQ(test::lstat_of(target_ + "/plain").st_uid, 2234U);
  EXPECT_EQ(test::lstat_of(target_ + "/plain").st_gid, 2235U);
  EXPECT_EQ(test::lstat_of(target_ + "/link").st_uid, 1300U);
  EXPECT_EQ(test::lstat_of(target_).st_uid, 2234U);
  EXPECT_EQ(mode_of(target_ + "/hooks/as-root"), 0755U);
  EXPECT_EQ(test::lstat_of(target_ + "/hooks/as-root").st_uid, 2000U);
  EXPECT_EQ(mode_of(target_ + "/hooks/post-commit"), 0755U);
  EXPECT_EQ(mode_of(target_ + "/of-another"), 06755U);
  EXPECT_EQ(mode_of(target_ + "/db"), 02775U) << "of a folder it is no right to run";
  EXPECT_THAT(test::must_run({"getfacl", "-ncp", target_ + "/plain"}),
              testing::AllOf(HasSubstr("user:2234:rwx"), HasSubstr("group:2235:r-x")));
}

TEST_F(RebuildTest, WithoutOwnersAllIsOursAndAsPrivateAsTheCopy) {
  REPO_NEEDS_ROOT();
  make(make_source);
  const Result<Rebuilt> rebuilt = try_rebuild({false, {}, test::patient()});
  ASSERT_TRUE(rebuilt) << describe(rebuilt.error());
  EXPECT_EQ(test::must_run(
                {"find", target_, "!", "-uid", "0", "-o", "!", "-type", "l", "-perm", "/7077"}),
            "");
  EXPECT_EQ(mode_of(target_ + "/hooks/post-commit"), 0700U);
  EXPECT_EQ(mode_of(target_ + "/plain"), 0600U);
  EXPECT_EQ(test::lstat_of(target_ + "/plain").st_mtim.tv_nsec, 123'456'789);
}

TEST_F(RebuildTest, AnotherUserIsToldWhatCouldNotBeSetAndNothingRunsAsHim) {
  REPO_NEEDS_ROOT();
  make([](const std::string& top) {
    make_source(top);
    test::must_run({"chown", "-hR", "0:0", top + "/hooks"});
    test::set_mode(top + "/hooks/post-commit", 02755);
    test::set_mode(top + "/hooks/as-root", 06755);
    test::write_file(top + "/own", "x");
    test::give_to(top + "/own", 1234);
    test::set_mode(top + "/own", 04755);
    set_attribute(top + "/plain", "trusted.note", "x");
    set_attribute(top + "/own", "user.note", "x");
  });
  test::must_run({"chown", "-hR", "1234:1234", generation_, target_, tree_.path()});
  test::in_child([&] {
    test::become_user(1234);
    const Rebuilt rebuilt = must_rebuild();
    EXPECT_THAT(rebuilt.not_set,
                Contains(HasSubstr("owner 0:0 could not be set (Operation not permitted): "
                                   "hooks/as-root and 2 more")));
    EXPECT_THAT(rebuilt.not_set, Contains(HasSubstr("attribute trusted.note")));
    EXPECT_THAT(rebuilt.not_set, Contains(HasSubstr("owner 1300:1300")));
  });
  EXPECT_EQ(test::contents(target_), test::contents(source_));
  EXPECT_EQ(test::must_run({"find", target_, "!", "-uid", "1234"}), "");
  EXPECT_EQ(mode_of(target_ + "/hooks/as-root"), 0755U);
  EXPECT_EQ(mode_of(target_ + "/hooks/post-commit"), 0755U);
  EXPECT_EQ(mode_of(target_ + "/own"), 04755U) << "it was his own";
  EXPECT_EQ(mode_of(target_ + "/plain"), 0440U);
  EXPECT_EQ(mode_of(target_ + "/closed"), 0500U);
  char value[2] = {};
  EXPECT_EQ(getxattr((target_ + "/own").c_str(), "user.note", value, sizeof value), 1);
}

// Whatever somebody has put into the copy: nothing is written but into the target.
TEST_F(RebuildTest, R11_LinksLeadNowhere) {
  const std::string outside = tree_ / "outside";
  test::write_file(outside + "/file", "of somebody\n");
  make([&](const std::string& top) {
    test::write_file(top + "/a/file", "ours\n");
    test::write_file(top + "/z", "ours\n");
    test::make_link(top + "/b", outside);
  });
  const std::string before = test::snapshot(outside);

  const auto refused = [&](const std::string& named) {
    const Error error = test::error_of(try_rebuild());
    EXPECT_TRUE(is_damage(error)) << describe(error);
    EXPECT_EQ(error.path, named);
    EXPECT_EQ(test::snapshot(outside), before);
    empty_target();
  };
  must_rebuild();
  EXPECT_EQ(fs::read_symlink(target_ + "/b"), outside);
  EXPECT_EQ(test::snapshot(outside), before);
  empty_target();

  fs::remove_all(data_ + "/a");
  test::make_link(data_ + "/a", outside);
  refused("data/a");
  fs::remove(data_ + "/a");
  test::write_file(data_ + "/a/file", "ours\n");
  must_rebuild();
  empty_target();

  fs::remove(data_ + "/b");
  test::write_file(data_ + "/b/file", "through a link\n");
  refused("data/b");
}

TEST_F(RebuildTest, R8_ADamagedFileIsNamedAndTheCopyStaysAsItIs) {
  make([](const std::string& top) {
    test::write_file(top + "/a", "a");
    test::write_file(top + "/b", "b");
  });
  test::write_file(data_ + "/b", "x");
  const std::string before = test::snapshot(generation_);
  const Error error = test::error_of(try_rebuild());
  EXPECT_TRUE(is_damage(error));
  EXPECT_EQ(error.path, "data/b");
  EXPECT_EQ(test::snapshot(generation_), before);
}

TEST_F(RebuildTest, ADeadlineAndAFullDiskAreNoDamage) {
  REPO_NEEDS_ROOT();
  make([](const std::string& top) { test::write_file(top + "/a", std::string(1 << 20, 'a')); });
  const Error overdue = test::error_of(try_rebuild({true, {}, test::no_time()}));
  EXPECT_EQ(overdue.code, ETIMEDOUT);
  EXPECT_FALSE(is_damage(overdue));
  test::in_child([&] {
    test::enter_private_mount_namespace();
    test::mount_tmpfs(target_, "size=64k,mode=0700");
    const Error full = test::error_of(try_rebuild());
    EXPECT_EQ(full.code, ENOSPC);
    EXPECT_EQ(full.path, "a");
    EXPECT_FALSE(is_damage(full));
  });
}

TEST_F(RebuildTest, TheTargetMustBeEmpty) {
  make([](const std::string& top) { test::write_file(top + "/a", "a"); });
  test::write_file(target_ + "/a", "of somebody");
  const Error error = test::error_of(try_rebuild());
  EXPECT_EQ(error.code, EEXIST);
  EXPECT_EQ(test::read_file(target_ + "/a"), "of somebody");
}

}  // namespace
}  // namespace repo
