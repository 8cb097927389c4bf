#include "scanner/repository.h"

namespace repo {

const DetailValue* find_detail(const Detail& detail, const std::string& key) {
  for (const auto& [name, value] : detail) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<std::uint64_t> find_number(const Detail& detail, const std::string& key) {
  const DetailValue* value = find_detail(detail, key);
  const auto* number = value ? std::get_if<std::uint64_t>(value) : nullptr;
  return number ? std::optional(*number) : std::nullopt;
}

std::optional<std::string> find_text(const Detail& detail, const std::string& key) {
  const DetailValue* value = find_detail(detail, key);
  const auto* text = value ? std::get_if<std::string>(value) : nullptr;
  return text ? std::optional(*text) : std::nullopt;
}

}  // namespace repo
