// An error as data: what was attempted, on which path, and the errno it gave.
//
// Libraries collect and return errors; only the tools print them (describe) and turn them into
// exit codes. `path` holds raw bytes and may be empty; print it through printable() only.
#pragma once

#include <string>

namespace repo {

struct Error {
  std::string op;        // the verb: "open", "read", "probe", "verify", "rename" …
  std::string path;      // raw bytes; empty where no path is involved
  int code = 0;          // errno; 0 where no system call failed
  std::string message;   // for people, one line; strerror(code) unless something better is known
  std::string output{};  // raw: what a foreign tool has printed about it; mostly empty
};

// The error of a system call that has just failed with `code`.
Error system_error(std::string op, std::string path, int code);

// An error that no system call reported.
Error plain_error(std::string op, std::string path, std::string message);

// "op path: message" in one line, with the path made printable.
std::string describe(const Error& error);

}  // namespace repo
