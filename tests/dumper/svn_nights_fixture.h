// Nights after the first one of a real Subversion repository.
#pragma once

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/digest.h"
#include "tests/support/real_dump.h"
#include "tests/support/repositories.h"

namespace repo {

class SvnNightsTest : public test::RealDumpTest {
 protected:
  SvnNightsTest() : RealDumpTest("svn") { keep_ = 100; }

  void create(const std::vector<std::string>& options = {}, int shard = 0) {
    test::svn_create(path_, options);
    if (shard > 0) test::svn_set_shard(path_, shard);
  }
  void commit(int count) {
    for (int i = 0; i < count; ++i) {
      ++commits_;
      test::svn_commit(path_, "file" + std::to_string(commits_ % 3),
                       "content " + std::to_string(commits_) + "\n");
    }
  }
  // Copies what there is, and sees that all is as it must be.
  ItemResult night(std::chrono::seconds later = {}) {
    ItemResult result = dump_later(later);
    EXPECT_EQ(result.status, ItemStatus::kCopied) << describe(result.error.value_or(Error()));
    if (result.error) ADD_FAILURE() << describe(*result.error);
    expect_equal_to_the_source();
    expect_older_ones_untouched();
    kept_[result.generation] = fixed(data());
    return result;
  }
  void expect_equal_to_the_source() const {
    EXPECT_EQ(test::svn_complaint(data()), "");
    EXPECT_EQ(test::svn_uuid(data()), test::svn_uuid(path_));
    EXPECT_EQ(test::svn_tree(data()), test::svn_tree(path_));
    EXPECT_EQ(in_a_copy(data()), in_a_copy(path_));
    const test::Ran sums =
        test::run({"bash", "-c", "cd \"$0\" && sha256sum --quiet --strict -c SHA256SUMS",
                   test::current_of(*root_, item_)});
    EXPECT_EQ(sums.status, 0) << sums.out << sums.err;
  }
  void expect_older_ones_untouched() const {
    for (const auto& [generation, entries] : kept_) {
      EXPECT_EQ(fixed(older(generation)), entries) << generation;
    }
  }
  std::string older(const std::string& generation) const {
    return test::older_of(*root_, item_) + "/" + generation + "/data";
  }
  // Contents, modes and times: all that may never change in a generation.
  static std::map<std::string, std::string> fixed(const std::string& top) {
    std::map<std::string, std::string> entries = test::contents_and_x(top);
    for (auto& [path, text] : entries) {
      const struct stat st = test::lstat_of(top + "/" + path);
      text = sha256_hex(text) + " " + std::to_string(st.st_mode) + " " +
             std::to_string(st.st_mtim.tv_sec) + "." + std::to_string(st.st_mtim.tv_nsec) + " " +
             std::to_string(st.st_ino);
    }
    return entries;
  }
  // All that a copy has of its source.
  static std::map<std::string, std::string> in_a_copy(const std::string& top) {
    std::map<std::string, std::string> entries = test::contents_and_x(top);
    std::erase_if(entries, [](const auto& entry) {
      const std::string& path = entry.first;
      return path.starts_with("db/transactions/") || path.starts_with("db/txn-protorevs/") ||
             path.starts_with("db/rep-cache.db-");
    });
    return entries;
  }
  nlohmann::json record() const {
    return nlohmann::json::parse(test::read_file(test::current_of(*root_, item_) + "/item.json"));
  }
  bool has_read_all() const { return !record()["verified"].contains("new"); }
  // Whether a file of this copy is that of the generation before.
  bool is_shared(const std::string& path, const ItemResult& before) const {
    return test::lstat_of(data() + "/" + path).st_ino ==
           test::lstat_of(older(before.generation) + "/" + path).st_ino;
  }

  // The file of a revision, wherever this format keeps it.
  std::string file_of(int revision) const {
    const std::string number = std::to_string(revision);
    for (const std::string& path :
         {"db/revs/" + number, "db/revs/0/" + number, "db/revs/0/r" + number}) {
      if (S_ISREG(test::exists(path_ + "/" + path) ? test::lstat_of(path_ + "/" + path).st_mode
                                                   : 0)) {
        return path;
      }
    }
    ADD_FAILURE() << "no file of revision " << number;
    return "";
  }

  int commits_ = 0;
  std::map<std::string, std::map<std::string, std::string>> kept_;
};

}  // namespace repo
