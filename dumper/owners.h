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

#include <sys/stat.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

// The extended attributes of an entry, without opening it; empty where the file system has none.
struct Attribute {
  std::string name;
  std::string value;
};
Result<std::vector<Attribute>> read_attributes(int parent, const std::string& name);

// One line, with its newline, for what `st` tells of at `path` (relative to data/; empty for data/
// itself).
std::string owners_line(const struct stat& st, const std::string& path,
                        const std::vector<Attribute>& attributes);

// The letter of TYPE.
char owners_type(mode_t mode);

// A line again, without its newline; nothing where it is none.
struct OwnersLine {
  char type = 'f';
  mode_t mode = 0;
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<Attribute> attributes;
  std::string path;  // relative to data/; empty for data/ itself
};
std::optional<OwnersLine> parse_owners_line(std::string_view line);

}  // namespace repo
