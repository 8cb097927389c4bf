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

std::optional<ChecksumLine> parse_checksum_line(std::string_view line) {
  const bool escaped = line.starts_with('\\');
  if (escaped) line.remove_prefix(1);
  if (line.size() <= kHex + 2 || line.substr(kHex, 2) != "  ") return std::nullopt;
  const std::string name(line.substr(kHex + 2));
  return ChecksumLine{std::string(line.substr(0, kHex)), escaped ? unescaped(name) : name};
}

std::optional<std::string> ChecksumReader::find(const std::string& path) {
  if (!started_) advance();
  started_ = true;
  while (line_ && precedes_in_walk(line_->path, path)) advance();
  if (!line_ || line_->path != path) return std::nullopt;
  return line_->hex;
}

void ChecksumReader::advance() {
  const std::optional<std::string> line = lines_.next();
  line_ = line ? parse_checksum_line(*line) : std::nullopt;
}

void LinksDigest::add(const std::string& path, const std::string& text) {
  const std::string_view with_its_end(path.c_str(), path.size() + 1);
  digest_.update(with_its_end);
  digest_.update({text.c_str(), text.size() + 1});
}

}  // namespace repo
