// Walking one tree by descriptors: for copying, looking (tree_look.h), hashing and removing.
//
// No symbolic link is followed and no path is built for the kernel: each directory is opened
// relative to its parent with O_NOFOLLOW. FIFOs, sockets and devices are seen and never opened.
// What vanishes during the walk is left out. Names come in byte order, so the same tree always
// gives the same sequence.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/command_runner.h"
#include "dumper/identity.h"
#include "dumper/space.h"

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

// Whether an entry is gone, or something else by now, where it cannot be opened: an errno.
bool has_vanished(int code);

// An error once a stop was requested or the deadline has passed.
std::optional<Error> out_of_patience(const Patience& patience);

// EBUSY: the source at `path` was changed under the copy; `how`, in words.
Error busy(std::string path, std::string how);

// Tells patience.progress of `bytes`.
void tell_progress(const Patience& patience, std::uint64_t bytes);

// Takes room for what is being written; an error where there is none for this item.
Status take_room(const Patience& patience, const Room& room);

// Whether the walk comes to `a` before it comes to `b`; both paths relative to the top.
bool precedes_in_walk(std::string_view a, std::string_view b);

// What an open directory has in it, sorted by name; `type` as readdir(3) tells it, maybe
// DT_UNKNOWN.
struct Listed {
  std::string name;
  unsigned char type = 0;
};
Result<std::vector<Listed>> entries_in(int directory);
// The names alone.
Result<std::vector<std::string>> names_in(int directory);

// A directory in another, no link; errno where it cannot be opened. (Not waiting for a FIFO that
// takes its place.)
UniqueFd open_directory(int parent, const std::string& name);

bool is_older(const struct timespec& a, const struct timespec& b);

// The folder at `path` below the open directory `top`, made with its parents where they are
// missing, mode 0700. No link is followed.
Result<UniqueFd> make_folders(int top, const std::string& path);

// Removes `name` in `parent` with everything in it; fine where it does not exist.
Status remove_tree(int parent, const std::string& name);

}  // namespace repo
