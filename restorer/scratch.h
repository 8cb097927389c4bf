// The folder that drills restore to: one at a time, emptied when it is taken.
//
//   DIR/lock            held while the object lives; freed by the kernel when the process dies.
//   That
//                       of control/drill is held in any case, where it can be: it guards the proofs
//   DIR/CACHEDIR.TAG    backups leave it out; every sandbox holds it open (orphans.h)
//   DIR/.repo-backup    repo-scan does not look into it
//   DIR/<kind>.<id>/    an item's, while it is drilled
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"
#include "dumper/dump_root.h"
#include "dumper/space.h"

namespace repo {

class Scratch {
 public:
  // DIR is control/drill of the dump root, or repo-backup-drill in `elsewhere` where that is named.
  // What a drill has left that was killed is removed, processes first. EWOULDBLOCK: another drill
  // or scrub is at work. Errors: read-only; not ours.
  static Result<Scratch> take(const DumpRoot& root, const std::string& elsewhere);

  int fd() const { return top_.get(); }
  const std::string& path() const { return path_; }

  Result<UniqueFd> make_folder(const std::string& kind, const std::string& id) const;
  Status remove_folder(const std::string& kind, const std::string& id) const;

  // What is free there for us.
  Result<Room> free_room() const;

 private:
  std::string path_;
  UniqueFd top_;
  UniqueFd lock_;
  UniqueFd proofs_lock_;  // where DIR is elsewhere
};

}  // namespace repo
