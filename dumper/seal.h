// The last pass over a copy before it is published: everything root's and private, every file
// hashed, and whose it all is at the source written down. In constant memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "dumper/identity.h"
#include "dumper/tree.h"
#include "dumper/tree_copier.h"

namespace repo {

struct Totals {
  std::uint64_t files = 0;
  std::uint64_t directories = 0;
  std::uint64_t links = 0;
  std::uint64_t bytes = 0;   // of the files' content
  std::uint64_t shared = 0;  // of these, bytes that the generation before has too
};

// A folder of a copy that was not copied from the place that it has in the copy.
struct Elsewhere {
  std::string at;  // relative to data/
  UniqueFd fd;
  std::optional<Identity> as;
};

inline constexpr const char* kSealShare = "share";

struct SealJob {
  int staging = -1;  // holds data/; takes SHA256SUMS and owners
  int source = -1;   // the live directory that data/ is a copy of
  const Elsewhere* elsewhere = nullptr;
  // The generation that this one shares files with, and its data/ in `shared`; < 0: none. Of its
  // files the digests are known where its SHA256SUMS still has the digest in its record.
  int previous = -1;
  std::string previous_checksums_sha256;
  // Its files are read all the same. One that has another digest than then ends the seal with an
  // error whose op is kSealShare.
  bool read_shared = false;
  Shared shared;
  bool has_twins = false;  // files may be links to another item's copy (CopyOptions::twin)
  Patience patience;
};

struct Sealed {
  Totals totals;
  std::vector<std::string> notes;  // for people: what of the source the copy does not have
  std::string checksums_sha256;    // of SHA256SUMS
  std::string owners_sha256;       // of owners
  std::string links_sha256;  // of "PATH NUL TEXT NUL" of each symbolic link, in the walk's order
};

// Anything in data/ but files, directories and links is refused, and so is a file with a second
// name, but for one of the generation before and for twins. Modes become 0700 and 0600 with the
// owner's x bit that the source has; owner and group are this process's; directories get the
// source's mtime. Of what another copy has too nothing is touched; the digest of the generation
// before is taken over.
//
// `owners` (owners.h) holds what the copy holds, where the source has an entry of the same type at
// the same place, and the FIFOs, sockets and devices that lie beside it there. The source is live:
// whoever restores by these lines must not be led to anything else. Every link of the copy has a
// line, its own where the source has none any more.
Result<Sealed> seal(const SealJob& job);

}  // namespace repo
