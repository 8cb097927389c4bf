// The one distinction that matters to whoever reads a copy back: is the copy damaged, or could it
// not be tried?
#pragma once

#include <cerrno>
#include <string>

#include "base/bytes_path.h"
#include "base/error.h"

namespace repo {

inline constexpr const char* kDamage = "trust";
inline constexpr const char* kUnusable = "use";

// "cannot trust data/db/current: its SHA-256 is not the recorded one"
inline Error damage(const std::string& path, const std::string& why) {
  return plain_error(kDamage, path, why);
}
// The copy is what was recorded, and cannot be used as it should be.
inline Error unusable(const std::string& why) { return plain_error(kUnusable, "", why); }

inline bool is_unusable(const Error& error) { return error.op == kUnusable; }
inline bool is_damage(const Error& error) { return error.op == kDamage || is_unusable(error); }

// For lines that say "damaged" already.
inline std::string damage_text(const Error& error) {
  if (!is_damage(error)) return describe(error);
  return (error.path.empty() ? std::string() : printable(error.path) + ": ") + error.message;
}

// What a restored repository does not say of itself is missing from the copy; but for a stop, a
// deadline, and what this machine is short of.
inline Error unreadable_fingerprint(const Error& error) {
  const bool is_ours = error.op.empty() || error.code == ENOMEM || error.code == EMFILE ||
                       error.code == ENFILE || error.code == ETIMEDOUT;
  return is_ours ? error : damage("data", "its fingerprint cannot be read: " + describe(error));
}

// The error of reading a copy: what the disk cannot read is damage.
Error reading_error(const std::string& path, int code);

}  // namespace repo
