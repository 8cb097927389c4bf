#include "scanner/repository.h"

namespace repo {
namespace {

template <typename T>
std::optional<T> find_as(const Detail& detail, const std::string& key) {
  const DetailValue* value = find_detail(detail, key);
  const T* found = value ? std::get_if<T>(value) : nullptr;
  return found ? std::optional(*found) : std::nullopt;
}

}  // namespace

const DetailValue* find_detail(const Detail& detail, const std::string& key) {
  for (const auto& [name, value] : detail) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::optional<std::uint64_t> find_number(const Detail& detail, const std::string& key) {
  return find_as<std::uint64_t>(detail, key);
}

std::optional<std::string> find_text(const Detail& detail, const std::string& key) {
  return find_as<std::string>(detail, key);
}

std::optional<bool> find_flag(const Detail& detail, const std::string& key) {
  return find_as<bool>(detail, key);
}

}  // namespace repo
