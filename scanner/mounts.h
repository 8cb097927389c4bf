// The mount table of this process, and what is known of file system types. No I/O but
// read_mounts(): a mount is judged from the table before anything on it is touched, since a
// thread that waits for a dead server cannot be killed.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace repo {

struct Mount {
  int id = 0;
  int parent = 0;
  std::string device;                // "major:minor" of the file system
  std::string root;                  // the folder of that file system that is mounted
  std::string point;                 // where
  std::string type;                  // "ext4", "fuse.sshfs" …
  std::string source;                // "/dev/sda1", "tank/home@monday" …
  std::vector<std::string> options;  // of the file system: "rw", "cp=3" …
};

// The text of /proc/self/mountinfo (proc(5)); a line that does not parse is left out.
std::vector<Mount> parse_mountinfo(std::string_view text);

// Only what can be seen at its mount point: no mount that a later one covers.
std::vector<Mount> visible_mounts(std::vector<Mount> mounts);

Result<std::vector<Mount>> read_mounts();

enum class FsClass {
  kLocal,      // holds files: entered
  kPseudo,     // made by the kernel, holds no repository: pruned
  kNetwork,    // another machine answers, or does not: pruned unless asked for
  kFuse,       // a process answers, or does not: pruned unless asked for
  kAutomount,  // looking into it mounts: pruned unless asked for by its type
};

FsClass classify(std::string_view fs_type);

// Whether somebody must answer for it, and might not: a thread that waits for him cannot be killed.
bool may_hang(std::string_view fs_type);

}  // namespace repo
