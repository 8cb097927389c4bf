// Where a restored repository goes: staged beside it, and there all at once or not at all.
//
//   PARENT/.repo-restore.<digits>/data     is filled, by us alone: the folder is 0700
//   PARENT/NAME                            appears by one rename
//
// A restore that was killed leaves the staging folder and nothing that looks whole; the next one to
// the same place takes it over. repo-scan does not look into it: it has the marker of a dump root.
// Nothing that exists is ever replaced, but an empty folder.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// The op of an error: something is there already.
inline constexpr const char* kInTheWay = "restore to";

class Place {
 public:
  struct Options {
    // The folder that data/ has for a repository with working files: ".git", ".hg"; else empty.
    std::string store;
    // Working files may be there already, and stay as they are: only `store` is put among them.
    bool with_files = false;
  };

  // `base` is an open directory, and `path` leads from there to the place, through no link; folders
  // that are missing on the way are made, 0755. Errors: something is there (EEXIST), a mount point;
  // EWOULDBLOCK: another restore to it is at work.
  static Result<Place> prepare(int base, const std::string& path, const Options& options);

  Place(Place&&) noexcept = default;
  Place& operator=(Place&&) = delete;
  ~Place();

  // To be filled, empty when it is prepared.
  int data() const { return data_.get(); }

  // Only what is at `path` below data() is put in place; the rest is removed. Not `with_files`.
  void put_only(const std::string& path);

  // The outermost folder that was made on the way; empty where none was.
  std::string made() const;

  // On disk and in place when this returns. On an error nothing is there, but where only an fsync
  // failed: then it is in place, and may be gone after a power cut.
  Status put();

 private:
  Place() = default;
  Status stage();

  UniqueFd parent_;  // holds the staging folder
  UniqueFd staging_;
  UniqueFd data_;
  std::string staging_name_;
  std::string name_;  // what appears in parent_: the last part of the path, or the store
  std::string from_;  // relative to staging_
  std::string made_path_;
  bool replaces_empty_ = false;
  std::vector<std::pair<UniqueFd, std::string>> made_;  // folders on the way, from the outer one
  bool is_put_ = false;
};

}  // namespace repo
