#include "scanner/json_fields.h"

#include "base/bytes_path.h"

namespace repo {

void put_bytes(nlohmann::ordered_json& object, const std::string& key, const std::string& bytes) {
  object[key] = readable(bytes);
  if (!is_utf8(bytes)) object[key + "_b64"] = base64_encode(bytes);
}

std::string text_at(const nlohmann::ordered_json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

nlohmann::ordered_json detail_json(const Detail& detail) {
  auto object = nlohmann::ordered_json::object();
  for (const auto& [key, value] : detail) {
    if (const auto* text = std::get_if<std::string>(&value)) put_bytes(object, key, *text);
    if (const auto* number = std::get_if<std::uint64_t>(&value)) object[key] = *number;
    if (const auto* flag = std::get_if<bool>(&value)) object[key] = *flag;
  }
  return object;
}

Detail read_detail(const nlohmann::ordered_json& object) {
  Detail detail;
  if (!object.is_object()) return detail;
  const std::string exact = "_b64";
  for (const auto& [key, value] : object.items()) {
    if (key.ends_with(exact)) continue;
    if (value.is_number_unsigned()) detail.emplace_back(key, value.get<std::uint64_t>());
    if (value.is_boolean()) detail.emplace_back(key, value.get<bool>());
    if (!value.is_string()) continue;
    const auto bytes = object.find(key + exact);
    const auto decoded = bytes != object.end() && bytes->is_string()
                             ? base64_decode(bytes->get<std::string>())
                             : std::nullopt;
    detail.emplace_back(key, decoded ? *decoded : value.get<std::string>());
  }
  return detail;
}

}  // namespace repo
