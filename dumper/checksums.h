// The file SHA256SUMS: a line a file of data/, as sha256sum(1) writes and checks it, in the order
// of the walk (precedes_in_walk).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/digest.h"
#include "dumper/line_file.h"

namespace repo {

// A line, with its newline. A name with a backslash, newline or carriage return is escaped and the
// line begins with a backslash (coreutils manual, "md5sum: output format").
std::string checksum_line(const std::string& hex, const std::string& path);

// A line again, without its newline; nothing where it is none.
struct ChecksumLine {
  std::string hex;
  std::string path;  // "data/…"
};
std::optional<ChecksumLine> parse_checksum_line(std::string_view line);

// The digests of a SHA256SUMS, asked for in the order in which they stand there.
class ChecksumReader {
 public:
  explicit ChecksumReader(LineReader lines) : lines_(std::move(lines)) {}

  // The hex digits for `path` ("data/…"), which comes after those asked for before.
  std::optional<std::string> find(const std::string& path);

 private:
  void advance();

  LineReader lines_;
  bool started_ = false;
  std::optional<ChecksumLine> line_;  // the one at hand; nothing at the end
};

// One digest over symbolic links, which SHA256SUMS has no line for: told in the walk's order.
class LinksDigest {
 public:
  void add(const std::string& path, const std::string& text);  // path relative to data/
  std::string hex() { return digest_.hex(); }                  // the last call

 private:
  Sha256 digest_;
};

}  // namespace repo
