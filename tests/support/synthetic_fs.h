// A file system that is computed and not kept: trees of millions of directories that take no memory
// and no time of a disk, so that what a walk of them takes is the walk's own.
//
//   const SyntheticFileSystem fs({.fan_out = 9, .depth = 7, .files = 2}, {4'000'000});
//   walk(options, map, fs, pool);   // of 5,380,840 directories, and one hg repository
//
// Tree       Directories are numbered from the root, which is 0, level by level: number n has the
//            subdirectories n * fan_out + 1 to n * fan_out + fan_out, and so on down to `depth`
//            levels below the root. Each has `files` files and nothing else.
// Repository A directory of one of the given numbers has in addition what makes it an hg
//            repository without a changeset.
// Threads    As scanner/fs.h says; nothing is ever changed.
// Memory     None for the tree; an open directory takes a few words.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "scanner/fs.h"

namespace repo::test {

struct SyntheticShape {
  std::uint64_t fan_out = 10;
  unsigned depth = 5;
  unsigned files = 12;
};

class SyntheticFileSystem final : public FileSystem {
 public:
  explicit SyntheticFileSystem(SyntheticShape shape, std::set<std::uint64_t> repositories = {});

  // With the root, without what is in repositories.
  std::uint64_t directories() const { return directories_; }
  std::string path_of(std::uint64_t number) const;

  // "/" and nothing else; ENOENT.
  Result<std::unique_ptr<Directory>> open_root(const std::string& path) const override;

 private:
  const SyntheticShape shape_;
  const std::set<std::uint64_t> repositories_;
  std::uint64_t inner_ = 0;  // numbers below it have subdirectories
  std::uint64_t directories_ = 0;
};

}  // namespace repo::test
