#include "scanner/repository.h"

namespace repo {

const DetailValue* find_detail(const Detail& detail, const std::string& key) {
  for (const auto& [name, value] : detail) {
    if (name == key) return &value;
  }
  return nullptr;
}

}  // namespace repo
