// The file `owners`: whose everything was at the source, one line an entry, so that a restore can
// give it back, by a tool or by hand.
//
//   TYPE MODE UID GID XATTRS PATH
//
// TYPE    f file, d directory, l link, p FIFO, s socket, c and b devices
// MODE    07777 in four octal digits
// XATTRS  "-" or NAME=BASE64,NAME=BASE64…; access control lists are among them, under the names
//         that the kernel gives them (system.posix_acl_access)
// PATH    relative to data/; "." for data/ itself. Blanks are kept; in PATH and NAME a backslash,
//         a byte below 32 and byte 127 are written \0ooo, as printf(1) takes them with %b, and so
//         are blank, comma and equals sign in NAME.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "dumper/tree.h"

namespace repo {

// The extended attributes of an entry, without opening it; empty where the file system has none.
struct Attribute {
  std::string name;
  std::string value;
};
Result<std::vector<Attribute>> read_attributes(int parent, const std::string& name);

// One line, with its newline. `path` stands for entry.path.
std::string owners_line(const TreeEntry& entry, const std::string& path,
                        const std::vector<Attribute>& attributes);

struct OwnersLine {
  char type = 'f';
  std::string path;  // relative to data/; empty for data/ itself
  std::string text;
};

// The letter of TYPE.
char owners_type(mode_t mode);

// The lines for all of `source` but what is skipped, each path below `prefix` (empty, or "x/y").
Result<std::vector<OwnersLine>> owners_of(const TreeSource& source, const std::string& prefix,
                                          const Skip& skip, const Patience& patience);

}  // namespace repo
