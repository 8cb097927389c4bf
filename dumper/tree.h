// Walking one tree by descriptors: for copying, looking, hashing and removing.
//
// No symbolic link is followed and no path is built for the kernel: each directory is opened
// relative to its parent with O_NOFOLLOW. FIFOs, sockets and devices are seen and never opened.
// What vanishes during the walk is left out. Names come in byte order, so the same tree always
// gives the same sequence.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "dumper/identity.h"

namespace repo {

struct TreeEntry {
  std::string path;     // relative to the top; empty for the top itself
  struct stat st = {};  // as lstat gives it; of an opened file or directory as fstat gives it
  std::string link;     // of a symbolic link: its text

  bool is_directory() const { return S_ISDIR(st.st_mode); }
  bool is_file() const { return S_ISREG(st.st_mode); }
  bool is_link() const { return S_ISLNK(st.st_mode); }
};

enum class Descend { kYes, kNo };

class TreeVisitor {
 public:
  virtual ~TreeVisitor() = default;

  // An entry; `name` in the directory `parent`. For the top `name` is empty and `parent` is the
  // top itself. kNo for a directory: it is not entered and not left.
  virtual Result<Descend> enter(const TreeEntry& entry, int parent, const std::string& name) = 0;

  // A directory, after everything in it.
  virtual Status leave(const TreeEntry& entry, int directory) = 0;
};

// A tree to read, and as whom (see identity.h).
struct TreeSource {
  int fd = -1;
  std::optional<Identity> as;
};

// Deeper trees are refused with ELOOP: each level costs a descriptor.
inline constexpr int kMaxDepth = 1000;

// Ends with the first error of the visitor or the file system; its path is relative to the top.
// Stops with the error of out_of_patience().
Status walk_tree(const TreeSource& source, TreeVisitor& visitor, const Patience& patience);

// An error once a stop was requested or the deadline has passed.
std::optional<Error> out_of_patience(const Patience& patience);

// Whether the walk comes to `a` before it comes to `b`; both paths relative to the top.
bool precedes_in_walk(std::string_view a, std::string_view b);

// What was seen of a tree at one time, in the walk's order.
struct TreeLook {
  std::vector<TreeEntry> entries;

  const TreeEntry* find(const std::string& path) const;

  // Takes in another look, whose paths then begin with `prefix`. Afterwards sort().
  void add(TreeLook other, const std::string& prefix);
  // In the walk's order again; of entries with the same path the one that was added last stays.
  void sort();
};

// The same entries, none of them changed: inode, size, mtime and ctime are equal.
bool same_look(const TreeLook& a, const TreeLook& b);

// True where the files are mostly holes, or other names of one another: copied they would take many
// times what they take at the source (file systems that compress stay well below the factor of 4).
bool inflates(const TreeLook& look);
// The error that says so.
Error too_much_for_its_size();

// True for the paths that are left out, with everything below them.
using Skip = std::function<bool(const std::string& path)>;

Result<TreeLook> look_at_tree(const TreeSource& source, const Skip& skip, const Patience& patience);

// Removes `name` in `parent` with everything in it; fine where it does not exist.
Status remove_tree(int parent, const std::string& name);

}  // namespace repo
