// The last pass over a copy before it is published: everything root's and private, times as at
// the source, every file hashed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "dumper/owners.h"
#include "dumper/tree.h"

namespace repo {

struct Totals {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;  // of the files' content
};

struct Sealed {
  std::string owners;     // the file: only what the copy holds, as what the copy holds it
  std::string checksums;  // SHA256SUMS: a line a file, paths "data/…", as sha256sum(1) checks them
  Totals totals;
};

// `data` is the copy's data/, `source_look` the look at the source with paths relative to it. A
// file with a second name, or anything but files, directories and links, is refused. Modes become
// 0700 and 0600 with the owner's x bit that the source has; owner and group are this process's.
//
// Of `owners` the lines are kept whose path is in the copy with the same type (and those of FIFOs
// and the like, where the copy has their directory): the lines were read from a live source, and
// whoever restores by them must not be led to anything else.
Result<Sealed> seal(int data, const TreeLook& source_look, const std::vector<OwnersLine>& owners,
                    const Patience& patience);

// A line of SHA256SUMS. A name with a backslash, newline or carriage return is escaped and the
// line begins with a backslash (coreutils manual, "md5sum: output format").
std::string checksum_line(const std::string& hex, const std::string& path);

}  // namespace repo
