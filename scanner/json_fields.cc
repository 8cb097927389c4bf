#include "scanner/json_fields.h"

#include "base/bytes_path.h"

namespace repo {

void put_bytes(nlohmann::ordered_json& object, const std::string& key, const std::string& bytes) {
  object[key] = readable(bytes);
  if (!is_utf8(bytes)) object[key + "_b64"] = base64_encode(bytes);
}

nlohmann::ordered_json detail_json(const Detail& detail) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& [key, value] : detail) {
    if (const auto* text = std::get_if<std::string>(&value)) put_bytes(object, key, *text);
    if (const auto* number = std::get_if<std::uint64_t>(&value)) object[key] = *number;
  }
  return object;
}

}  // namespace repo
