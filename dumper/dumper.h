// Copies one live repository of one kind into a staging directory, and proves that the copy is
// good. One subclass a kind; a new kind is a row in the registry.
//
// Source     May be written to by others during the call. The copy equals one state that the
//            source had between start and end. A Dumper changes nothing in the source; one that
//            takes a lock there says so in its own header.
// Staging    An existing directory of ours with nothing in it. copy() makes `data` in it, usable
//            as it is, and may leave it half done on failure. Publishing is not a Dumper's job.
// Threads    Stateless: one object serves several items at once.
// Failures   Returned. code EBUSY: the source was changed under the copy, trying again may help.
// Stopping   On a stop or a passed deadline, the error of out_of_patience().
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/owners.h"
#include "dumper/tree.h"
#include "scanner/repository.h"

namespace repo {

struct DumpJob {
  Repository source;   // as the manifest names it
  int source_fd = -1;  // the directory at source.path
  int staging_fd = -1;
  std::uint32_t uid = 0;            // of the sandbox: tools run under it
  std::vector<std::string> nested;  // repositories inside, relative to source.path: left out
  Patience patience;

  // Skips the nested repositories, for paths relative to `top` (itself relative to source.path).
  Skip skip_nested(const std::string& top) const;
};

// What copy() knows of the source, and the record keeps.
struct CopyFacts {
  Detail fingerprint;    // of the state that was copied
  TreeLook source_look;  // paths relative to data/: mtimes and modes to put on the copy
  std::vector<OwnersLine> owners;
  std::optional<double> lock_seconds;
  std::vector<std::string> notes;  // for people: what is special about this copy
};

class Dumper {
 public:
  virtual ~Dumper() = default;

  // The program that must be installed, and the Debian package that has it.
  virtual std::string tool() const = 0;
  virtual std::string package() const = 0;
  // "1.14.2", asked once a run.
  virtual Result<std::string> tool_version(const CommandRunner& runner,
                                           const Patience& patience) const = 0;

  virtual Result<CopyFacts> copy(const DumpJob& job, const CommandRunner& runner) const = 0;

  // The kind's own tool reads the whole copy; then the copy's fingerprint is compared with the
  // source's. Leaves data/ as copy() made it.
  virtual Status verify(const DumpJob& job, const CopyFacts& facts,
                        const CommandRunner& runner) const = 0;
};

std::unique_ptr<Dumper> make_svn_dumper();
std::unique_ptr<Dumper> make_hg_dumper();
std::unique_ptr<Dumper> make_git_dumper();

// Null where no such kind is known.
const Dumper* find_dumper(const std::string& kind);

// The error of a tool that did not end well: `op` is what was attempted.
Error tool_error(const std::string& op, const CommandResult& result);

}  // namespace repo
