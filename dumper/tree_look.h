// What a tree is at one time: by a look at its entries, or by what is in its files.
#pragma once

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/digest.h"
#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/tree.h"

namespace repo {

// True for the paths that are left out, with everything below them.
using Skip = std::function<bool(const std::string& path)>;
// Is told each entry that is not left out.
using Seen = std::function<void(const TreeEntry& entry)>;

// What was seen of a tree at one time, in constant memory: two looks are equal only where no entry
// came, went or changed in between.
struct TreeLook {
  std::string digest;           // SHA-256 in hex over every entry (LookBuilder::add)
  struct timespec began = {};   // before the first entry was looked at
  struct timespec newest = {};  // the last change (ctime) of anything but a directory
  std::uint64_t apparent = 0;   // bytes that the files seem to have
  std::uint64_t on_disk = 0;    // bytes that all takes, a file with several names counted once
  // What a copy will take, as far as can be told, where that is not `on_disk`.
  std::optional<std::uint64_t> of_copy{};

  // Nothing had changed within two seconds before `began`: a change in the same tick of the file
  // system's clock as the look would not show. (A new name in a directory shows as an entry.)
  bool is_settled() const;
};
bool operator==(const TreeLook& a, const TreeLook& b);  // of their digests
// Two trees as one.
TreeLook together(TreeLook a, const TreeLook& b);

// What counts as a change of a file. A link to it changes its ctime too, which at a source is
// somebody's doing, and among generations that share files is ours.
enum class Changes { kAny, kContent };

// Makes a look out of entries that are told in the walk's order.
class LookBuilder {
 public:
  explicit LookBuilder(Changes changes = Changes::kAny);

  // Path, type, mode, owner, inode; but for directories size and mtime, and with kAny ctime.
  void add(const TreeEntry& entry);
  TreeLook finish();

 private:
  const Changes changes_;
  Sha256 digest_;
  TreeLook look_;
  std::set<std::pair<dev_t, ino_t>> linked_;
};

// True where the files are mostly holes, or other names of one another: copied they would take many
// times what they take at the source (file systems that compress stay well below the factor of 4).
bool inflates(const TreeLook& look);
// The error that says so.
Error too_much_for_its_size();

Result<TreeLook> look_at_tree(const TreeSource& source, const Skip& skip, const Patience& patience,
                              const Seen& seen = Seen(), Changes changes = Changes::kAny);

// SHA-256 of what is read from an open file, to its end.
struct FileDigest {
  std::string hex;
  std::uint64_t size = 0;  // bytes that were read
};
Result<FileDigest> digest_file(int file, const Patience& patience);

// One digest over the paths and contents of the files, and the texts of the links, in a tree. Tells
// `seen` what look_at_tree would, each entry before it is read.
Result<std::string> digest_tree(const TreeSource& source, const Skip& skip,
                                const Patience& patience, const Seen& seen = Seen());

}  // namespace repo
