// Keeps what drills and scrubs have found in the dump root, where it can be written to.
//
// Threads: any. To be used while the scratch place is held (scratch.h): one writer at a time.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "dumper/dump_root.h"
#include "dumper/proof.h"

namespace repo {

class ProofWriter {
 public:
  explicit ProofWriter(const DumpRoot& root) : root_(root) {}

  // Changes the proof of one item as it is on disk.
  void change(const std::string& kind, const std::string& id,
              const std::function<Proof(Proof)>& change);
  void append(const std::string& ledger_line);

  // The first thing that could not be written.
  std::optional<Error> failure() const;
  // Whether that is because nothing can be written there at all: a read-only mount, no right.
  bool is_read_only() const;

 private:
  void note(const Status& status);

  const DumpRoot& root_;
  mutable std::mutex mutex_;
  std::optional<Error> failure_;
};

}  // namespace repo
