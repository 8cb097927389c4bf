// A file system in memory, with faults at chosen paths: what no real tree can be made to do.
//
//   FakeFileSystem fs;
//   fs.add_file("/srv/a/format", "5\n");
//   fs.fail_list("/srv/b", 2, EIO);
//   walk(options, map, fs, pool);
//   EXPECT_EQ(fs.times_listed("/srv/b"), 1);
//
// It must be built before it is read; then it may be read by several threads. It keeps what
// scanner/fs.h promises (tests/scanner/file_system_contract_test.cc holds it and the real one to
// that).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "scanner/fs.h"

namespace repo::test {

class FakeFileSystem final : public FileSystem {
 public:
  struct Node;

  FakeFileSystem();
  ~FakeFileSystem() override;

  // Paths are absolute; missing parents are made.
  void add_directory(std::string_view path);
  void add_file(std::string_view path, std::string content = "");
  void add_link(std::string_view path, std::string target);
  void add_fifo(std::string_view path);
  void set_uid(std::string_view path, std::uint32_t uid);
  // A mount: opened only with leave to cross.
  void set_mount(std::string_view path);
  // Directories tell how many subdirectories they have.
  void count_links() { counts_links_ = true; }

  // Faults. `path` must have been added.
  void fail_open(std::string_view path, int code);  // open_root, open_directory, open_file
  void fail_stat(std::string_view path, int code);
  void fail_read(std::string_view path, int code);
  // The file is said to have `size` bytes, as one that is cut between stat and read.
  void claim_size(std::string_view path, std::uint64_t size);
  // list() delivers `after` entries, in the order of their names, and then fails.
  void fail_list(std::string_view path, std::size_t after, int code);
  // Listed, but gone when it is looked at.
  void vanish(std::string_view path);
  // Listed without a type (DT_UNKNOWN).
  void hide_type(std::string_view path);
  // Called when `path` is listed, before its first entry.
  void on_list(std::string_view path, std::function<void()> hook);

  // What the reader did.
  int times_listed(std::string_view path) const;
  int most_listed() const;            // of any directory
  int most_open_directories() const;  // at one moment

  Result<std::unique_ptr<Directory>> open_root(const std::string& path) const override;

  // Shared by the directories that are open.
  struct OpenCount {
    std::atomic<int> now{0};
    std::atomic<int> most{0};
    void enter();
    void leave() { --now; }
  };

 private:
  Node& make(std::string_view path, EntryType type);
  Node& get(std::string_view path);
  const Node* find(std::string_view path) const;

  std::deque<Node> nodes_;  // never moved; the first is "/"
  mutable OpenCount open_;
  bool counts_links_ = false;
};

}  // namespace repo::test
