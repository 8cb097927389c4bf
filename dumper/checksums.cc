#include "dumper/checksums.h"

#include "dumper/tree.h"

namespace repo {
namespace {

constexpr std::size_t kHex = 64;

std::string unescaped(const std::string& name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escaped = name[i] == '\\' && i + 1 < name.size();
    if (!escaped) {
      text += name[i];
      continue;
    }
    ++i;
    text += name[i] == 'n' ? '\n' : name[i] == 'r' ? '\r' : name[i];
  }
  return text;
}

}  // namespace

std::string checksum_line(const std::string& hex, const std::string& path) {
  std::string name;
  for (const char c : path) {
    if (c == '\\') {
      name += "\\\\";
    } else if (c == '\n') {
      name += "\\n";
    } else if (c == '\r') {
      name += "\\r";
    } else {
      name += c;
    }
  }
  return (name == path ? "" : "\\") + hex + "  " + name + "\n";
}

std::optional<std::string> ChecksumReader::find(const std::string& path) {
  if (!started_) advance();
  started_ = true;
  while (path_ && precedes_in_walk(*path_, path)) advance();
  if (path_ != path) return std::nullopt;
  return hex_;
}

void ChecksumReader::advance() {
  path_.reset();
  std::optional<std::string> line = lines_.next();
  if (!line) return;
  const bool escaped = line->starts_with('\\');
  if (escaped) line->erase(0, 1);
  if (line->size() < kHex + 2) return;
  hex_ = line->substr(0, kHex);
  const std::string name = line->substr(kHex + 2);
  path_ = escaped ? unescaped(name) : name;
}

}  // namespace repo
