// A real Git repository to be copied.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {

class GitRealTest : public test::RealDumpTest {
 protected:
  GitRealTest() : RealDumpTest("git") {}
  void create(const std::vector<std::string>& options = {}) const {
    test::git_init(path_, options);
    for (const char* content : {"one", "two", "three"}) {
      test::git_commit(path_, "file", std::string(content) + "\n");
    }
  }
  std::string copy(const std::string& path = "") const { return data() + "/.git" + path; }
  std::string git(const std::vector<std::string>& words) const { return test::git(path_, words); }
  std::string of_copy(const std::vector<std::string>& words) const {
    return test::git(restored(), words);
  }
  // The copy with working files, apart from the generation: tools write where they look.
  std::string restored() const {
    const std::string place = tree_ / "restored";
    std::filesystem::remove_all(place);
    test::must_run({"cp", "-a", data(), place});
    test::git(place, {"checkout", "-q", "-f"});
    return place;
  }
};

}  // namespace repo
