// Text files of lines that are written once, from the first line to the last, and read back the
// same way: in constant memory, however long they are.
#pragma once

#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace repo {

// Creates a file, mode 0600. Nothing is on disk for certain before the caller's syncfs(2).
class LineWriter {
 public:
  static Result<LineWriter> create(int directory, const std::string& name);

  Status write(std::string_view text);
  // Writes what is buffered; the SHA-256 of the file, in hex. The last call.
  Result<std::string> finish();

 private:
  LineWriter(UniqueFd file, std::string name) : file_(std::move(file)), name_(std::move(name)) {}
  Status flush();

  UniqueFd file_;
  std::string name_;
  std::string buffer_;
  Sha256 digest_;
};

// Reads a regular file, without following a link to it.
class LineReader {
 public:
  static Result<LineReader> open(int directory, const std::string& name);

  // The next line without its newline; nothing at the end, or where reading fails.
  std::optional<std::string> next();

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  explicit LineReader(std::FILE* file) : file_(file) {}

  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace repo
