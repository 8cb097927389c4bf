#include "restorer/proof_writer.h"

#include <fcntl.h>
#include <unistd.h>

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
  auto exists = [&](const std::string& place) {
    return faccessat(root_.top.get(), place.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
  };
  const std::string item = kind + "/" + id;
  if (!exists("current/" + item) && !exists("older/" + item)) return;  // forgotten meanwhile
  Result<Proof> proof = load_proof(root_.control.get(), kind, id);
  if (!proof) return note(proof.error());
  note(save_proof(root_.control.get(), kind, id, change(*std::move(proof))));
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
