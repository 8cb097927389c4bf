// Copies one live repository of one kind into a staging directory, and proves that the copy is
// good. One subclass a kind; a new built-in kind is a row in the registry.
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

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/seal.h"
#include "dumper/server_options.h"
#include "dumper/tree_look.h"
#include "scanner/repository.h"
#include "scanner/user_kind.h"

namespace repo {

struct DumpJob {
  Repository source;   // as the manifest names it
  int source_fd = -1;  // the directory at source.path
  int staging_fd = -1;
  std::uint32_t uid = 0;            // of the sandbox: tools run under it
  std::vector<std::string> nested;  // repositories inside, relative to source.path: left out
  Patience patience;
  Shared shared;  // with data/ of the generation before; immutable is Dumper::is_immutable
  // The fingerprint of that generation where the kind's tool has read it: set, what is new since is
  // enough to verify.
  std::optional<Detail> verified;
  // Opens what stands for a directory of the machine (absolute path) in the current copy of another
  // item of this kind; empty where there is no such copy. Null: nobody looks.
  std::function<UniqueFd(const std::string& path)> copy_of = nullptr;
  ServerOptions servers{};  // for kinds whose copies a server makes

  int previous = -1;  // data/ of the generation before, to be read; < 0: there is none to rely on

  // Skips the nested repositories, for paths relative to `top` (itself relative to source.path).
  Skip skip_nested(const std::string& top) const;
};

// What copy() knows of the source, and the record keeps.
struct CopyFacts {
  Detail fingerprint;  // of the state that was copied
  std::optional<Elsewhere> elsewhere;
  std::optional<double> lock_seconds;
  bool has_twins = false;  // CopyOptions::twin
  bool is_told = false;    // by a server: data/ is no copy of the source's tree
  // What has read this copy, where that is not Dumper::tool().
  std::string tool{};
  std::string tool_version{};
  // What should be in the copy and is not, a sentence each: the copy is published, since it is all
  // that there is of the rest, and its item has failed.
  std::vector<std::string> missing{};
  std::vector<std::string> notes;  // for people: what is special about this copy
  // For people: how what the copy holds is brought back, where its files are not that.
  std::string by_hand{};
};

// What a tool that may write into a copy can make a file of it grow to, in bytes.
std::uint64_t enough_for_a_file(const TreeLook& copy);

// The fingerprint of a copy is not the one that its source had.
Error other_fingerprint();

// kNot: the kind names no tool that reads copies.
enum class Verified { kWhole, kNewPart, kNot };

class Dumper {
 public:
  virtual ~Dumper() = default;

  // The program that must be installed, and the Debian package that has it.
  virtual std::string tool() const = 0;
  virtual std::string package() const = 0;
  // Why the tool cannot be run here; nothing: it can.
  virtual std::optional<Error> missing_tool() const;
  // "1.14.2", asked once a run.
  virtual Result<std::string> tool_version(const CommandRunner& runner,
                                           const Patience& patience) const = 0;

  // Everything that a copy is made from, as it is now. Where it equals a look that was taken before
  // a copy, and that one is settled, the repository is what the copy holds. Needs no staging.
  virtual Result<TreeLook> look(const DumpJob& job, const Seen& seen) const = 0;

  // Whether a copy may have files of the generation before (DumpJob::shared).
  virtual bool shares() const { return true; }

  // What the kind is, where a user has defined it.
  virtual const UserKind* user_kind() const { return nullptr; }

  // Whether the file at `path` (relative to data/) is never changed once it is written.
  virtual bool is_immutable(std::string_view path) const = 0;

  virtual Result<CopyFacts> copy(const DumpJob& job, const CommandRunner& runner) const = 0;

  // The kind's own tool reads the copy, whole but where job.verified allows for less; then the
  // copy's fingerprint is compared with the source's. Leaves data/ as copy() made it, but for what
  // can be made anew and turns out to be damaged: that is removed, and facts.notes says so.
  virtual Result<Verified> verify(const DumpJob& job, CopyFacts& facts,
                                  const CommandRunner& runner) const = 0;

  // Why the generation that has `now` must not make retention remove the one that has `before`:
  // another repository, or one that lost what its kind does not lose. Nothing where all is well.
  virtual std::optional<std::string> alarm(const Detail& before, const Detail& now) const = 0;
};

std::unique_ptr<Dumper> make_svn_dumper();
std::unique_ptr<Dumper> make_hg_dumper();
std::unique_ptr<Dumper> make_git_dumper();
std::unique_ptr<Dumper> make_postgres_dumper();

// The dumpers of all kinds that a run knows: the built-in ones, and those that users have defined.
// Threads: any, once it is made.
class Dumpers {
 public:
  explicit Dumpers(const std::vector<UserKind>& user_kinds = {});
  Dumpers(Dumpers&&) = default;
  ~Dumpers();

  // Null where no such kind is known.
  const Dumper* find(const std::string& kind) const;

 private:
  std::map<std::string, std::unique_ptr<Dumper>> of_kind_;
};

// Whether a run with these kinds knows the one of that name.
bool is_kind(const std::string& name, const std::vector<UserKind>& user_kinds);

// An alarm where the number at `key` fell by more than half.
std::optional<std::string> shrunk(const Detail& before, const Detail& now, const std::string& key);

// The error of a tool that did not end well, with what it printed: `op` is what was attempted.
Error tool_error(const std::string& op, const CommandResult& result);

}  // namespace repo
