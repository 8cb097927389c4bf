#include <nlohmann/json.hpp>

#include "base/bytes_path.h"
#include "scanner/diff_print.h"
#include "scanner/json_fields.h"

namespace repo {
namespace {

using Json = nlohmann::ordered_json;

Json scan_json(const Manifest& manifest) {
  Json object;
  object["host"] = readable(manifest.host);
  if (manifest.started) object["started"] = rfc3339(*manifest.started);
  if (manifest.finished) object["finished"] = rfc3339(*manifest.finished);
  object["complete"] = manifest.complete;
  return object;
}

Json item_json(const DifferenceItem& item) {
  Json object;
  object["kind"] = readable(item.kind);
  put_bytes(object, "path", item.path);
  if (item.what == Difference::kMoved) put_bytes(object, "from", item.from);
  if (item.what == Difference::kChanged) object["was"] = readable(item.was);
  if (item.what == Difference::kUnknown) object["why"] = readable(item.why);
  return object;
}

}  // namespace

std::string difference_json(const std::string& tool, const Manifest& older, const Manifest& now,
                            const std::vector<DifferenceItem>& items) {
  Json document;
  document["format"] = kDiffFormat;
  document["version"] = kDiffVersion;
  document["tool"] = readable(tool);
  document["before"] = scan_json(older);
  document["after"] = scan_json(now);
  for (const DifferenceWord& each : kDifferenceWords) {
    Json list = Json::array();
    for (const DifferenceItem& item : items) {
      if (item.what == each.what) list.push_back(item_json(item));
    }
    document[each.word] = std::move(list);
  }
  return document.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace repo
