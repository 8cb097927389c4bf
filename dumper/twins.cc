#include "dumper/twins.h"

#include <vector>

namespace repo {
namespace {

std::string text_of(const Detail& fingerprint, const char* key) {
  if (const auto number = find_number(fingerprint, key)) return std::to_string(*number);
  return find_text(fingerprint, key).value_or("");
}

std::string number_above_0(const Detail& fingerprint, const char* key) {
  const std::string text = text_of(fingerprint, key);
  return text == "0" ? "" : text;
}

// All of the parts or nothing.
std::string together(const std::string& kind, const std::vector<std::string>& parts) {
  std::string all = kind;
  for (const std::string& part : parts) {
    if (part.empty()) return "";
    all += '\n' + part;
  }
  return all;
}

}  // namespace

std::string identity(const ItemResult& result) {
  const Detail& of = result.fingerprint;
  if (result.kind == "svn") {
    return together("svn",
                    {text_of(of, "uuid"), text_of(of, "revision"), text_of(of, "state_sha256")});
  }
  if (result.kind == "hg") {
    return together("hg", {text_of(of, "heads_sha256"), number_above_0(of, "changesets")});
  }
  if (result.kind == "git") {
    return together("git", {text_of(of, "refs_sha256"), number_above_0(of, "refs")});
  }
  return "";
}

std::optional<std::string> Twins::note(const ItemResult& result) {
  const std::string key = identity(result);
  if (key.empty()) return std::nullopt;
  const auto [first, is_new] = first_.try_emplace(key, result.path);
  if (is_new) return std::nullopt;
  return "a copy of " + first->second + ", or the other way round";
}

}  // namespace repo
