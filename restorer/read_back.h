// Reads a generation as what its record says it is: every file by its SHA-256, every link by its
// text, nothing missing, nothing more. The one way to read copies: restores, drills and scrubs
// differ in what they do with what they are handed.
//
// Memory  constant: SHA256SUMS and owners are read beside the walk, whose order they have.
// Links   none is followed; one that was planted is damage.
#pragma once

#include <string>

#include "base/result.h"
#include "dumper/owners.h"
#include "dumper/record.h"
#include "dumper/tree.h"

namespace repo {

// Takes what is in data/. `owner` is null where the source had no such entry (alternates' objects,
// say). Nothing that was handed over counts before read_back() has returned: a name is checked
// before it is handed over, but a whole of which something is missing is told at the end.
class CopySink {
 public:
  virtual ~CopySink() = default;
  // A directory ("" is data/ itself), before what is in it, and after.
  virtual Status enter(const TreeEntry& entry, const OwnersLine* owner) = 0;
  virtual Status leave(const TreeEntry& entry) = 0;
  // Reads all of the open file; returns the SHA-256 of what it has read and used, in hex.
  virtual Result<std::string> take_file(const TreeEntry& entry, int file,
                                        const OwnersLine* owner) = 0;
  virtual Status take_link(const TreeEntry& entry, const OwnersLine* owner) = 0;
};

// `generation` is its open folder. An error for which is_damage() holds says that the copy is not
// what was recorded, with the file; other errors are of the sink, a stop, or the deadline.
Status read_back(int generation, const GenerationSummary& record, CopySink& sink,
                 const Patience& patience);

// The same without doing anything with it: nothing where the generation is whole.
Status check_generation(int generation, const GenerationSummary& record, const Patience& patience);

// Reads all of an open file, with its digest: what a sink does that only looks.
Result<std::string> digest_of(int file, const std::string& path, const Patience& patience);

}  // namespace repo
