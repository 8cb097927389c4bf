#include "dumper/checksums.h"

#include "dumper/tree.h"

namespace repo {
namespace {

constexpr std::size_t kHex = 64;

// Nothing where checksum_line() cannot have written it.
std::optional<std::string> unescaped(std::string_view name) {
  std::string text;
  for (std::size_t i = 0; i < name.size(); ++i) {
    if (name[i] != '\\') {
      text += name[i];
      continue;
    }
    const char next = ++i < name.size() ? name[i] : '\0';
    if (next != '\\' && next != 'n' && next != 'r') return std::nullopt;
    text += next == 'n' ? '\n' : next == 'r' ? '\r' : next;
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
  const std::string_view hex = line.substr(0, kHex);
  if (hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) return std::nullopt;
  const std::string_view name = line.substr(kHex + 2);
  std::optional<std::string> path = escaped ? unescaped(name) : std::string(name);
  if (!path) return std::nullopt;
  return ChecksumLine{std::string(hex), *std::move(path)};
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
