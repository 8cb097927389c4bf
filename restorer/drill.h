// Uses a restored repository as its users would, and finds out whether it is what the record says.
// One subclass a kind; a new built-in kind is a row in the registry (drill_registry.cc).
//
// Scratch    A folder of ours with data/ in it, freshly rebuilt: the drill may do what it likes in
//            there. Its hooks and its configuration are data of somebody: none of them runs. They
//            are replaced by empty and generated ones before a tool sees the repository.
// Tools      In the sandbox, which sees the scratch folder as /staging and nothing else.
// Control    At last the drill changes the repository, and what was compared must differ then: a
//            comparison that says "equal" for the wrong reason fails itself.
// Failures   is_damage(): the copy is not what it is said to be. All else (no room, no tool, a
//            deadline, a stop) says nothing of the copy.
// Threads    Stateless: one object serves several items at once.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "dumper/command_runner.h"
#include "dumper/record.h"
#include "dumper/space.h"
#include "scanner/user_kind.h"

namespace repo {

struct DrillJob {
  const GenerationSummary& record;
  int scratch = -1;
  std::uint32_t uid = 0;  // of the sandbox: it owns the scratch while a tool runs
  Patience patience;
};

class Drill {
 public:
  virtual ~Drill() = default;

  // What it takes in the scratch place: here the copy, and what a clone and a checkout of it take.
  virtual Room room(const GenerationSummary& record) const;

  // Whether a restore is done once the copy's files are in place; else it takes as long as a drill.
  virtual bool is_files_alone(const GenerationSummary&) const { return true; }

  // What was done and found equal, for people: "checkout of r123".
  virtual Result<std::vector<std::string>> run(const DrillJob& job,
                                               const CommandRunner& runner) const = 0;
};

std::unique_ptr<Drill> make_svn_drill();
std::unique_ptr<Drill> make_hg_drill();
std::unique_ptr<Drill> make_git_drill();
std::unique_ptr<Drill> make_postgres_drill();

// The drills of all kinds that a run knows: the built-in ones, and those that users have defined.
// Threads: any, once it is made.
class Drills {
 public:
  explicit Drills(const std::vector<UserKind>& user_kinds = {});
  Drills(Drills&&) = default;
  ~Drills();

  // Null where no such kind is known.
  const Drill* find(const std::string& kind) const;

 private:
  std::map<std::string, std::unique_ptr<Drill>> of_kind_;
};

}  // namespace repo
