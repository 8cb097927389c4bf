// The folder of kinds' files: which of them are kinds, and who may have written what lies there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "scanner/user_kind_file.h"
#include "tests/support/child.h"
#include "tests/support/test_support.h"
#include "tests/support/trees.h"

namespace repo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::string kind_text(const std::string& dump = R"({"argv": ["tar", "{path}"]})") {
  return R"({"format": "repo-backup/kind", "version": 1, "kind": "app",
             "signature": {"directories": ["data"]}, "dump": )" +
         dump + "}";
}

class UserKindsFolderTest : public testing::Test {
 protected:
  void SetUp() override {
    test::set_mode(folder_.path(), 0755);
    put("b.json", kind_text());
  }

  void put(const std::string& name, const std::string& text) {
    test::write_file(folder_ / name, text);
    test::set_mode(folder_ / name, 0644);
  }

  std::vector<std::string> errors() const {
    std::vector<std::string> all;
    for (const Error& error : load_user_kinds(folder_.path(), true).errors) {
      all.push_back(describe(error));
    }
    return all;
  }

  test::TempDir folder_;
};

TEST_F(UserKindsFolderTest, EveryJsonFileIsAKind) {
  put("a.json", R"({"format": "repo-backup/kind", "version": 1, "kind": "other",
      "signature": {"directories": ["d"]}, "dump": {"argv": ["a"]}})");
  put("README", "no kind");
  put(".b.json", "an editor's");
  const UserKinds kinds = load_user_kinds(folder_.path(), true);
  EXPECT_THAT(kinds.errors, IsEmpty());
  ASSERT_EQ(kinds.kinds.size(), 2U);
  EXPECT_EQ(kinds.kinds[0].name, "other");
  EXPECT_EQ(kinds.kinds[1].file, folder_ / "b.json");
  EXPECT_EQ(kinds.kinds[1].folder, folder_.path());
}

TEST_F(UserKindsFolderTest, AFolderThatIsNotThereHasNoKinds) {
  EXPECT_THAT(load_user_kinds(folder_ / "none", false).errors, IsEmpty());
  EXPECT_THAT(load_user_kinds(folder_ / "none", true).errors, testing::SizeIs(1));
}

TEST_F(UserKindsFolderTest, ANameIsTakenOnce) {
  put("c.json", kind_text());
  EXPECT_THAT(errors(),
              ElementsAre(testing::AllOf(HasSubstr("c.json"), HasSubstr("kind: app is defined in"),
                                         HasSubstr("b.json already"))));
}

TEST_F(UserKindsFolderTest, AScriptIsThereAndCanBeRun) {
  put("b.json", kind_text(R"({"argv": ["./dump"]})"));
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("dump.argv[0]: open")));
  put("dump", "#!/bin/sh\n");
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("cannot be run by everybody: chmod 755")));
  test::set_mode(folder_ / "dump", 0755);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(UserKindsFolderTest, D31_RootTakesNoKindThatSomebodyElseCouldHaveWritten) {
  REPO_NEEDS_ROOT();
  EXPECT_THAT(errors(), IsEmpty());
  test::set_mode(folder_ / "b.json", 0664);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("somebody else than root")));
  test::set_mode(folder_ / "b.json", 0644);
  constexpr unsigned kStranger = 1234;
  test::give_to(folder_.path(), kStranger);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("somebody else than root")));
}

TEST_F(UserKindsFolderTest, D31_RootRunsNoScriptThatSomebodyElseCouldHaveWritten) {
  REPO_NEEDS_ROOT();
  put("b.json", kind_text(R"({"argv": ["./dump"]})"));
  put("dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0777);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("somebody else than root")));
}

// A script may run or read all that lies beside it.
TEST_F(UserKindsFolderTest, D31_NothingBesideTheKindsIsSomebodyElses) {
  REPO_NEEDS_ROOT();
  put("options", "x=1\n");
  put(".options.swp", "an editor's");
  test::set_mode(folder_ / ".options.swp", 0600);
  test::make_link(folder_ / ".#b.json", "root@host.1234");
  test::make_folder(folder_ / "lib");
  put("lib/more", "y=2\n");
  EXPECT_THAT(errors(), IsEmpty());
  for (const char* name : {"options", ".options.swp", "lib/more"}) {
    test::set_mode(folder_ / name, 0666);
    EXPECT_THAT(errors(), ElementsAre(testing::AllOf(HasSubstr(folder_ / name),
                                                     HasSubstr("somebody else than root"))));
    test::set_mode(folder_ / name, 0644);
  }
  constexpr unsigned kStranger = 1234;
  test::give_to(folder_ / "options", kStranger);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("somebody else than root")));
}

// The commands run as other users than root.
TEST_F(UserKindsFolderTest, WhereThereAreScriptsEverybodyCanReadWhatLiesThere) {
  REPO_NEEDS_ROOT();
  put("options", "x=1\n");
  put("dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0755);
  test::set_mode(folder_ / "options", 0600);
  test::set_mode(folder_.path(), 0700);
  EXPECT_THAT(errors(), IsEmpty()) << "no kind runs a script";
  put("b.json", kind_text(R"({"argv": ["./dump"]})"));
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("chmod 755"), HasSubstr("options: ")));
  test::set_mode(folder_.path(), 0755);
  EXPECT_THAT(errors(), ElementsAre(HasSubstr("chmod 644")));
  test::set_mode(folder_ / "options", 0644);
  EXPECT_THAT(errors(), IsEmpty());
}

TEST_F(UserKindsFolderTest, AnotherDefinitionIsKnownAsAnother) {
  const auto digest = [this] { return load_user_kinds(folder_.path(), true).kinds.at(0).digest; };
  const std::string plain = digest();
  EXPECT_FALSE(plain.empty());
  put("options", "x=1\n");
  EXPECT_EQ(digest(), plain) << "it runs no script";
  put("b.json", kind_text(R"({"argv": ["./dump"]})"));
  put("dump", "#!/bin/sh\n");
  test::set_mode(folder_ / "dump", 0755);
  const std::string before = digest();
  EXPECT_NE(before, plain);
  EXPECT_EQ(digest(), before);
  put("options", "x=2\n");
  EXPECT_NE(digest(), before);
  put("options", "x=1\n");
  put("a.json", R"({"format": "repo-backup/kind", "version": 1, "kind": "other",
      "signature": {"directories": ["d"]}, "dump": {"argv": ["a"]}})");
  EXPECT_EQ(load_user_kinds(folder_.path(), true).kinds.at(1).digest, before)
      << "another kind beside it";
}

}  // namespace
}  // namespace repo
