// Walking one tree by descriptors: for copying, looking, hashing and removing.
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
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/digest.h"
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

// An error once a stop was requested or the deadline has passed.
std::optional<Error> out_of_patience(const Patience& patience);

// Tells patience.progress of `bytes`.
void tell_progress(const Patience& patience, std::uint64_t bytes);

// Takes room for what is being written; an error where there is none for this item.
Status take_room(const Patience& patience, const Room& room);

// Whether the walk comes to `a` before it comes to `b`; both paths relative to the top.
bool precedes_in_walk(std::string_view a, std::string_view b);

// What was seen of a tree at one time, in constant memory: two looks are equal only where no entry
// came, went or changed in between.
struct TreeLook {
  std::string digest;           // SHA-256 in hex over every entry (LookBuilder::add)
  struct timespec began = {};   // before the first entry was looked at
  struct timespec newest = {};  // the last change (ctime) of anything but a directory
  std::uint64_t apparent = 0;   // bytes that the files seem to have
  std::uint64_t on_disk = 0;    // bytes that all takes, a file with several names counted once

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

// True for the paths that are left out, with everything below them.
using Skip = std::function<bool(const std::string& path)>;
// Is told each entry that is not left out.
using Seen = std::function<void(const TreeEntry& entry)>;

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

// The names in an open directory, sorted.
Result<std::vector<std::string>> names_in(int directory);

// The folder at `path` below the open directory `top`, made with its parents where they are
// missing, mode 0700. No link is followed.
Result<UniqueFd> make_folders(int top, const std::string& path);

// Removes `name` in `parent` with everything in it; fine where it does not exist.
Status remove_tree(int parent, const std::string& name);

}  // namespace repo
