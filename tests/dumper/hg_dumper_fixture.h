// A real Mercurial repository to be copied.
#pragma once

#include <gtest/gtest.h>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {

class HgRealTest : public test::RealDumpTest {
 protected:
  HgRealTest() : RealDumpTest("hg") {}

  inline void hg(const std::vector<std::string>& words) const { test::hg(path_, words); }
  inline void commit(const std::string& content, const std::string& file = "file") const {
    test::hg_commit(path_, file, content + "\n");
  }
  // And the copy says what the source says, and has every file of it but caches.
  inline void must_dump(const std::vector<std::string>& config = {}) {
    const std::string log = log_of(path_, config);
    const auto source = without_caches(test::contents_and_x(path_ + "/.hg"));
    RealDumpTest::must_dump();
    EXPECT_EQ(without_caches(test::contents_and_x(data() + "/.hg")), source);
    for (const std::string& top : {path_, data()}) {
      EXPECT_FALSE(test::exists(top + "/.hg/wlock")) << top;
      EXPECT_FALSE(test::exists(top + "/.hg/store/lock")) << top;
      EXPECT_FALSE(test::exists(top + "/.hg/lock")) << top;
    }
    test::must_run({"cp", "-a", data(), tree_ / "restored"});
    EXPECT_EQ(log_of(tree_ / "restored", config), log);
  }
  inline static std::string log_of(const std::string& path, std::vector<std::string> words) {
    words.insert(words.end(), {"log", "--hidden", "-T",
                               "{node} {phase} {branch} {bookmarks} {tags} {obsolete} {desc}\n"});
    return test::hg(path, words);
  }
  inline static std::map<std::string, std::string> without_caches(
      std::map<std::string, std::string> tree) {
    std::erase_if(tree,
                  [](const auto& each) { return each.first.find("cache") != std::string::npos; });
    return tree;
  }
};

}  // namespace repo
