#include "restorer/proof_writer.h"

#include <cerrno>

#include "dumper/ledger.h"

namespace repo {

void ProofWriter::note(const Status& status) {
  if (status || failure_) return;
  failure_ = status.error();
}

void ProofWriter::change(const std::string& kind, const std::string& id,
                         const std::function<Proof(Proof)>& change) {
  const std::lock_guard lock(mutex_);
  if (!root_.control) return note(system_error("write", "control", EROFS));
  const Proof proof = change(load_proof(root_.control.get(), kind, id));
  note(save_proof(root_.control.get(), kind, id, proof));
}

void ProofWriter::append(const std::string& ledger_line) {
  const std::lock_guard lock(mutex_);
  if (!root_.control) return note(system_error("write", "control", EROFS));
  note(append_to_ledger(root_.control.get(), ledger_line));
}

std::optional<Error> ProofWriter::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool ProofWriter::is_read_only() const {
  const std::optional<Error> error = failure();
  return error && (error->code == EROFS || error->code == EACCES || error->code == EPERM);
}

}  // namespace repo
