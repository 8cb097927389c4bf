// How raw bytes and probe details stand in every JSON document of ours. For the files that write
// documents alone: nlohmann_json is known nowhere else.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "scanner/repository.h"

namespace repo {

// Text that may be raw bytes: its readable form under `key`, and where that is not exact, the
// bytes in base64 under key + "_b64".
void put_bytes(nlohmann::ordered_json& object, const std::string& key, const std::string& bytes);

// The text under `key`; empty where there is none.
std::string text_at(const nlohmann::ordered_json& object, const char* key);

nlohmann::ordered_json detail_json(const Detail& detail);
// Back from there; what is neither text nor whole number nor true or false is left out.
Detail read_detail(const nlohmann::ordered_json& object);

}  // namespace repo
